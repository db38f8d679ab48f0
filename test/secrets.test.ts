/**
 * Credentials are seen by the service that they are for, and by nobody else. Every secret of a run is a canary; vendors
 * and destinations echo it in all their replies; and afterwards it is in no output, no file, no command's environment
 * and no request to another server, at any verbosity and in any log format.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { main } from '../src/main.ts';
import { baseDefinition, type Definition } from './faults/definition.ts';
import { bundle } from './faults/harness.ts';
import { faultVendor, type Asked, type Fault, type FaultVendor } from './faults/vendor.ts';
import { faultWorld } from './faults/world.ts';
import { ended, scratch } from './support/program.ts';
import { rawServer, reply, silence, thenClose, type RawServer } from './support/raw-server.ts';

/** One for each kind of secret; with characters that are spelled differently in JSON, in URLs and in base64. */
const canaries = {
  apiKey: 'canary-token "a/b+c" %41',
  username: 'canary-name',
  password: 'canary-password "a/b+c"',
  sink: 'canary-sink-key-"a/b+c"',
  proxy: 'canary-proxy-password',
};
/** What the vendor sets, as it begins. */
const session = 'canary-session';

const headers = { 'Content-Type': 'application/json' };

/** Every way in which a secret could be written; base64 at each of the three places it can have in a longer text. */
function spellings(secret: string): string[] {
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

const secret = Object.values(canaries).filter((canary) => canary !== canaries.username);
const forbidden = [...[...secret, session].flatMap(spellings), ...secret.map((canary) => canary.slice(0, cutAfter))];

function expectClean(place: string, bytes: Buffer | string): void {
  const buffer = Buffer.from(bytes);
  for (const spelling of forbidden) {
    const at = buffer.indexOf(spelling);
    assert.equal(at, -1, `${place} shows a secret: …${buffer.subarray(Math.max(0, at - 80), at + 80).toString()}…`);
  }
}

function expectCleanFiles(directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, name);
    if (statSync(path).isFile()) expectClean(path, readFileSync(path));
  }
}

// ---------------------------------------------------------------------------------------------- the vendor's faults

/** What the request carried, as a careless server echoes it. */
function echo({ headers: sent, body }: Asked): string {
  return `you sent ${JSON.stringify(sent)} and ${body.toString()}`;
}

const message = (asked: Asked): string => JSON.stringify({ message: echo(asked), error: { message: echo(asked) } });
const encodings = (secret: string): string => spellings(secret).join(' ');

interface Elsewhere {
  readonly url: string;
}

type Faults = Readonly<Record<string, (elsewhere: Elsewhere) => Fault>>;

const ofEvery =
  (status: number, more: Readonly<Record<string, string>> = {}): ((elsewhere: Elsewhere) => Fault) =>
  () =>
  (asked) =>
    reply(
      status,
      { ...headers, ...more, 'X-Echo': canaries.apiKey, 'WWW-Authenticate': `Basic realm=${canaries.apiKey}` },
      message(asked),
    );

