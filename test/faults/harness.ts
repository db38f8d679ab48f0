/**
 * The harness of the fault catalogue. A scene is a vendor, a state directory, a clock and a job; a fault is one test of
 * the whole program in it. Whatever goes wrong, `expectProblem` also proves the promises that hold for every fault: one
 * line and one next step, no secret anywhere, the watermark where it was, the lock released, and after the fault is
 * lifted the next run delivers everything exactly once.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { Problem } from '../../src/core/problem.ts';
import { listPositions } from '../../src/io/position-file/list.ts';
import { main } from '../../src/main.ts';
import { builtProgram } from '../support/built-program.ts';
import { linesOf } from '../support/lines.ts';
import { ended, scratch } from '../support/program.ts';
import { catalogue } from './catalogue.ts';
import { baseDefinition, type Definition } from './definition.ts';
import { expectHidden } from './secrets.ts';
import { faultVendor, type FaultVendor } from './vendor.ts';
import { faultWorld, type Clock, type FaultWorld } from './world.ts';

/** Secrets of the scene; none of them may ever be seen anywhere but in a request to the vendor. */
export const canaries = {
  apiKey: 'canary-key-5up3r$ecret',
  username: 'canary-user',
  password: 'canary-pass w0rd/+&"',
} as const;

/** For tests that need a real process. */
export const bundle = builtProgram();

let list: ((name: string) => void) | undefined;

/** One row of the catalogue as a test, with its time limit in milliseconds. Several tests may prove the same row. */
export function fault(
  number: string,
  what: string,
  body: (context: TestContext) => Promise<void>,
  timeout = 120_000,
): void {
  if (!catalogue.has(number)) throw new Error(`${number} is not in the catalogue`);
  const name = `${number} ${what}`;
  if (list === undefined) test(name, { timeout }, body);
  else list(name);
}

/** Faults that mostly wait for a time limit of a second, side by side. */
export function together(what: string, faults: () => void): void {
  if (list === undefined) describe(what, { concurrency: true }, faults);
  else faults();
}

/** While `load` imports files of faults, they are named and not run. */
export async function listFaults(load: () => Promise<unknown>): Promise<string[]> {
  const names: string[] = [];
  list = (name) => names.push(name);
  try {
    await load();
  } finally {
    list = undefined;
  }
  return names;
}

export interface SceneOptions {
  /** Records that the vendor has at first, one a second, ending ten seconds ago. Default 6, in pages of 2. */
  readonly records?: number;
  /** A login with cookies in place of an API key. */
  readonly session?: boolean;
  readonly tls?: TlsOptions;
  /** The host name in the vendor's address. */
  readonly host?: string;
  /** Changes the definition. */
  readonly define?: (definition: Definition) => Definition;
  /** Added to every command line. */
  readonly argv?: readonly string[];
  /** Added to the environment of every run. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Texts of all records that the destination has. Default: the lines of every run's standard output. */
  readonly delivered?: () => readonly string[];
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Watermarks of all branches (nanoseconds since 1970, as text) before and after the run. */
  readonly watermarks: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Milliseconds of the waits; empty for a child process. */
  readonly waits: readonly number[];
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Replaces standard output. */
  readonly write?: (bytes: Buffer) => Promise<void>;
  readonly onWait?: (milliseconds: number) => void;
  /** Called with the world when the run begins, for signals. */
  readonly onStart?: (world: FaultWorld) => void;
}

export interface Expected {
  readonly exit: number;
  readonly message: RegExp;
  readonly hint: RegExp;
  /** Warnings besides; none when left out. */
  readonly warnings?: readonly RegExp[];
  /** `moved` when part of the window was delivered and committed all the same. Default `kept`. */
  readonly watermark?: 'kept' | 'moved';
  /** Lifts the fault, besides removing the vendor's. */
  readonly lift?: () => unknown;
  /** The command line and environment of the run after that; `exit` 0 when left out. */
  readonly recovery?: {
    readonly argv?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly exit?: number;
    readonly warnings?: readonly RegExp[];
  };
}

export interface Scene {
  readonly directory: string;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly vendor: FaultVendor;
  /** The definition file. */
  readonly source: string;
  /** One run in this process. */
  run(argv?: readonly string[], options?: RunOptions): Promise<Result>;
  /** One run as a child process, to its end. */
  spawn(argv?: readonly string[], options?: SpawnOptions): Promise<Result>;
  /** The same, for those who want to send signals. */
  start(argv?: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Texts of all records at the destination. */
  delivered(): readonly string[];
  /** Everything that the vendor has is at the destination, once, and nothing else. */
  expectDelivered(): void;
  /** The run ended well: everything delivered once, nothing said but these warnings. */
  expectSuccess(result: Result, expected?: { readonly exit?: number; readonly warnings?: readonly RegExp[] }): void;
  /** The run ended with this Problem, and kept every promise. Lifts the fault and runs again. */
  expectProblem(result: Result, expected: Expected): Promise<void>;
  /** No secret in this run's output, nor in any file of the scene but its own definition. */
  expectNoSecrets(result: Pick<Result, 'stdout' | 'stderr'>): void;
}

export interface SpawnOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdio?: StdioOptions;
}

