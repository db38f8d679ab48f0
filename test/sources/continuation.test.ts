/**
 * Vendors whose cursor outlives a run and is sent in another request than the first one: 1Password's events, where the
 * cursor stands in place of limit and start time, and Dropbox's team log, where it has an address of its own.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../src/core/definition.ts';
import { restSource } from '../../src/core/rest.ts';
import { run, type RunResult } from '../../src/run.ts';
import { memoryJob, memorySink, type MemorySink } from '../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../support/memory-store.ts';
import { noSearch, sourceTools } from '../support/source-tools.ts';
import { sendJson, serve, type Vendor } from '../support/vendors/server.ts';

const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;

const onePassword = {
  name: 'one-password',
  summary: 'Audit events.',
  settings: { OP_URL: { summary: 'Address.', kind: 'url' }, OP_TOKEN: { summary: 'Token.', secret: true } },
  url: '{OP_URL}/api/v2',
  auth: { type: 'headers', headers: { Authorization: 'Bearer {OP_TOKEN}' } },
  request: { method: 'POST', path: '/auditevents', json: { limit: '{limit}', start_time: '{from}' } },
  paging: {
    type: 'cursor',
    path: 'cursor',
    more: 'has_more',
    bookmark: true,
    request: { method: 'POST', path: '/auditevents', json: { cursor: '{cursor}' } },
  },
  window: { filter: 'ingestion', time: 'iso' },
  records: { path: 'items', id: { paths: ['uuid'] }, time: { path: 'timestamp', format: 'iso' } },
  limits: { page: 2, most: 1000 },
};

const dropbox = {
  name: 'dropbox',
  summary: 'Team log.',
  settings: { DB_URL: { summary: 'Address.', kind: 'url' }, DB_TOKEN: { summary: 'Token.', secret: true } },
  url: '{DB_URL}/2/team_log',
  auth: { type: 'headers', headers: { Authorization: 'Bearer {DB_TOKEN}' } },
  request: { method: 'POST', path: '/get_events', json: { limit: '{limit}', time: { start_time: '{from}' } } },
  paging: {
    type: 'cursor',
    path: 'cursor',
    more: 'has_more',
    bookmark: true,
    invalid: [409],
    request: { method: 'POST', path: '/get_events/continue', json: { cursor: '{cursor}' } },
  },
  window: { filter: 'event', time: 'iso-s' },
  records: { path: 'events', id: { content: true }, time: { path: 'timestamp', format: 'iso' } },
  limits: { page: 2, most: 1000 },
};

interface Place {
  readonly vendor: Vendor;
  readonly sink: MemorySink;
  /** The vendor's log in the order of arrival; adds an event of that time. */
  add(time: number): void;
  /** Cursors given so far are refused with this status. */
  forget(status: number): void;
  now: number;
  run(): Promise<RunResult>;
  /** Path and body of each request since the last call. */
  asked(): string[];
}

