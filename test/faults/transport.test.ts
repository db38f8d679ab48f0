/** Group N of the catalogue: everything between the vendor's name and the head of a reply. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import dns from 'node:dns';
import { after, type TestContext } from 'node:test';
import { certificateAuthority } from '../support/certificates.ts';
import {
  blackHole,
  drip,
  rawServer,
  reply,
  silence,
  thenClose,
  thenReset,
  tunnel,
  type Behaviour,
} from '../support/raw-server.ts';
import { canaries, fault, scene, together, type Result } from './harness.ts';
import { bodyOf, hangUp, json, once, onPage, pagesAsked } from './replies.ts';

const network = /^check the network and the service/;
const wrongService = /^check ACME_URL in the environment: something else may be answering there$/;

/** The first page was asked for five times, with four growing waits between. */
function expectFullRetry(result: Result): void {
  assert.deepEqual(result.waits, [250, 500, 1000, 2000]);
}

fault('N01', 'connection refused (ECONNREFUSED): retried, then given up, exit 69', async (context) => {
  const here = await scene(context);
  await here.vendor.down();
  const result = await here.run();
  expectFullRetry(result);
  await here.expectProblem(result, {
    exit: 69,
    message: /^source http:\/\/127\.0\.0\.1:\d+ refused the connection \(ECONNREFUSED, GET \/audit\)$/,
    hint: /^check the host and port in ACME_URL in the environment, and that the service is up$/,
    lift: () => here.vendor.up(),
  });
});

// ---------------------------------------------------------------------------------------------------- names

type Lookup = (done: (error: Error | null, addresses?: readonly dns.LookupAddress[]) => void) => void;

/** Replaces the machine's name resolution until the returned function is called, or the test ends. */
function resolving(context: TestContext, lookup: Lookup): () => void {
  const original = dns.lookup;
  const replacement = (host: string, options: dns.LookupOptions, done: Parameters<Lookup>[0]): void => {
    if (options.all === true) lookup(done);
    else Reflect.apply(original, dns, [host, options, done]); // a server that is to listen
  };
  Object.assign(dns, { lookup: replacement });
  const restore = (): void => void Object.assign(dns, { lookup: original });
  context.after(restore);
  return restore;
}

const bothFamilies: Lookup = (done) =>
  done(null, [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]);

function failing(code: string): Lookup {
  return (done) => done(Object.assign(new Error(`getaddrinfo ${code} localhost`), { code, syscall: 'getaddrinfo' }));
}

fault('N02', 'refused on ::1, accepted on 127.0.0.1: the address that works is found', async (context) => {
  const here = await scene(context, { host: 'localhost' });
  resolving(context, bothFamilies);
  const result = await here.run();
  assert.deepEqual(result.waits, []);
  here.expectSuccess(result);
});

fault('N02', 'refused on ::1 and on 127.0.0.1: one refusal, one message, exit 69', async (context) => {
  const here = await scene(context, { host: 'localhost' });
  resolving(context, bothFamilies);
  await here.vendor.down();
  await here.expectProblem(await here.run(), {
    exit: 69,
    message: /^source http:\/\/localhost:\d+ .*\((ECONNREFUSED|EADDRNOTAVAIL), GET \/audit\)$/,
    hint: /^check the/,
    lift: () => here.vendor.up(),
  });
});

fault('N03', 'host name unknown (ENOTFOUND): one more attempt only, exit 69', async (context) => {
  const here = await scene(context, { host: 'localhost' });
  const restore = resolving(context, failing('ENOTFOUND'));
  const result = await here.run();
  assert.deepEqual(result.waits, [250]);
  await here.expectProblem(result, {
    exit: 69,
    message: /^source http:\/\/localhost:\d+ has a host name that does not resolve \(ENOTFOUND, GET \/audit\)$/,
    hint: /^check ACME_URL in the environment and the name server$/,
    lift: restore,
  });
});

fault('N04', 'name server not answering (EAI_AGAIN): the full number of attempts, exit 69', async (context) => {
  const here = await scene(context, { host: 'localhost' });
  const restore = resolving(context, failing('EAI_AGAIN'));
  const result = await here.run();
  expectFullRetry(result);
  await here.expectProblem(result, {
    exit: 69,
    message: /has a host name that cannot be resolved now \(EAI_AGAIN, GET \/audit\)$/,
    hint: /^check the name server$/,
    lift: restore,
  });
});

// ---------------------------------------------------------------------------------------------------- silence

const soon = ['--timeout', '1s'] as const;

