/**
 * Every secret setting of every source and destination there is, taken from the lists of them, so that a new one is in
 * here by itself: whatever goes wrong, at any verbosity and in any log format, its value is told to nobody.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { sinks } from '../src/sinks/index.ts';
import { sources } from '../src/sources/index.ts';
import type { Settings } from '../src/core/setting.ts';
import { expectKept, formats, stage, verbosities } from './support/canaries.ts';
import { certificateAuthority } from './support/certificates.ts';
import {
  rawServer,
  reply,
  silence,
  thenClose,
  thenReset,
  type Behaviour,
  type RawRequest,
} from './support/raw-server.ts';
import { secopsKey } from './support/sinks/secops.ts';

const headers = { 'Content-Type': 'application/json' };
const authority = certificateAuthority();
after(() => authority.remove());

// ---------------------------------------------------------------------------------------------- the settings

/** One way to log in: settings that are given together. */
interface Login {
  readonly name: string;
  readonly side: 'source' | 'sink';
  readonly secrets: readonly string[];
  environment(url: string): Readonly<Record<string, string>>;
}

/** What one side may have either of, and places that a secret can be sent in. */
const either: readonly (readonly [string, string])[] = [['ELASTIC_API_KEY', 'ELASTIC_PASSWORD']];
const places: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  sentinel: [{ SENTINEL_RULE: 'dcr-1' }],
  sekoia: [{}, { SEKOIA_KEY_AS: 'query' }, { SEKOIA_ENDPOINT: 'batch', SEKOIA_KEY_AS: 'body' }],
};

/** A private key has to be one. */
const canaryOf = (setting: string): string =>
  setting.endsWith('PRIVATE_KEY') ? secopsKey : `c4n${setting.toLowerCase()}-"a/b+c" %41`;

function logins(name: string, side: Login['side'], settings: Settings): Login[] {
  const secret = Object.keys(settings).filter((setting) => settings[setting]?.secret === true);
  if (secret.length === 0) return [];
  const exclusive = either.filter((pair) => pair.every((setting) => secret.includes(setting))).flat();
  const sets = (exclusive.length === 0 ? [undefined] : exclusive).map((chosen) =>
    secret.filter((setting) => !exclusive.includes(setting) || setting === chosen),
  );
  return sets.flatMap((chosen) =>
    (places[name] ?? [{}]).map((place) => ({
      name: [name, ...chosen.slice(0, sets.length > 1 ? 1 : 0), ...Object.values(place)].join(' '),
      side,
      secrets: chosen.map(canaryOf),
      environment: (url) => ({ ...values(settings, chosen, url), ...place }),
    })),
  );
}

/** The chosen secrets, and whatever else is needed for a start. */
function values(settings: Settings, chosen: readonly string[], url: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [setting, { kind, secret, required }] of Object.entries(settings)) {
    const canary = canaryOf(setting);
    if (secret === true) {
      if (!chosen.includes(setting)) continue;
      if (kind === 'url') found[setting] = `${url}/hooks/${encodeURIComponent(canary)}`;
      else found[setting] = setting.endsWith('_HEADERS') ? `X-Key: ${canary}` : canary;
    } else if (kind === 'url') found[setting] = url;
    else if (required === true || chosen.includes(setting.replace('USERNAME', 'PASSWORD'))) found[setting] = 'auditor';
  }
  return found;
}

async function allLogins(): Promise<Login[]> {
  const found: Login[] = [];
  for (const [name, load] of Object.entries(sources)) found.push(...logins(name, 'source', (await load()).settings));
  for (const [name, load] of Object.entries(sinks)) found.push(...logins(name, 'sink', (await load()).settings));
  return found;
}

// ---------------------------------------------------------------------------------------------- the faults

interface Fault {
  /** What the server does; `told` is everything that it was told, and the secrets besides. */
  readonly answer: (told: string) => Behaviour | Buffer;
  readonly tls?: TlsOptions;
  readonly argv?: readonly string[];
  /** The program itself breaks while it waits. */
  readonly crash?: true;
  /** A destination may take it for a success or for records that it refuses. */
  readonly mayEndWell?: true;
}

const inJson = (told: string): string =>
  JSON.stringify({ message: told, text: told, error: { message: told, reason: told }, version: { number: '9.1.0' } });

function refusals(reason: string): string {
  const items = [1, 2, 3].map(() => ({ create: { status: 400, error: { type: 'mapper_exception', reason } } }));
  return JSON.stringify({ took: 1, errors: true, items, version: { number: '9.1.0' } });
}