const faults: Faults = {
  'refuses the credentials': ofEvery(401),
  'forbids it': ofEvery(403),
  'does not like the request': ofEvery(400),
  'does not know the page': ofEvery(404),
  'asks for patience': ofEvery(429, { 'Retry-After': '1' }),
  'has an error': ofEvery(500),
  'is away': ofEvery(503),
  'redirects to another host, the key in the address': (elsewhere) => () =>
    reply(302, { Location: `${elsewhere.url}/?key=${encodeURIComponent(canaries.apiKey)}` }),
  'redirects to another host, body and all': (elsewhere) => () => reply(307, { Location: elsewhere.url }),
  'redirects to an address with the key as user': () => (asked) =>
    reply(302, { Location: `http://${encodeURIComponent(canaries.apiKey)}@${asked.headers['host'] ?? ''}/` }),
  'redirects to what is no address': () => () => reply(302, { Location: `http://[${canaries.apiKey}` }),
  'redirects in a circle, the key in the address': () => () =>
    reply(302, { Location: `/audit?key=${encodeURIComponent(canaries.apiKey)}` }),
  'sends a page for people': () => (asked) =>
    reply(200, { 'Content-Type': 'text/html' }, `<html>${echo(asked)}</html>`),
  'sends no JSON': () => (asked) => reply(200, headers, `{"records":[${echo(asked)}`),
  'sends JSON that is wrong in the middle': () => (asked) =>
    reply(200, headers, `{"note":${JSON.stringify(echo(asked))},"records":[],${canaries.apiKey}}`),
  'cuts its reply': () => (asked, honest) =>
    thenClose(Buffer.concat([honest.subarray(0, honest.length - 20), Buffer.from(asked.headers['x-api-key'] ?? '')])),
  'says error inside 200': () => (asked) => reply(200, headers, message(asked)),
  'turns in a circle with the key as cursor': () => (asked) =>
    asked.kind === 'page'
      ? reply(200, headers, JSON.stringify({ records: [], next: `c0${canaries.apiKey}` }))
      : undefined,
  'echoes the credentials in every spelling': () => () =>
    reply(400, headers, JSON.stringify({ message: encodings(canaries.apiKey).slice(0, 280) })),
  'echoes at the place where messages are cut': () => () =>
    reply(400, headers, JSON.stringify({ message: `${'.'.repeat(280)}${canaries.apiKey}${canaries.password}` })),
  'echoes the session': () => (asked) => (asked.kind === 'page' ? reply(400, headers, message(asked)) : undefined),
  'says it in the status line': () => () => `HTTP/1.1 401 ${canaries.apiKey}\r\nContent-Length: 0\r\n\r\n`,
  'sends a malformed head': () => () => `HTTP/1.1 200 OK\r\nX-Echo ${canaries.apiKey}\r\nContent-Length: zero\r\n\r\n`,
  'encodes its reply in no known way': () => () =>
    reply(200, { ...headers, 'Content-Encoding': canaries.apiKey }, '{}'),
  'hangs up': () => () => (socket) => void socket.resetAndDestroy(),
  'is well': () => () => undefined,
};

const verbosities = [['-q'], [], ['-v'], ['-vv']] as const;
const formats = ['text', 'json'] as const;

interface Stage {
  readonly directory: string;
  readonly vendor: FaultVendor;
  /** Another server, which must never be asked. */
  readonly elsewhere: RawServer;
  run(
    argv: readonly string[],
    environment?: Readonly<Record<string, string>>,
    write?: (bytes: Buffer) => Promise<void>,
  ): Promise<{ readonly status: number; readonly stderr: string; readonly stdout: string }>;
}

async function stage(
  context: TestContext,
  isSession: boolean,
  define: (definition: Definition, elsewhere: string) => Definition = (same) => same,
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
  let runs = 0;
  const tokenFile = join(secrets, 'token');
  writeFileSync(tokenFile, `${canaries.apiKey}\n`, { mode: 0o600 });
  return {
    directory,
    vendor,
    elsewhere,
    async run(argv, environment = {}, write) {
      const variables = {
        ACME_URL: vendor.url,
        ...(isSession
          ? { ACME_USERNAME: canaries.username, ACME_PASSWORD: canaries.password }
          : { ACME_TOKEN_FILE: tokenFile }),
        ...environment,
      };
      const world = faultWorld({ clock, environment: variables, limited: false, write });
      const words = ['--source', source, '--state-dir', join(directory, 'state'), '--job', `secrets${++runs}`, ...argv];
      const status = await main(words, world.world);
      return { status, stderr: world.stderr(), stdout: world.stdout() };
    },
  };
}

function expectKept(at: Stage, result: { readonly stderr: string; readonly stdout: string }): void {
  expectClean('standard error', result.stderr);
  expectClean('standard output', result.stdout);
  expectCleanFiles(at.directory);
  assert.equal(at.elsewhere.connections, 0, 'nothing went to another server');
}

for (const [what, fault] of Object.entries(faults)) {
  for (const isSession of [false, true]) {
    const credentials = isSession ? 'session' : 'key';
    test(`a vendor that ${what} makes nobody tell the ${credentials}`, async (context) => {
      const at = await stage(context, isSession);
      at.vendor.fault = fault(at.elsewhere);
      for (const verbosity of verbosities) {
        for (const format of formats) {
          expectKept(at, await at.run([...verbosity, '--log-format', format]));
        }
      }
    });
  }
}

// ---------------------------------------------------------------------------------------------- the destination's