/** A vendor with records, an empty state directory, and a job between them. */
export async function scene(context: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const directory = scratch(context);
  const stateDirectory = join(directory, 'state');
  const clock = { now: Math.floor(Date.now() / 1000) * 1000 };
  const vendor = await faultVendor({
    now: () => clock.now,
    ...canaries,
    session: options.session ?? false,
    tls: options.tls,
  });
  context.after(() => vendor.down());
  const count = options.records ?? 6;
  for (let at = 1; at <= count; at++) vendor.add(`r${at}`, 10 + count - at);

  const source = join(directory, 'acme.json');
  const base = baseDefinition(options.session ?? false);
  writeFileSync(source, JSON.stringify(options.define?.(base) ?? base));
  const lines: string[] = [];
  const delivered = options.delivered ?? (() => lines);
  const words = ['--source', source, '--state-dir', stateDirectory, '--job', 'faults', ...(options.argv ?? [])];
  const variables = {
    ACME_URL: options.host === undefined ? vendor.url : vendor.url.replace(/127\.0\.0\.1|localhost/, options.host),
    ACME_TOKEN: canaries.apiKey,
    ACME_USERNAME: canaries.username,
    ACME_PASSWORD: canaries.password,
    ...options.environment,
  };

  async function watermarks(): Promise<string[]> {
    const [job] = await listPositions(stateDirectory).catch(() => []);
    if (job === undefined || job.position instanceof Problem) return [];
    return [...job.position.branches.values()].map(({ watermark }) => String(watermark ?? 'none'));
  }

  async function run(argv: readonly string[] = [], { environment, write, onWait, onStart }: RunOptions = {}) {
    const before = await watermarks();
    const world = faultWorld({
      clock,
      environment: { ...variables, ...environment },
      limited: [...words, ...argv].some((word) => word.startsWith('--max-runtime')),
      write,
      onWait,
    });
    onStart?.(world);
    const status = await main([...words, ...argv], world.world);
    const stdout = world.stdout();
    lines.push(...linesOf(stdout));
    const after = await watermarks();
    return { status, stdout, stderr: world.stderr(), waits: world.waits, watermarks: { before, after } };
  }

  function start(argv: readonly string[] = [], { environment, stdio }: SpawnOptions = {}): ChildProcess {
    return spawn(process.execPath, [bundle, ...words, ...argv], {
      cwd: directory,
      env: { ...variables, ...environment },
      stdio: stdio ?? ['ignore', 'pipe', 'pipe'],
    });
  }

  async function runChild(argv?: readonly string[], spawning?: SpawnOptions): Promise<Result> {
    const before = await watermarks();
    const { status, stdout, stderr } = await ended(start(argv, spawning));
    lines.push(...linesOf(stdout));
    return { status, stdout, stderr, waits: [], watermarks: { before, after: await watermarks() } };
  }

  function expectDelivered(): void {
    assert.deepEqual([...delivered()].sort(), vendor.records.map(({ text }) => text).sort(), 'delivered exactly once');
  }

  function expectNoSecrets({ stdout, stderr }: Pick<Result, 'stdout' | 'stderr'>): void {
    expectHidden([...Object.values(canaries), 'canary-session'], { stdout, stderr }, directory, source);
  }

  function expectSuccess(result: Result, expected: { exit?: number; warnings?: readonly RegExp[] } = {}): void {
    assert.equal(result.status, expected.exit ?? 0, result.stderr);
    if ((expected.exit ?? 0) === 0) assert.deepEqual(saidBy(result).problems, []);
    expectWarnings(result, expected.warnings);
    expectNoSecrets(result);
    expectDelivered();
  }

  async function expectProblem(result: Result, expected: Expected): Promise<void> {
    assert.equal(result.status, expected.exit, result.stderr);
    const { problems, hints } = saidBy(result);
    assert.equal(problems.length, 1, result.stderr);
    assert.match(problems[0] ?? '', expected.message);
    assert.equal(hints.length, 1, result.stderr);
    assert.match(hints[0] ?? '', expected.hint);
    expectWarnings(result, expected.warnings);
    expectNoSecrets(result);
    const { before, after } = result.watermarks;
    const known = (marks: readonly string[]): string[] => marks.filter((mark) => mark !== 'none');
    if (expected.watermark === 'moved') assert.notDeepEqual(known(after), known(before), 'the watermark moved');
    else assert.deepEqual(known(after), known(before), 'the watermark stayed');

    vendor.fault = undefined;
    vendor.onConnection = undefined;
    await expected.lift?.();
    clock.now += 60_000;
    const { argv, environment, exit = 0, warnings = [] } = expected.recovery ?? {};
    const next = await run(argv, environment === undefined ? {} : { environment });
    expectSuccess(next, { exit, warnings });
  }

  return {
    directory,
    stateDirectory,
    clock,
    vendor,
    source,
    run,
    spawn: runChild,
    start,
    delivered,
    expectDelivered,
    expectSuccess,
    expectProblem,
    expectNoSecrets,
  };
}

/** What a run said on standard error, sorted out; anything that is none of these fails the test. */
export function saidBy({ stderr }: Pick<Result, 'stderr'>): {
  problems: string[];
  hints: string[];
  warnings: string[];
} {
  const said = { problems: [] as string[], hints: [] as string[], warnings: [] as string[] };
  for (const line of linesOf(stderr)) {
    assert.doesNotMatch(line, /[\u0000-\u0008\u000b-\u001f\u007f\u009b]/, 'a raw control character on standard error');
    if (line.startsWith('audit-export: warning: ')) said.warnings.push(line.slice('audit-export: warning: '.length));
    else if (line.startsWith('audit-export: ')) said.problems.push(line.slice('audit-export: '.length));
    else if (line.startsWith('hint: ')) said.hints.push(line.slice('hint: '.length));
    else assert.fail(`standard error says ${line}`);
  }
  return said;
}

function expectWarnings(result: Result, expected: readonly RegExp[] = []): void {
  const { warnings } = saidBy(result);
  assert.equal(warnings.length, expected.length, result.stderr);
  for (const [at, pattern] of expected.entries()) assert.match(warnings[at] ?? '', pattern);
}