/** A vendor that keeps events in the order of arrival and takes a cursor alone, or a start alone, and nothing else. */
async function place(
  context: TestContext,
  definition: object,
  names: { readonly list: string; readonly start: (body: Body) => string | undefined },
): Promise<Place> {
  const log: { readonly time: string; readonly text: string }[] = [];
  let generation = 'a';
  let lost = 0;
  const vendor = await serve({ now: () => here.now }, ({ body }, response) => {
    const asked = JSON.parse(body) as Body;
    const from = names.start(asked);
    if ((asked.cursor === undefined) === (from === undefined))
      return sendJson(response, 400, '{"message":"one of two"}');
    if (asked.cursor !== undefined && asked.cursor[0] !== generation) return sendJson(response, lost, '{}');
    const first =
      asked.cursor === undefined ? log.findIndex(({ time }) => time >= (from ?? '')) : Number(asked.cursor.slice(1));
    const begin = first === -1 ? log.length : first;
    const page = log.slice(begin, begin + 2);
    const end = begin + page.length;
    const events = page.map(({ text }) => text).join(',');
    sendJson(
      response,
      200,
      `{"${names.list}":[${events}],"cursor":"${generation}${end}","has_more":${end < log.length}}`,
    );
  });
  context.after(() => vendor.close());
  const { disk } = memoryStore();
  const sink = memorySink();
  let seen = 0;
  const here: Place = {
    vendor,
    sink,
    now: start,
    add(time) {
      const timestamp = new Date(time).toISOString().replace('.000Z', 'Z');
      log.push({ time: timestamp, text: `{"uuid":"U${log.length}","timestamp":"${timestamp}"}` });
    },
    forget(status) {
      generation = 'b';
      lost = status;
    },
    async run() {
      const parsed = parseDefinition(JSON.parse(JSON.stringify(definition)), 'vendor.yaml');
      const tools = sourceTools(here.now);
      const address = Object.keys(parsed.settings).find((name) => name.endsWith('_URL')) ?? '';
      return run({
        job: { ...memoryJob, firstRun: undefined },
        source: restSource(parsed, { [address]: vendor.origin, OP_TOKEN: 't', DB_TOKEN: 't' }, noSearch, tools),
        sink,
        store: memoryStore(disk),
        scope: { source: parsed.name, sink: 'memory' },
        quarantine: memoryQuarantine(),
        tools,
      });
    },
    asked() {
      const list = vendor.requests.slice(seen).map(({ target, body }) => `${target.split('/').at(-1)} ${body}`);
      seen = vendor.requests.length;
      return list;
    },
  };
  return here;
}

interface Body {
  readonly cursor?: string;
  readonly start_time?: string;
  readonly time?: { readonly start_time?: string };
}

const vendors = {
  'one-password': (context: TestContext) =>
    place(context, onePassword, { list: 'items', start: ({ start_time }) => start_time }),
  dropbox: (context: TestContext) => place(context, dropbox, { list: 'events', start: ({ time }) => time?.start_time }),
};

const clean = ({ problems }: RunResult): void => assert.deepEqual(problems, []);

for (const [name, begin] of Object.entries(vendors)) {
  test(`${name}: a run goes on with the request of later pages, and delivers everything once`, async (context) => {
    const here = await begin(context);
    for (let at = 5; at >= 1; at--) here.add(start - at * minute);
    clean(await here.run());
    const [first, ...later] = here.asked();
    assert.match(first ?? '', /"start_time":"2026-11-13T09:00:00Z"/);
    assert.ok(later.length === 2 && later.every((asked) => /^\w+ \{"cursor":"a\d"\}$/.test(asked)), later.join());
    assert.equal(here.sink.taken.length, 5);

    here.now += minute;
    clean(await here.run());
    assert.deepEqual(here.asked(), [`${later[0]?.split(' ')[0]} {"cursor":"a5"}`]);
    here.add(here.now);
    here.now += minute;
    clean(await here.run());
    assert.equal(here.sink.taken.length, 6);
    assert.equal(new Set(here.sink.taken).size, 6);
  });

  test(`${name}: an event that arrives long after it happened comes with the cursor, and is delivered`, async (context) => {
    const here = await begin(context);
    here.add(start - minute);
    clean(await here.run());
    here.now += 10 * minute;
    here.add(start - 3 * 24 * 60 * minute);
    clean(await here.run());
    assert.equal(here.sink.taken.length, 2);
  });

  test(`${name}: a cursor that is no longer known means reading the window, without a repeat`, async (context) => {
    const here = await begin(context);
    for (let at = 3; at >= 1; at--) here.add(start - at * minute);
    clean(await here.run());
    here.forget(name === 'dropbox' ? 409 : 410);
    here.asked();
    here.now += 30 * 24 * 60 * minute;
    here.add(here.now - minute);
    clean(await here.run());
    assert.match(here.asked().join(), /a3.*start_time":"2026-11-20T08:55:00Z"/);
    assert.equal(here.sink.taken.length, 4);
    assert.equal(new Set(here.sink.taken).size, 4);
  });
}