/** What destinations answer, echoing. */
const sinkFaults: Readonly<Record<string, (asked: string) => Buffer>> = {
  'refuses the credentials': (asked) => reply(401, headers, JSON.stringify({ error: { reason: asked }, text: asked })),
  'does not like the request': (asked) =>
    reply(400, headers, JSON.stringify({ error: { reason: asked }, text: asked })),
  'refuses every record': (asked) => reply(200, headers, refusals(asked)),
  'is broken': (asked) => reply(500, headers, asked),
  'sends a page for people': (asked) => reply(200, { 'Content-Type': 'text/html' }, `<html>${asked}`),
  'redirects with the key in the address': () =>
    reply(307, { Location: `http://localhost:1/?key=${encodeURIComponent(canaries.sink)}` }),
};

function refusals(reason: string): string {
  const items = [1, 2, 3].map(() => ({ create: { status: 400, error: { type: 'mapper_exception', reason } } }));
  return JSON.stringify({ took: 1, errors: true, items, version: { number: '9.1.0' } });
}

const sinkSettings: Readonly<Record<string, (url: string) => Readonly<Record<string, string>>>> = {
  elastic: (url) => ({ ELASTIC_URL: url, ELASTIC_INDEX: 'logs', ELASTIC_API_KEY: `id:${canaries.sink}` }),
  splunk: (url) => ({ SPLUNK_URL: url, SPLUNK_TOKEN: canaries.sink }),
  sekoia: (url) => ({ SEKOIA_URL: url, SEKOIA_INTAKE_KEY: canaries.sink }),
  'sekoia, key in the address': (url) => ({
    SEKOIA_URL: url,
    SEKOIA_INTAKE_KEY: canaries.sink,
    SEKOIA_KEY_AS: 'query',
  }),
  'sekoia, key in the body': (url) => ({
    SEKOIA_URL: url,
    SEKOIA_INTAKE_KEY: canaries.sink,
    SEKOIA_ENDPOINT: 'batch',
    SEKOIA_KEY_AS: 'body',
  }),
  datadog: (url) => ({ DATADOG_URL: url, DATADOG_API_KEY: canaries.sink }),
  webhook: (url) => ({
    WEBHOOK_URL: `${url}/hooks/${encodeURIComponent(canaries.sink)}`,
    WEBHOOK_HEADERS: `X-Key: ${canaries.sink}`,
    WEBHOOK_SECRET: canaries.sink,
  }),
};

for (const [sink, settings] of Object.entries(sinkSettings)) {
  for (const [what, answer] of Object.entries(sinkFaults)) {
    test(`${sink} ${what}, and nobody is told its key`, async (context) => {
      const at = await stage(context, false);
      const destination = await rawServer((socket, request) => {
        const { authorization = '' } = request.headers;
        const sent = `${canaries.sink} ${JSON.stringify(request.headers)} ${authorization}`;
        if (request.method === 'GET') socket.write(reply(200, headers, '{"version":{"number":"9.1.0"}}'));
        else socket.write(answer(sent));
      });
      context.after(() => destination.close());
      for (const verbosity of verbosities) {
        const words = ['--sink', sink.replace(/,.*/, ''), ...verbosity];
        const result = await at.run(words, settings(destination.url));
        expectKept(at, result);
        if (what !== 'refuses every record') assert.notEqual(result.status, 0);
      }
    });
  }
}

// ---------------------------------------------------------------------------------------------- built-in sources

const sourceSettings: Readonly<Record<string, (url: string) => Readonly<Record<string, string>>>> = {
  sycope: (url) => ({ SYCOPE_URL: url, SYCOPE_USERNAME: 'auditor', SYCOPE_PASSWORD: canaries.apiKey }),
  cirrus: (url) => ({ CIRRUS_URL: url, CIRRUS_API_KEY: 'key', CIRRUS_API_SECRET: canaries.apiKey }),
  'sysdig-audit': (url) => ({ SYSDIG_URL: url, SYSDIG_TOKEN: canaries.apiKey }),
  'sysdig-events': (url) => ({ SYSDIG_URL: url, SYSDIG_TOKEN: canaries.apiKey }),
  'sysdig-activity': (url) => ({ SYSDIG_URL: url, SYSDIG_TOKEN: canaries.apiKey }),
  syncropel: (url) => ({ SYNCROPEL_URL: url, SYNCROPEL_TOKEN: canaries.apiKey }),
};

