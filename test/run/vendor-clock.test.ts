/** Whose clock windows and position go by, where the vendor’s and ours differ. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { down, fail, memoryRun, minute, start, statuses } from '../support/memory-run.ts';
import { memoryJob, memorySink, stored } from '../support/memory.ts';

test('the position goes by the time of a vendor’s first answer, and not by that of its last page', async () => {
  const here = memoryRun({ pageSize: 1 });
  here.vendor.stored.push(stored('a', start - 2 * minute), stored('b', start - 3 * minute));
  const { pull } = here.vendor;
  let told: bigint | undefined;
  here.vendor.serverTime = () => told;
  here.vendor.pull = async function* (ask) {
    for await (const page of pull(ask)) {
      told = told === undefined ? BigInt(start - 30_000) * 1_000_000n : told + 20_000_000_000n;
      yield page;
    }
  };
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal((await here.place())?.watermark, BigInt(start - 30_000) * 1_000_000n);
});

test('a reply without anything in it tells the vendor’s clock as well as a page does', async () => {
  const here = memoryRun();
  const { pull } = here.vendor;
  let told: bigint | undefined;
  const asked: bigint[] = [];
  here.vendor.serverTime = () => told;
  here.vendor.pull = async function* (ask) {
    asked.push(ask.slice.until);
    const isFirst = told === undefined;
    told = BigInt(start + 30 * minute) * 1_000_000n;
    if (!isFirst) yield* pull(ask);
  };
  here.vendor.stored.push(stored('a', start + 20 * minute, start));
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual([asked.length, here.ids()], [2, ['a']]);
});

test('a vendor that tells its clock only on a later page is asked anew once what it has shown is taken, or has failed', async () => {
  for (const fails of [false, true]) {
    const here = memoryRun({ pageSize: 2 });
    here.sink = { ...memorySink({ records: 1 }), inFlight: 3 };
    const { send } = here.sink;
    let isFirst = true;
    const takenBefore: number[] = [];
    here.sink.send = async (batch) => {
      const isDown = fails && isFirst;
      isFirst = false;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      return isDown ? fail(down) : send(batch);
    };
    const { pull } = here.vendor;
    let told: bigint | undefined;
    here.vendor.serverTime = () => told;
    here.vendor.pull = async function* (ask) {
      takenBefore.push(here.sink.taken.length);
      let page = 0;
      for await (const each of pull(ask)) {
        if (++page > 1) told = BigInt(start + 30 * minute) * 1_000_000n;
        yield each;
      }
    };
    here.vendor.stored.push(...['a', 'b', 'c', 'd'].map((id, at) => stored(id, start - (at + 1) * minute)));
    const failed = fails ? [exit.unavailable] : [];
    assert.deepEqual(statuses(await here.run()), failed);
    assert.deepEqual(takenBefore, fails ? [0] : [0, 2]);
    assert.deepEqual(here.ids(), fails ? ['b'] : ['a', 'b', 'c', 'd']);
    assert.equal((await here.place())?.watermark === undefined, fails);
  }
});

test('a first run that begins now goes by the vendor’s clock, of which ours may be ahead', async () => {
  const here = memoryRun();
  const { pull } = here.vendor;
  let vendorNow: bigint | undefined;
  here.vendor.serverTime = () => vendorNow;
  here.vendor.pull = async function* (ask) {
    vendorNow = BigInt(here.clock.now - 30 * minute) * 1_000_000n;
    yield* pull(ask);
  };
  await here.run({ firstRun: 0n, overlap: 0n });
  here.vendor.stored.push(stored('new', start - 20 * minute));
  here.clock.now += 20 * minute;
  vendorNow = undefined; // another process
  assert.deepEqual(statuses(await here.run({ firstRun: 0n, overlap: 0n })), []);
  assert.deepEqual(here.ids(), ['new']);
});

test('a vendor that takes no window past its own clock, of which ours is ahead, is asked again up to that', async () => {
  for (const slice of [undefined, parseDuration('20m', 'slice')]) {
    const here = memoryRun({ rules: { slice } });
    const { pull } = here.vendor;
    let vendorNow: bigint | undefined;
    here.vendor.serverTime = () => vendorNow;
    here.vendor.pull = async function* (ask) {
      vendorNow = BigInt(here.clock.now - 10_000) * 1_000_000n;
      if (ask.slice.until > vendorNow) fail(new Problem(exit.protocol, 'until is in the future', { httpStatus: 400 }));
      yield* pull(ask);
    };
    here.vendor.stored.push(stored('old', start - 50 * minute), stored('new', start - minute));
    for (const search of [{}, { usePosition: false, since: BigInt(start - 30 * minute) * 1_000_000n }]) {
      vendorNow = undefined; // another process
      assert.deepEqual(statuses(await here.run(search)), []);
    }
    assert.deepEqual(here.ids().toSorted(), ['new', 'new', 'old']);
    assert.equal((await here.place())?.watermark, vendorNow);
  }
});

test('a window that is refused although it ends before the vendor’s clock is not asked for again, and neither is one query', async () => {
  for (const [ahead, singleQuery] of [
    [-10_000, false],
    [10_000, true],
  ] as const) {
    const here = memoryRun();
    let asked = 0;
    let vendorNow: bigint | undefined;
    here.vendor.serverTime = () => vendorNow;
    const { pull } = here.vendor;
    here.vendor.pull = async function* (ask) {
      asked += 1;
      vendorNow = BigInt(here.clock.now - ahead) * 1_000_000n;
      if (asked > 0) fail(new Problem(exit.protocol, 'until is in the future', { httpStatus: 400 }));
      yield* pull(ask);
    };
    const search = { ...memoryJob.search, single: singleQuery };
    assert.deepEqual([statuses(await here.run({ search })), asked], [[exit.protocol], 1]);
  }
});

test('a first run that was cut off while our clock was hours behind the vendor’s is gone on with, and not taken for done', async () => {
  const here = memoryRun({ rules: { slice: parseDuration('20m', 'slice') } });
  here.ahead = -5 * 60 * minute;
  here.vendor.stored.push(stored('a', start - 50 * minute), stored('b', start - 5 * minute));
  here.sink.answer = ({ records }) => (records[0]?.bytes.includes('"b"') === true ? fail(down) : undefined);
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  here.restart();
  here.sink.answer = () => undefined;
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids(), ['a', 'b']);
});

test('one query that lies in the vendor’s future, since our clock was ahead, proves nothing to the runs after it', async () => {
  const here = memoryRun();
  const firstRun = 10n * BigInt(minute) * 1_000_000n;
  here.vendor.serverTime = () => undefined;
  const { pull } = here.vendor;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    here.vendor.serverTime = () => BigInt(start) * 1_000_000n;
  };
  here.vendor.stored.push(stored('a', start - 5 * minute));
  here.clock.now = start + 60 * minute;
  await here.run({ firstRun, search: { ...memoryJob.search, single: true } });
  assert.equal((await here.place())?.watermark, undefined);
  here.clock.now = start + minute;
  here.vendor.stored.push(stored('b', start + minute / 2));
  here.vendor.serverTime = () => BigInt(here.clock.now) * 1_000_000n;
  assert.deepEqual(statuses(await here.run({ firstRun })), []);
  assert.deepEqual(here.ids().toSorted(), ['a', 'b']);
});

test('what happened while slices in the future of the vendor were read is not passed over', async () => {
  const here = memoryRun({ rules: { longest: parseDuration('10m', 'longest'), overlap: 0n } });
  here.ahead = 60 * minute;
  here.vendor.beforePage = () => {
    here.clock.now += 3 * minute;
    here.vendor.stored.push(stored(`at${here.vendor.stored.length}`, here.clock.now));
  };
  assert.deepEqual(statuses(await here.run()), []);
  here.ahead = 0;
  const known = here.vendor.stored.length;
  here.vendor.beforePage = () => {};
  here.clock.now += minute;
  here.restart();
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal(new Set(here.ids()).size, known);
});

test('a clock that was ahead is reported for as long as a vendor that tells no time is asked for nothing', async () => {
  const here = memoryRun();
  here.vendor.serverTime = () => undefined;
  here.clock.now += 10 * 24 * 60 * minute;
  assert.deepEqual((await here.run()).problems, []);
  here.clock.now = start;
  here.vendor.stored.push(stored('a', start - minute));
  const { problems } = await here.run();
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [
      [
        exit.partial,
        "the position (2026-11-30T09:00:00Z) is ahead of this machine's clock, and memory tells no time: records may be missed until then",
      ],
    ],
  );
  here.clock.now += 10 * 24 * 60 * minute;
  assert.deepEqual((await here.run()).problems, []);
});

test('a position that is ahead of both clocks is reported: they were set back together, and nothing was asked for', async () => {
  const here = memoryRun();
  let vendorNow = start + 24 * 60 * minute;
  here.vendor.serverTime = () => BigInt(vendorNow) * 1_000_000n;
  here.clock.now = vendorNow;
  assert.deepEqual((await here.run()).problems, []);
  here.vendor.stored.push(stored('a', start + minute));
  vendorNow = start + 2 * minute;
  here.clock.now = vendorNow;
  assert.deepEqual((await here.run()).problems, []);
  assert.match(
    here.warnings.splice(0).join(),
    /^the position \(2026-11-21T09:00:00Z\) is ahead of this machine's clock, and of memory's: records may be missed until then; if they were ahead when it was saved, begin again: rm -f /,
  );
  here.clock.now += 24 * 60 * minute; // the vendor's is behind alone: windows go by it
  assert.deepEqual((await here.run()).problems, []);
  assert.deepEqual(here.warnings, []);
});

test('what happens while a slice is delivered is looked for by the next run, however far ahead the vendor’s clock is', async () => {
  const here = memoryRun();
  here.ahead = -60 * minute; // ours is right, as the times of the records are
  const happened = (): number => here.clock.now + here.ahead;
  assert.deepEqual(statuses(await here.run()), []);
  here.clock.now += minute;
  here.vendor.stored.push(stored('before', happened() - 1));
  here.sink.answer = () => {
    here.clock.now += 10 * minute; // twice the overlap
    here.vendor.stored.push(stored('meanwhile', happened() - 8 * minute, here.clock.now - 8 * minute));
    return undefined;
  };
  assert.deepEqual(statuses(await here.run()), []);
  here.sink.answer = () => undefined;
  here.clock.now += minute;
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids(), ['before', 'meanwhile']);
});