const endless: readonly (readonly [number: string, what: string, behave: Behaviour])[] = [
  ['N06', 'accepted and never answered', silence],
  ['N07', 'headers one byte at a time', drip('HTTP/1.1 200 OK\r\n', 'X-Slow: a\r\n', 5)],
  ['N08', 'body one byte at a time', drip('HTTP/1.1 200 OK\r\n\r\n{"records":[', '{"id":"x"},', 5)],
];

together('time limits', () => {
  fault(
    'N05',
    'connection attempts vanish (UND_ERR_CONNECT_TIMEOUT): retried, then given up, exit 69',
    async (context) => {
      const here = await scene(context);
      await here.vendor.down();
      const hole = await blackHole(here.vendor.port);
      const result = await here.run(soon);
      await hole.close();
      expectFullRetry(result);
      await here.expectProblem(result, {
        exit: 69,
        message: /^source http:\/\/127\.0\.0\.1:\d+ did not (accept the connection in time|complete its reply within)/,
        hint: /^check the host, the port and the firewalls between$|--timeout$/,
        lift: () => here.vendor.up(),
      });
    },
  );

  for (const [number, what, behave] of endless) {
    fault(number, `${what}: the limit of the request ends it, retried, exit 69`, async (context) => {
      const here = await scene(context);
      here.vendor.fault = () => behave;
      const result = await here.run(soon);
      expectFullRetry(result);
      await here.expectProblem(result, {
        exit: 69,
        message: /^source http:\/\/127\.0\.0\.1:\d+ did not complete its reply within 1 s/,
        hint: /--timeout$/,
      });
    });
  }

  fault(
    'N08',
    'body one byte at a time on page 2: the position moves only when the page was whole, exit 69',
    async (context) => {
      const here = await scene(context);
      here.vendor.fault = onPage(2, (_asked, honest) => {
        const text = bodyOf(honest).toString();
        return drip(`HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${text.slice(0, -40)}`, ' ', 5);
      });
      const result = await here.run(soon);
      await here.expectProblem(result, { exit: 69, message: /within 1 s \(GET \/audit\)$/, hint: /--timeout$/ });
    },
  );
});

// ---------------------------------------------------------------------------------------------------- broken

/** A query sent by POST. */
const byPost: Parameters<typeof scene>[1] = {
  define(definition) {
    const { path, query } = definition.request;
    return { ...definition, request: { method: 'POST', path, ...(query && { query }), json: { search: 'all' } } };
  },
};

for (const [what, options] of [
  ['a GET', {}],
  ['a query by POST', byPost],
] as const) {
  fault('N09', `reset before the headers of ${what}: asked again, exit 0`, async (context) => {
    const here = await scene(context, options);
    here.vendor.fault = once(() => thenReset());
    const result = await here.run();
    assert.deepEqual(result.waits, [250]);
    here.expectSuccess(result);
  });
}

fault('N09', 'reset before the headers (ECONNRESET) for ever: given up, exit 69', async (context) => {
  const here = await scene(context);
  here.vendor.fault = () => thenReset();
  const result = await here.run();
  expectFullRetry(result);
  await here.expectProblem(result, {
    exit: 69,
    message:
      /^source http:\/\/127\.0\.0\.1:\d+ (broke|closed) the connection.* \((ECONNRESET|UND_ERR_SOCKET), GET \/audit\)$/,
    hint: network,
  });
});

// ---------------------------------------------------------------------------------------------------- not what it should be

const notHttp: readonly (readonly [what: string, answer: string])[] = [
  ['a bad chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n'],
  ['an SSH greeting', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['a TLS alert', '\u0015\u0003\u0001\u0000\u0002\u0002\u0046'],
];
for (const [what, answer] of notHttp) {
  fault('N16', `${what} (HTTPParserError) in place of HTTP: no crash, exit 76`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = () => thenClose(Buffer.from(answer, 'latin1'));
    await here.expectProblem(await here.run(), {
      exit: 76,
      message: /^source http:\/\/127\.0\.0\.1:\d+ does not speak HTTP \(.*GET \/audit\)$/,
      hint: wrongService,
    });
    assert.ok(here.vendor.requests.length > 0);
  });
}

fault('N17', 'more than 16 KiB of headers (UND_ERR_HEADERS_OVERFLOW): refused, exit 76', async (context) => {
  const here = await scene(context);
  here.vendor.fault = () => reply(200, { ...json, 'X-Long': 'x'.repeat(20_000) }, '{}');
  const result = await here.run();
  assert.deepEqual(result.waits, []);
  await here.expectProblem(result, { exit: 76, message: /sent more than 16 KiB of headers/, hint: wrongService });
});

