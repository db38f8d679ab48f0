/** Bodies that are packed, or say that they are. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { exit } from '../../../src/core/problem.ts';
import { readBody } from '../../../src/io/http/body.ts';
import { clientFor, get, getText, isFinal, isTransient, problemOf } from '../../support/http-client.ts';
import { answers, type Behaviour, rawServerFor, reply, thenClose } from '../../support/raw-server.ts';

test('only what this runtime can unpack is asked for', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  await getText(clientFor(t, server.url));
  assert.equal(server.requests[0]?.headers['accept-encoding'], 'gzip, br');
});

const text = JSON.stringify({ records: Array.from({ length: 5000 }, (_, id) => ({ id })) });
const encodings: readonly (readonly [name: string, encoding: string, body: Buffer])[] = [
  ['gzip', 'gzip', gzipSync(text)],
  ['gzip under its old name', 'X-GZIP', gzipSync(text)],
  ['gzip in two members', 'gzip', Buffer.concat([gzipSync(text.slice(0, 100)), gzipSync(text.slice(100))])],
  ['deflate', 'deflate', deflateSync(text)],
  ['brotli', 'br', brotliCompressSync(text)],
  ['none', 'identity', Buffer.from(text)],
];
for (const [name, encoding, body] of encodings) {
  test(`a compressed body is unpacked: ${name}`, async (t) => {
    const server = await rawServerFor(t, answers(reply(200, { 'Content-Encoding': encoding }, body)));
    assert.equal(await getText(clientFor(t, server.url)), text);
  });
}

test('any body in any number of gzip members, cut anywhere, is unpacked to what it was', async () => {
  const bodies = fc.tuple(
    fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 5 }),
    fc.array(fc.nat(500), { maxLength: 12 }),
  );
  const where = { role: 'source', method: 'GET', url: new URL('https://vendor.example/') } as const;
  const unheard = { finished: () => undefined, misencoded: () => undefined };
  await fc.assert(
    fc.asyncProperty(bodies, async ([members, cuts]) => {
      const packed = Buffer.concat(members.map((member) => gzipSync(member)));
      const places = [0, ...cuts.map((cut) => Math.min(cut, packed.length)).toSorted((a, b) => a - b), packed.length];
      const chunks = places.slice(1).map((place, at) => packed.subarray(places[at], place));
      const limit = { run: () => undefined, pause: () => undefined };
      const unpacked: Buffer[] = [];
      for await (const chunk of readBody(Readable.from(chunks), { where, encoding: 'gzip', limit, ...unheard })) {
        unpacked.push(chunk);
      }
      assert.deepEqual(Buffer.concat(unpacked), Buffer.concat(members));
    }),
    { numRuns: 100 },
  );
});

test('a compressed body that bursts is unpacked in small chunks, and no further than it is read', async (t) => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  const server = await rawServerFor(t, answers(reply(200, { 'Content-Encoding': 'gzip' }, bomb)));
  const http = clientFor(t, server.url);
  assert.equal((await getText(http)).length, 1024 * 1024);
  for await (const chunk of (await get(http)).body) {
    assert.ok(chunk.length <= 64 * 1024);
    break;
  }
});

test('of a plain body no more is taken as text than the reader allows', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, 'x'.repeat(1000))));
  const http = clientFor(t, server.url);
  for (const limit of [999, 1000]) assert.equal((await (await get(http)).text(limit)).length, limit);
});

for (const encoding of ['gzip, gzip, gzip, gzip, gzip, gzip', 'gzip,br', 'zstd', 'constructor']) {
  test(`a body encoded as ${encoding} is refused`, async (t) => {
    const server = await rawServerFor(t, answers(reply(200, { 'Content-Encoding': encoding }, gzipSync(text))));
    isFinal(await problemOf(getText(clientFor(t, server.url))), exit.protocol, /encoded its reply/);
  });
}

for (const encoding of ['gzip', 'br', 'deflate']) {
  test(`a body that says ${encoding} and is plain is worth one more attempt, without compression`, async (t) => {
    const server = await rawServerFor(
      t,
      answers(reply(200, { 'Content-Encoding': encoding }, text), reply(200, {}, text)),
    );
    const http = clientFor(t, server.url);
    const problem = await problemOf(getText(http));
    assert.equal(problem.status, exit.protocol);
    assert.deepEqual(problem.again, { once: true });
    assert.equal(await getText(http), text);
    assert.equal(server.requests[1]?.headers['accept-encoding'], 'identity');
  });
}

const bare: readonly (readonly [how: string, head: string, behave: (head: string) => Behaviour])[] = [
  ['of length 0', 'Content-Length: 0\r\n', (head) => (socket) => void socket.write(head)],
  [
    'in chunks, none of them',
    'Transfer-Encoding: chunked\r\n',
    (head) => (socket) => void socket.write(`${head}0\r\n\r\n`),
  ],
  ['that ends with its connection', 'Connection: close\r\n', (head) => thenClose(head)],
];
for (const encoding of ['gzip', 'br', 'deflate']) {
  for (const [how, headers, behave] of bare) {
    test(`an empty body, ${how}, that says it is packed with ${encoding}, is empty`, async (t) => {
      const head = `HTTP/1.1 401 Unauthorized\r\nContent-Encoding: ${encoding}\r\n${headers}\r\n`;
      const server = await rawServerFor(t, behave(head));
      const answer = await get(clientFor(t, server.url));
      assert.deepEqual([answer.status, await answer.text()], [401, '']);
    });
  }

  test(`a body packed with ${encoding} that breaks before its first byte is cut short`, async (t) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: ${encoding}\r\nContent-Length: 10\r\n\r\n`;
    const server = await rawServerFor(t, thenClose(head));
    isTransient(await problemOf(getText(clientFor(t, server.url))), /before the end of the reply|cut the reply short/);
  });
}
