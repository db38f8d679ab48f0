import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { exit, Problem } from '../../src/core/problem.ts';
import type { Http, HttpReply } from '../../src/core/types.ts';
import { openHttp, type HttpOptions } from '../../src/io/http.ts';
import { cookieJar } from '../../src/io/http/cookies.ts';
import { connectionProblem } from '../../src/io/http/http-errors.ts';
import {
  answers,
  blackHole,
  closedPort,
  drip,
  rawServer,
  reply,
  silence,
  thenClose,
  thenReset,
  type Behaviour,
  rawServerFor,
} from '../support/raw-server.ts';

/** The clock of undici's own limits, which counts steps of half a second. */
const undiciClock = createRequire(import.meta.url)('undici/lib/util/timers.js') as { tick(milliseconds: number): void };

const secret = 's3cret-t0ken';

/** A client that lives as long as the test. */
function open(t: TestContext, base: string, options: Partial<HttpOptions> = {}): Http {
  const http = openHttp(base, {
    timeout: 5000,
    insecure: false,
    environment: {},
    now: Date.now,
    role: 'source',
    ...options,
  });
  t.after(() => http.close());
  return http;
}

const get = (http: Http, url = '/'): Promise<HttpReply> => http.send({ method: 'GET', url });
const getText = async (http: Http, url = '/'): Promise<string> => (await get(http, url)).text();

/** The Problem of a promise that must fail; it may never say the secret. */
async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Problem)) throw error;
  assert.ok(!`${error.message} ${error.hint} ${JSON.stringify(error.cause)}`.includes(secret), error.message);
  assert.ok(error.hint, 'every Problem has a next step');
  return error;
}

function isTransient(problem: Problem, message: RegExp): void {
  assert.match(problem.message, message);
  assert.equal(problem.status, exit.unavailable);
  const isConnected = !/\((?:ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT)/.test(problem.message);
  assert.deepEqual(problem.again, isConnected ? {} : { untaken: true });
}

function isFinal(problem: Problem, status: number, message: RegExp): void {
  assert.match(problem.message, message);
  assert.equal(problem.status, status);
  assert.equal(problem.again, undefined);
}

// ---------------------------------------------------------------------------------------------------- replies

test('a reply brings status, headers, the server clock and the body as it was sent', async (t) => {
  const date = 'Fri, 20 Nov 2026 09:00:00 GMT';
  const server = await rawServerFor(
    t,
    answers(reply(418, { Date: date, 'X-A': '1', 'x-a': '2', 'Set-Cookie': 'a=b' }, '{"a":1.10}')),
  );
  const http = open(t, `${server.url}/api/`);
  const answer = await get(http, 'records?from=1');
  assert.equal(answer.status, 418);
  assert.equal(answer.url, `${server.url}/api/records?from=1`);
  assert.equal(answer.headers['x-a'], '1, 2');
  assert.equal(answer.headers['set-cookie'], undefined);
  assert.equal(answer.date, BigInt(Date.UTC(2026, 10, 20, 9)) * 1_000_000n);
  assert.equal(await answer.text(), '{"a":1.10}');
  assert.equal(server.requests[0]?.path, '/api/records?from=1');
});

test('a clock that is not an HTTP date is no clock', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, { Date: '65' })));
  const answer = await get(open(t, server.url));
  assert.equal(answer.date, undefined);
  await answer.discard();
});

test('of two clocks, such as a proxy adds its own, the earlier one counts: nothing is passed over by it', async (t) => {
  const head = [
    'Date: Fri, 20 Nov 2026 09:00:07 GMT',
    'Date: Fri, 20 Nov 2026 09:00:00 GMT',
    'Date: 65',
    'Content-Length: 0',
  ];
  const server = await rawServerFor(t, answers(`HTTP/1.1 200 OK\r\n${head.join('\r\n')}\r\n\r\n`));
  const answer = await get(open(t, server.url));
  assert.equal(answer.date, BigInt(Date.UTC(2026, 10, 20, 9)) * 1_000_000n);
  await answer.discard();
});

test('a request arrives with its method, headers, body and length', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  const http = open(t, server.url);
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

test('informational replies are passed over', async (t) => {
  const early = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n';
  const server = await rawServerFor(t, answers(Buffer.concat([Buffer.from(early), reply(200, {}, 'ok')])));
  assert.equal(await getText(open(t, server.url)), 'ok');
});

test('bytes after the stated length are not taken for the body', async (t) => {
  const server = await rawServerFor(t, answers(thenClose(Buffer.concat([reply(200, {}, '[1]'), Buffer.from('[2]')]))));
  assert.equal(await getText(open(t, server.url)), '[1]');
});

test('a byte order mark is no part of a text', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, '\ufeff{"status":"\ufeff"}')));
  assert.equal(await getText(open(t, server.url)), '{"status":"\ufeff"}');
});

