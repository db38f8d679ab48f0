/** Records that the destination or the program refuses: set aside, counted over runs, and too many of them. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit } from '../../src/core/problem.ts';
import { type MemoryRun, memoryRun, minute, partedByName, start, statuses } from '../support/memory-run.ts';
import { memorySink, stored } from '../support/memory.ts';

test('a refused record is set aside once and the rest goes on, with status 3', async () => {
  const here = memoryRun();
  for (const id of ['good', 'bad', 'fine']) here.vendor.stored.push(stored(id, start - minute));
  here.sink.answer = ({ records }) => ({
    outcomes: records.map((record) => (record.key.toString() === '"bad"' ? { refused: 'no mapping' } : 'kept')),
  });
  const result = await here.run();
  assert.deepEqual(statuses(result), [exit.partial]);
  assert.deepEqual(here.quarantine.added, [{ text: here.vendor.stored[1]?.text, reason: 'no mapping' }]);
  assert.equal(result.summary.delivered, 2);
  here.restart();
  assert.deepEqual(statuses(await here.run()), [], 'the next run does not refuse it again');
  assert.equal(here.quarantine.added.length, 1);
});

test('a broken record in a page is set aside once, although the overlap shows it again', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.refused = [
    { text: Buffer.from('{"id": 1 "x": 2}'), more: false, reason: 'expected a comma', key: 'refused:1' },
  ];
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
  here.restart();
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal(here.quarantine.added.length, 1);
});

test('a broken record that the source gives in parts is one record', async () => {
  const here = memoryRun();
  const broken = { reason: 'expected a comma', key: 'refused:1' };
  here.vendor.refused = [
    { text: Buffer.from('{"id": 1 '), more: true, reason: broken.reason },
    { text: Buffer.from('"x": 2}'), more: false, ...broken },
  ];
  const { problems, summary } = await here.run();
  assert.deepEqual(
    [problems.map(({ status }) => status), summary.fetched, summary.quarantined],
    [[exit.partial], 1, 1],
  );
});

test('a sink that refuses nearly everything stops the run before the trail is drained into a file', async () => {
  const here = memoryRun();
  for (let at = 0; at < 40; at++) here.vendor.stored.push(stored(`a${at}`, start - minute - at));
  here.sink.answer = ({ records }) => ({ outcomes: records.map(() => ({ refused: 'mapping' })) });
  const { problems } = await here.run();
  assert.equal(problems[0]?.status, exit.data);
  assert.match(
    problems[0].message,
    /^\d+ of \d+ records were refused, too many to set aside: \w+ refused a\d+: mapping$/,
  );
  assert.match(
    problems[0].hint ?? '',
    /for the position stays; or have one run set them all aside, with --max-quarantine 100$/,
  );
  assert.ok(here.quarantine.added.length <= 12);
  assert.equal((await here.place())?.watermark, undefined);
});

/** Ticks of a minute with one new record each, of which the sink refuses those called `bad`; the status of each. */
async function ticks(here: MemoryRun, ids: readonly string[]): Promise<number[]> {
  const ends: number[] = [];
  here.sink.answer = ({ records }) => {
    const isBad = records.map(({ bytes }) => bytes.includes('bad'));
    return isBad.includes(true) ? { outcomes: isBad.map((bad) => (bad ? { refused: 'mapping' } : 'kept')) } : undefined;
  };
  for (const id of ids) {
    here.clock.now += minute;
    here.vendor.stored.push(stored(`${id}${here.clock.now}`, here.clock.now - 1));
    ends.push(...statuses(await here.run()));
    here.restart();
  }
  return ends;
}

test('refused records are counted over runs: after ten in a row the position stays, and one accepted begins the count anew', async () => {
  const here = memoryRun();
  const ten = Array<string>(10).fill('bad');
  const partial = Array<number>(10).fill(exit.partial);
  assert.deepEqual(await ticks(here, ten), partial);
  const before = (await here.place())?.watermark;
  assert.deepEqual(await ticks(here, ['bad', 'bad']), [exit.data, exit.data]);
  assert.equal((await here.place())?.watermark, before);
  assert.equal(here.quarantine.added.length, 10);

  here.vendor.stored.splice(0);
  assert.deepEqual(await ticks(here, ['good', ...ten, 'good', 'bad']), [...partial, exit.partial]);
});