const sourceAnswers: Readonly<Record<string, (asked: string) => Buffer>> = {
  'refuses the credentials': (asked) => reply(401, headers, JSON.stringify({ message: asked, detail: asked })),
  'tells of an error in its body': (asked) => reply(200, headers, JSON.stringify({ status: 500, message: asked })),
  'is broken': (asked) => reply(500, headers, asked),
  'sends a page for people': (asked) => reply(200, { 'Content-Type': 'text/html' }, `<html>${asked}`),
  'redirects with the key in the address': () =>
    reply(307, { Location: `http://localhost:1/?key=${encodeURIComponent(canaries.apiKey)}` }),
};

for (const [source, settings] of Object.entries(sourceSettings)) {
  for (const [what, answer] of Object.entries(sourceAnswers)) {
    test(`${source} ${what}, and nobody is told its secret`, async (context) => {
      const at = await stage(context, false);
      const vendor = await rawServer((socket, request) => {
        socket.write(answer(`${canaries.apiKey} ${JSON.stringify(request.headers)}`));
      });
      context.after(() => vendor.close());
      for (const verbosity of verbosities) {
        for (const format of formats) {
          const words = ['--source', source, '--log-format', format, ...verbosity];
          const result = await at.run(words, settings(vendor.url));
          expectKept(at, result);
          assert.notEqual(result.status, 0);
        }
      }
    });
  }
}

// ---------------------------------------------------------------------------------------------- everything else

test('a next link to another host gets no request', async (context) => {
  const at = await stage(context, false, (definition) => ({ ...definition, paging: { type: 'url', path: 'next' } }));
  const key = encodeURIComponent(canaries.apiKey);
  const { host } = new URL(at.elsewhere.url);
  const links = [
    `${at.elsewhere.url}/?key=${key}`,
    `//${host}/`,
    `/\\${host}/`,
    `http://x:${key}@${host}/`,
    `http:\\\\${host}`,
  ];
  for (const next of links) {
    at.vendor.fault = () => reply(200, headers, JSON.stringify({ records: [], next }));
    const result = await at.run(['-vv']);
    assert.equal(result.status, 76, `${next}: ${result.stderr}`);
    expectKept(at, result);
  }
});

test('a proxy that echoes its password has nobody told', async (context) => {
  const at = await stage(context, false);
  const proxy = await rawServer((socket, request) => {
    socket.write(reply(407, headers, JSON.stringify({ message: JSON.stringify(request.headers) })));
  });
  context.after(() => proxy.close());
  const password = encodeURIComponent(canaries.proxy);
  const HTTP_PROXY = proxy.url.replace('//', `//user:${password}@`);
  for (const verbosity of verbosities) {
    const words = ['--insecure', ...verbosity];
    expectKept(at, await at.run(words, { ACME_URL: 'http://vendor.invalid', HTTP_PROXY }));
    expectKept(at, await at.run(words, { ACME_URL: 'https://vendor.invalid', HTTPS_PROXY: HTTP_PROXY }));
  }
  expectKept(at, await at.run(['-vv'], { ACME_URL: 'http://vendor.invalid', HTTP_PROXY: `ftp://user:${password}@h` }));
  expectKept(at, await at.run(['-vv'], { ACME_URL: 'http://vendor.invalid', HTTP_PROXY: `http://u:${password}%@h` }));
});

const mistakes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'an address with user info': { ACME_URL: `http://user:${encodeURIComponent(canaries.apiKey)}@localhost` },
  'an address that is none': { ACME_URL: `http://[${canaries.apiKey}@x` },
  'a key with a line break': { ACME_TOKEN_FILE: '', ACME_TOKEN: `${canaries.apiKey}\n${canaries.apiKey}` },
  'a key given twice': { ACME_TOKEN: canaries.apiKey },
  'a setting with a mistyped name': { ACME_TOKN: canaries.apiKey, ACME_TOKEN_FILE: '' },
  'a key in place of a file': { ACME_TOKEN_FILE: `/nowhere/canary-token` },
  'a server that does not speak TLS': { ACME_URL: 'https://127.0.0.1:1' },
};

for (const [what, environment] of Object.entries(mistakes)) {
  test(`${what} is told without the secret`, async (context) => {
    const at = await stage(context, false);
    for (const verbosity of verbosities) {
      for (const format of formats) {
        const result = await at.run([...verbosity, '--log-format', format], environment);
        assert.notEqual(result.status, 0);
        if (what !== 'a key in place of a file') expectKept(at, result);
      }
    }
  });
}