test('text stops at its limit and does not wait for the rest', async (t) => {
  const server = await rawServerFor(
    t,
    drip(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(5000)}`, 'x', 1000),
  );
  assert.equal((await (await get(open(t, server.url))).text(4096)).length, 4096);
});

test('a long body comes in chunks and waits for its reader', async (t) => {
  const sent = randomBytes(8 * 1024 * 1024);
  let flushed = false;
  const server = await rawServerFor(t, (socket) => void socket.write(reply(200, {}, sent), () => (flushed = true)));
  const answer = await get(open(t, server.url));
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) {
    if (chunks.length === 3) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(flushed, false, 'the server was held back');
    }
    chunks.push(chunk);
  }
  assert.ok(chunks.length > 20);
  assert.ok(Buffer.concat(chunks).equals(sent));
});

test('a header value that could break out of its line is refused before anything is sent', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  const http = open(t, server.url);
  for (const value of [`${secret}\r\nX: 1`, `${secret}\n`, `“${secret}”`, `${secret}\0`]) {
    const problem = await problemOf(http.send({ method: 'GET', url: '/', headers: { Authorization: value } }));
    isFinal(problem, exit.config, /header authorization/);
  }
  assert.equal(server.connections, 0);
});

// ---------------------------------------------------------------------------------------------------- connection

test('a refused connection is transient', async (t) => {
  const port = await closedPort();
  const problem = await problemOf(get(open(t, `http://127.0.0.1:${port}`), `/audit?token=${secret}`));
  isTransient(problem, /^source http:\/\/127\.0\.0\.1:\d+ refused the connection \(ECONNREFUSED, GET \/audit\)$/);
});

// A cable that is out, a route that is gone, a firewall of this machine. The system is not brought to say so in a test.
for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'EPERM', 'UND_ERR_NOT_SUPPORTED']) {
  test(`a server that this machine has no way to (${code}) is transient`, () => {
    const error = Object.assign(new Error(`connect ${code}`), { code });
    const problem = connectionProblem(error, { role: 'sink', method: 'GET', url: new URL('https://siem.example/in') });
    assert.ok(problem instanceof Problem);
    isTransient(problem, new RegExp(`^sink https://siem\\.example could not be reached \\(${code}, GET /in\\)$`));
    assert.match(problem.hint ?? '', /^check the network/);
  });
}

test('a mistake of ours in a request is none of the server, and nothing to try again', () => {
  for (const code of ['UND_ERR_INVALID_ARG', 'ERR_INVALID_ARG_TYPE', '']) {
    const error = Object.assign(new TypeError('invalid'), { code });
    const found = connectionProblem(error, { role: 'source', method: 'GET', url: new URL('https://vendor.example') });
    assert.equal(found, error);
  }
});

test('refusals on several addresses are one refusal', async (t) => {
  isTransient(
    await problemOf(get(open(t, `http://localhost:${await closedPort()}`))),
    /refused the connection \(ECONNREFUSED, GET/,
  );
});

test('a server on one of several addresses is found', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, 'ok'))); // on 127.0.0.1; localhost is ::1 as well
  assert.equal(await getText(open(t, `http://localhost:${server.port}`)), 'ok');
});

test('a name that does not resolve is worth one more attempt', async (t) => {
  const http = open(t, 'https://vendor.invalid');
  const problem = await problemOf(get(http));
  assert.equal(problem.status, exit.unavailable);
  assert.match(
    problem.message,
    /^source https:\/\/vendor\.invalid has a host name that .*resolve.* \((ENOTFOUND|EAI_AGAIN), GET \/\)$/,
  );
  // A machine without a name server says EAI_AGAIN, which is worth more.
  const once = problem.message.includes('ENOTFOUND') && { once: true };
  assert.deepEqual(problem.again, { ...once, untaken: true });
});

