import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { exit, Problem } from '../../src/core/problem.ts';
import type { Wire } from '../../src/core/sink-tools.ts';
import { openWire, type WireOptions } from '../../src/io/wire.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { blackHole } from '../support/raw-server.ts';
import { fakeSyslog, type FakeSyslog } from '../support/sinks/syslog.ts';

const authority = certificateAuthority();
after(() => authority.remove());
const message = `<110>1 2025-11-20T00:00:00.000Z h audit-export - audit [r@1 id="a"] ${'x'.repeat(100)}`;
const frame = Buffer.from(`${message.length} ${message}`);

async function receiver(t: TestContext, tls?: TlsOptions): Promise<FakeSyslog> {
  const server = await fakeSyslog(tls);
  t.after(() => server.close());
  return server;
}

function wireTo(address: string, options: Partial<WireOptions> = {}): Wire {
  return openWire(address, { timeout: 5000, farewell: 5000, insecure: false, environment: {}, ...options });
}

function deliver(address: string, bytes: Buffer, options: Partial<WireOptions> = {}): Promise<string> {
  return wireTo(address, options).deliver(bytes);
}

/** The Problem of a delivery that must fail. */
async function failure(...parameters: Parameters<typeof deliver>): Promise<Problem> {
  try {
    await deliver(...parameters);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it was delivered' });
}

test('where the environment would switch off the verification of certificates, nothing is connected', async (t) => {
  const server = await receiver(t, authority.issue());
  const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  const { status } = await failure(server.address, frame, { extraRoots: authority.cert, environment });
  assert.deepEqual([status, server.connections], [exit.config, 0]);
});

/** What goes away before it has read anything: at once, or with an end first and the reset for our bytes later. */
const departures: Readonly<Record<string, (socket: Socket) => void>> = {
  'closes the connection': (socket) => socket.destroy(),
  'ends its side and reads nothing': (socket) => socket.end(),
  'ends its side and then closes': (socket) => socket.end(() => setTimeout(() => socket.destroy(), 20)),
};

for (const [what, leave] of Object.entries(departures)) {
  for (const version of [undefined, 'TLSv1.2', 'TLSv1.3'] as const) {
    const kind = version ?? 'TCP';
    test(`${kind}: one that accepts, ${what}, has taken nothing, and is no receiver`, async (t) => {
      const address = await quitter(t, leave, version);
      for (const bytes of [frame, Buffer.alloc(0)]) {
        const problem = await failure(address, bytes, { extraRoots: authority.cert });
        assert.deepEqual([problem.status, problem.again], [exit.unavailable, {}]);
      }
    });
  }
}

/** Accepts connections, reads none of them, and leaves. */
async function quitter(
  t: TestContext,
  leave: (socket: Socket) => void,
  version: 'TLSv1.2' | 'TLSv1.3' | undefined,
): Promise<string> {
  const accept = (socket: Socket): void => {
    socket.on('error', () => undefined);
    leave(socket);
  };
  const options = { allowHalfOpen: true, pauseOnConnect: true };
  const server =
    version === undefined
      ? createServer(options, accept)
      : createTlsServer({ ...options, ...authority.issue(), minVersion: version, maxVersion: version }, accept);
  server.on('tlsClientError', () => undefined);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return version === undefined ? `tcp://127.0.0.1:${port}` : `tls://localhost:${port}`;
}

/** As Go's web server reads it: messages without a line break are a request whose first line has no end. */
function answersAtTheEnd(socket: Socket): void {
  socket.resume();
  socket.on('end', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request'));
}

for (const version of [undefined, 'TLSv1.3'] as const) {
  test(`${version ?? 'TCP'}: a web server, which reads everything and then refuses it, has taken nothing`, async (t) => {
    const address = await quitter(t, answersAtTheEnd, version);
    const problem = await failure(address, frame, { extraRoots: authority.cert });
    assert.deepEqual([problem.status, problem.again], [exit.protocol, undefined]);
    assert.match(problem.message, /answered as a web server \(HTTP\/1\.1 400 Bad Request, (?:TCP|TLS)\)$/);
    assert.match(problem.hint ?? '', /check the port/);
  });
}

/** As HAProxy, which takes everything while it tries a server that is down three times, a second apart. */
function givesUpAfter(milliseconds: number): (socket: Socket) => void {
  return (socket) => {
    socket.resume();
    setTimeout(() => socket.end(), milliseconds);
  };
}

for (const version of [undefined, 'TLSv1.3'] as const) {
  test(`${version ?? 'TCP'}: a load balancer that takes everything and finds no server for it has passed on nothing`, async (t) => {
    const address = await quitter(t, givesUpAfter(1200), version);
    for (const bytes of [frame, Buffer.alloc(0)]) {
      const problem = await failure(address, bytes, { extraRoots: authority.cert });
      assert.deepEqual([problem.status, problem.again], [exit.unavailable, {}]);
      assert.match(problem.message, /closed the connection before it had everything/);
    }
  });
}

test('a receiver that takes its time to close is asked once more whether it is there, has taken everything, and is not asked after each delivery', async (t) => {
  const slow = async (): Promise<{ readonly wire: Wire; connections(): number }> => {
    let connections = 0;
    const address = await quitter(
      t,
      (socket) => {
        connections += 1;
        socket.resume();
        socket.on('end', () => setTimeout(() => socket.end(), 800));
      },
      undefined,
    );
    return { wire: wireTo(address), connections: () => connections };
  };
  const [used, probed] = [await slow(), await slow()];
  const deliveries = async (): Promise<void> => {
    for (const expected of [2, 3]) {
      assert.equal(await used.wire.deliver(frame), 'closed');
      assert.equal(used.connections(), expected);
    }
  };
  const probe = async (): Promise<void> => {
    assert.equal(await probed.wire.deliver(Buffer.alloc(0)), 'closed');
    assert.equal(probed.connections(), 1);
  };
  await Promise.all([deliveries(), probe()]);
});

test('one that closes late and is gone when it is asked once more may have taken everything: to send again repeats it', async (t) => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.resume();
    socket.on('end', () => {
      server.close();
      setTimeout(() => socket.end(), 800);
    });
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const problem = await failure(`tcp://127.0.0.1:${port}`, frame);
  assert.match(problem.message, /refused the connection/);
  assert.deepEqual([problem.status, problem.again], [exit.unavailable, {}]);
});

for (const kind of ['tcp', 'tls'] as const) {
  const identity = (): TlsOptions | undefined => (kind === 'tls' ? authority.issue() : undefined);
  const trust = { extraRoots: authority.cert };

  test(`${kind}: a delivery is a connection, and ends when the receiver has read everything`, async (t) => {
    const server = await receiver(t, identity());
    assert.equal(await deliver(server.address, frame, trust), 'closed');
    assert.equal(server.messages.length, 1);
    const many = Buffer.concat(Array.from({ length: 5_000 }, () => frame));
    assert.equal(await deliver(server.address, many, trust), 'closed');
    assert.equal(server.messages.length, 5_001);
    assert.equal(server.deliveries, 2);
    assert.deepEqual(server.faults, []);
  });

  test(`${kind}: nothing to deliver still shows that the receiver is there`, async (t) => {
    const server = await receiver(t, identity());
    assert.equal(await deliver(server.address, Buffer.alloc(0), trust), 'closed');
    assert.ok(server.connections > 0);
  });

  test(`${kind}: a connection that is reset is 69 and worth another attempt`, async (t) => {
    const server = await receiver(t, identity());
    server.misbehave = () => 'reset';
    const problem = await failure(server.address, Buffer.concat(Array.from({ length: 5_000 }, () => frame)), trust);
    assert.equal(problem.status, exit.unavailable);
    assert.deepEqual(problem.again, {});
    assert.match(
      problem.message,
      new RegExp(`^sink ${kind}://[a-z0-9.:]+ (?:broke|closed|could not).*${kind.toUpperCase()}\\)$`),
    );
  });

  test(`${kind}: a receiver that closes before it was told the end has not taken everything`, async (t) => {
    const server = await receiver(t, identity());
    server.misbehave = () => 'hangUp';
    const problem = await failure(server.address, Buffer.concat(Array.from({ length: 50_000 }, () => frame)), trust);
    assert.deepEqual([problem.status, problem.again], [exit.unavailable, {}]);
  });

  test(`${kind}: a receiver that never closes its side keeps nobody waiting`, async (t) => {
    const server = await receiver(t, identity());
    server.misbehave = () => 'keep';
    assert.equal(await deliver(server.address, frame, { ...trust, farewell: 300 }), 'open');
    assert.equal(server.messages.length, 1);
  });

  test(`${kind}: a receiver that does not read is given up after the time limit`, async (t) => {
    const server = await receiver(t, identity());
    server.misbehave = () => 'deaf';
    const much = Buffer.alloc(30 * 1024 * 1024);
    const problem = await failure(server.address, much, { ...trust, timeout: 300 });
    assert.equal(problem.status, exit.unavailable);
    assert.match(problem.message, /did not take the records in time/);
  });

  test(`${kind}: what only our own system has taken is not delivered, and a slow receiver is waited for`, async (t) => {
    const server = await receiver(t, identity());
    server.misbehave = () => 'deaf';
    const much = Buffer.concat(Array.from({ length: 1500 }, () => frame)); // more than a receiver's system takes by itself
    const problem = await failure(server.address, much, { ...trust, timeout: 600, farewell: 100 });
    assert.deepEqual([problem.status, problem.again], [exit.unavailable, {}]);
    assert.match(problem.message, /did not take the records in time/);
    server.misbehave = () => 'slow';
    const begun = performance.now();
    await deliver(server.address, much, { ...trust, farewell: 100 });
    assert.ok(performance.now() - begun >= 500, 'it was not waited until the receiver began to read');
  });

  test(`${kind}: a stop request ends it with its own reason`, async (t) => {
    const server = await receiver(t, identity());
    server.misbehave = () => 'deaf';
    const stop = new AbortController();
    const reason = new Problem(exit.terminate, 'stopped by SIGTERM');
    setTimeout(() => stop.abort(reason), 50);
    const much = Buffer.alloc(30 * 1024 * 1024);
    assert.equal(await failure(server.address, much, { ...trust, stop: stop.signal }), reason);
    assert.equal(await failure(server.address, frame, { ...trust, stop: stop.signal }), reason);
  });

  test(`${kind}: a stop request that comes while the connection is prepared is heard`, async (t) => {
    const server = await receiver(t, identity());
    server.misbehave = () => 'deaf';
    const stop = new AbortController();
    const reason = new Problem(exit.terminate, 'stopped by SIGTERM');
    const going = failure(server.address, Buffer.alloc(30 * 1024 * 1024), { ...trust, stop: stop.signal });
    stop.abort(reason);
    assert.equal(await going, reason);
  });
}

test('a time limit longer than a timer can count is not over at once', async (t) => {
  const server = await receiver(t);
  server.misbehave = () => 'deaf';
  const stop = new AbortController();
  const reason = new Problem(exit.terminate, 'stopped by SIGTERM');
  setTimeout(() => stop.abort(reason), 50);
  const much = Buffer.alloc(30 * 1024 * 1024);
  assert.equal(await failure(server.address, much, { timeout: 2 ** 33, stop: stop.signal }), reason);
});

test('a port where nobody listens is 69', async (t) => {
  const server = await receiver(t);
  await server.close();
  const problem = await failure(server.address, frame);
  assert.equal(problem.status, exit.unavailable);
  assert.match(problem.message, /^sink tcp:\/\/127\.0\.0\.1:\d+ refused the connection \(ECONNREFUSED, TCP\)$/);
});

for (const kind of ['tcp', 'tls'] as const) {
  test(`${kind}: a host that takes no connection is given up after the time limit: no record has left`, async (t) => {
    const hole = await blackHole();
    t.after(() => hole.close());
    const begun = performance.now();
    const problem = await failure(`${kind}://127.0.0.1:${hole.port}`, frame, { timeout: 300 });
    assert.ok(performance.now() - begun < 5000);
    assert.deepEqual([problem.status, problem.again], [exit.unavailable, { untaken: true }]);
    assert.match(problem.message, / did not accept the connection in time \(ETIMEDOUT, T(?:CP|LS)\)$/);
    assert.equal(problem.hint, 'check the host, the port and the firewalls between');
  });
}

test('a host name that does not resolve is 69, and one more attempt is enough', async () => {
  const problem = await failure('tls://nowhere.invalid:6514', frame);
  assert.equal(problem.status, exit.unavailable);
});

test('a certificate is checked: authority, host name and dates', async (t) => {
  const expectations: readonly (readonly [TlsOptions, Partial<WireOptions>, RegExp])[] = [
    [authority.issue(), {}, /authority that is not trusted here/],
    [authority.issue({ host: 'other.example' }), { extraRoots: authority.cert }, /another host name/],
    [authority.selfSigned(), { extraRoots: authority.cert }, /self-signed/],
    [
      authority.issue({ from: new Date('2020-01-01'), until: new Date('2020-02-01') }),
      { extraRoots: authority.cert },
      /expired 2020-02-01/,
    ],
  ];
  for (const [identity, trust, message] of expectations) {
    const server = await receiver(t, identity);
    const problem = await failure(server.address, frame, trust);
    assert.deepEqual([problem.status, problem.again], [exit.protocol, undefined]);
    assert.match(problem.message, message);
    assert.ok(problem.hint);
    assert.equal(server.messages.length, 0);
    assert.equal(await deliver(server.address, frame, { insecure: true }), 'closed');
  }
});

test('a receiver without TLS is said in words', async (t) => {
  const server = createServer((socket) => socket.on('data', () => socket.end('what?\n'))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const problem = await failure(`tls://127.0.0.1:${(server.address() as AddressInfo).port}`, frame);
  assert.equal(problem.status, exit.protocol);
  assert.match(problem.message, /it seems to be plain TCP/);
});

test('a receiver without TLS that waits for the end of a line has accepted the connection: the port is named as the cause', async (t) => {
  const address = await quitter(t, () => undefined, undefined);
  const problem = await failure(address.replace('tcp:', 'tls:'), frame, { timeout: 1000 });
  assert.deepEqual([problem.status, problem.again], [exit.unavailable, { untaken: true }]); // no record has left
  assert.match(problem.message, / accepted the connection, but did not answer in TLS in time \(ETIMEDOUT, TLS\)$/);
  assert.match(problem.hint ?? '', /the port.* tcp:\/\/$/);
});

for (const [what, leave] of Object.entries(departures)) {
  test(`a receiver of plain TCP that ${what} may be one of TLS, as the hint says`, async (t) => {
    const address = await quitter(t, leave, undefined);
    const much = Buffer.alloc(1024 * 1024, 'x');
    for (const bytes of [frame, much]) {
      assert.match(
        (await failure(address, bytes)).hint ?? '',
        /; if it speaks TLS there, the URL begins with tls:\/\/$/,
      );
    }
  });
}

test('plain TCP may leave this machine: whoever writes tcp:// asks for it, and no credential goes along', () => {
  const options = { timeout: 1000, insecure: false, environment: {} };
  for (const host of ['siem.example', '127.0.0.1', 'localhost', '[::1]']) openWire(`tcp://${host}:514`, options);
});

test('a receiver that asks for a client certificate gets it, and a hint names the setting where there is none', async (t) => {
  const asking = { ca: authority.cert, requestCert: true, rejectUnauthorized: true };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const server = await receiver(t, { ...authority.issue(), ...asking, maxVersion });
    const problem = await failure(server.address, frame, { extraRoots: authority.cert });
    assert.equal(problem.status, exit.protocol, problem.message);
    assert.match(problem.hint ?? '', /set SINK_CLIENT_CERTIFICATE_FILE and SINK_CLIENT_KEY_FILE$/);
    assert.equal(server.messages.length, 0);
    const client = authority.issue();
    await deliver(server.address, frame, { extraRoots: authority.cert, client });
    assert.equal(server.messages.length, 1);
  }
});

test('time in which this process stands still does not count: a receiver that reads meanwhile, and wants more, gets it', async (t) => {
  // In a thread of its own, which goes on meanwhile.
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
    const { createServer } = require('node:net');
    const server = createServer({ pauseOnConnect: true }, (socket) => setTimeout(() => socket.resume(), 300));
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true },
  );
  t.after(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const delivered = deliver(`tcp://127.0.0.1:${port}`, Buffer.alloc(30 * 1024 * 1024), { timeout: 2500 });
  await sleep(100);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
  assert.equal(await delivered, 'closed');
});
