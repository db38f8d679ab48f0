/** A vendor that refuses windows that are too short for it (window.shortest): nothing that is asked of it is. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { restSource } from '../../../src/core/rest.ts';
import { run } from '../../../src/run.ts';
import { memoryJob, memorySink } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';
import { noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const start = Date.parse('2026-11-20T16:00:00Z');

interface Vendor {
  /** In seconds, between which windows are answered. */
  readonly least: number;
  readonly most: number;
  /** The most rows that one window gives. */
  readonly cap?: number;
  /** `window` of the definition, where it is another. */
  readonly window: object;
  /** How many of what it is written in are a second. */
  readonly unit?: number;
}

/** A run against a vendor that has a record every five seconds: its problems, and the lengths that were asked for. */
async function runAt(context: TestContext, { least, most, cap = Infinity, window, unit = 1 }: Vendor) {
  const lengths: number[] = [];
  const vendor = await serve({ now: () => start }, ({ target }, response) => {
    const { searchParams } = new URL(target, 'http://elm');
    const [from = 0, until = 0] = ['from', 'until'].map((name) => Number(searchParams.get(name)) / unit);
    lengths.push(until - from);
    if (until - from < least || until - from > most) return sendJson(response, 400, '{"message":"not so"}');
    const rows: string[] = [];
    for (let at = Math.ceil(from / 5) * 5; at < until; at += 5) rows.push(`{"id":${at},"time":${at}}`);
    sendJson(response, 200, `{"capped":${rows.length > cap},"rows":[${rows.slice(0, cap).join(',')}]}`);
  });
  context.after(() => vendor.close());
  const definition = parseDefinition(
    {
      name: 'elm',
      summary: 'Elm.',
      settings: {
        ELM_URL: { summary: 'Address.' },
        ELM_TIME: { summary: 'How times are written.', values: ['old', 'new'], default: 'new' },
      },
      url: '{ELM_URL}',
      auth: { type: 'none' },
      request: { path: '/', query: { from: '{from}', until: '{until}' } },
      paging: { type: 'none' },
      window: { filter: 'event', time: 'epoch-s', firstRun: '10m', shortest: '30s', ...window },
      records: { path: 'rows', id: { paths: ['id'] }, time: { path: 'time', format: 'epoch-s' }, capped: 'capped' },
    },
    'elm.yaml',
  );
  const tools = { ...sourceTools(), now: () => start };
  const { problems } = await run({
    job: { ...memoryJob, firstRun: undefined },
    source: restSource(definition, { ELM_URL: vendor.origin, ELM_TIME: 'new' }, noSearch, tools),
    sink: memorySink(),
    store: memoryStore(),
    scope: { source: 'elm', sink: 'memory' },
    quarantine: memoryQuarantine(),
    tools,
  });
  return { problems, lengths };
}

test('a window that a cap cuts off is not halved into windows that the vendor refuses: the cap is reported', async (t) => {
  const { problems, lengths } = await runAt(t, { least: 30, most: 3600, cap: 6, window: {} });
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message.replace(/ of its records .*/, '')]),
    [[3, 'elm gave only a part']],
  );
  assert.ok(lengths.every((length) => length >= 30));
});

test('where the moment before the beginning is named, pieces are no longer than the vendor allows, though it allows only twice the shortest', async (t) => {
  const window = { time: { format: 'epoch-s', exclusive: true }, longest: '1m' };
  const { problems, lengths } = await runAt(t, { least: 30, most: 60, window });
  assert.deepEqual(problems, []);
  assert.ok(lengths.length > 9);
});

test('nor is a piece behind the first shorter than the vendor answers, where the longest is less than two of the shortest for it', async (t) => {
  const window = { time: { format: 'epoch-ms', exclusive: true }, longest: '1m', firstRun: '178s' };
  const { problems, lengths } = await runAt(t, { least: 30, most: 60, window, unit: 1000 });
  assert.deepEqual(problems, []);
  assert.equal(lengths.length, 3);
});

test('where a setting says that the moment before the beginning is named, a window that a cap cuts off is halved as well', async (t) => {
  const formats = { old: 'epoch-s', new: { format: 'epoch-s', exclusive: true } };
  const window = { time: { setting: 'ELM_TIME', formats }, longest: '1m', firstRun: '118s' };
  const { problems, lengths } = await runAt(t, { least: 30, most: 60, cap: 8, window });
  assert.deepEqual(problems, []);
  assert.ok(lengths.includes(31));
});