test('a connection that is never accepted ends at the connect limit', async (t) => {
  const hole = await blackHole();
  t.after(() => hole.close());
  const problem = await problemOf(get(open(t, `http://127.0.0.1:${hole.port}`, { connectTimeout: 200 })));
  isTransient(problem, /did not accept the connection in time \(UND_ERR_CONNECT_TIMEOUT/);
});

test('a connection that is reset before the reply is transient', async (t) => {
  const server = await rawServerFor(t, thenReset());
  isTransient(await problemOf(get(open(t, server.url))), /(broke|closed) the connection/);
  assert.equal(server.connections, 1, 'one attempt a call');
});

test('a connection that is closed before the reply is transient', async (t) => {
  const server = await rawServerFor(t, thenClose(''));
  isTransient(
    await problemOf(get(open(t, server.url))),
    /closed the connection before the end of the reply \(UND_ERR_SOCKET/,
  );
});

test('http:// where TLS is spoken has a hint at https://, and what https:// does has none', async (t) => {
  const server = await rawServerFor(t, silence, {
    onConnection(socket) {
      socket.once('data', () => socket.end());
      return true;
    },
  });
  const [plain, tls] = [
    await problemOf(get(open(t, server.url))),
    await problemOf(get(open(t, server.url.replace('http:', 'https:')))),
  ];
  assert.match(plain.hint ?? '', /if it speaks TLS there, the URL begins with https:\/\/$/);
  assert.doesNotMatch(tls.hint ?? '', /begins with https/);
});

test('where a part of a reply came, nobody speaks TLS', async (t) => {
  for (const begun of ['HTTP/1.1 200', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[']) {
    const server = await rawServerFor(t, thenClose(begun));
    const client = open(t, server.url);
    const { hint } = await problemOf((async () => (await get(client)).text())());
    assert.equal(hint, 'check the network and the service; the next run continues from here', begun);
  }
});

const cuts: readonly (readonly [name: string, behave: Behaviour])[] = [
  ['Content-Length, reset', thenReset('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"a":1}')],
  ['Content-Length, closed', thenClose('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"a":1}')],
  ['chunked, reset', thenReset('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n[{"a":1}\r\n')],
  ['chunked, closed', thenClose('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n[{"a":1}\r\n')],
  [
    'closed without a length, gzip',
    thenClose(
      Buffer.concat([
        Buffer.from('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n'),
        gzipSync('x'.repeat(1000)).subarray(0, 20),
      ]),
    ),
  ],
];
for (const [name, behave] of cuts) {
  test(`a body that is cut is never taken for a whole one: ${name}`, async (t) => {
    const server = await rawServerFor(t, behave);
    isTransient(await problemOf(getText(open(t, server.url))), /\((UND_ERR|ECONNRESET|HPE_INVALID_EOF|Z_BUF)/);
    assert.equal(server.requests.length, 1);
    assert.equal(server.requests[0]?.headers['range'], undefined);
  });
}

test('a body that ends with its connection, and says no length, is read to the end', async (t) => {
  const server = await rawServerFor(t, thenClose('HTTP/1.1 200 OK\r\n\r\n[{"a":1}]'));
  const answer = await get(open(t, server.url));
  assert.equal(
    answer.headers['content-length'] ?? answer.headers['transfer-encoding'],
    undefined,
    'the caller can tell',
  );
  assert.equal(await answer.text(), '[{"a":1}]');
});

// ---------------------------------------------------------------------------------------------------- idle connections

/** Answers the first request and hangs up when the next one comes on the same connection. */
const dyingKeepAlive: Behaviour = (socket, { connection, number }) => {
  if (number === 2 && connection === 1) socket.resetAndDestroy();
  else socket.write(reply(200, {}, String(number)));
};

test('an idle connection that has died is replaced without a word, if the request may be repeated', async (t) => {
  const server = await rawServerFor(t, dyingKeepAlive);
  const http = open(t, server.url);
  assert.equal(await getText(http), '1');
  assert.equal(await getText(http), '3');
  assert.equal(server.connections, 2);
});

test('a request that may not be repeated is not repeated', async (t) => {
  const server = await rawServerFor(t, dyingKeepAlive);
  const http = open(t, server.url);
  await getText(http);
  isTransient(await problemOf(http.send({ method: 'POST', url: '/', body: 'x' })), /(broke|closed) the connection/);
  assert.equal(server.requests.length, 2);
});

test('a query sent by POST may be repeated', async (t) => {
  const server = await rawServerFor(t, dyingKeepAlive);
  const http = open(t, server.url);
  await getText(http);
  const answer = await http.send({ method: 'POST', url: '/', body: 'x', repeatable: true });
  assert.equal(await answer.text(), '3');
});

// ---------------------------------------------------------------------------------------------------- time

test('a server that accepts and never answers ends at the total limit, and was asked for too much perhaps', async (t) => {
  const server = await rawServerFor(t, silence);
  const problem = await problemOf(get(open(t, server.url, { timeout: 300 })));
  isTransient(problem, /did not complete its reply within 0\.3 s \(GET \/\)/);
  assert.equal(problem.httpStatus, 504);
});

test('what to do about a reply that takes too long is to ask a source for less, which no setting does of a sink', async (t) => {
  const server = await rawServerFor(t, silence);
  const hints = {
    source: 'ask for less at once, or give it more time with --timeout',
    sink: 'give it more time with --timeout',
  };
  for (const role of ['source', 'sink'] as const) {
    const problem = await problemOf(get(open(t, server.url, { timeout: 300, role })));
    assert.equal(problem.hint, hints[role]);
  }
});

test('a reply may begin as late as the total limit lets it: that is what --timeout is for', async (t) => {
  let ask = (_socket: Socket): void => undefined;
  const asked = new Promise<Socket>((resolve) => (ask = resolve));
  const server = await rawServerFor(t, (socket) => ask(socket));
  const answer = getText(open(t, server.url, { timeout: 60_000 }));
  const socket = await asked;
  for (const milliseconds of [1000, 50_000]) undiciClock.tick(milliseconds);
  socket.write(reply(200, {}, 'at last'));
  assert.equal(await answer, 'at last');
});

test('a head that trickles in ends at the total limit', async (t) => {
  const server = await rawServerFor(t, drip('HTTP/1.1 200 OK\r\n', 'X-Slow: a\r\n', 20));
  const problem = await problemOf(get(open(t, server.url, { timeout: 300 })));
  isTransient(problem, /did not complete its reply within 0\.3 s/);
});

test('a body that trickles in ends at the total limit', async (t) => {
  const server = await rawServerFor(t, drip('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n', '{"a":1}', 20));
  const begun = Date.now();
  const problem = await problemOf(getText(open(t, server.url, { timeout: 300 })));
  isTransient(problem, /did not complete its reply within 0\.3 s \(GET \/\)/);
  assert.ok(Date.now() - begun < 2000);
});

test('a body that never begins ends at the total limit', async (t) => {
  const server = await rawServerFor(t, answers('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n'));
  const begun = Date.now();
  isTransient(
    await problemOf(getText(open(t, server.url, { timeout: 300 }))),
    /did not complete its reply within 0\.3 s/,
  );
  assert.ok(Date.now() - begun < 2000);
});

test('time that the reader takes for itself does not count', async (t) => {
  const sent = randomBytes(1024 * 1024);
  const server = await rawServerFor(t, answers(reply(200, {}, sent)));
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1100));
  await getText(open(t, server.url)); // what the first request of a process loads takes time, too
  const answer = await get(open(t, server.url, { timeout: 1000 }));
  await pause();
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) {
    if (chunks.length === 1) await pause();
    chunks.push(chunk);
  }
  assert.ok(Buffer.concat(chunks).equals(sent));
});

test('a stop request ends what is under way with its own reason', async (t) => {
  const server = await rawServerFor(t, drip('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n', 'x', 20));
  const controller = new AbortController();
  const reason = new Problem(exit.terminate, 'stopped by SIGTERM', { hint: 'none' });
  const http = open(t, server.url, { stop: controller.signal });
  const answer = await get(http);
  const reading = problemOf(answer.text());
  setTimeout(() => controller.abort(reason), 50);
  assert.equal(await reading, reason);
  assert.equal(await problemOf(get(http)), reason);
  assert.equal(server.requests.length, 1);
});

test('a stop request ends a wait for the head of a reply', async (t) => {
  const server = await rawServerFor(t, silence);
  const controller = new AbortController();
  const reason = new Problem(exit.terminate, 'stopped by SIGTERM', { hint: 'none' });
  const asking = problemOf(get(open(t, server.url, { stop: controller.signal })));
  setTimeout(() => controller.abort(reason), 50);
  assert.equal(await asking, reason);
});

test('a proxy that takes the connection and says nothing is waited for neither after a stop request nor beyond the limit', async (t) => {
  const proxy = await rawServerFor(t, silence);
  const ask = (options: Partial<HttpOptions>): Promise<Problem> =>
    problemOf(get(open(t, 'https://vendor.example', { environment: { HTTPS_PROXY: proxy.url }, ...options })));
  isTransient(await ask({ timeout: 200 }), /did not complete its reply within 0\.2 s/);
  const controller = new AbortController();
  const reason = new Problem(exit.terminate, 'stopped by SIGTERM', { hint: 'none' });
  const asking = ask({ stop: controller.signal, timeout: 10_000 });
  while (proxy.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  controller.abort(reason);
  assert.equal(await asking, reason);
});

for (const [what, scheme] of [
  ['is never accepted', 'http'],
  ['is accepted, and never answers the TLS handshake', 'https'],
] as const) {
  test(`a stop request ends a connection attempt that ${what}`, async (t) => {
    const hole = scheme === 'http' ? await blackHole() : await rawServer(silence, { onConnection: () => true });
    t.after(() => hole.close());
    const controller = new AbortController();
    const reason = new Problem(exit.terminate, 'stopped by SIGTERM', { hint: 'none' });
    const http = open(t, `${scheme}://127.0.0.1:${hole.port}`, { stop: controller.signal });
    const asking = problemOf(get(http));
    setTimeout(() => controller.abort(reason), 50);
    const started = performance.now();
    assert.equal(await asking, reason);
    const milliseconds = performance.now() - started;
    assert.ok(milliseconds < 2000, `${milliseconds} ms, of the 5 s that a connection may take here`);
  });
}

test('a connection that takes as long as the whole request may is told as such, and not as a reply that was too long', async (t) => {
  const [hole, mute] = [await blackHole(), await rawServer(silence, { onConnection: () => true })];
  t.after(() => Promise.all([hole.close(), mute.close()]));
  const proxy = `http://127.0.0.1:${hole.port}`;
  for (const [url, message, environment] of [
    [`http://127.0.0.1:${hole.port}`, /^source \S+ did not accept the connection in time/, {}],
    [`https://127.0.0.1:${mute.port}`, /^source \S+ did not accept the connection in time/, {}],
    ['https://vendor.test', /^the proxy \S+ cannot be reached/, { HTTPS_PROXY: proxy, HTTP_PROXY: proxy }],
  ] as const) {
    const problem = await problemOf(get(open(t, url, { timeout: 300, environment })));
    assert.match(problem.message, message);
    assert.match(problem.message, /UND_ERR_CONNECT_TIMEOUT/);
    assert.deepEqual([problem.again, problem.httpStatus], [{ untaken: true }, undefined]);
  }
});

test('a final request is sent although the run is to stop', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  const reason = new Problem(exit.terminate, 'stopped by SIGTERM', { hint: 'none' });
  const http = open(t, server.url, { stop: AbortSignal.abort(reason) });
  assert.equal(await problemOf(get(http)), reason);
  await (await http.send({ method: 'POST', url: '/logout', final: true })).discard();
  assert.deepEqual(
    server.requests.map(({ path }) => path),
    ['/logout'],
  );
});

test('a final request gets a second where the time of the run is nearly over, and not five', async (t) => {
  const server = await rawServerFor(t, silence);
  const http = open(t, server.url, { timeout: 60_000, until: Date.now() + 100 });
  const started = performance.now();
  const problem = await problemOf(http.send({ method: 'POST', url: '/logout', final: true }));
  isTransient(problem, /did not complete its reply within 1 s/);
  const milliseconds = performance.now() - started;
  assert.ok(milliseconds < 4000, `${milliseconds} ms`);
  assert.equal(server.requests.length, 1);
});

test('a limit longer than any timer is no limit of nothing', async (t) => {
  const server = await rawServerFor(t, (socket) => void setTimeout(() => socket.write(reply(200, {}, 'ok')), 50));
  assert.equal(await getText(open(t, server.url, { timeout: 100 * 24 * 60 * 60 * 1000 })), 'ok');
});

test('after close nothing is left that keeps a process alive', async (t) => {
  const dripping = drip('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n', 'x', 20);
  let isAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => (isAsked = resolve));
  const server = await rawServerFor(t, (socket, request) => {
    if (request.path === '/silent') return isAsked();
    if (request.path === '/asked') return void asked.then(() => socket.write(reply(200)));
    return dripping(socket, request);
  });
  const script = `
    import { openHttp } from ${JSON.stringify(new URL('../../src/io/http.ts', import.meta.url).href)};
    const http = openHttp(process.argv[1], { timeout: 3600000, insecure: false, environment: {}, now: Date.now, role: 'source' });
    await http.send({ method: 'GET', url: '/never-read' });
    const reading = (await http.send({ method: 'GET', url: '/' })).text().catch((error) => error.status);
    const asking = http.send({ method: 'GET', url: '/silent' }).catch((error) => error.status);
    await (await http.send({ method: 'GET', url: '/asked' })).discard();
    await http.close();
    process.stdout.write(JSON.stringify([await reading, await asking]));`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, server.url];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
  assert.deepEqual({ stdout, stderr }, { stdout: '[69,69]', stderr: '' });
  assert.equal(server.requests.length, 4);
});

