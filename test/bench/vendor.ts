/**
 * A vendor for the bench, in its own process: a session login, and as many records of 693 bytes as the address says.
 *
 *   POST /login                                  sets the session cookie; every other path demands it
 *   GET  /<count>/<page size>/events?from=&until=&cursor=
 *                                                {"page":{"next":"1000"},"data":[…]}; `next` is null on the last page
 *   POST /_bulk, GET /                           an Elasticsearch that keeps everything
 *   POST /npm/api/v1/…                           a Sycope appliance without anything new
 *
 * The records are a template whose ID and time are overwritten. Those that begin at a full thousand, up to a million of
 * them, are made once and served from memory: the vendor shares two processors with what is measured. Prints its port first.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { createGunzip } from 'node:zlib';

const cookie = 'session=5f3c9e0d1b7a4c86';
const blockSize = 1000;
/** The records are spread evenly over 10,000 seconds that begin half a day back: every window of the last day has all. */
const firstMillisecond = Date.now() - 12 * 3_600_000;
const span = 10_000_000;
const hexDigits = Buffer.from('0123456789abcdef');

/** One record; `#` is its number in 8 hexadecimal digits, `@` its time in 19 digits. Escapes and braces in texts. */
const record = JSON.stringify({
  id: '16f43920a0d70f005f136173########',
  type: 'audittrail',
  timestamp: '@@@@@@@@@@@@@@@@@@@',
  originator: 'ingestion',
  category: '',
  source: 'auditTrail',
  name: 'dashboard "Latency {p99}" \\ changed\nby hand',
  description: 'a {[ tab\t “quote” ]}',
  severity: 0,
  agentId: 0,
  containerId: '',
  machineId: '',
  content: {
    timestampNs: '@@@@@@@@@@@@@@@@@@@',
    customerId: 1,
    userId: 454926,
    teamId: 46902,
    requestMethod: 'GET',
    requestUri: '/api/integrations/discovery/',
    userOriginIP: '203.0.113.122',
    queryString: 'cluster=demo-env&namespace=agent',
    responseStatusCode: 200,
    entityType: 'integration',
    entityPayload: '{"tags":[]}',
  },
  labels: { entityType: 'integration', padding: '' },
}).replaceAll(/"(@+)"/g, '$1');
const recordText = record.replace(
  '"padding":""',
  `"padding":"${'x'.repeat(Math.max(0, 692 - Buffer.byteLength(record)))}"`,
);
const recordBytes = Buffer.byteLength(recordText) + 1;
const block = Buffer.from(
  `${recordText},`.replaceAll('@@@@@@@@@@@@@@@@@@@', `${firstMillisecond}000000`).repeat(blockSize),
);
const idAt = Buffer.from(recordText).indexOf('#');
const timesAt = [Buffer.from(recordText).indexOf('@'), Buffer.from(recordText).lastIndexOf('@') - 18];

/** Records `from` up to `from + count` (at most a block of them) `step` milliseconds apart, each followed by a comma. */
function recordsFrom(from: number, count: number, step: number): Buffer {
  const bytes = Buffer.from(block.subarray(0, count * recordBytes));
  for (let index = 0; index < count; index++) {
    const start = index * recordBytes;
    // Digit by digit: the vendor must not be what is measured.
    for (let digit = 0, rest = from + index; digit < 8; digit++, rest >>>= 4) {
      bytes[start + idAt + 7 - digit] = hexDigits[rest & 15] as number;
    }
    for (const at of timesAt) {
      // The last six digits are below a millisecond, the ten before them milliseconds; the first three stay.
      let rest = firstMillisecond + (from + index) * step;
      for (let digit = 12; digit > 2; digit--, rest = Math.floor(rest / 10)) {
        bytes[start + at + digit] = 0x30 + (rest % 10);
      }
    }
  }
  return bytes;
}

/** Blocks of `recordsFrom` that were asked for before, by their step and first record. */
const known = new Map<string, Buffer>();
const mostKnown = 1200;

function blockFrom(from: number, step: number): Buffer {
  const key = `${step}/${from}`;
  const bytes = known.get(key) ?? recordsFrom(from, blockSize, step);
  if (known.size < mostKnown) known.set(key, bytes);
  return bytes;
}

/** The page at `cursor` of the records in [from, until), both in nanoseconds. */
async function sendPage(
  response: ServerResponse,
  total: number,
  pageSize: number,
  query: URLSearchParams,
): Promise<void> {
  const step = Math.max(1, Math.floor(span / Math.max(total, 1)));
  const index = (name: string, other: number): number => {
    const nanoseconds = query.get(name);
    if (nanoseconds === null) return other;
    const at = Math.ceil((Number(BigInt(nanoseconds) / 1_000_000n) - firstMillisecond) / step);
    return Math.min(total, Math.max(0, at));
  };
  const last = index('until', total);
  const cursor = Math.max(index('from', 0), Number(query.get('cursor') ?? 0));
  const end = Math.max(cursor, Math.min(last, cursor + pageSize));
  const head = `{"page":{"next":${end < last ? `"${end}"` : 'null'}},"data":[`;
  const commas = end > cursor ? 1 : 0;
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': head.length + (end - cursor) * recordBytes - commas + 2,
  });
  response.write(head);
  for (let from = cursor; from < end; from += blockSize) {
    const count = Math.min(blockSize, end - from);
    const whole = count === blockSize && from % blockSize === 0;
    const bytes = whole ? blockFrom(from, step) : recordsFrom(from, count, step);
    if (!response.write(from + count === end ? bytes.subarray(0, -1) : bytes)) await once(response, 'drain');
  }
  response.end(']}');
}

/** Answers a bulk request: every document is created. */
async function bulk(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
  let lines = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
  }
  const items = Array.from({ length: lines / 2 }, () => '{"create":{"_index":"bench","_id":"1","status":201}}');
  response.writeHead(200, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
  response.end(`{"took":1,"errors":false,"items":[${items.join(',')}]}`);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname.endsWith('/_bulk')) return bulk(request, response);
  request.resume();
  if (url.pathname === '/') {
    response.writeHead(200, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
    response.end('{"version":{"number":"9.1.0"},"tagline":"You Know, for Search"}');
    return;
  }
  if (url.pathname.endsWith('/login') || url.pathname.endsWith('/logout')) {
    response.writeHead(200, { 'set-cookie': `${cookie}; Path=/; HttpOnly`, 'content-type': 'application/json' });
    response.end('{"status":200}');
    return;
  }
  if (request.headers.cookie !== cookie) {
    response.writeHead(401).end('{"error":"log in first"}');
    return;
  }
  if (url.pathname.startsWith('/npm/api/v1/pipeline/')) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"status":200,"jobId":"7","data":{"total":0}}');
    return;
  }
  const [, total = '', pageSize = ''] = url.pathname.split('/');
  await sendPage(response, Number(total), Number(pageSize), url.searchParams);
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});
