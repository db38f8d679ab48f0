/** A vendor that refuses windows that are longer than window.longest, to the last second or day that they are written in. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { Job, Search } from '../../../src/core/types.ts';
import { run } from '../../../src/run.ts';
import { memoryJob, memorySink } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';
import { noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const start = Date.parse('2026-11-20T16:00:00.123Z');
const hour = 3_600_000;
const day = 24 * hour;

interface Vendor {
  /** `window.time`. */
  readonly time: string;
  /** In milliseconds. */
  readonly most: number;
  /** `window` of the definition, where it is another. */
  readonly window: object;
  /** Tells its clock. */
  readonly isDated: boolean;
}

/** A run against a vendor that has a record every hour, and those of the last 36: what went wrong, and how many came. */
async function runAt(
  context: TestContext,
  { time, most, window, isDated }: Vendor,
  job: Partial<Job> = {},
  search: Partial<Search> = {},
): Promise<{ readonly told: string[]; readonly count: number; readonly asked: number; readonly refused: number }> {
  let refused = 0;
  const moments = Array.from({ length: 36 }, (_, at) => start - at * hour - 1000);
  const vendor = await serve({ now: () => start }, ({ target }, response) => {
    response.sendDate = isDated;
    if (!isDated) response.removeHeader('Date');
    const { searchParams } = new URL(target, 'http://elm');
    const [from = 0, until = 0] = ['from', 'until'].map((name) => Date.parse(searchParams.get(name) ?? ''));
    if (until - from > most) {
      refused++;
      return sendJson(response, 400, '{"message":"too long"}');
    }
    const rows = moments.filter((at) => at >= from && at < until);
    sendJson(response, 200, JSON.stringify({ rows: rows.map((at) => ({ id: at, time: at })) }));
  });
  context.after(() => vendor.close());
  const definition = parseDefinition(
    {
      name: 'elm',
      summary: 'Elm.',
      settings: { ELM_URL: { summary: 'Address.' } },
      url: '{ELM_URL}',
      auth: { type: 'none' },
      request: { path: '/', query: { from: '{from}', until: '{until}' } },
      paging: { type: 'none' },
      window: { filter: 'event', time, ...window },
      records: { path: 'rows', id: { paths: ['id'] }, time: { path: 'time', format: 'epoch-ms' } },
    },
    'elm.yaml',
  );
  const tools = { ...sourceTools(), now: () => start };
  const asked = { ...noSearch, ...search };
  const sink = memorySink();
  const { problems } = await run({
    job: { ...memoryJob, firstRun: undefined, search: asked, ...job },
    source: restSource(definition, { ELM_URL: vendor.origin }, asked, tools),
    sink,
    store: job.usePosition === false ? undefined : memoryStore(),
    scope: { source: 'elm', sink: 'memory' },
    quarantine: memoryQuarantine(),
    tools,
  });
  const told = problems.map(({ status, message }) => `${status} ${message}`);
  return { told, count: sink.taken.length, asked: vendor.requests.length, refused };
}

const back = (milliseconds: number): Partial<Job> => ({
  usePosition: false,
  since: { back: BigInt(milliseconds) * 1_000_000n },
});

for (const isDated of [true, false]) {
  const vendor = { time: 'iso-s', most: hour, window: { longest: '1h' }, isDated };
  const clock = isDated ? 'that tells its clock' : 'that tells no clock';

  test(`one query over as much as a vendor ${clock} allows asks for no second more`, async (context) => {
    const found = await runAt(context, vendor, back(hour), { single: true });
    assert.deepEqual(found, { told: [], count: 1, asked: 1, refused: 0 });
  });

  test(`a search over as much as a vendor ${clock} allows is one query, and asks for no second more`, async (context) => {
    assert.deepEqual(await runAt(context, vendor, back(hour)), { told: [], count: 1, asked: 1, refused: 0 });
  });

  test(`a first run over as much as a vendor ${clock} allows, or keeps, asks for no second more`, async (context) => {
    for (const window of [{ firstRun: '1h' }, { retention: '1h' }]) {
      const found = await runAt(context, { ...vendor, window: { longest: '1h', ...window } });
      assert.deepEqual(found, { told: [], count: 1, asked: 1, refused: 0 });
    }
  });

  test(`a first run over as many days as a vendor ${clock} allows asks for no day more`, async (context) => {
    const window = { firstRun: '1d', longest: '1d' };
    const { told, count, refused } = await runAt(context, { time: 'date', most: day, window, isDated });
    assert.deepEqual({ told, count, refused }, { told: [], count: 24, refused: 0 });
  });
}