test('after close no connection that is still being made keeps a process alive', async (t) => {
  const hole = await blackHole();
  t.after(() => hole.close());
  const silent = await rawServerFor(t, silence, { onConnection: () => true });
  const script = `
    import { openHttp } from ${JSON.stringify(new URL('../../src/io/http.ts', import.meta.url).href)};
    const stop = new AbortController();
    const options = { timeout: 3600000, connectTimeout: 60000, insecure: false, now: Date.now, role: 'source', stop: stop.signal };
    const ways = [[process.argv[1], {}], [process.argv[2], {}], ['https://vendor.test', { HTTPS_PROXY: process.argv[1] }], ['https://vendor.test', { HTTPS_PROXY: process.argv[3] }]];
    const clients = ways.map(([url, environment]) => openHttp(url, { ...options, environment }));
    const asking = clients.map((http) => http.send({ method: 'GET', url: '/' }).catch((error) => error));
    setTimeout(async () => {
      const started = performance.now();
      stop.abort('stopped');
      const said = await Promise.all(asking);
      for (const http of clients) await http.close();
      process.on('exit', () => process.stdout.write(JSON.stringify([...said, performance.now() - started < 5000])));
    }, 1000);`;
  const [dark, mute] = [`http://127.0.0.1:${hole.port}`, `127.0.0.1:${silent.port}`];
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, dark, `https://${mute}`, `http://${mute}`];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
  const said = ['stopped', 'stopped', 'stopped', 'stopped', true];
  assert.deepEqual({ stdout, stderr }, { stdout: JSON.stringify(said), stderr: '' });
});