fault('N18', 'an idle connection closed as it is used again: asked again at once, exit 0', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (asked) => (asked.connection === 1 && asked.number === 2 ? thenReset() : undefined);
  const result = await here.run();
  assert.deepEqual(result.waits, [], 'no failure, no wait');
  assert.deepEqual(pagesAsked(here), [1, 2, 2, 3]);
  here.expectSuccess(result);
});

// ---------------------------------------------------------------------------------------------------- proxy

const authority = certificateAuthority();
after(() => authority.remove());
const identity = authority.issue({ host: 'vendor.example' });
const proxyPassword = 'canary-proxy-pass';

/** A scene whose vendor is reached through a proxy only; `behave` is what the proxy does until `mend` is called. */
async function behindProxy(context: TestContext, behave: (connect: () => Behaviour) => Behaviour) {
  let target = 0;
  let fixed = false;
  const forward = (): Behaviour => tunnel(target);
  const proxy = await rawServer((socket, asked) => (fixed ? forward() : behave(forward))(socket, asked));
  context.after(() => proxy.close());
  const here = await scene(context, {
    tls: identity,
    host: 'vendor.example',
    argv: ['--ca-file', authority.certFile],
    environment: { HTTPS_PROXY: `http://user:${proxyPassword}@127.0.0.1:${proxy.port}` },
  });
  target = here.vendor.port;
  return { here, proxy, mend: () => void (fixed = true) };
}

function expectNoProxyPassword({ stdout, stderr }: Result): void {
  assert.ok(!(stdout + stderr).includes(proxyPassword));
}

fault('N19', 'the proxy refuses our credentials (407): named without its password, exit 77', async (context) => {
  const { here, mend } = await behindProxy(context, () => (socket) => {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  });
  const result = await here.run();
  expectNoProxyPassword(result);
  await here.expectProblem(result, {
    exit: 77,
    message: /^the proxy http:\/\/127\.0\.0\.1:\d+ refused our credentials \(HTTP 407\)$/,
    hint: /HTTPS_PROXY/,
    lift: mend,
  });
});

fault('N19', 'the proxy is down: named without its password, retried, exit 69', async (context) => {
  const { here, proxy, mend } = await behindProxy(context, (connect) => connect());
  await proxy.close();
  const result = await here.run();
  expectNoProxyPassword(result);
  expectFullRetry(result);
  await here.expectProblem(result, {
    exit: 69,
    message: /^the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)$/,
    hint: /HTTPS_PROXY/,
    async lift() {
      mend();
      const again = await rawServer((socket, asked) => tunnel(here.vendor.port)(socket, asked), { port: proxy.port });
      context.after(() => again.close());
    },
  });
});

// ---------------------------------------------------------------------------------------------------- and more

fault('N20', '103 Early Hints before each reply: passed over, exit 0', async (context) => {
  const here = await scene(context);
  const hints = Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n');
  here.vendor.fault = (_asked, honest) => Buffer.concat([hints, hints, honest]);
  here.expectSuccess(await here.run());
});

// The bundled program: its build takes out what undici does about a 100.
const goOn = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

fault(
  'N20',
  '100 Continue before each reply of the source, asked for by nobody: passed over, exit 0',
  async (context) => {
    const here = await scene(context);
    here.vendor.fault = (_asked, honest) => Buffer.concat([goOn, goOn, honest]);
    here.expectSuccess(await here.spawn());
    assert.equal(here.vendor.connections, 1);
  },
);

fault('N20', '100 Continue before the reply of a sink: passed over, and nothing is sent twice', async (context) => {
  const taken: string[] = [];
  const sink = await rawServer((socket, { body }) => {
    taken.push(...body.toString().trimEnd().split('\n'));
    socket.write(goOn); // and by itself, before the reply is there
    setImmediate(() => socket.write(reply(200, {}, '{"text":"Success","code":0}')));
  });
  context.after(() => sink.close());
  const here = await scene(context, {
    records: 2, // so few are not compressed
    argv: ['--sink', 'splunk'],
    environment: { SPLUNK_URL: sink.url, SPLUNK_TOKEN: canaries.apiKey },
    delivered: () => taken.map((line) => line.slice(line.indexOf('"event":') + 8, -1)),
  });
  here.expectSuccess(await here.spawn());
  assert.equal(sink.requests.length, 1);
});

fault(
  'N21',
  'the network goes away after page 3 of 5: the rest is delivered by the next run, exit 69',
  async (context) => {
    const here = await scene(context, { records: 10 });
    here.vendor.fault = onPage(4, () => {
      here.vendor.onConnection = hangUp;
      return thenReset();
    });
    const result = await here.run();
    await here.expectProblem(result, { exit: 69, message: /(broke|closed) the connection/, hint: network });
  },
);
