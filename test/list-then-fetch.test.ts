/** A source whose windows list what is to be fetched, through whole runs: what is delivered, and what the position says. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../src/core/definition.ts';
import { exit } from '../src/core/problem.ts';
import { restSource } from '../src/core/rest.ts';
import { fromMillis } from '../src/core/time.ts';
import { run, type RunResult } from '../src/run.ts';
import { memoryJob, memorySink, type MemorySink } from './support/memory.ts';
import { memoryQuarantine, memoryStore } from './support/memory-store.ts';
import { noSearch, sourceTools } from './support/source-tools.ts';
import { sendJson, serve, type Vendor } from './support/vendors/server.ts';

const minute = 60_000;
const start = Date.UTC(2026, 10, 20, 9);

const types = ['Audit.General', 'DLP.All'];

const definition = parseDefinition(
  {
    name: 'fig',
    summary: 'Figs.',
    settings: { FIG_URL: { summary: 'Address.', kind: 'url' } },
    url: '{FIG_URL}',
    auth: { type: 'none' },
    prepare: [
      {
        request: { method: 'POST', path: '/start', query: { type: '{branch}' } },
        done: [{ path: 'error.code', equals: 'AF20024' }],
      },
    ],
    branches: { values: types },
    request: { path: '/content', query: { type: '{branch}', from: '{from}', until: '{until}' } },
    paging: { type: 'url', header: 'NextPageUri' },
    items: { address: 'uri', gone: [404] },
    window: { filter: 'ingestion', time: 'epoch-s', longest: '24h', retention: '7d', firstRun: '1h' },
    records: { id: { paths: ['Id'] }, time: { path: 'At', format: 'iso' } },
  },
  'fig.yaml',
);

interface Blob {
  readonly type: string;
  readonly name: string;
  /** When it was made, in milliseconds. */
  readonly made: number;
  /** Undefined when it is listed, and no longer there. */
  readonly text: string | undefined;
}

interface Bench {
  readonly vendor: Vendor;
  readonly clock: { now: number };
  readonly blobs: Blob[];
  readonly sink: MemorySink;
  run(): Promise<RunResult>;
}

/** A vendor with one blob a page of its list; a branch is listed once it was started. Our clock may be `ahead` of its. */
async function bench(t: TestContext, ahead = 0): Promise<Bench> {
  const clock = { now: start };
  const blobs: Blob[] = [];
  const started = new Set<string>();
  const sink = memorySink();
  const store = memoryStore();
  const vendor = await serve({ now: () => clock.now }, ({ method, target }, response) => {
    const { pathname, searchParams } = new URL(target, 'http://fig');
    const type = searchParams.get('type') ?? '';
    if (pathname === '/start' && method === 'POST') {
      const text = started.has(type) ? '{"error":{"code":"AF20024","message":"Already enabled."}}' : '{}';
      sendJson(response, started.has(type) ? 400 : 200, text);
      return void started.add(type);
    }
    if (pathname !== '/content') {
      const text = blobs.find(({ name }) => pathname === `/blob/${name}`)?.text;
      return sendJson(response, text === undefined ? 404 : 200, text ?? '{}');
    }
    if (!started.has(type)) return sendJson(response, 400, '{"error":{"code":"AF20022","message":"Not started."}}');
    const [from, until] = ['from', 'until'].map((name) => Number(searchParams.get(name)) * 1000) as [number, number];
    const listed = blobs.filter((blob) => blob.type === type && blob.made >= from && blob.made < until);
    const at = Number(searchParams.get('at') ?? 0);
    const next = `${vendor.origin}${target.replace(/&at=\d+$/, '')}&at=${at + 1}`;
    const text = JSON.stringify(listed.slice(at, at + 1).map(({ name }) => ({ uri: `${vendor.origin}/blob/${name}` })));
    sendJson(response, 200, text, at + 1 < listed.length ? { NextPageUri: next } : {});
  });
  t.after(vendor.close);
  return {
    vendor,
    clock,
    blobs,
    sink,
    run() {
      const tools = { ...sourceTools(), now: () => clock.now + ahead };
      const source = restSource(definition, { FIG_URL: vendor.origin }, noSearch, tools);
      return run({
        job: { ...memoryJob, firstRun: undefined },
        source,
        sink,
        store,
        scope: { source: 'fig', sink: 'memory' },
        quarantine: memoryQuarantine(),
        tools,
      });
    },
  };
}

