/** Secrets as canaries: a job whose credentials are known texts, and the claim that they were shown nowhere. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { main } from '../../src/main.ts';
import { baseDefinition, type Definition } from '../faults/definition.ts';
import { faultVendor, type FaultVendor } from '../faults/vendor.ts';
import { faultWorld, type FaultWorldOptions } from '../faults/world.ts';
import { scratch } from './program.ts';
import { rawServer, silence, type RawServer } from './raw-server.ts';

/** One for each kind of secret; with characters that are spelled differently in JSON, in URLs and in base64. */
export const canaries = {
  apiKey: 'canary-token "a/b+c" %41',
  username: 'canary-name',
  password: 'canary-password "a/b+c"',
  sink: 'canary-sink-key-"a/b+c"',
  proxy: 'canary-proxy-password',
};
/** What the vendor sets, as it begins. */
const session = 'canary-session';

/** Every way in which a secret could be written; base64 at each of the three places it can have in a longer text. */
export function spellings(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  const encoded = [0, 1, 2].map((before) => {
    const text = Buffer.from('.'.repeat(before) + secret).toString('base64');
    return text.slice(before === 0 ? 0 : before + 1, Math.floor(((secret.length + before) * 8) / 6));
  });
  return [
    secret,
    inJson,
    JSON.stringify(inJson).slice(1, -1),
    encodeURIComponent(secret),
    ...encoded,
    ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    Buffer.from(secret).toString('hex'),
  ];
}

/** A part of a secret that was cut counts as well. */
const cutAfter = 12;

/** What must not be seen anywhere when these are the secrets. */
function forbiddenOf(secrets: readonly string[]): string[] {
  return [...[...secrets, session].flatMap(spellings), ...secrets.map((canary) => canary.slice(0, cutAfter))];
}

function expectClean(forbidden: readonly string[], place: string, bytes: Buffer | string): void {
  const buffer = Buffer.from(bytes);
  for (const spelling of forbidden) {
    const at = buffer.indexOf(spelling);
    assert.equal(at, -1, `${place} shows a secret: …${buffer.subarray(Math.max(0, at - 80), at + 80).toString()}…`);
  }
}

function expectCleanFiles(forbidden: readonly string[], directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, name);
    if (statSync(path).isFile()) expectClean(forbidden, path, readFileSync(path));
  }
}

export const verbosities = [['-q'], [], ['-v'], ['-vv']] as const;
export const formats = ['text', 'json'] as const;

export interface Stage {
  readonly directory: string;
  readonly vendor: FaultVendor;
  /** Texts that must not be seen. */
  readonly forbidden: readonly string[];
  /** Another server, which must never be asked. */
  readonly elsewhere: RawServer;
  run(
    argv: readonly string[],
    environment?: Readonly<Record<string, string>>,
    hooks?: Pick<FaultWorldOptions, 'write' | 'onWait'>,
  ): Promise<{ readonly status: number; readonly stderr: string; readonly stdout: string }>;
}

/** A job from the vendor of the fault catalogue, or from another one, with these secrets besides. */
export async function stage(
  context: TestContext,
  isSession: boolean,
  define: (definition: Definition, elsewhere: string) => Definition = (same) => same,
  more: readonly string[] = [],
): Promise<Stage> {
  const directory = scratch(context);
  const secrets = scratch(context);
  const clock = { now: Date.UTC(2026, 10, 20, 9) };
  const vendor = await faultVendor({ now: () => clock.now, ...canaries, session: isSession });
  const elsewhere = await rawServer(silence);
  context.after(() => vendor.down());
  context.after(() => elsewhere.close());
  for (let at = 1; at <= 3; at++) vendor.add(`r${at}`, 10 * at);
  const source = join(directory, 'acme.json');
  writeFileSync(source, JSON.stringify(define(baseDefinition(isSession), elsewhere.url)));
  const { username: _, ...secret } = canaries;
  let runs = 0;
  const tokenFile = join(secrets, 'token');
  writeFileSync(tokenFile, `${canaries.apiKey}\n`, { mode: 0o600 });
  return {
    directory,
    vendor,
    forbidden: forbiddenOf([...Object.values(secret), ...more]),
    elsewhere,
    async run(argv, environment = {}, hooks = {}) {
      const variables = {
        ACME_URL: vendor.url,
        ...(isSession
          ? { ACME_USERNAME: canaries.username, ACME_PASSWORD: canaries.password }
          : { ACME_TOKEN_FILE: tokenFile }),
        ...environment,
      };
      const world = faultWorld({ clock, environment: variables, limited: false, ...hooks });
      const words = ['--source', source, '--state-dir', join(directory, 'state'), '--job', `secrets${++runs}`, ...argv];
      const status = await main(words, world.world);
      return { status, stderr: world.stderr(), stdout: world.stdout() };
    },
  };
}

/** The run told no secret, in any file either, and nothing went to another server. */
export function expectKept(at: Stage, result: { readonly stderr: string; readonly stdout: string }): void {
  expectClean(at.forbidden, 'standard error', result.stderr);
  expectClean(at.forbidden, 'standard output', result.stdout);
  expectCleanFiles(at.forbidden, at.directory);
  assert.equal(at.elsewhere.connections, 0, 'nothing went to another server');
}
