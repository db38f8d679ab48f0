/** Vendors that say where to go on: a bookmark takes the place of slices, and may expire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { Page } from '../../src/core/types.ts';
import { fail, type MemoryRun, memoryRun, minute, quotaUsedUp, start, statuses } from '../support/memory-run.ts';
import { auditRecord, stopWith, stored } from '../support/memory.ts';

/** Lets the vendor go on after a bookmark, whatever the slice; three pages are all that a run gets. Counts the slices. */
function goingOn(here: MemoryRun): { asked: number } {
  const count = { asked: 0 };
  here.vendor.pull = async function* ({ bookmark }) {
    count.asked += 1;
    for (let at = Number(bookmark ?? 0), page = 0; at < here.vendor.stored.length; at += 2, page++) {
      here.vendor.beforePage(page);
      const records = here.vendor.stored.slice(at, at + 2).map(auditRecord);
      yield { records, refused: [], unmatched: 0 };
      yield { records: [], refused: [], unmatched: 0, bookmark: String(at + records.length) };
    }
  };
  return count;
}

const outOfTime = new Problem(exit.tempfail, 'out of time');

for (const [what, filter, stop] of [
  ['that a quota cuts off', 'event', (): never => fail(quotaUsedUp)],
  ['that a stop cuts off', 'event', ({ controller }: MemoryRun): never => stopWith(controller, outOfTime)],
  [
    'that a stop cuts off, without a time filter',
    'none',
    ({ controller }: MemoryRun): never => stopWith(controller, outOfTime),
  ],
] as const) {
  test(`a slice ${what} gets no shorter where a bookmark says where to go on`, async () => {
    const here = memoryRun({ rules: { filter } });
    const count = goingOn(here);
    for (let at = 20; at >= 1; at--) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
    here.vendor.beforePage = (page) => (page < 3 ? undefined : stop(here));
    const ends: (number | undefined)[] = [];
    while (ends.at(-1) !== 0 && ends.length < 10) {
      here.controller = new AbortController();
      ends.push(statuses(await here.run())[0] ?? 0);
      assert.equal((await here.place())?.slice, undefined);
      here.restart();
    }
    assert.deepEqual(ends, [exit.tempfail, exit.tempfail, exit.tempfail, 0]);
    assert.deepEqual([count.asked, here.ids()], [4, here.vendor.stored.map(({ id }) => id)]);
  });
}

test('a slice that was shortened before there was a bookmark shortens none from then on', async () => {
  const here = memoryRun();
  const count = goingOn(here);
  await here.run();
  const position = await here.store.load();
  const place = position?.branches.get('');
  assert.ok(position !== undefined && place !== undefined);
  Object.assign(place, { bookmark: '0', slice: 1000 });
  await here.store.save(position);
  here.restart();
  here.vendor.stored.push(stored('a', start - minute));
  here.clock.now += 60 * minute;
  count.asked = 0;
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual([count.asked, here.ids()], [1, ['a']]);
  assert.equal((await here.place())?.slice, undefined);
});

for (const filter of ['event', 'ingestion', 'none'] as const) {
  test(`a record that shows up behind the bookmark is delivered with --since, too, whatever its time: filter ${filter}`, async () => {
    const here = memoryRun({ rules: { filter } });
    let pages: readonly Partial<Page>[] = [{ bookmark: 'first' }];
    here.vendor.pull = async function* () {
      for (const page of pages) yield { records: [], refused: [], unmatched: 0, ...page };
    };
    await here.run();
    here.clock.now += minute;
    pages = [{ records: [auditRecord(stored('late', start - 60 * minute))] }, { bookmark: 'second' }];
    const { problems, summary } = await here.run({ since: { back: parseDuration('5m', '--since') } });
    assert.deepEqual([problems, here.ids(), summary.outside], [[], ['late'], 0]);
  });
}

