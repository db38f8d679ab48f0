/** Group N of the catalogue: everything between the vendor's socket and an HTTP reply. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import dns from 'node:dns';
import { after, type TestContext } from 'node:test';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
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
import { fault, scene, together, type Result, type Scene } from './harness.ts';
import { watchMemory } from './peak-memory.ts';
import { bodyOf, chunked, encoded, hangUp, json, once, onPage, unframed } from './replies.ts';
import type { Asked, Fault } from './vendor.ts';

const network = /^check the network and the service/;
const wrongService = /^check the URL: something else may be answering there$/;

/** Pages as they were asked for, in order. */
function pagesAsked({ vendor }: Scene): number[] {
  return vendor.requests.flatMap((asked) => (asked.kind === 'page' ? [asked.page] : []));
}

/** The first page was asked for five times, with four growing waits between. */
function expectFullRetry(result: Result): void {
  assert.deepEqual(result.waits, [250, 500, 1000, 2000]);
}

/** No request ever asked for a part of a reply. */
function expectNoRange({ vendor }: Scene): void {
  for (const { headers } of vendor.requests) assert.equal(headers['range'], undefined);
}

fault('N01', 'connection refused (ECONNREFUSED): retried, then given up, exit 69', async (context) => {
  const here = await scene(context);
  await here.vendor.down();
  const result = await here.run();
  expectFullRetry(result);
  await here.expectProblem(result, {
    exit: 69,
    message: /^source http:\/\/127\.0\.0\.1:\d+ refused the connection \(ECONNREFUSED, GET \/audit\)$/,
    hint: /^check the host and port in the URL, and that the service is up$/,
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
    hint: /^check the URL and the name server$/,
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
        message:
          /^source http:\/\/127\.0\.0\.1:\d+ (did not complete its reply within 1 s|accepted the request and did not answer in time)/,
        hint: /--timeout$|^check the network/,
      });
    });
  }

  fault('N08', 'body one byte at a time on page 2: nothing of it is taken before it is whole', async (context) => {
    const here = await scene(context);
    here.vendor.fault = onPage(2, (_asked, honest) => {
      const text = bodyOf(honest).toString();
      return drip(`HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${text.slice(0, -40)}`, ' ', 5);
    });
    const result = await here.run(soon);
    await here.expectProblem(result, { exit: 69, message: /within 1 s \(GET \/audit\)$/, hint: /--timeout$/ });
  });
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

/** The honest reply without its last bytes; `cut` says how many. */
function truncated(frame: (body: Buffer) => Buffer, end: (bytes: Buffer) => Behaviour, cut = 30): Fault {
  return (_asked, honest) => end(frame(bodyOf(honest)).subarray(0, -cut));
}
const sized = (body: Buffer): Buffer => reply(200, json, body);
const whole = (body: Buffer): Buffer => body;

const cuts: readonly (readonly [number: string, what: string, cut: Fault, exit: number])[] = [
  ['N10', 'RST inside a body of stated length', truncated(sized, thenReset), 69],
  ['N10', 'FIN inside a body of stated length', truncated(sized, thenClose), 69],
  ['N11', 'RST inside a chunked body', truncated(chunked, thenReset), 69],
  ['N11', 'FIN inside a chunked body', truncated(chunked, thenClose), 69],
  ['N11', 'FIN before the last chunk, where the JSON is complete', truncated(chunked, thenClose, 5), 69],
  ['N12', 'FIN inside the JSON of a body without length', truncated(whole, unframed), 76],
];
for (const [number, what, cut, exit] of cuts) {
  fault(number, `${what}: the page is asked for again with its cursor, exit 0`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = once(onPage(2, cut));
    const result = await here.run();
    assert.deepEqual(result.waits, [250]);
    assert.deepEqual(pagesAsked(here), [1, 2, 2, 3]);
    expectNoRange(here);
    here.expectSuccess(result);
  });

  fault(number, `${what}, every time: given up, exit ${exit}`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = onPage(2, cut);
    const result = await here.run();
    assert.deepEqual(pagesAsked(here), [1, 2, 2, 2, 2, 2]);
    const message =
      /^source .* (closed the connection|broke the connection|cut the reply)|^acme: the reply to page 2 was cut off/;
    await here.expectProblem(result, { exit, message, hint: /look at proxies|^check the network/ });
    expectNoRange(here);
  });
}