// ---------------------------------------------------------------------------------------------------- not HTTP

const strangers: readonly (readonly [name: string, answer: string])[] = [
  ['a banner of SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46'],
  ['a bad chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'],
];
for (const [name, answer] of strangers) {
  test(`an answer that is not HTTP is final: ${name}`, async (t) => {
    const server = await rawServerFor(t, thenClose(Buffer.from(answer, 'latin1')));
    isFinal(await problemOf(getText(open(t, server.url))), exit.protocol, /does not speak HTTP/);
  });
}

test('more than 16 KiB of headers are final', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, { 'X-Long': 'x'.repeat(20_000) })));
  isFinal(await problemOf(get(open(t, server.url))), exit.protocol, /sent more than 16 KiB of headers/);
});

for (const status of ['000', '099', '101']) {
  test(`a reply with the status ${status} is none, and no mistake of this program`, async (t) => {
    const server = await rawServerFor(t, answers(Buffer.from(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`)));
    isFinal(await problemOf(getText(open(t, server.url))), exit.protocol, /does not speak HTTP/);
  });
}

// ---------------------------------------------------------------------------------------------------- encodings

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
    assert.equal(await getText(open(t, server.url)), text);
  });
}

test('only what this runtime can unpack is asked for', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  await getText(open(t, server.url));
  assert.equal(server.requests[0]?.headers['accept-encoding'], 'gzip, br');
});

for (const encoding of ['gzip, gzip, gzip, gzip, gzip, gzip', 'gzip,br', 'zstd', 'constructor']) {
  test(`a body encoded as ${encoding} is refused`, async (t) => {
    const server = await rawServerFor(t, answers(reply(200, { 'Content-Encoding': encoding }, gzipSync(text))));
    isFinal(await problemOf(getText(open(t, server.url))), exit.protocol, /encoded its reply/);
  });
}

for (const encoding of ['gzip', 'br', 'deflate']) {
  test(`a body that says ${encoding} and is plain is worth one more attempt, without compression`, async (t) => {
    const server = await rawServerFor(
      t,
      answers(reply(200, { 'Content-Encoding': encoding }, text), reply(200, {}, text)),
    );
    const http = open(t, server.url);
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
    test(`nothing, ${how}, that says it is packed with ${encoding}, is nothing`, async (t) => {
      const head = `HTTP/1.1 401 Unauthorized\r\nContent-Encoding: ${encoding}\r\n${headers}\r\n`;
      const server = await rawServerFor(t, behave(head));
      const answer = await get(open(t, server.url));
      assert.deepEqual([answer.status, await answer.text()], [401, '']);
    });
  }

  test(`a body packed with ${encoding} that breaks before its first byte is cut short`, async (t) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: ${encoding}\r\nContent-Length: 10\r\n\r\n`;
    const server = await rawServerFor(t, thenClose(head));
    isTransient(await problemOf(getText(open(t, server.url))), /before the end of the reply|cut the reply short/);
  });
}

test('a compressed body that bursts is unpacked in small chunks, and no further than it is read', async (t) => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  const server = await rawServerFor(t, answers(reply(200, { 'Content-Encoding': 'gzip' }, bomb)));
  const http = open(t, server.url);
  assert.equal((await getText(http)).length, 1024 * 1024);
  for await (const chunk of (await get(http)).body) {
    assert.ok(chunk.length <= 64 * 1024);
    break;
  }
});

test('of a plain body, no more than that is taken as text', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, 'x'.repeat(1000))));
  const http = open(t, server.url);
  for (const limit of [999, 1000]) assert.equal((await (await get(http)).text(limit)).length, limit);
});