const faults: Readonly<Record<string, Fault>> = {
  'refuses the credentials': { answer: (told) => reply(401, { ...headers, 'WWW-Authenticate': 'x' }, inJson(told)) },
  'forbids it': { answer: (told) => reply(403, headers, inJson(told)) },
  'does not like the request': { answer: (told) => reply(400, headers, inJson(told)) },
  'is broken': { answer: (told) => reply(500, headers, told) },
  'is broken, and so is the program': { answer: () => reply(503, headers), crash: true },
  'tells of an error in a good answer': { answer: (told) => reply(200, headers, inJson(told)), mayEndWell: true },
  'refuses every record': { answer: (told) => reply(200, headers, refusals(told)), mayEndWell: true },
  'sends a page for people': { answer: (told) => reply(200, { 'Content-Type': 'text/html' }, `<html>${told}`) },
  'sends no JSON': { answer: (told) => reply(200, headers, `{"records":[${told}`), mayEndWell: true },
  'cuts its reply': {
    answer: (told) => thenClose(Buffer.concat([reply(200, headers, inJson(told)).subarray(0, -9)])),
    mayEndWell: true,
  },
  'sends a malformed head': {
    answer: (told) => thenClose(`HTTP/1.1 200 OK\r\nX-Echo ${told}\r\nContent-Length: z\r\n\r\n`),
  },
  'redirects to another host, the secrets in the address': {
    answer: (told) => reply(307, { Location: `http://localhost:1/?key=${encodeURIComponent(told.slice(0, 500))}` }),
  },
  'hangs up': { answer: () => thenReset() },
  'has a certificate that is not trusted': { answer: () => reply(200), tls: authority.issue() },
  'never answers': { answer: () => silence, argv: ['--timeout', '1s'] },
};

/** Everything that the request told, as a careless server would repeat it. */
function toldBy({ method, path, headers: sent, body }: RawRequest, { secrets }: Login): string {
  return `${secrets.join(' ')} ${method} ${path} ${JSON.stringify(sent)} ${body.toString()}`;
}

const all = await allLogins();
const sayings = verbosities.flatMap((verbosity) => formats.map((format) => [...verbosity, '--log-format', format]));
/** The wordiest in both formats, since all others say less; and one of those, each in its turn. */
const sayingsOf = (turn: number): readonly (readonly string[])[] => {
  const [others, wordiest] = [sayings.slice(0, -formats.length), sayings.slice(-formats.length)];
  return [...wordiest, ...others.slice(turn % others.length).slice(0, 1)];
};

test('every secret setting of every source and destination is in here', async () => {
  const definitions = await Promise.all([...Object.values(sources), ...Object.values(sinks)].map((load) => load()));
  const wanted = definitions.flatMap(({ settings }) =>
    Object.entries(settings).flatMap(([name, { secret }]) => (secret === true ? [canaryOf(name)] : [])),
  );
  const found = all.flatMap(({ secrets }) => secrets);
  assert.deepEqual([...new Set(found)].toSorted(), [...new Set(wanted)].toSorted());
  assert.ok(found.length > 10);
});

for (const [nth, [what, fault]] of Object.entries(faults).entries()) {
  // What waits for a time limit waits side by side.
  describe(`a server that ${what}`, { concurrency: fault.argv !== undefined }, () => {
    for (const [place, login] of all.entries()) {
      test(`${login.side} ${login.name} ${what}, and nobody is told its secrets`, async (context) => {
        const at = await stage(context, false, undefined, login.secrets);
        const server = await rawServer(
          (socket, request) => {
            // Elasticsearch is asked for its version before anything is read.
            if (login.side === 'sink' && request.method === 'GET' && fault.argv === undefined) {
              return void socket.write(reply(200, headers, '{"version":{"number":"9.1.0"}}'));
            }
            const answer = fault.answer(toldBy(request, login));
            return typeof answer === 'function' ? answer(socket, request) : void socket.write(answer);
          },
          fault.tls === undefined ? {} : { tls: fault.tls },
        );
        context.after(() => server.close());
        const onWait = (): void => {
          throw new TypeError(`boom ${login.secrets.join(' ')}`);
        };
        const run = (saying: readonly string[]): ReturnType<typeof at.run> =>
          at.run(
            [`--${login.side}`, login.name.replace(/ .*/, ''), ...saying, ...(fault.argv ?? [])],
            login.environment(server.url),
            fault.crash === undefined ? {} : { onWait },
          );
        // What it finds is said on standard output.
        if (fault.crash === undefined) expectKept(at, await run(['check']));
        const results = [];
        const said = sayingsOf(nth + place);
        if (fault.argv === undefined) for (const saying of said) results.push(await run(saying));
        else results.push(...(await Promise.all(said.map(run))));
        for (const result of results) {
          expectKept(at, result);
          if (fault.crash === true) assert.equal(result.status, 70, result.stderr);
          else if (login.side === 'source' || fault.mayEndWell !== true) assert.notEqual(result.status, 0);
        }
        assert.ok(server.connections > 0 || fault.tls !== undefined, 'it was reached');
      });
    }
  });
}
