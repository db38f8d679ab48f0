/** Searches and single queries, which have no position or leave it where it is, and dry runs, which send and save nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { everyMinute, memoryRun, minute, start, statuses } from '../support/memory-run.ts';
import { memorySink, stored } from '../support/memory.ts';

test('a search reads and writes no position', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute));
  await here.run({ usePosition: false });
  await here.run({ usePosition: false });
  assert.deepEqual(here.ids(), ['a', 'a']);
  assert.equal(here.store.disk.saved, undefined);
});

test('a search asks for each of its slices from the beginning, though the pages of the one before named a bookmark', async () => {
  const here = memoryRun({ rules: { slice: 30n * 60_000_000_000n } });
  const { pull } = here.vendor;
  const bookmarks: (string | undefined)[] = [];
  here.vendor.pull = async function* (ask) {
    bookmarks.push(ask.bookmark);
    yield* pull(ask);
    yield { records: [], refused: [], unmatched: 0, bookmark: 'further on' };
  };
  here.vendor.stored.push(stored('a', start - 50 * minute), stored('b', start - minute));
  assert.deepEqual(statuses(await here.run({ usePosition: false })), []);
  assert.deepEqual(
    [bookmarks, here.ids()],
    [
      [undefined, undefined],
      ['a', 'b'],
    ],
  );
});

test('a search finds what the source would let settle first', async () => {
  const here = memoryRun({ rules: { delay: parseDuration('1h', 'delay') } });
  here.vendor.stored.push(stored('fresh', start - minute));
  const search = { usePosition: false, since: BigInt(start - 30 * minute) * 1_000_000n };
  assert.deepEqual([statuses(await here.run(search)), here.ids(), here.warnings], [[], ['fresh'], []]);
  assert.deepEqual(statuses(await here.run({ ...search, delay: parseDuration('1h', '--delay') })), []);
  assert.deepEqual(here.ids(), ['fresh']);
  assert.match(here.warnings.join(), /^nothing from --since on is read yet/);
});

test('a search that reaches further back than a vendor without a time parameter goes is partial, and told so once', async () => {
  const here = memoryRun({ rules: { filter: 'none', reach: parseDuration('1h', 'reach') } });
  here.vendor.branches = async () => ['one', 'two'];
  for (const [hours, expected] of [
    [1, []],
    [3, [exit.partial]],
  ] as const) {
    const since = BigInt(start - hours * 60 * minute) * 1_000_000n;
    assert.deepEqual(statuses(await here.run({ usePosition: false, since, firstRun: undefined })), expected);
  }
  assert.deepEqual(here.warnings, []);
});

test('one query asks for the whole window, though a run reads it in slices', async () => {
  const here = memoryRun({ rules: { slice: 10n * 60_000_000_000n } });
  here.vendor.stored.push(stored('a', start - 50 * minute), stored('b', start - minute));
  const search = { ...everyMinute.search, single: true };
  assert.deepEqual(statuses(await here.run({ search, usePosition: false })), []);
  assert.deepEqual(here.ids().toSorted(), ['a', 'b']);
});

test('what a single query leaves unread is reported, and that the position, if there is one, stays', async () => {
  const search = { ...everyMinute.search, single: true };
  for (const usePosition of [true, false]) {
    const here = memoryRun();
    here.vendor.truncated = () => true;
    const { problems } = await here.run({ search, usePosition });
    assert.deepEqual(
      problems.map(({ status, hint }) => [status, hint?.includes('until then the position stays')]),
      [[exit.partial, usePosition]],
    );
  }
});

test('a delay that is longer than the vendor keeps records is 78: every window would be empty', async () => {
  const here = memoryRun({ rules: { retention: parseDuration('1d', 'retention') } });
  here.vendor.stored.push(stored('old', start - 30 * minute));
  const { problems } = await here.run({ delay: parseDuration('1d', '--delay') });
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [[exit.config, 'memory keeps records for 1d, so that after a delay of 1d there are none']],
  );
  assert.deepEqual(statuses(await here.run({ delay: parseDuration('23h', '--delay') })), []);
  const bounds = { since: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
  const search = await here.run({ ...bounds, usePosition: false, delay: parseDuration('1d', '--delay') });
  assert.deepEqual([statuses(search), here.ids()], [[], ['old']], 'with --until there is nothing to let settle');
});

test('a dry run sends and saves nothing', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute));
  const { summary } = await here.run({ dryRun: true });
  assert.equal(summary.delivered, 1);
  assert.deepEqual(here.ids(), []);
  assert.equal(here.store.disk.saved, undefined);
});

test('a dry run neither takes the lock nor waits for who has it, and opens no destination', async () => {
  const here = memoryRun();
  const { store, sink } = here;
  store.lock = () => Promise.reject(new Problem(exit.tempfail, 'another run of job memory is still going'));
  sink.open = () => Promise.reject(new Problem(exit.cantcreat, 'memory cannot be opened'));
  here.vendor.stored.push(stored('a', start - minute));
  const result = await here.run({ dryRun: true });
  assert.deepEqual([statuses(result), result.summary.delivered], [[], 1]);
});

test('a dry run says what would be set aside, and why, and sets nothing aside', async () => {
  const here = memoryRun();
  here.sink = memorySink({ record: 100 });
  here.vendor.stored.push(stored('a', start - minute));
  for (const id of ['b', 'c']) here.vendor.stored.push(stored(id.repeat(200), start - minute));
  const { summary, problems } = await here.run({ dryRun: true });
  assert.deepEqual([summary.delivered, summary.quarantined, here.quarantine.added], [1, 2, []]);
  assert.deepEqual(
    problems.map(({ status, message, hint }) => [status, message, hint]),
    [
      [
        exit.partial,
        '2 records would be set aside: larger than the 100 bytes that memory takes',
        'without --dry-run they go to /memory/quarantine, each with its reason',
      ],
    ],
  );
});

test('a dry run asks for no acknowledgement, and counts what has none as still to be delivered', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute), stored('b', start - minute));
  here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
  here.sink.settle = () => Promise.resolve({ outcome: 'waiting' });
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  here.sink.settle = () => assert.fail('the destination was asked');
  const before = structuredClone(here.store.disk);
  const result = await here.run({ dryRun: true });
  assert.deepEqual([statuses(result), result.summary.delivered, result.summary.seen], [[], 2, 0]);
  assert.deepEqual(here.store.disk, before);
});
