/** Connections that are refused, break or die, and that none outlives its client. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { exit, Problem } from '../../../src/core/problem.ts';
import { connectionProblem } from '../../../src/io/http/http-errors.ts';
import { clientFor, get, getText, isTransient, problemOf, secret } from '../../support/http-client.ts';
import { moduleAt, scriptWords } from '../../support/own-process.ts';
import {
  answers,
  type Behaviour,
  blackHole,
  closedPort,
  drip,
  rawServerFor,
  reply,
  silence,
  thenClose,
  thenReset,
} from '../../support/raw-server.ts';

test('a refused connection is transient', async (t) => {
  const port = await closedPort();
  const problem = await problemOf(get(clientFor(t, `http://127.0.0.1:${port}`), `/audit?token=${secret}`));
  isTransient(problem, /^source http:\/\/127\.0\.0\.1:\d+ refused the connection \(ECONNREFUSED, GET \/audit\)$/);
});

test('refusals on several addresses are one refusal', async (t) => {
  isTransient(
    await problemOf(get(clientFor(t, `http://localhost:${await closedPort()}`))),
    /refused the connection \(ECONNREFUSED, GET/,
  );
});

test('a server on one of several addresses is found', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, 'ok'))); // on 127.0.0.1; localhost is ::1 as well
  assert.equal(await getText(clientFor(t, `http://localhost:${server.port}`)), 'ok');
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

test('where a host is looked for in vain, only another machine may be behind a proxy that was not set', () => {
  const hintFor = (code: string, address: string): string => {
    const where = { role: 'source', method: 'GET', url: new URL(address) } as const;
    const problem = connectionProblem(Object.assign(new Error(), { code }), where);
    assert.ok(problem instanceof Problem);
    return problem.hint ?? '';
  };
  for (const code of ['ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']) {
    assert.match(hintFor(code, 'https://vendor.example'), /; where only a proxy leads out, set HTTPS_PROXY$/, code);
    assert.match(hintFor(code, 'http://vendor.example'), /; where only a proxy leads out, set HTTP_PROXY$/, code);
    for (const other of ['https://localhost', 'tls://siem.example:6514']) {
      assert.doesNotMatch(hintFor(code, other), /proxy/, `${code} ${other}`);
    }
  }
  assert.doesNotMatch(hintFor('ECONNREFUSED', 'https://vendor.example'), /proxy/);
});

test('a bug of this program in a request is not reported as a fault of the server, nor tried again', () => {
  for (const code of ['UND_ERR_INVALID_ARG', 'ERR_INVALID_ARG_TYPE', '']) {
    const error = Object.assign(new TypeError('invalid'), { code });
    const found = connectionProblem(error, { role: 'source', method: 'GET', url: new URL('https://vendor.example') });
    assert.equal(found, error);
  }
});

test('a name that does not resolve is worth one more attempt', async (t) => {
  const http = clientFor(t, 'https://vendor.invalid');
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
  const problem = await problemOf(get(clientFor(t, `http://127.0.0.1:${hole.port}`, { connectTimeout: 200 })));
  isTransient(problem, /did not accept the connection in time \(UND_ERR_CONNECT_TIMEOUT/);
});

test('a connection that is reset before the reply is transient', async (t) => {
  const server = await rawServerFor(t, thenReset());
  isTransient(await problemOf(get(clientFor(t, server.url))), /(broke|closed) the connection/);
  assert.equal(server.connections, 1, 'one attempt a call');
});

test('a connection that is closed before the reply is transient', async (t) => {
  const server = await rawServerFor(t, thenClose(''));
  isTransient(
    await problemOf(get(clientFor(t, server.url))),
    /closed the connection before the end of the reply \(UND_ERR_SOCKET/,
  );
});

const cuts: readonly (readonly [name: string, behave: Behaviour])[] = [
  ['Content-Length, reset', thenReset('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"a":1}')],
  ['Content-Length, closed', thenClose('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"a":1}')],
  ['chunked, reset', thenReset('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n[{"a":1}\r\n')],
  ['chunked, closed', thenClose('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n[{"a":1}\r\n')],
  [
    'chunked and Connection: close, reset',
    thenReset('HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n[{"a":1}\r\n'),
  ],
  [
    'chunked and Connection: close, closed',
    thenClose('HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n[{"a":1}\r\n'),
  ],
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
    isTransient(await problemOf(getText(clientFor(t, server.url))), /\((UND_ERR|ECONNRESET|HPE_INVALID_EOF|Z_BUF)/);
    assert.equal(server.requests.length, 1);
    assert.equal(server.requests[0]?.headers['range'], undefined);
  });
}

for (const [where, begun] of [
  ['after a whole document', '[{"a":1}]\n'],
  ['before its first byte', ''],
] as const) {
  for (const version of ['1.0', '1.1']) {
    test(`a body without a length is cut short where its connection is reset ${where}, HTTP/${version}`, async (t) => {
      let reset = (): unknown => assert.fail('nobody asked');
      const server = await rawServerFor(t, (socket) => {
        socket.write(`HTTP/${version} 200 OK\r\nConnection: close\r\n\r\n${begun}`);
        reset = () => socket.resetAndDestroy();
      });
      const { body } = await get(clientFor(t, server.url));
      if (begun === '') reset();
      const reading = (async () => {
        for await (const chunk of body) if (chunk.includes('\n')) reset();
      })();
      isTransient(await problemOf(reading), /^source .* broke the connection \(ECONNRESET, GET \/\)$/);
    });
  }
}

test('a body that ends with its connection, and says no length, is read to the end', async (t) => {
  const server = await rawServerFor(t, thenClose('HTTP/1.1 200 OK\r\n\r\n[{"a":1}]'));
  const answer = await get(clientFor(t, server.url));
  assert.equal(
    answer.headers['content-length'] ?? answer.headers['transfer-encoding'],
    undefined,
    'the caller can tell',
  );
  assert.equal(await answer.text(), '[{"a":1}]');
});

/** As many bytes as undici holds before it reads no more. */
const held = 64 * 1024;

