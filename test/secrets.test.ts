/**
 * Credentials are seen by the service that they are for, and by nobody else. Every secret of a run is a canary; vendors
 * and destinations echo it in all their replies; and afterwards it is in no output, no file, no command's environment
 * and no request to another server, at any verbosity and in any log format.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Definition } from './faults/definition.ts';
import { bundle } from './faults/harness.ts';
import type { Asked, Fault } from './faults/vendor.ts';
import { canaries, expectKept, formats, spellings, stage, verbosities, type Stage } from './support/canaries.ts';
import { ended, scratch, start } from './support/program.ts';
import { rawServer, reply, thenClose, type Behaviour } from './support/raw-server.ts';

const headers = { 'Content-Type': 'application/json' };

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
      expectKept(at, await at.run(['check']));
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

for (const type of ['cursor', 'url'] as const) {
  test(`a bookmark that the vendor has put the key into is not saved: ${type}`, async (context) => {
    const at = await stage(context, false, (definition) => ({
      ...definition,
      request: { path: '/audit', query: { from: '{from}', cursor: '{cursor}' } },
      paging: { type, path: 'next', bookmark: true },
    }));
    const next = `${type === 'url' ? '/audit?cursor=' : ''}c1${encodeURIComponent(canaries.apiKey)}`;
    at.vendor.fault = () => reply(200, headers, JSON.stringify({ records: [], next }));
    const result = await at.run(['-vv']);
    assert.equal(result.status, 76, result.stderr);
    assert.match(result.stderr, /has put a credential into what names its next page/);
    expectKept(at, result);
  });
}

test('a session is kept from everybody after a hundred other cookies', async (context) => {
  const at = await stage(context, true);
  for (let record = 0; record < 130; record++) at.vendor.add(`more${record}`, 100 + record);
  let pages = 0;
  at.vendor.fault = (asked, honest) => {
    if (asked.kind !== 'page') return undefined;
    pages += 1;
    if (pages > 60) return reply(400, headers, message(asked));
    const cookies = [1, 2].map((name) => `Set-Cookie: balancer${name}=balancer-${name}-of-page-${pages}`).join('\r\n');
    return honest.toString().replace('\r\n', `\r\n${cookies}\r\n`);
  };
  const result = await at.run(['-vv', '--since', '1h']);
  assert.equal(pages, 62); // the window is begun once more: a cursor may have expired
  assert.match(result.stderr, /\[redacted\]/);
  expectKept(at, result);
});

/** Replies with a value that is too long for a message, from which the start of a secret must not be left over. */
const longValues: Readonly<Record<string, (definition: Definition) => Definition>> = {
  'in the state of a query that failed': (definition) => ({
    ...definition,
    job: {
      request: { method: 'POST', path: '/jobs', json: { from: '{from}', until: '{until}' } },
      id: 'job',
      poll: {
        request: { path: '/jobs/{job}' },
        until: { path: 'state', equals: 'done' },
        failed: { path: 'failure' },
      },
    },
    request: { path: '/jobs/{job}/records' },
    paging: { type: 'none' },
    limits: {},
  }),
  'in the type of a token': (definition) => ({
    ...definition,
    auth: {
      type: 'oauth2',
      url: '{ACME_URL}/token',
      form: { grant_type: 'client_credentials', client_id: 'me', client_secret: '{ACME_TOKEN}' },
    },
  }),
};

