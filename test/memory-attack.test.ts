/**
 * A vendor that means harm, or is merely broken: bombs, records and pages without end, floods of headers. The real
 * program must come to an end by itself, with the right status and in little memory, as the kernel counts it.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { baseDefinition, type Definition } from './faults/definition.ts';
import { bundle } from './faults/harness.ts';
import { watchMemory } from './faults/peak-memory.ts';
import { scratch } from './support/program.ts';

const megabyte = 1024 * 1024;

interface Attack {
  /** Answers each request for a page; the Date header is set. */
  readonly answer: (response: ServerResponse, page: number) => void | Promise<void>;
  readonly argv?: readonly string[];
  readonly define?: (definition: Definition) => Definition;
  /** Further settings, by the address of the vendor. */
  readonly settings?: (address: string) => Readonly<Record<string, string>>;
  /** Peak memory that is allowed, in megabytes. Default: 200. */
  readonly most?: number;
}

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
  readonly directory: string;
  readonly requests: number;
}

/** Runs the program against such a vendor; its peak memory is checked here. What it prints is read and dropped. */
async function survive(
  context: TestContext,
  { answer, argv = [], define = (same) => same, settings, most = 200 }: Attack,
): Promise<Ended> {
  const directory = scratch(context);
  let requests = 0;
  const server = createServer({ maxHeaderSize: 4 * megabyte }, (incoming, response) => {
    incoming.resume();
    response.on('error', () => undefined); // the program hangs up
    requests += 1;
    void answer(response, requests);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.closeAllConnections());
  context.after(() => void server.close());
  const source = join(directory, 'acme.json');
  writeFileSync(source, JSON.stringify(define(baseDefinition(false))));
  const memory = watchMemory({ directory });
  const words = ['--source', source, '--state-dir', join(directory, 'state'), '--job', 'attack', ...argv];
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, [bundle, ...words], {
    env: { ACME_URL: address, ACME_TOKEN: 'a-long-token', ...memory.environment, ...settings?.(address) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stdout?.resume();
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  const peak = memory.megabytes();
  context.diagnostic(`peak ${Math.round(peak)} MB, ${requests} requests, status ${status}`);
  assert.ok(peak > 0 && peak < most, `peak memory was ${Math.round(peak)} MB`);
  return { status, stderr, directory, requests };
}

/** Writes pieces until there are no more, or the program hangs up. */
async function pour(response: ServerResponse, pieces: Iterable<Buffer | string>): Promise<void> {
  const source = Readable.from(pieces, { objectMode: true, highWaterMark: 1 });
  await pipeline(source, response).catch(() => undefined); // the program hung up
}

function* repeated(piece: Buffer | string, count: number): Generator<Buffer | string> {
  for (let number = 0; number < count; number++) yield piece;
}

const blanks = Buffer.alloc(64 * 1024, ' ');
const letters = Buffer.alloc(64 * 1024, 'x');

/** A page around bytes that repeat. */
function* page(before: string, piece: Buffer, count: number, after: string): Generator<Buffer | string> {
  yield before;
  yield* repeated(piece, count);
  yield after;
}

const brotli = (bytes: Buffer): Buffer =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
const bombs = [
  ['gzip', 'blanks between the records', () => gzipSync(bomb('', ' ', '')), 0],
  ['br', 'blanks between the records', () => brotli(bomb('', ' ', '')), 0],
  ['gzip', 'one record', () => gzipSync(bomb('{"id":"r1","s":"', 'x', '"}')), 3],
  ['br', 'brackets within one record', () => brotli(bomb('{"id":"r1","s":', '[', ']}')), 76],
] as const;

/** 200 MB, of which little is left when it is compressed. */
function bomb(before: string, filling: string, after: string): Buffer {
  const bytes = Buffer.alloc(200 * megabyte, filling);
  bytes.write(`{"records":[${before}`);
  const end = `${after}],"next":null}`;
  bytes.write(end, bytes.length - end.length);
  return bytes;
}

for (const [encoding, what, make, expected] of bombs) {
  test(`a ${encoding} bomb of 200 MB of ${what} ends with ${expected}`, { timeout: 120_000 }, async (context) => {
    const body = make();
    assert.ok(body.length < megabyte, `${body.length} bytes on the wire`);
    const { status, stderr } = await survive(context, {
      answer: (response) => void response.setHeader('Content-Encoding', encoding).end(body),
    });
    assert.equal(status, expected, stderr);
  });
}

test(
  'a page that never ends is left when the run is over, and kept as far as it went',
  { timeout: 120_000 },
  async (context) => {
    const record = Buffer.from(`{"id":"same","pad":"${'x'.repeat(650)}"},`.repeat(90));
    const { status, stderr } = await survive(context, {
      argv: ['--max-runtime', '3s'],
      answer: (response) => pour(response, page('{"records":[', record, Infinity, '')),
    });
    assert.equal(status, 75, stderr);
  },
);

test('records that are large, and not too large, do not pile up', { timeout: 120_000 }, async (context) => {
  function* large(): Generator<Buffer | string> {
    for (let number = 0; number < 40; number++) {
      yield `${number === 0 ? '{"records":[' : ','}{"id":"r${number}","s":"`;
      yield* repeated(letters, (10 * megabyte) / letters.length);
      yield '"}';
    }
    yield '],"next":null}';
  }
  const { status, stderr } = await survive(context, {
    most: 260, // 40 of 10 MB are sent
    answer: (response) => pour(response, large()),
  });
  assert.equal(status, 0, stderr);
});

test('a row of millions of values is set aside', { timeout: 120_000 }, async (context) => {
  const commas = Buffer.alloc(64 * 1024, ',');
  const { status, stderr } = await survive(context, {
    define: (definition) => ({
      ...definition,
      request: { path: '/audit', query: { from: '{from}' } },
      paging: { type: 'none' },
      records: { format: 'csv', id: { paths: ['id'] } },
    }),
    answer: (response) => pour(response, page('id,a\n', commas, (12 * megabyte) / commas.length, '\n2,b\n')),
  });
  assert.equal(status, 3, stderr);
});

test('an envelope that never ends breaks the rules', { timeout: 120_000 }, async (context) => {
  const { status, stderr } = await survive(context, {
    answer: (response) => pour(response, page('{"note":"', letters, Infinity, '')),
  });
  assert.equal(status, 76, stderr);
});

test('an envelope that never ends after the records breaks the rules', { timeout: 120_000 }, async (context) => {
  const { status, stderr } = await survive(context, {
    answer: (response) => pour(response, page('{"records":[{"id":"r1"}],"note":"', letters, Infinity, '')),
  });
  assert.equal(status, 76, stderr);
});

test('blanks that never end before the records break the rules', { timeout: 120_000 }, async (context) => {
  const { status, stderr } = await survive(context, {
    answer: (response) => pour(response, repeated(blanks, Infinity)),
  });
  assert.equal(status, 76, stderr);
});

test('the text of an error that never ends is not waited for', { timeout: 120_000 }, async (context) => {
  const { status, stderr } = await survive(context, {
    answer: (response) => pour(response.writeHead(400), repeated(letters, Infinity)),
  });
  assert.ok(status === 65 || status === 76 || status === 78, `${status}: ${stderr}`);
  assert.ok(stderr.length < 2000, 'and not quoted at length');
});

test('ten thousand cookies are not kept', { timeout: 120_000 }, async (context) => {
  let longest = 0;
  const { status, stderr, requests } = await survive(context, {
    answer(response, number) {
      longest = Math.max(longest, String(response.req.headers.cookie ?? '').length);
      const cookies = Array.from({ length: 100 }, (_, at) => `c${number * 100 + at}=${'x'.repeat(40)}`);
      const next = number < 100 ? `"c${number}"` : 'null';
      response.setHeader('Set-Cookie', cookies).end(`{"records":[{"id":"r${number}"}],"next":${next}}`);
    },
  });
  assert.equal(status, 0, stderr);
  assert.equal(requests, 100);
  assert.ok(longest > 0 && longest < 16 * 1024, `a Cookie header of ${longest} bytes`);
});

test('cookies of nothing but words, others with each page, are survived', { timeout: 120_000 }, async (context) => {
  const { status, stderr } = await survive(context, {
    answer(response, number) {
      const cookies = [0, 1, 2].map((at) => {
        const words = Array.from({ length: 200 }, (_, word) => `Word${number}Of${at}Number${word}`);
        return `c${(3 * number + at) % 50}=${words.join(',').slice(0, 4000)}`;
      });
      const next = number < 60 ? `"c${number}"` : 'null';
      response.setHeader('Set-Cookie', cookies).end(`{"records":[{"id":"r${number}"}],"next":${next}}`);
    },
  });
  assert.equal(status, 0, stderr);
});

for (const [what, text] of [
  ['lists in each other', '['],
  ['empty objects', '{},'],
] as const) {
  const answer = gzipSync(Buffer.concat([Buffer.from('{"items":['), Buffer.alloc(30 * megabyte, text)]));
  test(`30 MB of ${what} are no answer of a destination`, { timeout: 120_000 }, async (context) => {
    const { status, stderr } = await survive(context, {
      argv: ['--sink', 'splunk'],
      settings: (address) => ({ SPLUNK_URL: address, SPLUNK_TOKEN: 'a-long-token' }),
      most: 250,
      answer(response) {
        if (response.req.method === 'POST') response.setHeader('Content-Encoding', 'gzip').end(answer);
        else response.end('{"records":[{"id":"r1"}],"next":null}');
      },
    });
    assert.equal(status, 76, stderr);
    assert.match(stderr, /did not answer as an HTTP Event Collector/);
  });

  test(`15 MB of ${what} are no list of branches`, { timeout: 120_000 }, async (context) => {
    const { status, stderr } = await survive(context, {
      define: (definition) => ({
        ...definition,
        request: { path: '/audit/{branch}', query: { from: '{from}' } },
        branches: { fetch: { request: { path: '/tenants' }, path: 'tenants', paging: { type: 'none' } } },
      }),
      answer: (response) => pour(response.setHeader('Content-Encoding', 'gzip'), [half]),
    });
    assert.equal(status, 76, stderr);
  });
  const half = gzipSync(Buffer.concat([Buffer.from('{"tenants":['), Buffer.alloc(15 * megabyte, text)]));

  test(`4 MB of ${what} around the records break the rules`, { timeout: 120_000 }, async (context) => {
    const { status, stderr } = await survive(context, {
      answer: (response) => void response.end(`{"x":[${text.repeat((3.9 * megabyte) / text.length)}{}],"records":[]}`),
    });
    assert.equal(status, 76, stderr);
  });
}

for (const [what, record, expected] of [
  ['lists', `{"x":[${'[],'.repeat(5_000_000)}1]}`, 0],
  ['lists around a long text', `{"x":${'['.repeat(500)}"${'x'.repeat(14_000_000)}"${',1]'.repeat(500)}}`, 0],
  ['lists too deep', `{"x":${'['.repeat(7_000_000)}${']'.repeat(7_000_000)}}`, 3],
] as const) {
  test(
    `a record of 15 MB of ${what}, and without an ID, is known by its content in little memory`,
    {
      timeout: 120_000,
    },
    async (context) => {
      const { status, stderr } = await survive(context, {
        argv: ['--max-quarantine', '100'],
        define: (definition) => ({ ...definition, records: { ...definition.records, volatile: ['v'] } }),
        answer: (response) => void response.end(`{"records":[${record}],"next":null}`),
      });
      assert.equal(status, expected, stderr);
    },
  );
}

test('a header of 1 MB breaks the rules', { timeout: 120_000 }, async (context) => {
  const { status, stderr } = await survive(context, {
    answer: (response) => void response.setHeader('X-Large', 'x'.repeat(megabyte)).end('{"records":[],"next":null}'),
  });
  assert.equal(status, 76, stderr);
  assert.ok(stderr.length < 2000);
});

test('a login whose answer never ends breaks the rules', { timeout: 120_000 }, async (context) => {
  const { status, stderr } = await survive(context, {
    define: (definition) => ({
      ...definition,
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', json: { key: '{ACME_TOKEN}' } },
        token: { path: 'token', headers: { Authorization: 'Bearer {token}' } },
      },
    }),
    answer: (response) => pour(response, page('{"token":"', letters, Infinity, '')),
  });
  assert.ok(status === 76 || status === 69, `${status}: ${stderr}`);
});

test('a list of branches that never ends breaks the rules', { timeout: 120_000 }, async (context) => {
  const pad = 'x'.repeat(1000);
  const { status, stderr } = await survive(context, {
    define: (definition) => ({
      ...definition,
      request: { path: '/audit/{branch}', query: { from: '{from}' } },
      branches: {
        fetch: {
          request: { path: '/tenants', query: { after: '{cursor}' } },
          path: 'tenants',
          paging: { type: 'cursor', path: 'next' },
        },
      },
    }),
    answer(response, number) {
      if (number > 100) return void response.destroy();
      const tenants = Array.from({ length: 1000 }, (_, at) => `${number * 1000 + at}${pad}`);
      response.end(JSON.stringify({ tenants, next: `c${number}` }));
    },
  });
  assert.equal(status, 76, stderr);
});

test(
  'a position file is not read into memory because a vendor sent a giant ID',
  { timeout: 120_000 },
  async (context) => {
    const id = 'i'.repeat(8 * megabyte);
    const { status, stderr, directory } = await survive(context, {
      answer: (response) => void response.end(`{"records":[{"id":"${id}"}],"next":null}`),
    });
    assert.equal(status, 0, stderr);
    assert.ok(readFileSync(join(directory, 'state', 'attack.position')).length < 4096, 'the ID is kept as a digest');
  },
);