for (const [name, length, isWhole] of [
  ['with its length', `Content-Length: ${held}\r\n`, true],
  ['without a length', '', true],
  ['cut short', `Content-Length: ${held + 1}\r\n`, false],
] as const) {
  test(`a connection may end while nobody reads a body, and it is read as it came: ${name}`, async (t) => {
    let closed: Promise<unknown> | undefined;
    const server = await rawServerFor(t, (socket) => {
      closed = once(socket, 'close');
      socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n${length}\r\n`);
      socket.end(Buffer.alloc(held, 'x'));
    });
    const answer = await get(clientFor(t, server.url));
    await closed;
    if (isWhole) assert.equal((await answer.text()).length, held);
    else isTransient(await problemOf(answer.text()), /cut the reply short|closed the connection before the end/);
  });
}

test('http:// where TLS is spoken has a hint at https://, and what https:// does has none', async (t) => {
  const server = await rawServerFor(t, silence, {
    onConnection(socket) {
      socket.once('data', () => socket.end());
      return true;
    },
  });
  const [plain, tls] = [
    await problemOf(get(clientFor(t, server.url))),
    await problemOf(get(clientFor(t, server.url.replace('http:', 'https:')))),
  ];
  assert.match(plain.hint ?? '', /if it speaks TLS there, the URL begins with https:\/\/$/);
  assert.doesNotMatch(tls.hint ?? '', /begins with https/);
});

test('where a part of a reply came, nobody speaks TLS', async (t) => {
  for (const begun of ['HTTP/1.1 200', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[']) {
    const server = await rawServerFor(t, thenClose(begun));
    const client = clientFor(t, server.url);
    const { hint } = await problemOf((async () => (await get(client)).text())());
    assert.equal(hint, 'check the network and the service; the next run continues from here', begun);
  }
});

/** Answers the first request and hangs up when the next one comes on the same connection. */
const dyingKeepAlive: Behaviour = (socket, { connection, number }) => {
  if (number === 2 && connection === 1) socket.resetAndDestroy();
  else socket.write(reply(200, {}, String(number)));
};

test('an idle connection that has died is replaced without a word, if the request may be repeated', async (t) => {
  const server = await rawServerFor(t, dyingKeepAlive);
  const http = clientFor(t, server.url);
  assert.equal(await getText(http), '1');
  assert.equal(await getText(http), '3');
  assert.equal(server.connections, 2);
});

test('a request that may not be repeated is not repeated', async (t) => {
  const server = await rawServerFor(t, dyingKeepAlive);
  const http = clientFor(t, server.url);
  await getText(http);
  isTransient(await problemOf(http.send({ method: 'POST', url: '/', body: 'x' })), /(broke|closed) the connection/);
  assert.equal(server.requests.length, 2);
});

test('a query sent by POST may be repeated', async (t) => {
  const server = await rawServerFor(t, dyingKeepAlive);
  const http = clientFor(t, server.url);
  await getText(http);
  const answer = await http.send({ method: 'POST', url: '/', body: 'x', repeatable: true });
  assert.equal(await answer.text(), '3');
});

const httpModule = JSON.stringify(moduleAt('src/io/http.ts'));

/** What a process with this script prints; it has to end by itself. */
async function printedBy(script: string, ...values: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const args = [...scriptWords(script), ...values];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
  return { stdout, stderr };
}

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
    import { openHttp } from ${httpModule};
    const stop = new AbortController().signal;
    const http = openHttp(process.argv[1], { timeout: 3600000, until: Infinity, stop, insecure: false, environment: {}, now: Date.now, role: 'source', hide() {}, debug() {}, isSecret: () => false });
    await http.send({ method: 'GET', url: '/never-read' });
    const reading = (await http.send({ method: 'GET', url: '/' })).text().catch((error) => error.status);
    const asking = http.send({ method: 'GET', url: '/silent' }).catch((error) => error.status);
    await (await http.send({ method: 'GET', url: '/asked' })).discard();
    await http.close();
    process.stdout.write(JSON.stringify([await reading, await asking]));`;
  assert.deepEqual(await printedBy(script, server.url), { stdout: '[69,69]', stderr: '' });
  assert.equal(server.requests.length, 4);
});

test('after close no connection that is still being made keeps a process alive', async (t) => {
  const hole = await blackHole();
  t.after(() => hole.close());
  const silent = await rawServerFor(t, silence, { onConnection: () => true });
  const script = `
    import { openHttp } from ${httpModule};
    const stop = new AbortController();
    const options = { timeout: 3600000, connectTimeout: 60000, until: Infinity, insecure: false, now: Date.now, role: 'source', stop: stop.signal, hide() {}, debug() {}, isSecret: () => false };
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
  const printed = await printedBy(script, dark, `https://${mute}`, `http://${mute}`);
  const said = ['stopped', 'stopped', 'stopped', 'stopped', true];
  assert.deepEqual(printed, { stdout: JSON.stringify(said), stderr: '' });
});
