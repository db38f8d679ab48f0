/** Group N of the catalogue, continued: the body of a reply, its length and its encoding. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { reply, thenClose, thenReset, type Behaviour } from '../support/raw-server.ts';
import { fault, scene, type Result, type Scene } from './harness.ts';
import { watchMemory } from './peak-memory.ts';
import { bodyOf, chunked, encoded, json, once, onPage, pagesAsked, unframed } from './replies.ts';
import type { Asked, Fault } from './vendor.ts';

/** No request ever asked for a part of a reply. */
function expectNoRange({ vendor }: Scene): void {
  for (const { headers } of vendor.requests) assert.equal(headers['range'], undefined);
}

// ---------------------------------------------------------------------------------------------------- cut

/** The honest reply without its last bytes; `cut` says how many. */
function truncated(frame: (body: Buffer) => Buffer, end: (bytes: Buffer) => Behaviour, cut = 30): Fault {
  return (_asked, honest) => end(frame(bodyOf(honest)).subarray(0, -cut));
}
const sized = (body: Buffer): Buffer => reply(200, json, body);
const closing = (body: Buffer): Buffer =>
  Buffer.from(chunked(body).toString('latin1').replace('\r\n', '\r\nConnection: close\r\n'), 'latin1');
const whole = (body: Buffer): Buffer => body;

const cuts: readonly (readonly [number: string, what: string, cut: Fault, exit: number])[] = [
  ['N10', 'RST inside a body of stated length', truncated(sized, thenReset), 69],
  ['N10', 'FIN inside a body of stated length', truncated(sized, thenClose), 69],
  ['N11', 'RST inside a chunked body', truncated(chunked, thenReset), 69],
  ['N11', 'FIN inside a chunked body', truncated(chunked, thenClose), 69],
  ['N11', 'FIN inside a chunked body on a connection that is to close', truncated(closing, thenClose), 69],
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

// ---------------------------------------------------------------------------------------------------- too much

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
    hint: /^check ACME_URL in the environment/,
  });
});

// ---------------------------------------------------------------------------------------------------- packed

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

fault('N24', 'a refusal that says gzip and has no body is a refusal: 77, asked for once', async (context) => {
  const here = await scene(context);
  here.vendor.fault = () => reply(401, { 'Content-Encoding': 'gzip' }, '');
  const result = await here.run();
  assert.deepEqual(pagesAsked(here), [1]);
  await here.expectProblem(result, { exit: 77, message: /^acme refused .*\(HTTP 401\)$/, hint: /ACME_TOKEN/ });
});

fault('N24', 'a page that says gzip and has no body is told to be empty, exit 76', async (context) => {
  const here = await scene(context);
  here.vendor.fault = () => reply(200, { 'Content-Encoding': 'gzip' }, '');
  const result = await here.run();
  await here.expectProblem(result, { exit: 76, message: /^acme: the reply to page 1 is empty$/, hint: /./ });
});

fault('N25', 'zstd is not offered where Node cannot unpack it, exit 0', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (asked, honest) => {
    return asksFor(asked)?.includes('br') === true ? encoded(brotliCompressSync(bodyOf(honest)), 'br') : undefined;
  };
  here.expectSuccess(await here.run());
  assert.deepEqual(new Set(here.vendor.requests.map(asksFor)), new Set(['gzip, br']));
});
