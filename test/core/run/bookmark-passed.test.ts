/** What a bookmark, or the loss of one, passes over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../../src/core/clock/duration.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { fromMillis } from '../../../src/core/time.ts';
import type { Job, Page } from '../../../src/core/types.ts';
import { run } from '../../../src/run.ts';
import { fakeTools } from '../../support/fake-tools.ts';
import { auditRecord, memoryJob, memorySink, memoryVendor, stored } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';

const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const hour = 60 * minute;

function scene(filter: 'event' | 'none') {
  const clock = { now: start };
  const source = memoryVendor(clock, { rules: { filter, firstRun: parseDuration('1h', 'firstRun') } });
  const sink = memorySink();
  const store = memoryStore();
  const bookmarks: (string | undefined)[] = [];
  const tick = async (pages: readonly Partial<Page>[], job: Partial<Job> = {}): Promise<readonly string[]> => {
    source.pull = async function* ({ bookmark }) {
      bookmarks.push(bookmark);
      for (const page of pages) yield { records: [], refused: [], unmatched: 0, ...page };
    };
    const { problems } = await run({
      job: { ...memoryJob, firstRun: undefined, ...job },
      source,
      sink,
      store: memoryStore(store.disk),
      scope: { source: 'memory', sink: 'memory' },
      quarantine: memoryQuarantine(),
      tools: fakeTools(clock),
    });
    return problems.map(({ status, message }) => `${status} ${message}`);
  };
  return { clock, source, sink, store, bookmarks, tick };
}

test('a bookmark past records that --until left out is not saved: a later run brings them', async () => {
  for (const filter of ['event', 'none'] as const) {
    const { sink, bookmarks, tick } = scene(filter);
    const records = [start - 10 * minute, start - minute].map((time) => auditRecord(stored(`${time}`, time)));
    const pages = [{ records }, { bookmark: 'behind them' }];
    assert.deepEqual(await tick(pages, { until: fromMillis(start - 5 * minute) }), []);
    assert.equal(sink.taken.length, 1);
    assert.deepEqual(await tick(pages), []);
    assert.deepEqual(await tick([]), []);
    assert.deepEqual([sink.taken.length, bookmarks], [2, [undefined, undefined, 'behind them']]);
  }
});

test('what is gone with a bookmark that has expired is reported by the vendor’s clock', async () => {
  const { clock, source, tick } = scene('none');
  source.serverTime = () => fromMillis(clock.now - 30 * minute);
  assert.deepEqual(await tick([{ bookmark: 'first' }]), []);
  clock.now += 3 * hour;
  assert.deepEqual(await tick([{ restarted: true }, { bookmark: 'second' }]), [
    '3 records from 2026-11-20T08:30:00Z to 2026-11-20T10:30:00Z are gone: memory no longer keeps them',
  ]);
});

test('a window of which the vendor says that something is missing ends with that, and is read again, though what came is delivered', async () => {
  const { clock, sink, store, tick } = scene('event');
  const records = [auditRecord(stored('a', start - minute))];
  const incomplete = new Problem(exit.protocol, 'memory announced 2 records and gave 1');
  for (const position of ['first', 'later']) {
    const before = (await store.load())?.branches.get('')?.watermark;
    assert.deepEqual(await tick([{ records }, { incomplete }, {}]), ['76 memory announced 2 records and gave 1']);
    const place = (await memoryStore(store.disk).load())?.branches.get('');
    assert.deepEqual([sink.taken.length, place?.watermark], [1, before], position);
    assert.deepEqual(await tick([{ records }]), []);
    clock.now += minute;
  }
});
