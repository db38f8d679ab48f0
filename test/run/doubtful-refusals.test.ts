/** Refusals that may be about the key: a record is set aside only once another one is taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import type { RunResult } from '../../src/run.ts';
import { type MemoryRun, memoryRun, minute, partedByName, start, statuses } from '../support/memory-run.ts';
import { auditRecord, memorySink, stored } from '../support/memory.ts';

/** A sink that refuses each batch with one of `bad` in it by an answer that may be about the key as well. */
function doubting(here: MemoryRun, bad: string): void {
  here.sink.answer = ({ records }) => {
    const isSpoilt = records.some(({ bytes }) => bytes.includes(bad));
    return isSpoilt ? { split: 'refused', tooLarge: true, doubt: 'check MEMORY_KEY' } : undefined;
  };
}

test('a refusal that may be about the key sets a record aside once another is taken, also of a later batch', async () => {
  for (const records of [1, 2, 4]) {
    const here = memoryRun();
    here.sink = memorySink({ records });
    for (const [at, id] of ['good', 'fine', 'bad'].entries()) here.vendor.stored.push(stored(id, start - minute + at));
    doubting(here, 'bad'); // the newest, which comes first
    assert.deepEqual(statuses(await here.run()), [exit.partial]);
    assert.deepEqual(here.quarantine.added, [{ text: here.vendor.stored[2]?.text, reason: 'refused' }]);
    assert.deepEqual(here.ids().toSorted(), ['fine', 'good']);
    here.restart();
    assert.deepEqual(statuses(await here.run()), [], 'the next run does not refuse it again');
    assert.equal(here.quarantine.added.length, 1);
  }
});

test('where nothing at all is taken it is 78, nothing is set aside, and the position stays until another record is taken', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('bad', start - minute));
  doubting(here, 'bad');
  for (let time = 1; time <= 3; time++) {
    const { problems } = await here.run();
    assert.deepEqual(
      problems.map(({ status, message, hint }) => [status, message, hint]),
      [
        [
          exit.config,
          'memory refused bad: refused; it took no other record in this run',
          'check MEMORY_KEY; or it may be this one record, which is set aside by a run that has another one taken, or by one with --max-quarantine 100',
        ],
      ],
    );
    assert.deepEqual(here.quarantine.added, []);
    assert.equal((await here.place())?.watermark, undefined);
    here.restart();
    here.clock.now += minute;
  }
  here.vendor.stored.push(stored('good', start + 2 * minute));
  const { problems, summary } = await here.run();
  assert.deepEqual([problems.length, problems[0]?.status], [1, exit.partial]);
  assert.deepEqual([summary.delivered, summary.quarantined, here.ids()], [1, 1, ['good']]);
  assert.notEqual((await here.place())?.watermark, undefined);
});

test('a sink that takes nothing is not asked about every record, and the run ends with 78, not with too many to set aside', async () => {
  for (const records of [1, 20]) {
    const here = memoryRun({ pageSize: 500 });
    here.sink = memorySink({ records });
    for (let at = 0; at < 40; at++) here.vendor.stored.push(stored(`a${at}`, start - minute - at));
    doubting(here, 'a');
    assert.deepEqual(statuses(await here.run()), [exit.config]);
    assert.ok(here.sink.batches <= 25, String(here.sink.batches));
    assert.deepEqual(here.quarantine.added, []);
  }
});

test('a record taken of another slice or of another branch settles a doubt as well, and the position moves as far as was read', async () => {
  const sliced = memoryRun({ rules: { slice: 10n * 60_000_000_000n } });
  sliced.vendor.stored.push(stored('bad', start - 55 * minute), stored('good', start - 5 * minute));
  doubting(sliced, 'bad');
  assert.deepEqual(statuses(await sliced.run()), [exit.partial]);
  assert.deepEqual([sliced.quarantine.added.length, sliced.ids()], [1, ['good']]);
  const watermark = (await sliced.place())?.watermark;
  assert.equal(watermark, BigInt(start) * 1_000_000n);

  const branched = memoryRun();
  partedByName(branched, ['one', 'two', 'three']);
  branched.vendor.stored.push(stored('bad one', start - minute), stored('good two', start - minute));
  doubting(branched, 'bad');
  assert.deepEqual(statuses(await branched.run()), [exit.partial]);
  assert.deepEqual([branched.quarantine.added.length, branched.ids()], [1, ['good two']]);
  branched.restart();
  assert.deepEqual(statuses(await branched.run()), [], 'the branch that it is of remembers it');
  assert.equal(branched.quarantine.added.length, 1);
});

test('with --max-quarantine 100 what is in doubt is set aside though nothing was taken', async () => {
  for (const records of [1, 20]) {
    const here = memoryRun();
    here.sink = memorySink({ records });
    for (let at = 0; at < 15; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
    doubting(here, 'bad');
    assert.deepEqual(statuses(await here.run({ maxQuarantine: 1 })), [exit.partial]);
    assert.equal(here.quarantine.added.length, 15);
    here.restart();
    assert.deepEqual(statuses(await here.run()), []);
  }
});

test('the watermark does not pass a record in doubt, and neither does a bookmark', async () => {
  const sliced = memoryRun({ rules: { slice: 10n * 60_000_000_000n } });
  sliced.vendor.stored.push(stored('bad', start - 55 * minute));
  doubting(sliced, 'bad');
  assert.deepEqual(statuses(await sliced.run()), [exit.config]);
  assert.equal((await sliced.place())?.watermark, undefined);

  for (const [last, bookmark, expected] of [
    ['bad', undefined, exit.config],
    ['good', 'second', exit.partial],
  ] as const) {
    const here = memoryRun();
    here.vendor.pull = async function* () {
      yield { records: [auditRecord(stored('bad', start))], refused: [], unmatched: 0, bookmark: 'first' };
      yield { records: [auditRecord(stored(last, start))], refused: [], unmatched: 0, bookmark: 'second' };
    };
    doubting(here, 'bad');
    assert.deepEqual(statuses(await here.run()), [expected]);
    assert.equal((await here.place())?.bookmark, bookmark);
  }
});

test('a branch of which too much is in doubt stops no other branch', async () => {
  const here = memoryRun({ pageSize: 50 });
  here.sink = memorySink({ records: 20 });
  partedByName(here, ['bad', 'good']);
  for (let at = 0; at < 15; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
  here.vendor.stored.push(stored('good', start - minute));
  doubting(here, 'bad');
  assert.deepEqual(statuses(await here.run()), [exit.config]);
  assert.deepEqual([here.ids(), here.quarantine.added], [['good'], []]);
});

test('a sink that fails before another record was taken is reported as it failed, and nothing is set aside', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('bad', start - minute + 1), stored('good', start - minute));
  here.sink.answer = ({ records }) => {
    if (records.some(({ bytes }) => bytes.includes('bad'))) return { split: 'refused', doubt: 'check MEMORY_KEY' };
    throw new Problem(exit.unavailable, 'the sink is down');
  };
  const { problems } = await here.run();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the sink is down'],
  );
  assert.deepEqual(here.quarantine.added, []);
});

test('a record in doubt of a stream is to be put in again, since a stream cannot be asked again', async () => {
  const here = memoryRun({ isStream: true });
  here.vendor.stored.push(stored('bad', start - minute));
  doubting(here, 'bad');
  const { problems } = await here.run();
  assert.deepEqual(statuses({ problems } as RunResult), [exit.config]);
  assert.match(problems[0]?.hint ?? '', /^check MEMORY_KEY; .*; memory cannot be asked again: have the command before/);
});