// ---------------------------------------------------------------------------------------------------- redirects

test('a redirect within the origin is followed, relative to the address that sent it', async (t) => {
  const server = await rawServerFor(t, (socket, { path }) => {
    const next: Record<string, string> = { '/api/a': 'b', '/api/b': '/c?x=1', '/c?x=1': '?x=2' };
    const location = next[path];
    socket.write(location === undefined ? reply(200, {}, path) : reply(302, { Location: location }));
  });
  const answer = await get(open(t, server.url), '/api/a');
  assert.equal(answer.url, `${server.url}/c?x=2`);
  assert.equal(await answer.text(), '/c?x=2');
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect (${status}) to another origin is not followed, and the other server sees nothing`, async (t) => {
    const other = await rawServerFor(t, answers(reply(200)));
    for (const location of [
      `${other.url}/x?token=${secret}`,
      `//127.0.0.1:${other.port}/`,
      `/\\127.0.0.1:${other.port}/`,
    ]) {
      const server = await rawServerFor(t, answers(reply(status, { Location: location })));
      const problem = await problemOf(open(t, server.url).send({ method: 'POST', url: '/login', body: secret }));
      isFinal(problem, exit.protocol, /leads to http:\/\/127\.0\.0\.1:\d+, which is not followed/);
    }
    assert.equal(other.connections, 0);
    assert.equal(other.requests.length, 0);
  });
}

test('the recording server does record: a client for its own origin is seen', async (t) => {
  const other = await rawServerFor(t, answers(reply(200)));
  await getText(open(t, other.url));
  assert.equal(other.connections, 1);
});

for (const location of ['file:///etc/passwd', 'javascript:alert(1)', 'http://', 'https://127.0.0.1/']) {
  test(`a redirect to ${location} is refused`, async (t) => {
    const server = await rawServerFor(t, answers(reply(302, { Location: location })));
    isFinal(await problemOf(get(open(t, server.url))), exit.protocol, /leads to/);
    assert.equal(server.requests.length, 1);
  });
}

test('a redirect loop ends', async (t) => {
  const server = await rawServerFor(t, answers(reply(302, { Location: '/' })));
  isFinal(await problemOf(get(open(t, server.url))), exit.protocol, /redirects more than 3 times/);
  assert.equal(server.requests.length, 4);
});

test('a redirect without a place to go is refused', async (t) => {
  const server = await rawServerFor(t, answers(reply(302)));
  isFinal(await problemOf(get(open(t, server.url))), exit.protocol, /redirects to nowhere/);
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`a HEAD that is redirected with ${status} stays one: it has no body to lose`, async (t) => {
    const server = await rawServerFor(t, answers(reply(status, { Location: '/x' }), reply(200)));
    const { url } = await open(t, server.url).send({ method: 'HEAD', url: '/' });
    assert.equal(url, `${server.url}/x`);
    assert.deepEqual(
      server.requests.map(({ method, path }) => [method, path]),
      [
        ['HEAD', '/'],
        ['HEAD', '/x'],
      ],
    );
  });
}