for (const [where, define] of Object.entries(longValues)) {
  test(`a value is cut without half a secret ${where}`, async (context) => {
    const at = await stage(context, false, define);
    for (const shift of [0, canaries.apiKey.length / 2]) {
      const long = '.'.repeat(shift) + canaries.apiKey.repeat(20);
      at.vendor.fault = () =>
        reply(200, headers, JSON.stringify({ job: 1, failure: long, access_token: 'token', token_type: long }));
      for (const verbosity of verbosities) {
        const result = await at.run([...verbosity, '--first-run', '1h']);
        assert.match(result.stderr, /(failure is|of the type) \\*"/);
        expectKept(at, result);
      }
    }
  });
}

test('the password of a proxy is not shown, though the proxy echoes it', async (context) => {
  const at = await stage(context, false);
  let status = 407;
  const proxy = await rawServer((socket, request) => {
    socket.write(reply(status, headers, JSON.stringify({ message: JSON.stringify(request.headers) })));
  });
  context.after(() => proxy.close());
  const password = encodeURIComponent(canaries.proxy);
  const HTTP_PROXY = proxy.url.replace('//', `//user:${password}@`);
  for (const verbosity of verbosities) {
    const words = ['--insecure', ...verbosity];
    for (status of [407, 403, 400]) {
      expectKept(at, await at.run(words, { ACME_URL: 'http://vendor.invalid', HTTP_PROXY }));
    }
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

/** Short words, as Zapier has them: none of them is long enough to be looked for by itself. */
const hook = '/hooks/catch/123456/s3cr3t7';

const receivers: Readonly<Record<string, Behaviour | Buffer>> = {
  'is not there': (socket) => void socket.resetAndDestroy(),
  'does not know it': reply(404, headers, JSON.stringify({ message: `Cannot POST ${hook}` })),
  'refuses the records': reply(422, headers, JSON.stringify({ message: `Cannot POST ${hook}` })),
  redirects: reply(302, { Location: `${hook}/` }),
  'is well': reply(204, {}),
};

for (const [what, behave] of Object.entries(receivers)) {
  test(`the path of a webhook that ${what} is told to nobody, however short its words`, async (context) => {
    const at = await stage(context, false, undefined, [hook, 's3cr3t7']);
    const receiver = await rawServer(typeof behave === 'function' ? behave : thenClose(behave));
    context.after(() => receiver.close());
    for (const query of ['', '?key=k3y']) {
      for (const verbosity of verbosities) {
        for (const format of formats) {
          const words = ['--sink', 'webhook', '--first-run', '1h', ...verbosity, '--log-format', format];
          expectKept(at, await at.run(words, { WEBHOOK_URL: `${receiver.url}${hook}${query}` }));
        }
      }
    }
    expectKept(at, await at.run(['check', '--sink', 'webhook'], { WEBHOOK_URL: `${receiver.url}${hook}` }));
  });
}

test('a path that is not a secret is shown', async (context) => {
  const at = await stage(context, false);
  at.vendor.fault = () => (socket) => void socket.resetAndDestroy();
  assert.match((await at.run([])).stderr, /\(ECONNRESET, GET \/audit\)/);
});

test('a mistake in the program itself tells no secret', async (context) => {
  const at = await stage(context, false);
  for (const verbosity of verbosities) {
    for (const format of formats) {
      const boom = async (): Promise<void> => {
        throw new TypeError(`boom ${canaries.apiKey} ${Buffer.from(canaries.apiKey).toString('base64')}`);
      };
      const result = await at.run([...verbosity, '--log-format', format], {}, { write: boom });
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
  const { shown, status } = await onTerminal(at, ['--since', '1h', '-q', '--no-progress']);
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

test('SIGUSR1 opens no debugger, where every user of the machine could read the credentials', async (context) => {
  const directory = scratch(context);
  const vendor = await rawServer(async (socket) => {
    child.kill('SIGUSR1');
    await setTimeout(500); // Node opens it from a thread of its own
    socket.write(reply(401, headers, '{}'));
  });
  context.after(() => vendor.close());
  const environment = { HOME: directory, OKTA_URL: vendor.url, OKTA_TOKEN: canaries.apiKey };
  const child = start(['--source', 'okta'], { environment, directory });
  const { status, stderr } = await ended(child);
  assert.equal(status, 77, stderr);
  assert.match(stderr, /^audit-export: okta refused .*\nhint: .*\n$/);
});

test('nor does SIGUSR1 while the program is loaded, and none ends it at its end', async (context) => {
  const directory = scratch(context);
  const spy = join(directory, 'spy.cjs');
  writeFileSync(
    spy,
    `const fs = require('node:fs'), { readFileSync } = fs;
     fs.readFileSync = (path, ...rest) => {
       if (String(path).endsWith('audit-export.cjs')) process.kill(process.pid, 'SIGUSR1');
       return readFileSync(path, ...rest);
     };
     process.on('exit', () => process.kill(process.pid, 'SIGUSR1'));`,
  );
  const environment = { HOME: directory, NODE_OPTIONS: `--require ${spy}` };
  const { status, signal, stderr } = await ended(start(['--version'], { environment, directory }));
  assert.deepEqual([status, signal, stderr], [0, null, '']);
});