test('what a vendor shows again, known already, does not hide that all new records are refused', async () => {
  const here = memoryRun({ rules: { overlap: parseDuration('2h', 'overlap') } });
  for (let at = 1; at <= 200; at++) here.vendor.stored.push(stored(`a${at}`, start - at * 10_000));
  assert.deepEqual(statuses(await here.run()), []);
  here.restart();
  assert.deepEqual(await ticks(here, Array<string>(11).fill('bad')), [
    ...Array<number>(10).fill(exit.partial),
    exit.data,
  ]);
});

test('broken records of the source are counted over runs, too, and those of a run that others follow are no more than they are', async () => {
  const here = memoryRun();
  const broken = (at: number): void => {
    here.clock.now += minute;
    here.vendor.refused = [{ text: Buffer.from(`{${at}`), more: false, reason: 'no JSON', key: `refused:${at}` }];
  };
  for (let at = 1; at <= 12; at++) {
    broken(at);
    here.vendor.stored.push(stored(`a${at}`, here.clock.now - 1));
    assert.deepEqual(statuses(await here.run()), [exit.partial]);
    here.restart();
  }
  for (let at = 13; at <= 23; at++) {
    broken(at);
    assert.deepEqual(statuses(await here.run()), [at === 23 ? exit.data : exit.partial], `${at}`);
    here.restart();
  }
});

test('a branch of which too many records are refused stops no other branch, though the destination refuses them one by one', async () => {
  const here = memoryRun({ pageSize: 50 });
  here.sink = memorySink({ records: 20 });
  partedByName(here, ['bad', 'good']);
  for (let at = 0; at < 15; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
  here.vendor.stored.push(stored('good', start - minute));
  here.sink.answer = ({ records }) =>
    records[0]?.bytes.includes('bad') ? { outcomes: records.map(() => ({ refused: 'no mapping' })) } : undefined;
  for (let run = 0; run < 3; run++) {
    assert.deepEqual(statuses(await here.run()), [exit.data]);
    assert.deepEqual(here.quarantine.added, []);
    here.restart();
  }
  assert.deepEqual(here.ids(), ['good']);
  const { branches } = (await here.store.load())!;
  assert.deepEqual(
    ['bad', 'good'].map((branch) => branches.get(branch)?.watermark !== undefined),
    [false, true],
  );
});

test('a branch of which too many records are refused, in several batches that are under way at once, stops no other branch', async () => {
  for (const doubt of [undefined, 'check MEMORY_KEY']) {
    const here = memoryRun({ pageSize: 50 });
    here.sink = { ...memorySink({ records: 12 }), inFlight: 3 };
    partedByName(here, ['bad', 'good']);
    for (let at = 0; at < 36; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
    here.vendor.stored.push(stored('good', start - minute));
    const { send } = here.sink;
    here.sink.send = async (batch) => {
      if (batch.records[0]?.bytes.includes('bad') !== true) return send(batch);
      if (doubt !== undefined) return { split: 'refused', tooLarge: true, doubt };
      return { outcomes: batch.records.map(() => ({ refused: 'no mapping' })) };
    };
    assert.deepEqual(statuses(await here.run()), [doubt === undefined ? exit.data : exit.config]);
    assert.deepEqual([here.ids(), here.quarantine.added], [['good'], []]);
  }
});

test('records that other branches delivered make no room for the refused ones of a branch: what is set aside of it stays its share', async () => {
  const here = memoryRun({ pageSize: 50 });
  here.sink = memorySink({ records: 10 });
  partedByName(here, ['bad', 'good']);
  for (let at = 0; at < 40; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
  here.sink.answer = ({ records }) =>
    records[0]?.bytes.includes('bad')
      ? {
          outcomes: records.map(({ bytes }) =>
            /bad[89]"/.test(bytes.toString()) ? 'kept' : { refused: 'no mapping' },
          ),
        }
      : undefined;
  for (let run = 0; run < 3; run++) {
    for (let at = 0; at < 400; at++) here.vendor.stored.push(stored(`good${run}-${at}`, here.clock.now - minute - at));
    assert.deepEqual(statuses(await here.run()), [exit.data, ...(run === 0 ? [exit.partial] : [])], `run ${run}`);
    assert.equal(here.quarantine.added.length, 8);
    here.clock.now += minute;
    here.restart();
  }
  assert.equal(here.ids().filter((id) => id.startsWith('good')).length, 1200);
});