/** Pages so long that records go on before the page has ended; without IDs, and each record twice. */
const twins: Parameters<typeof scene>[1] = {
  records: 0,
  define(definition) {
    return { ...definition, limits: { page: 2000 }, records: { ...definition.records, id: { content: true } } };
  },
};

function addTwins({ vendor }: Scene): void {
  for (let at = 700; at > 100; at--) {
    vendor.add(`t${at}`, at);
    vendor.add(`t${at}`, at);
  }
}

fault('N10', 'FIN far inside a long page of twins without IDs: each is delivered once, exit 0', async (context) => {
  const here = await scene(context, twins);
  addTwins(here);
  here.vendor.fault = once((_asked, honest) => thenClose(honest.subarray(0, -20_000)));
  const result = await here.run();
  assert.deepEqual(pagesAsked(here), [1, 1]);
  here.expectSuccess(result);
});

// ---------------------------------------------------------------------------------------------------- unframed JSON Lines

/** The vendor's records as JSON Lines, all in one reply. */
const lines: Parameters<typeof scene>[1] = {
  define(definition) {
    return { ...definition, paging: { type: 'none' }, records: { ...definition.records, format: 'lines' } };
  },
};

function linesOf(here: Scene, count = here.vendor.records.length): string {
  const texts = here.vendor.records.slice(0, count).map(({ text }) => `${text}\n`);
  return texts.join('');
}

fault(
  'N13',
  'JSON Lines without length, cut between two lines once: noticed by reading again, exit 0',
  async (context) => {
    const here = await scene(context, lines);
    here.vendor.fault = ({ number }) => unframed(linesOf(here, number === 1 ? 4 : 6));
    const result = await here.run();
    here.expectSuccess(result);
    assert.equal(here.vendor.requests.length, 3, 'two readings that agree');
  },
);

fault('N13', 'JSON Lines without length, cut elsewhere every time: no two readings agree, exit 76', async (context) => {
  const here = await scene(context, lines);
  here.vendor.fault = ({ number }) => unframed(linesOf(here, 1 + (number % 5)));
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /^acme ends page 1 with the connection, and no two readings of it agree$/,
    hint: /Content-Length/,
    lift() {
      here.vendor.fault = () => reply(200, json, linesOf(here));
    },
  });
});

fault('N13', 'JSON Lines without length, whole: read twice, delivered once, exit 0', async (context) => {
  const here = await scene(context, lines);
  here.vendor.fault = () => unframed(linesOf(here));
  here.expectSuccess(await here.run());
  assert.equal(here.vendor.requests.length, 2);
});

fault(
  'N13',
  'twins without IDs in JSON Lines without length: read twice, each delivered once, exit 0',
  async (context) => {
    const here = await scene(context, {
      ...twins,
      define(definition) {
        const records = { ...definition.records, format: 'lines', id: { content: true } } as const;
        return { ...definition, paging: { type: 'none' }, records };
      },
    });
    addTwins(here);
    here.vendor.fault = () => unframed(linesOf(here));
    here.expectSuccess(await here.run());
    assert.equal(here.vendor.requests.length, 2);
  },
);

fault('N13', 'a JSON document without length that is complete: its own end proves it, exit 0', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (_asked, honest) => unframed(bodyOf(honest));
  here.expectSuccess(await here.run());
  assert.deepEqual(pagesAsked(here), [1, 2, 3], 'each page is read once');
});

// ---------------------------------------------------------------------------------------------------- not what it should be

fault('N14', 'bytes after the stated length: not taken for records, exit 0', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (_asked, honest) => thenClose(Buffer.concat([honest, Buffer.from('{"records":[{"id":"x"}]}')]));
  here.expectSuccess(await here.run());
});

fault('N15', 'two JSON documents in one body: refused, exit 76', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(2, (_asked, honest) => {
    return reply(200, json, Buffer.concat([bodyOf(honest), bodyOf(honest)]));
  });
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /^acme: the reply to page 2 is not JSON: it goes on after its end$/,
    hint: /^check the URL/,
  });
});

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