const [general = '', dlp = ''] = types;

test('blobs are delivered by when they were made, however old their records, and those of the overlap once', async (t) => {
  const { vendor, clock, blobs, sink, run: once } = await bench(t);
  blobs.push(
    { type: general, name: 'a', made: start - 40 * minute, text: '[{"Id":1,"At":"2020-01-01T00:00:00Z"}]' },
    { type: general, name: 'b', made: start - 2 * minute, text: '[{"Id":2,"At":"2026-11-20T08:00:00Z"},{"Id":3}]' },
    { type: dlp, name: 'c', made: start - minute, text: '[{"Id":4,"At":"2026-11-20T08:59:00Z"}]' },
  );
  const first = await once();
  assert.deepEqual([first.problems, first.summary.delivered, first.summary.fetched], [[], 4, 4]);

  clock.now += 2 * minute;
  blobs.push({ type: general, name: 'd', made: clock.now - minute, text: '[{"Id":5,"At":"2026-11-13T00:00:00Z"}]' });
  vendor.requests.length = 0;
  const second = await once();
  assert.deepEqual([second.problems, second.summary.delivered, second.summary.seen], [[], 1, 3]);
  assert.deepEqual(
    sink.taken.map((text) => (JSON.parse(text) as { Id: number }).Id),
    [1, 2, 3, 4, 5],
  );
  const asked = vendor.requests.map(({ target }) => new URL(target, 'http://fig').pathname);
  assert.deepEqual(asked, ['/start', '/content', '/blob/b', '/content', '/blob/d', '/start', '/content', '/blob/c']);
});

test('a blob that is gone is reported once, with status 3, and all others are delivered', async (t) => {
  const { clock, blobs, sink, run: once } = await bench(t);
  blobs.push(
    { type: general, name: 'a', made: start - 40 * minute, text: undefined },
    { type: general, name: 'b', made: start - 30 * minute, text: '[{"Id":1}]' },
    { type: dlp, name: 'c', made: start - 20 * minute, text: '[{"Id":2}]' },
  );
  const { problems, position } = await once();
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [
      [
        exit.partial,
        `${general}: fig no longer has 1 of the parts that it lists of its records from 2026-11-20T08:00:00Z to 2026-11-20T09:00:00Z`,
      ],
    ],
  );
  assert.equal(sink.taken.length, 2);
  assert.equal(position?.branches.get(general)?.watermark, fromMillis(start));
  clock.now += minute;
  assert.deepEqual((await once()).problems, []);
});

test('a blob that is gone is reported again while the overlap still lists it, and the message says so', async (t) => {
  const { clock, blobs, run: once } = await bench(t);
  blobs.push({ type: general, name: 'a', made: start - 3 * minute, text: undefined });
  for (const expected of [1, 1, 0]) {
    const { problems } = await once();
    assert.equal(problems.length, expected);
    for (const { hint } of problems) assert.match(hint ?? '', /^each run reports it until the overlap has passed it/);
    clock.now += 3 * minute;
  }
});

test('what is made while the items of a list are read is not taken for read, however fast our own clock is', async (t) => {
  const { vendor, clock, blobs, sink, run: once } = await bench(t, 30 * minute);
  let slow = true;
  blobs.push({ type: general, name: 'a', made: start - minute, text: '[{"Id":1}]' });
  vendor.fault = ({ target }, response) => {
    if (slow && target.startsWith('/blob/')) {
      slow = false;
      clock.now += 20 * minute;
      response.setHeader('Date', new Date(clock.now).toUTCString());
      blobs.push({ type: general, name: 'b', made: start + 10 * minute, text: '[{"Id":2}]' });
    }
    return false;
  };
  await once();
  clock.now += minute;
  await once();
  assert.deepEqual(sink.taken, ['{"Id":1}', '{"Id":2}']);
});
