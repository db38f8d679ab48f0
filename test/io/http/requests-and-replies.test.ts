/** What is sent and what comes back, and what is refused before or after that. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exit } from '../../../src/core/problem.ts';
import { clientFor, get, getText, isFinal, problemOf, secret } from '../../support/http-client.ts';
import { answers, drip, rawServerFor, reply, thenClose } from '../../support/raw-server.ts';
import { problem } from '../../support/problem.ts';

test('a request arrives with its method, headers, body and length', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  const http = clientFor(t, server.url);
  await (
    await http.send({ method: 'POST', url: '/q', headers: { 'Content-Type': 'application/json' }, body: '{"ü":1}' })
  ).discard();
  await (await http.send({ method: 'POST', url: '/q', body: Buffer.from([0, 255]) })).discard();
  const [first, second] = server.requests;
  assert.equal(first?.headers['content-type'], 'application/json');
  assert.equal(first?.headers['content-length'], '8');
  assert.equal(first?.body.toString(), '{"ü":1}');
  assert.deepEqual(second?.body, Buffer.from([0, 255]));
  assert.equal(server.connections, 1, 'the connection is used again');
});

test('a reply brings status, headers, the server clock and the body as it was sent', async (t) => {
  const date = 'Fri, 20 Nov 2026 09:00:00 GMT';
  const server = await rawServerFor(
    t,
    answers(reply(418, { Date: date, 'X-A': '1', 'x-a': '2', 'Set-Cookie': 'a=b' }, '{"a":1.10}')),
  );
  const http = clientFor(t, `${server.url}/api/`);
  const answer = await get(http, 'records?from=1');
  assert.equal(answer.status, 418);
  assert.equal(answer.url, `${server.url}/api/records?from=1`);
  assert.equal(answer.headers['x-a'], '1, 2');
  assert.equal(answer.headers['set-cookie'], undefined);
  assert.equal(answer.date, BigInt(Date.UTC(2026, 10, 20, 9)) * 1_000_000n);
  assert.equal(await answer.text(), '{"a":1.10}');
  assert.equal(server.requests[0]?.path, '/api/records?from=1');
});

test('informational replies are passed over', async (t) => {
  const early = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n';
  const server = await rawServerFor(t, answers(Buffer.concat([Buffer.from(early), reply(200, {}, 'ok')])));
  assert.equal(await getText(clientFor(t, server.url)), 'ok');
});

test('bytes after the stated length are not taken for the body', async (t) => {
  const server = await rawServerFor(t, answers(thenClose(Buffer.concat([reply(200, {}, '[1]'), Buffer.from('[2]')]))));
  assert.equal(await getText(clientFor(t, server.url)), '[1]');
});

test('a byte order mark is no part of a text', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, '\ufeff{"status":"\ufeff"}')));
  assert.equal(await getText(clientFor(t, server.url)), '{"status":"\ufeff"}');
});

test('text stops at its limit and does not wait for the rest', async (t) => {
  const server = await rawServerFor(
    t,
    drip(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(5000)}`, 'x', 1000),
  );
  assert.equal((await (await get(clientFor(t, server.url))).text(4096)).length, 4096);
});

test('a long body comes in chunks and waits for its reader', async (t) => {
  const sent = randomBytes(8 * 1024 * 1024);
  let flushed = false;
  const server = await rawServerFor(t, (socket) => void socket.write(reply(200, {}, sent), () => (flushed = true)));
  const answer = await get(clientFor(t, server.url));
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) {
    if (chunks.length === 3) {
      await sleep(100);
      assert.equal(flushed, false, 'the server was held back');
    }
    chunks.push(chunk);
  }
  assert.ok(chunks.length > 20);
  assert.ok(Buffer.concat(chunks).equals(sent));
});

test('a Date header that is not an HTTP date says nothing', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, { Date: '65' })));
  const answer = await get(clientFor(t, server.url));
  assert.equal(answer.date, undefined);
  await answer.discard();
});

test('of two clocks, as where a proxy adds its own, the earlier one counts: nothing is passed over by it', async (t) => {
  const head = [
    'Date: Fri, 20 Nov 2026 09:00:07 GMT',
    'Date: Fri, 20 Nov 2026 09:00:00 GMT',
    'Date: 65',
    'Content-Length: 0',
  ];
  const server = await rawServerFor(t, answers(`HTTP/1.1 200 OK\r\n${head.join('\r\n')}\r\n\r\n`));
  const answer = await get(clientFor(t, server.url));
  assert.equal(answer.date, BigInt(Date.UTC(2026, 10, 20, 9)) * 1_000_000n);
  await answer.discard();
});

const strangers: readonly (readonly [name: string, answer: string])[] = [
  ['a banner of SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46'],
  ['a bad chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 9\r\n\r\n[{"a":1}]'],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n',
  ],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n'],
];
for (const [name, answer] of strangers) {
  test(`an answer that is not HTTP is final: ${name}`, async (t) => {
    const server = await rawServerFor(t, thenClose(Buffer.from(answer, 'latin1')));
    isFinal(await problemOf(getText(clientFor(t, server.url))), exit.protocol, /does not speak HTTP/);
  });
}

test('more than 16 KiB of headers are refused, and not asked for again', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, { 'X-Long': 'x'.repeat(20_000) })));
  isFinal(await problemOf(get(clientFor(t, server.url))), exit.protocol, /sent more than 16 KiB of headers/);
});

for (const status of ['000', '099', '101']) {
  test(`a reply with the status ${status} is not HTTP, and not a bug of this program`, async (t) => {
    const server = await rawServerFor(t, answers(Buffer.from(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`)));
    isFinal(await problemOf(getText(clientFor(t, server.url))), exit.protocol, /does not speak HTTP/);
  });
}

test('a header value that could break out of its line is refused before anything is sent', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  const http = clientFor(t, server.url);
  for (const value of [`${secret}\r\nX: 1`, `${secret}\n`, `“${secret}”`, `${secret}\0`]) {
    const problem = await problemOf(http.send({ method: 'GET', url: '/', headers: { Authorization: value } }));
    isFinal(problem, exit.config, /header authorization/);
  }
  assert.equal(server.connections, 0);
});

test('plain http is refused, except to this machine', (t) => {
  for (const base of ['http://vendor.example', 'http://127.0.0.1.vendor.example', 'http://10.0.0.1']) {
    assert.throws(
      () => clientFor(t, base),
      problem(exit.config, /./, 'use https://; --allow-plaintext permits http://'),
    );
  }
  clientFor(t, 'http://vendor.example', { insecure: true });
  clientFor(t, 'http://vendor.example', { allowPlaintext: true });
  for (const base of ['http://localhost:1', 'http://127.0.0.2', 'http://[::1]:1']) clientFor(t, base);
});

test('switched-off verification in the environment is refused', (t) => {
  const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  assert.throws(() => clientFor(t, 'https://vendor.example', { environment }), problem(exit.config));
  assert.throws(() => clientFor(t, 'http://vendor.example', { environment, allowPlaintext: true }), {
    status: exit.config,
    message: /^NODE_TLS_REJECT_UNAUTHORIZED=0/,
  });
  clientFor(t, 'https://vendor.example', { environment, insecure: true });
});