test('a HEAD that is redirected to another origin is refused', async (t) => {
  const server = await rawServerFor(t, answers(reply(302, { Location: 'https://127.0.0.1/' })));
  isFinal(await problemOf(open(t, server.url).send({ method: 'HEAD', url: '/' })), exit.protocol, /leads to/);
});

for (const status of [301, 302, 303]) {
  test(`a POST that is redirected with ${status} is not turned into a GET`, async (t) => {
    const server = await rawServerFor(t, answers(reply(status, { Location: '/x' }), reply(200)));
    isFinal(
      await problemOf(open(t, server.url).send({ method: 'POST', url: '/', body: 'x' })),
      exit.protocol,
      /redirects a POST/,
    );
    assert.equal(server.requests.length, 1);
  });
}

for (const status of [307, 308]) {
  test(`a POST that is redirected with ${status} within the origin keeps its body`, async (t) => {
    const server = await rawServerFor(t, answers(reply(status, { Location: '/x' }), reply(200)));
    await (await open(t, server.url).send({ method: 'POST', url: '/', body: 'x' })).discard();
    assert.deepEqual(
      server.requests.map(({ method, path, body }) => [method, path, body.toString()]),
      [
        ['POST', '/', 'x'],
        ['POST', '/x', 'x'],
      ],
    );
  });
}

test('an address in another origin is refused before anything is sent', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  const other = await rawServerFor(t, answers(reply(200)));
  const http = open(t, server.url);
  for (const url of [
    `${other.url}/`,
    `//127.0.0.1:${other.port}/`,
    `http://127.0.0.1@127.0.0.1:${other.port}/`,
    'file:///etc/passwd',
  ]) {
    isFinal(await problemOf(get(http, url)), exit.protocol, /not followed/);
  }
  assert.equal(server.connections + other.connections, 0);
});

// ---------------------------------------------------------------------------------------------------- cookies

test('cookies come back with every later request, and can be counted', async (t) => {
  const first = { 'Set-Cookie': 'session=abc=; Path=/; HttpOnly', 'set-cookie': 'theme="dark"; Max-Age=100' };
  const server = await rawServerFor(
    t,
    answers(reply(200, first), reply(200, { 'Set-Cookie': 'session=def' }), reply(200)),
  );
  const http = open(t, server.url);
  assert.equal(http.cookies, 0);
  for (let count = 0; count < 3; count++) await getText(http);
  assert.equal(http.cookies, 2);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['cookie']),
    [undefined, 'session=abc=; theme="dark"', 'session=def; theme="dark"'],
  );
});

test('a cookie that comes with a redirect is kept', async (t) => {
  const server = await rawServerFor(t, answers(reply(302, { Location: '/home', 'Set-Cookie': 'a=1' }), reply(200)));
  await getText(open(t, server.url));
  assert.equal(server.requests[1]?.headers['cookie'], 'a=1');
});

const deletions = [
  'a=; Max-Age=0',
  'a=x; Max-Age=-1',
  'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
  'a=; expires=Thu, 01-Jan-70 00:00:01 GMT',
  'a=; Expires=Wed, 09 Jun 2100 00:00:00 GMT; Max-Age=0',
];
for (const deletion of deletions) {
  test(`a cookie can be taken back: ${deletion}`, async (t) => {
    const server = await rawServerFor(
      t,
      answers(reply(200, { 'Set-Cookie': 'a=1' }), reply(200, { 'Set-Cookie': deletion })),
    );
    const http = open(t, server.url);
    await getText(http);
    await getText(http);
    assert.equal(http.cookies, 0);
  });
}

const ignored = ['a=1; Domain=other.example', '=1', 'novalue', 'a=\x01', `a=${'x'.repeat(5000)}`];
for (const cookie of ignored) {
  test(`a cookie that is malformed or meant for others is ignored: ${JSON.stringify(cookie.slice(0, 40))}`, async (t) => {
    const server = await rawServerFor(t, answers(reply(200, { 'Set-Cookie': cookie })));
    const http = open(t, server.url);
    await getText(http).catch((error: unknown) => assert.ok(error instanceof Problem)); // the parser refuses some
    assert.equal(http.cookies, 0);
  });
}

for (const [origin, kept] of [
  ['http://vendor.example', 0],
  ['http://localhost:8080', 1],
  ['https://vendor.example', 1],
] as const) {
  test(`a cookie that must only travel encrypted is ${kept === 0 ? 'not ' : ''}kept by a client of ${origin}`, () => {
    const jar = cookieJar(new URL(origin));
    jar.store(['session=a; Path=/; Secure'], '/login', 0);
    assert.equal(jar.size, kept);
  });
}

