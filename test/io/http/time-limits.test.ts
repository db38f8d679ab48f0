/** How long a request may take, and how a stop request ends it. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { exit, Problem } from '../../../src/core/problem.ts';
import type { HttpOptions } from '../../../src/io/http.ts';
import { certificateAuthority } from '../../support/certificates.ts';
import { clientFor, get, getText, isTransient, problemOf } from '../../support/http-client.ts';
import { answers, blackHole, drip, rawServer, rawServerFor, reply, silence } from '../../support/raw-server.ts';

/** The clock of undici's own limits, which counts steps of half a second. */
const undiciClock = createRequire(import.meta.url)('undici/lib/util/timers.js') as { tick(milliseconds: number): void };

const authority = certificateAuthority();
after(() => authority.remove());

/** What a stop request ends a run with. */
const stopped = new Problem(exit.terminate, 'stopped by SIGTERM', { hint: 'none' });

test('a wait for a server that accepts and never answers ends at the total limit, and may count as asking for too much (504)', async (t) => {
  const server = await rawServerFor(t, silence);
  const problem = await problemOf(get(clientFor(t, server.url, { timeout: 300 })));
  isTransient(problem, /did not complete its reply within 0\.3 s \(GET \/\)/);
  assert.equal(problem.httpStatus, 504);
});

test('a head that trickles in ends at the total limit', async (t) => {
  const server = await rawServerFor(t, drip('HTTP/1.1 200 OK\r\n', 'X-Slow: a\r\n', 20));
  const problem = await problemOf(get(clientFor(t, server.url, { timeout: 300 })));
  isTransient(problem, /did not complete its reply within 0\.3 s/);
});

test('a body that trickles in ends at the total limit', async (t) => {
  const server = await rawServerFor(t, drip('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n', '{"a":1}', 20));
  const begun = Date.now();
  const problem = await problemOf(getText(clientFor(t, server.url, { timeout: 300 })));
  isTransient(problem, /did not complete its reply within 0\.3 s \(GET \/\)/);
  assert.ok(Date.now() - begun < 2000);
});

test('a body that never begins ends at the total limit', async (t) => {
  const server = await rawServerFor(t, answers('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n'));
  const begun = Date.now();
  isTransient(
    await problemOf(getText(clientFor(t, server.url, { timeout: 300 }))),
    /did not complete its reply within 0\.3 s/,
  );
  assert.ok(Date.now() - begun < 2000);
});

test('what to do about a reply that takes too long is to ask a source for less, which no setting does of a sink', async (t) => {
  const server = await rawServerFor(t, silence);
  const hints = {
    source: 'ask for less at once, or give it more time with --timeout',
    sink: 'give it more time with --timeout',
  };
  for (const role of ['source', 'sink'] as const) {
    const problem = await problemOf(get(clientFor(t, server.url, { timeout: 300, role })));
    assert.equal(problem.hint, hints[role]);
  }
});

test('a reply may begin as late as the total limit lets it: that is what --timeout is for', async (t) => {
  let ask = (_socket: Socket): void => undefined;
  const asked = new Promise<Socket>((resolve) => (ask = resolve));
  const server = await rawServerFor(t, (socket) => ask(socket));
  const answer = getText(clientFor(t, server.url, { timeout: 60_000 }));
  const socket = await asked;
  for (const milliseconds of [1000, 50_000]) undiciClock.tick(milliseconds);
  socket.write(reply(200, {}, 'at last'));
  assert.equal(await answer, 'at last');
});

test('time that the reader takes for itself does not count', async (t) => {
  const sent = randomBytes(1024 * 1024);
  const server = await rawServerFor(t, answers(reply(200, {}, sent)));
  const pause = (): Promise<void> => sleep(1100);
  await getText(clientFor(t, server.url)); // what the first request of a process loads takes time, too
  const answer = await get(clientFor(t, server.url, { timeout: 1000 }));
  await pause();
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) {
    if (chunks.length === 1) await pause();
    chunks.push(chunk);
  }
  assert.ok(Buffer.concat(chunks).equals(sent));
});

test('time in which this process stands still does not count: the whole answer that came meanwhile is taken', async (t) => {
  // In a thread of its own, which goes on meanwhile.
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
    const { createServer } = require('node:http');
    const { gzipSync } = require('node:zlib');
    const body = gzipSync(require('node:crypto').randomBytes(1000000).toString('base64'));
    const server = createServer((request, response) => {
      if (request.url === '/first') return response.end('ok');
      setTimeout(() => response.writeHead(200, { 'content-encoding': 'gzip' }).end(body), 200);
    });
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true },
  );
  t.after(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const http = clientFor(t, `http://127.0.0.1:${port}`, { timeout: 2500 });
  await getText(http, '/first'); // what the first request of a process loads takes time, too
  const answer = get(http, '/long');
  await sleep(50);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
  assert.equal((await (await answer).text(2_000_000)).length, 1_333_336);
});

test('a limit that is longer than any timer can be does not end a request at once', async (t) => {
  const server = await rawServerFor(t, (socket) => void setTimeout(() => socket.write(reply(200, {}, 'ok')), 50));
  assert.equal(await getText(clientFor(t, server.url, { timeout: 100 * 24 * 60 * 60 * 1000 })), 'ok');
});