test('a mistake in the program itself tells no secret', async (context) => {
  const at = await stage(context, false);
  for (const verbosity of verbosities) {
    for (const format of formats) {
      const boom = async (): Promise<void> => {
        throw new TypeError(`boom ${canaries.apiKey} ${Buffer.from(canaries.apiKey).toString('base64')}`);
      };
      const result = await at.run([...verbosity, '--log-format', format], {}, boom);
      assert.equal(result.status, 70, result.stderr);
      expectKept(at, result);
    }
  }
});

test('a command gets no secret of the job, in its environment or in its words', async (context) => {
  const at = await stage(context, false);
  const seen = join(at.directory, 'seen');
  const script = `cat /proc/self/environ /proc/self/cmdline /proc/$PPID/cmdline > ${seen}; env > ${seen}.env; cat > ${seen}.records`;
  const { status, stdout, stderr } = await ended(
    spawn(
      process.execPath,
      [
        bundle,
        '--source',
        join(at.directory, 'acme.json'),
        '--state-dir',
        join(at.directory, 'state'),
        '--since',
        '2020-01-01T00:00:00Z',
        '--',
        'sh',
        '-c',
        script,
      ],
      {
        env: {
          ACME_URL: at.vendor.url,
          ACME_TOKEN: canaries.apiKey,
          OWN_TOKEN: 'what the command itself needs',
          PATH: '/usr/bin:/bin',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    ),
  );
  assert.equal(status, 0, stderr);
  assert.match(readFileSync(`${seen}.env`, 'utf8'), /OWN_TOKEN/);
  expectKept(at, { stdout, stderr });
});

/** The sequence that sets the clipboard, one that changes colours in C1, DEL, and marks that reorder what follows. */
const raw = '\u001b]52;c;ZXZpbA==\u0007\u009b31m\u007f\u202e\u0085\u2066';
const escaped = JSON.stringify(raw).replace(
  /[\u007f-\uffff]/g,
  (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
);
/** Anything of that, but for the line breaks of a terminal and our own progress line. */
const moves = /(?![\r\n\t])[\p{Cc}\p{Bidi_Control}]/u;

/** What a terminal is sent, both streams together. The program runs beside the vendor, which must be able to answer. */
async function onTerminal(at: Stage, words: readonly string[]): Promise<{ shown: string; status: number | null }> {
  const program = [process.execPath, bundle, '--source', join(at.directory, 'acme.json'), ...words];
  const { stdout, status } = await ended(
    spawn('script', ['-qec', program.map((word) => `'${word}'`).join(' '), '/dev/null'], {
      env: { ACME_URL: at.vendor.url, ACME_TOKEN: canaries.apiKey, PATH: process.env['PATH'], TERM: 'xterm' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  return { shown: stdout.replaceAll('\r\u001b[K', ''), status };
}

for (const verbosity of verbosities) {
  test(`an error text never moves the cursor of a terminal (${verbosity.join('') || 'default'})`, async (context) => {
    const at = await stage(context, false);
    const fields = [escaped, JSON.stringify(raw)].map((text) => `"message":${text}`);
    for (const field of fields) {
      at.vendor.fault = () => reply(400, headers, `{${field}}`);
      const { shown, status } = await onTerminal(at, ['--since', '1h', ...verbosity]);
      assert.equal(status, 76, shown);
      assert.match(shown, /52;c/);
      assert.doesNotMatch(shown, moves);
    }
  });
}

test('a record never moves the cursor of a terminal, and still says the same', async (context) => {
  const at = await stage(context, false);
  at.vendor.fault = () =>
    reply(200, headers, `{"records":[{"id":"r1","text":"\u007f\u009b31m\u202e\u0085\u2066"}],"next":null}`);
  const { shown, status } = await onTerminal(at, ['--since', '1h']);
  assert.equal(status, 0, shown);
  assert.doesNotMatch(shown, moves);
  assert.deepEqual(JSON.parse(shown), { id: 'r1', text: '\u007f\u009b31m\u202e\u0085\u2066' });
});

test('cursors and names from a server never move the cursor of a terminal', async (context) => {
  const at = await stage(context, false);
  at.vendor.fault = () => reply(200, headers, `{"records":[],"next":${escaped}}`);
  for (const verbosity of verbosities) {
    const { shown, status } = await onTerminal(at, ['--since', '1h', ...verbosity]);
    assert.equal(status, 76, shown);
    assert.doesNotMatch(shown, moves);
  }
});
