/** What a run delivers, and that the runs after it deliver it no second time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { memoryRun, minute, start, statuses } from '../support/memory-run.ts';
import { auditRecord, stored } from '../support/memory.ts';

test('a second run delivers only what is new', async () => {
  const here = memoryRun();
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const first = await here.run();
  assert.deepEqual(statuses(first), []);
  assert.equal(here.ids().length, 10);

  here.restart();
  here.clock.now += minute;
  here.vendor.stored.push(stored('b1', start + 1));
  const second = await here.run();
  assert.deepEqual(statuses(second), []);
  assert.deepEqual(here.ids().slice(10), ['b1']);
  assert.equal(second.summary.delivered, 1);
  assert.ok(second.summary.seen > 0, 'the overlap was read again');
});

test('a record that becomes visible late, but within the overlap, is delivered once', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('late', start - 2 * minute, start + minute));
  await here.run();
  assert.deepEqual(here.ids(), []);
  here.clock.now += 2 * minute;
  await here.run();
  here.clock.now += minute;
  await here.run();
  assert.deepEqual(here.ids(), ['late']);
});

test('records of a slow source leave when they have waited for a second, though their batch is not full', async () => {
  const here = memoryRun({ pageSize: 1 });
  for (let at = 1; at <= 3; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const taken: number[] = [];
  here.vendor.beforePage = () => {
    taken.push(here.sink.taken.length);
    here.clock.now += 1000;
  };
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(taken, [0, 0, 2]);
});

test('records with one ID and other content are delivered both, but with --dedupe id once', async () => {
  for (const [dedupe, delivered, conflicts, changed] of [
    ['changes', 2, 0, 1],
    ['id', 1, 1, 0],
    ['content', 2, 0, 0],
  ] as const) {
    const here = memoryRun();
    here.vendor.stored.push(stored('same', start - minute), stored('same', start - 2 * minute));
    const keys = new Set<string>();
    here.sink.answer = ({ records }) => {
      for (const { key, keyStart, keyEnd } of records) keys.add(key.toString('utf8', keyStart, keyEnd));
      return undefined;
    };
    const { summary } = await here.run({ dedupe });
    assert.deepEqual([summary.delivered, summary.conflicts, summary.changed], [delivered, conflicts, changed]);
    assert.equal(keys.size, delivered, 'the destination can tell them apart');
  }
});

test('what a destination diverts is delivered, and the run is partial', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute), stored('b', start - minute));
  here.sink.answer = ({ records }) => ({ outcomes: records.map((_, at) => (at === 0 ? 'diverted' : 'kept')) });
  const { problems, summary } = await here.run();
  assert.deepEqual([summary.delivered, summary.diverted], [2, 1]);
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [[exit.partial, 'memory put 1 record into its failure store, not into the index']],
  );
  here.clock.now += minute;
  assert.deepEqual((await here.run()).problems, [], 'it is not sent again');
});

test('a cursor vendor whose page was half delivered shows it again, and nothing is taken for a new twin', async () => {
  const here = memoryRun();
  const remembered: boolean[] = [];
  const record = auditRecord(stored('twin', start - minute));
  let fail = true;
  here.vendor.pull = async function* ({ remembers, bookmark }) {
    remembered.push(remembers(record.key, record.keyStart, record.keyEnd));
    yield { records: [record], refused: [], unmatched: 0 };
    if (fail) throw new Problem(exit.unavailable, 'the page broke off');
    if (bookmark !== 'next') yield { records: [], refused: [], unmatched: 0, bookmark: 'next' };
  };
  await here.run();
  here.restart();
  fail = false;
  await here.run();
  here.restart();
  await here.run();
  assert.deepEqual(remembered, [false, false, true], 'remembered only once its bookmark is saved');
});

test('a run that is killed between two batches repeats one batch at most', async () => {
  const here = memoryRun({ pageSize: 20 });
  for (let at = 1; at <= 20; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  await here.run({ firstRun: 1n }); // a position to journal beside
  here.sink.answer = () => {
    if (here.sink.batches === 4) throw new Error('killed');
    return undefined;
  };
  await assert.rejects(here.run({ since: undefined, overlap: parseDuration('1h', '--overlap') }), /killed/);
  here.restart();
  here.sink.answer = () => undefined;
  await here.run({ overlap: parseDuration('1h', '--overlap') });
  const repeats = here.ids().length - new Set(here.ids()).size;
  assert.equal(new Set(here.ids()).size, 20);
  assert.ok(repeats <= 4, `${repeats} repeats`);
});
