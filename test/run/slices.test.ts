/** Windows that are too much for one run: read in shorter slices, which grow again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gone } from '../../src/core/http-status.ts';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { Job } from '../../src/core/types.ts';
import {
  everyMinute,
  fail,
  type MemoryRun,
  memoryRun,
  minute,
  quotaUsedUp,
  start,
  statuses,
} from '../support/memory-run.ts';
import { memorySink, stopWith, stored } from '../support/memory.ts';

/** Runs a minute apart, each with so many requests, until one gets through. Returns how many there were. */
async function throughQuota(here: MemoryRun, requests: number, job: Partial<Job> = {}): Promise<number> {
  for (let runs = 1; runs <= 100; runs++) {
    let left = requests;
    here.vendor.beforePage = () => {
      left -= 1;
      if (left < 0) throw quotaUsedUp;
    };
    const ends = statuses(await here.run(job));
    here.restart();
    here.clock.now += minute;
    if (ends.length === 0) return runs;
    assert.deepEqual(ends, [exit.tempfail]);
  }
  return assert.fail('a hundred runs did not get through');
}

test('a window that a quota cuts off is read in shorter slices from then on, until it is through', async () => {
  const here = memoryRun({ pageSize: 2, rules: { overlap: parseDuration('1m', 'overlap') } });
  here.sink = memorySink({ records: 100 });
  for (let at = 1; at <= 20; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const runs = await throughQuota(here, 3);
  assert.ok(runs <= 10, `${runs} runs`);
  assert.deepEqual(here.ids().toSorted(), here.vendor.stored.map(({ id }) => id).toSorted());
  const place = await here.place();
  assert.deepEqual([place?.slice, place?.settled], [undefined, undefined]);
});

test('more records of one moment than a run may ask for are through when the overlap has passed, late ones among them', async () => {
  const here = memoryRun({ pageSize: 100, rules: { overlap: parseDuration('5m', 'overlap') } });
  here.sink = memorySink({ records: 100 });
  await here.run();
  for (let at = 0; at < 600; at++) here.vendor.stored.push(stored(`a${at}`, start + at * 40));
  here.vendor.stored.push(stored('late', start + 1000, start + 4 * minute));
  here.clock.now += minute;
  const runs = await throughQuota(here, 5);
  assert.ok(runs <= 12, `${runs} runs`);
  assert.equal(here.ids().length, 601);
  assert.equal(new Set(here.ids()).size, 601);
});

test('a window whose cursor ends before it is read through is read in shorter slices from then on, until it is through', async () => {
  const here = memoryRun({ pageSize: 1 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const { pull } = here.vendor;
  let pages = 0;
  here.vendor.pull = (ask) => {
    pages = 0;
    return pull(ask);
  };
  here.vendor.beforePage = () => {
    if (++pages > 4) throw new Problem(exit.protocol, 'the cursor has expired', { httpStatus: gone });
  };
  let ends = statuses(await here.run());
  assert.deepEqual(ends, [exit.protocol]);
  assert.equal((await here.place())?.slice, 30 * minute);
  for (let runs = 0; runs < 10 && ends.length > 0; runs++) {
    here.restart();
    ends = statuses(await here.run());
  }
  assert.deepEqual(ends, []);
  assert.deepEqual(here.ids().toSorted(), here.vendor.stored.map(({ id }) => id).toSorted());
});

test('a vendor that cannot read so long a window at once gets through it in shorter slices, from the fourth run on', async () => {
  const here = memoryRun();
  for (let at = 1; at <= 50; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const asked: number[] = [];
  const { pull } = here.vendor;
  here.vendor.pull = async function* (ask) {
    const minutes = Number((ask.slice.until - ask.slice.from) / 60_000_000_000n);
    asked.push(minutes);
    if (minutes > 20) throw new Problem(exit.unavailable, 'acme took too long', { httpStatus: 504 });
    yield* pull.call(here.vendor, ask);
  };
  const runs: number[][] = [];
  for (let failed = true; failed;) {
    failed = (await here.run()).problems.length > 0;
    here.restart();
    runs.push(asked.splice(0));
    assert.ok(runs.length <= 8, JSON.stringify(runs));
  }
  assert.deepEqual(runs.slice(0, 3), [[60], [60], [60]], 'a vendor that fails now and then is asked as before');
  assert.equal(here.ids().length, 50);
});

test('a run that is stopped in the middle of a slice ends with the reason, and the next takes smaller steps', async () => {
  const here = memoryRun({ pageSize: 1 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const late = new Problem(exit.tempfail, 'out of time');
  here.vendor.beforePage = (page) => {
    if (page !== 5) return;
    here.controller.abort(late);
    throw late;
  };
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  assert.equal((await here.place())?.slice, 30 * minute);
  here.restart();
  here.controller = new AbortController();
  here.vendor.beforePage = () => {};
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal(new Set(here.ids()).size, 10);
  assert.equal(here.ids().length, 10);
});

test('a quota that is used up by records that do not match shortens the slices as well', async () => {
  const here = memoryRun();
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 100 };
    throw quotaUsedUp;
  };
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  assert.equal((await here.place())?.slice, 30 * minute);
});

test('a quota that is used up before anything was read shortens nothing', async () => {
  const here = memoryRun();
  here.vendor.beforePage = () => fail(quotaUsedUp);
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  assert.equal((await here.place())?.slice, undefined);
});

test('a first page that is gone shortens nothing: nothing of the window was read', async () => {
  const here = memoryRun({ pageSize: 1 });
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.beforePage = () => {
    throw new Problem(exit.protocol, 'the address is gone', { httpStatus: gone });
  };
  assert.deepEqual(statuses(await here.run()), [exit.protocol]);
  assert.equal((await here.place())?.slice, undefined);
});

test('a vendor that cannot be reached is asked for no less', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.beforePage = () => {
    throw new Problem(exit.unavailable, 'acme cannot be reached');
  };
  for (let run = 1; run <= 5; run++) await here.run();
  const place = await here.place();
  assert.equal(place?.slice, undefined);
});

/** A job whose first run, over an hour, was cut down to slices of a second. */
async function cutToSeconds(here: MemoryRun): Promise<void> {
  await here.run();
  const position = await here.store.load();
  const place = position?.branches.get('');
  assert.ok(position !== undefined && place !== undefined);
  place.slice = 1000;
  await here.store.save(position);
  here.restart();
  here.clock.now += 60 * minute;
}

for (const requests of [1, 2, 3]) {
  test(`slices grow from run to run where each costs something and there is time for ${requests}`, async () => {
    const here = memoryRun();
    await cutToSeconds(here);
    here.vendor.stored.push(stored('a', start + 30 * minute));
    const runs = await throughQuota(here, requests);
    assert.ok(runs <= 14, `${runs} runs`);
    assert.deepEqual(here.ids(), ['a']);
  });
}

test('slices grow from run to run where each takes its time and the run is stopped', async () => {
  const here = memoryRun();
  await cutToSeconds(here);
  let ends = [0];
  for (let runs = 0; runs < 10 && ends.length > 0; runs++) {
    let left = 2;
    here.controller = new AbortController();
    here.vendor.beforePage = () => --left >= 0 || stopWith(here.controller, new Problem(exit.tempfail, 'out of time'));
    ends = statuses(await here.run());
    here.restart();
    here.clock.now += minute;
  }
  assert.deepEqual(ends, []);
});

test('a vendor that is asked by days is read in whole ones, though a run has time for little more than one', async () => {
  const here = memoryRun({
    pageSize: 10,
    rules: { overlap: parseDuration('1h', 'overlap'), firstRun: parseDuration('4d', 'first') },
  });
  const day = 24 * 60 * minute;
  const beginOf = (at: bigint): bigint => at - (at % (BigInt(day) * 1_000_000n));
  here.vendor.namedFrom = here.vendor.shownFrom = beginOf;
  const { pull } = here.vendor;
  here.vendor.pull = (ask) => {
    const last = ask.slice.until - 1n;
    return pull({ ...ask, slice: { from: beginOf(ask.slice.from), until: beginOf(last) + BigInt(day) * 1_000_000n } });
  };
  for (let at = 0; at < 4 * 60; at++)
    here.vendor.stored.push(stored(`a${at}`, start - 4 * day + 60 * minute + at * 23 * minute));
  const runs = await throughQuota(here, 9, { firstRun: undefined });
  assert.ok(runs <= 12, `${runs} runs`);
  assert.equal(new Set(here.ids()).size, 240);
});

/** The minutes of the slices that a vendor is asked for which fails like this at those that are longer than it can read. */
function askedOf(here: MemoryRun, httpStatus: number, most: () => number): number[] {
  const asked: number[] = [];
  const { pull } = here.vendor;
  const status = httpStatus === 413 ? exit.protocol : exit.unavailable;
  here.vendor.pull = async function* (ask) {
    const minutes = Number((ask.slice.until - ask.slice.from) / 60_000_000_000n);
    asked.push(minutes);
    if (minutes > most()) throw new Problem(status, 'it was too much', { httpStatus });
    yield* pull.call(here.vendor, ask);
  };
  return asked;
}

for (const [httpStatus, failing] of [
  [413, 0],
  [504, 4],
] as const) {
  test(`a job whose every window is too much for the vendor (${httpStatus}) gets through them all once it knows how long they may be, and comes back to whole ones`, async () => {
    const here = memoryRun({ rules: { overlap: parseDuration('5m', 'overlap') } });
    let most = 20;
    const asked = askedOf(here, httpStatus, () => most);
    const ends: number[][] = [];
    for (let tick = 0; tick < 20; tick++) {
      if (tick === 15) most = Infinity;
      here.vendor.stored.push(stored(`a${tick}`, here.clock.now - minute));
      asked.length = 0;
      ends.push(statuses(await here.run()));
      if (tick > failing) assert.ok(asked.filter((minutes) => minutes > most).length <= 1, `${tick}: ${asked.join()}`);
      here.restart();
      here.clock.now += 60 * minute;
    }
    assert.deepEqual(
      ends.map((each) => each.length),
      Array.from({ length: 20 }, (_, tick) => Number(tick < failing)),
    );
    assert.deepEqual(asked, [65], 'one slice, as before');
    assert.equal((await here.place())?.slice, undefined);
    assert.deepEqual(
      here.ids(),
      Array.from({ length: 20 }, (_, tick) => `a${tick}`),
    );
  });
}

test('a vendor that is down after it was known to fail at long windows is asked for a shorter one once a run', async () => {
  const here = memoryRun({ rules: { overlap: parseDuration('5m', 'overlap') } });
  let most = 20;
  const asked = askedOf(here, 504, () => most);
  for (let tick = 0; tick < 6; tick++) {
    await here.run();
    here.restart();
    here.clock.now += 60 * minute;
  }
  most = 0;
  asked.length = 0;
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  assert.equal(asked.length, 2);
});

test('a search whose window is too large for the vendor (413) is read in shorter parts; one query is not', async () => {
  for (const single of [false, true]) {
    const here = memoryRun();
    const asked = askedOf(here, 413, () => 20);
    here.vendor.stored.push(stored('a', start - minute), stored('b', start - 59 * minute));
    const search = { ...everyMinute.search, single };
    const ends = statuses(await here.run({ usePosition: false, search }));
    assert.deepEqual([ends, asked], single ? [[exit.protocol], [60]] : [[], [60, 30, 15, 15, 15, 15]]);
    assert.deepEqual(here.ids(), single ? [] : ['b', 'a']);
  }
});

test('a window that is too large for the vendor (413) is read in parts as long as it answers, where halves would be too short to be cut any further', async () => {
  const here = memoryRun({
    rules: { overlap: parseDuration('5m', 'overlap'), shortest: parseDuration('20m', 'shortest') },
  });
  const asked = askedOf(here, 413, () => 45);
  here.vendor.stored.push(stored('a', start - 59 * minute), stored('b', start - 10 * minute));
  const ends = statuses(await here.run());
  assert.deepEqual([ends, asked, here.ids()], [[], [60, 40, 20], ['a', 'b']]);
});

test('a first window that is too large for the vendor (413), and was made by a clock that is wrong, is made anew by the right one', async () => {
  const here = memoryRun();
  here.ahead = -2 * 60 * minute;
  const asked: string[] = [];
  const { pull } = here.vendor;
  let told: bigint | undefined;
  here.vendor.serverTime = () => told;
  here.vendor.pull = async function* (ask) {
    told = BigInt(here.clock.now) * 1_000_000n;
    asked.push(new Date(Number(ask.slice.until / 1_000_000n)).toISOString().slice(11, 16));
    if (ask.slice.until - ask.slice.from > 40n * 60_000_000_000n)
      throw new Problem(exit.protocol, 'it was too much', { httpStatus: 413 });
    yield* pull.call(here.vendor, ask);
  };
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(asked, ['07:00', '08:30', '09:00']);
});