test('a bookmark is saved before the next page is read: a run that is killed then begins no earlier', async () => {
  const here = memoryRun();
  const saved: (string | undefined)[] = [];
  here.vendor.pull = async function* () {
    for (const bookmark of ['first', 'second', 'third']) {
      yield { records: [auditRecord(stored(bookmark, start - minute))], refused: [], unmatched: 0 };
      yield { records: [], refused: [], unmatched: 0, bookmark };
      saved.push((await here.place())?.bookmark);
    }
  };
  await here.run();
  assert.deepEqual(saved, ['first', 'second', 'third']);
});

test('a record that followed a bookmark, younger than the delay, is known when the bookmark has expired', async () => {
  const here = memoryRun();
  const young = stored('young', start - minute);
  let pages: readonly Partial<Page>[] = [{ bookmark: 'first' }];
  here.vendor.pull = async function* () {
    for (const page of pages) yield { records: [], refused: [], unmatched: 0, ...page };
  };
  const tick = async (next: readonly Partial<Page>[]): Promise<void> => {
    pages = next;
    assert.deepEqual(statuses(await here.run({ delay: parseDuration('10m', '--delay') })), []);
    here.restart();
    here.clock.now += 10 * minute;
  };
  await tick([{ bookmark: 'first' }]);
  here.clock.now = start;
  await tick([{ records: [auditRecord(young)] }, { bookmark: 'second' }]);
  await tick([{ bookmark: 'third' }]);
  await tick([{ restarted: true, records: [auditRecord(young)] }]);
  assert.deepEqual(here.ids(), ['young']);
});

for (const [what, longest, delay] of [
  ['younger than the delay', undefined, '10m'],
  ['younger than the first slice', '30m', '0s'],
] as const) {
  test(`a record that was on the way to a first bookmark, ${what}, is known when the bookmark has expired`, async () => {
    const slices = longest === undefined ? {} : { longest: parseDuration(longest, 'longest') };
    const here = memoryRun({ rules: { filter: 'ingestion', ...slices } });
    const young = auditRecord(stored('young', start - minute));
    const beginning = { restarted: true, records: [young] };
    let pages: Partial<Page>[] = [];
    here.vendor.pull = async function* () {
      for (const page of pages.splice(0)) yield { records: [], refused: [], unmatched: 0, ...page };
    };
    for (const next of [[beginning, { bookmark: 'first' }], [{ bookmark: 'second' }], [beginning]]) {
      pages = next;
      assert.deepEqual(statuses(await here.run({ delay: parseDuration(delay, '--delay') })), []);
      here.restart();
      here.clock.now += delay === '0s' ? minute : 10 * minute;
    }
    assert.deepEqual(here.ids(), ['young']);
  });
}

test('after a bookmark has expired, none is taken over before the vendor has shown all that was delivered', async () => {
  const here = memoryRun();
  const records = ['a', 'b', 'c'].map((id) => auditRecord(stored(id, start - minute)));
  let pages: readonly Partial<Page>[] = [{ records: records.slice(0, 2) }, { bookmark: 'first' }];
  const saved: (string | undefined)[] = [];
  here.vendor.pull = async function* () {
    for (const page of pages) {
      yield { records: [], refused: [], unmatched: 0, ...page };
      if (page.bookmark !== undefined) saved.push((await here.place())?.bookmark);
    }
  };
  const again = records.flatMap((record, at) => [{ records: [record] }, { bookmark: `after ${at}` }]);
  await here.run();
  here.restart();
  here.clock.now += minute;
  pages = [{ restarted: true }, ...again];
  await here.run();
  assert.deepEqual(saved, ['first', 'first', 'first', 'after 2'], 'a and b were delivered before, c is new');
  here.restart();
  here.clock.now += minute;
  await here.run();
  assert.deepEqual(saved.slice(4), ['after 2', 'after 2', 'after 2'], 'all were delivered before');
  pages = [{ restarted: true }, ...again, { bookmark: 'end' }];
  await here.run();
  assert.equal((await here.place())?.bookmark, 'end', 'at the end of the reading there is no more to show');
});