test('a connection that takes as long as the whole request may is reported as such, and not as a reply that was too long', async (t) => {
  const [hole, mute] = [await blackHole(), await rawServer(silence, { onConnection: () => true })];
  t.after(() => Promise.all([hole.close(), mute.close()]));
  const proxy = `http://127.0.0.1:${hole.port}`;
  for (const [url, message, environment] of [
    [`http://127.0.0.1:${hole.port}`, /^source \S+ did not accept the connection in time/, {}],
    [`https://127.0.0.1:${mute.port}`, /^source \S+ did not accept the connection in time/, {}],
    ['https://vendor.test', /^the proxy \S+ cannot be reached/, { HTTPS_PROXY: proxy, HTTP_PROXY: proxy }],
  ] as const) {
    const problem = await problemOf(get(clientFor(t, url, { timeout: 300, environment })));
    assert.match(problem.message, message);
    assert.match(problem.message, /UND_ERR_CONNECT_TIMEOUT/);
    assert.deepEqual([problem.again, problem.httpStatus], [{ untaken: true }, undefined]);
  }
});

test('a request that is on a connection may have been taken, though another one still waits for its own', async (t) => {
  const server = await rawServerFor(t, (socket, { method }) => void (method === 'GET' && socket.write(reply(200))), {
    tls: authority.issue(),
  });
  let connections = 0;
  // Only the first connection leads on; with the others, TLS is never answered.
  const gate = createServer((socket) => {
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    if (++connections > 1) return;
    const onward = connect(server.port, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
  });
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  t.after(() => gate.close());
  const base = `https://localhost:${(gate.address() as AddressInfo).port}`;
  const http = clientFor(t, base, { timeout: 500, role: 'sink', extraRoots: authority.cert });
  await getText(http);
  const post = (url: string): Promise<Problem> =>
    problemOf(http.send({ method: 'POST', url, headers: {}, body: Buffer.from('records') }));
  const [sent, waiting] = await Promise.all([post('/sent'), post('/waiting')]);
  assert.deepEqual(
    server.requests.map(({ path }) => path),
    ['/', '/sent'],
  );
  isTransient(sent, /did not complete its reply within 0\.5 s \(POST \/sent\)/);
  assert.equal(sent.httpStatus, 504);
  isTransient(waiting, /did not accept the connection in time \(UND_ERR_CONNECT_TIMEOUT, POST \/waiting\)/);
});

test('a stop request ends what is under way with its own reason', async (t) => {
  const server = await rawServerFor(t, drip('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n', 'x', 20));
  const controller = new AbortController();
  const http = clientFor(t, server.url, { stop: controller.signal });
  const answer = await get(http);
  const reading = problemOf(answer.text());
  setTimeout(() => controller.abort(stopped), 50);
  assert.equal(await reading, stopped);
  assert.equal(await problemOf(get(http)), stopped);
  assert.equal(server.requests.length, 1);
});

test('a stop request ends a wait for the head of a reply', async (t) => {
  const server = await rawServerFor(t, silence);
  const controller = new AbortController();
  const asking = problemOf(get(clientFor(t, server.url, { stop: controller.signal })));
  setTimeout(() => controller.abort(stopped), 50);
  assert.equal(await asking, stopped);
});

for (const [what, scheme] of [
  ['is never accepted', 'http'],
  ['is accepted, and never answers the TLS handshake', 'https'],
] as const) {
  test(`a stop request ends a connection attempt that ${what}`, async (t) => {
    const hole = scheme === 'http' ? await blackHole() : await rawServer(silence, { onConnection: () => true });
    t.after(() => hole.close());
    const controller = new AbortController();
    const http = clientFor(t, `${scheme}://127.0.0.1:${hole.port}`, { stop: controller.signal });
    const asking = problemOf(get(http));
    setTimeout(() => controller.abort(stopped), 50);
    const started = performance.now();
    assert.equal(await asking, stopped);
    const milliseconds = performance.now() - started;
    assert.ok(milliseconds < 2000, `${milliseconds} ms, of the 5 s that a connection may take here`);
  });
}

test('a proxy that takes the connection and says nothing is waited for neither after a stop request nor beyond the limit', async (t) => {
  const proxy = await rawServerFor(t, silence);
  const ask = (options: Partial<HttpOptions>): Promise<Problem> =>
    problemOf(get(clientFor(t, 'https://vendor.example', { environment: { HTTPS_PROXY: proxy.url }, ...options })));
  const problem = await ask({ timeout: 200 });
  isTransient(problem, /^the proxy \S+ cannot be reached \(UND_ERR_CONNECT_TIMEOUT\)$/);
  assert.equal(problem.httpStatus, undefined); // the vendor was asked for nothing, so not for too much
  const controller = new AbortController();
  const asking = ask({ stop: controller.signal, timeout: 10_000 });
  while (proxy.requests.length < 2) await sleep(10);
  controller.abort(stopped);
  assert.equal(await asking, stopped);
});

test('a final request is sent although the run is to stop', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  const http = clientFor(t, server.url, { stop: AbortSignal.abort(stopped) });
  assert.equal(await problemOf(get(http)), stopped);
  await (await http.send({ method: 'POST', url: '/logout', final: true })).discard();
  assert.deepEqual(
    server.requests.map(({ path }) => path),
    ['/logout'],
  );
});

test('a final request gets a second where the time of the run is nearly over, and not five', async (t) => {
  const server = await rawServerFor(t, silence);
  const http = clientFor(t, server.url, { timeout: 60_000, until: Date.now() + 100 });
  const started = performance.now();
  const problem = await problemOf(http.send({ method: 'POST', url: '/logout', final: true }));
  isTransient(problem, /did not complete its reply within 1 s/);
  const milliseconds = performance.now() - started;
  assert.ok(milliseconds < 4000, `${milliseconds} ms`);
  assert.equal(server.requests.length, 1);
});