test('ten thousand cookies are limited to fifty', async (t) => {
  const server = await rawServerFor(t, (socket, { number }) => {
    const lines = Array.from({ length: 500 }, (_, at) => `Set-Cookie: c${number}-${at}=1\r\n`).join('');
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${lines}\r\n`);
  });
  const http = open(t, server.url);
  for (let count = 0; count < 20; count++) await getText(http);
  assert.equal(http.cookies, 50);
});

test('a cookie expires', async (t) => {
  let time = 1_000_000;
  const server = await rawServerFor(t, answers(reply(200, { 'Set-Cookie': 'a=1; Max-Age=10' }), reply(200)));
  const http = open(t, server.url, { now: () => time });
  await getText(http);
  time += 9_999;
  await getText(http);
  time += 1;
  await getText(http);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['cookie']),
    [undefined, 'a=1', undefined],
  );
});

const day = 86_400_000;
for (const [what, ahead] of [
  ['behind', -day],
  ['ahead of', day],
] as const) {
  test(`a cookie expires by the clock of who set it, which may be ${what} ours`, async (t) => {
    let time = 1_800_000_000_000;
    const text = (at: number): string => new Date(at + ahead).toUTCString();
    const server = await rawServerFor(
      t,
      answers(
        reply(200, { Date: text(time), 'Set-Cookie': `a=1; Path=/; Expires=${text(time + 3_600_000)}` }),
        reply(200),
      ),
    );
    const http = open(t, server.url, { now: () => time });
    await getText(http);
    time += 3_599_000;
    await getText(http);
    time += 1_000;
    await getText(http);
    assert.deepEqual(
      server.requests.map(({ headers }) => headers['cookie']),
      [undefined, 'a=1', undefined],
    );
  });
}

const paths: readonly (readonly [what: string, lines: readonly string[], sent: string | undefined])[] = [
  ['one cleared at another path stays', ['s=new; Path=/', 's=; Path=/api/old; Max-Age=0'], 's=new'],
  ['the one whose path matches', ['s=api; Path=/api', 's=ui; Path=/ui'], 's=api'],
  ['no part of a name is a path', ['s=api; Path=/api', 's=ap; Path=/ap', 's=e; Path=/api/v1/e'], 's=api'],
  ['a path may end with a slash', ['s=api; Path=/api/', 's=ui; Path=/ui/'], 's=api'],
  ['all that match, the longest path first', ['s=all; Path=/', 's=api; Path=/api', 't=1'], 's=api; s=all; t=1'],
  ['one that matches nowhere is sent all the same', ['s=1; Path=/api/login', 't=2; Path=/'], 's=1; t=2'],
  ['without a path it is for all', ['s=1', 's=2; Path=relative'], 's=2'],
  ['without a path it renews the one that the request came with', ['s=1; Path=/api', 's=2'], 's=2'],
  ['of several it renews the longest', ['s=all; Path=/', 's=1; Path=/api', 's=2'], 's=2; s=all'],
  ['without a path it leaves those of other paths', ['s=ui; Path=/ui', 's=1', 's=2; Path=/ui', 's=3'], 's=3'],
  ['without a path it takes back the one that the request came with', ['s=1; Path=/api', 's=; Max-Age=0'], undefined],
];
for (const [what, lines, sent] of paths) {
  test(`cookies by their paths: ${what}`, async (t) => {
    const server = await rawServerFor(t, (socket, { number }) => {
      const cookies = number === 1 ? lines.map((line) => `Set-Cookie: ${line}\r\n`).join('') : '';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${cookies}\r\n`);
    });
    const http = open(t, server.url);
    for (const url of ['/api/login', '/api/v1/events?from=1']) {
      await (await http.send({ method: 'GET', url })).discard();
    }
    assert.equal(server.requests[1]?.headers['cookie'], sent);
  });
}

test('a session that is set for a path and renewed without one is the renewed one at every later request', async (t) => {
  const setBy = ['s=1; Path=/api; HttpOnly', 's=2; HttpOnly', 's=3'];
  const server = await rawServerFor(t, (socket, { number }) => {
    const set = setBy[number - 1];
    socket.write(reply(200, set === undefined ? {} : { 'Set-Cookie': set }));
  });
  const http = open(t, server.url);
  for (const url of ['/api/login', '/api/v1/events', '/api/v1/events', '/api/events']) await getText(http, url);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['cookie']),
    [undefined, 's=1', 's=2', 's=3'],
  );
});

// ---------------------------------------------------------------------------------------------------- settings

test('plain http is refused, but for this machine', (t) => {
  for (const base of ['http://vendor.example', 'http://127.0.0.1.vendor.example', 'http://10.0.0.1']) {
    assert.throws(
      () => open(t, base),
      (error) =>
        error instanceof Problem &&
        error.status === exit.config &&
        error.hint === 'use https://; --allow-plaintext permits http://',
    );
  }
  open(t, 'http://vendor.example', { insecure: true });
  open(t, 'http://vendor.example', { allowPlaintext: true });
  for (const base of ['http://localhost:1', 'http://127.0.0.2', 'http://[::1]:1']) open(t, base);
});

test('switched-off verification in the environment is refused', (t) => {
  const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  assert.throws(
    () => open(t, 'https://vendor.example', { environment }),
    (error) => error instanceof Problem && error.status === exit.config,
  );
  assert.throws(() => open(t, 'http://vendor.example', { environment, allowPlaintext: true }), {
    status: exit.config,
    message: /^NODE_TLS_REJECT_UNAUTHORIZED=0/,
  });
  open(t, 'https://vendor.example', { environment, insecure: true });
});