/** One run as a child process, whose memory must stay small. */
async function runSmall(here: Scene): Promise<Result> {
  const watch = watchMemory(here);
  const result = await here.spawn([], { environment: watch.environment });
  assert.ok(watch.megabytes() < 160, `${watch.megabytes()} MB`);
  return result;
}

const blanks = Buffer.alloc(200 * 1024 * 1024, ' ');
const packers = { gzip: (body: Buffer) => gzipSync(body), br: (body: Buffer) => brotliCompressSync(body, fast) };
const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

/** `before`, 200 MB of blanks, `rest`: a few kilobytes on the way. */
function bomb(encoding: keyof typeof packers, before: string, rest: Buffer | string): Buffer {
  return packers[encoding](Buffer.concat([Buffer.from(before), blanks, Buffer.from(rest)]));
}

for (const encoding of ['gzip', 'br'] as const) {
  fault(
    'N22',
    `200 MB of blanks between records, packed with ${encoding}: read in small memory, exit 0`,
    async (context) => {
      const here = await scene(context, { records: 2 });
      here.vendor.fault = (_asked, honest) => {
        const start = '{"records":[';
        return encoded(bomb(encoding, start, bodyOf(honest).subarray(start.length)), encoding);
      };
      here.expectSuccess(await runSmall(here));
    },
  );
}

fault(
  'N22',
  '200 MB of text around the records, packed with gzip: refused early, in small memory, exit 76',
  async (context) => {
    const here = await scene(context);
    const packed = bomb('gzip', '{"motto":"', '","records":[],"next":null}');
    here.vendor.fault = () => encoded(packed, 'gzip');
    await here.expectProblem(await runSmall(here), {
      exit: 76,
      message: /^acme: the reply to page 1 has more than \d+ bytes outside its records$/,
      hint: /records/,
    });
  },
);

fault(
  'N22',
  '200 MB in the body of a refusal, packed with gzip: not read, in small memory, exit 77',
  async (context) => {
    const here = await scene(context);
    const packed = bomb('gzip', '{"message":"', '"}');
    here.vendor.fault = () => reply(403, { ...json, 'Content-Encoding': 'gzip' }, packed);
    await here.expectProblem(await runSmall(here), { exit: 77, message: /\(HTTP 403\)/, hint: /ACME_TOKEN/ });
  },
);

const strange = ['gzip, gzip, gzip, gzip, gzip, gzip', 'zstd', 'constructor'];
for (const encoding of strange) {
  fault('N23', `a body encoded as "${encoding}": refused, exit 76`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = (_asked, honest) => encoded(gzipSync(bodyOf(honest)), encoding);
    const result = await here.run();
    assert.deepEqual(result.waits, []);
    await here.expectProblem(result, { exit: 76, message: /encoded its reply/, hint: /^check the proxies/ });
  });
}

const asksFor = ({ headers }: Asked): string | undefined => headers['accept-encoding'];

fault('N24', 'plain bodies that say gzip: asked for without compression, exit 0', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (asked, honest) => {
    return asksFor(asked) === 'identity' ? undefined : encoded(bodyOf(honest), 'gzip');
  };
  const result = await here.run();
  assert.deepEqual(pagesAsked(here), [1, 1, 2, 3], 'and not offered again');
  here.expectSuccess(result);
});

fault('N24', 'plain bodies that say gzip whatever is asked for: refused, exit 76', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (_asked, honest) => encoded(bodyOf(honest), 'gzip');
  const result = await here.run();
  assert.deepEqual(pagesAsked(here), [1, 1]);
  await here.expectProblem(result, { exit: 76, message: /is not gzip, though it says so/, hint: /^check the proxies/ });
});

fault('N25', 'zstd is not offered where Node cannot unpack it, exit 0', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (asked, honest) => {
    return asksFor(asked)?.includes('br') === true ? encoded(brotliCompressSync(bodyOf(honest)), 'br') : undefined;
  };
  here.expectSuccess(await here.run());
  assert.deepEqual(new Set(here.vendor.requests.map(asksFor)), new Set(['gzip, br']));
});
