/** Where a first run begins, and that it is kept when the run fails or is killed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { Job } from '../../src/core/types.ts';
import { down, fail, type MemoryRun, memoryRun, minute, start, statuses } from '../support/memory-run.ts';
import { stored } from '../support/memory.ts';

test('a first run that begins now leaves old records, and the next one delivers what came since', async () => {
  for (const rules of [{}, { delay: parseDuration('2m', 'delay') }]) {
    const here = memoryRun({ rules });
    here.vendor.stored.push(stored('old', start - 30 * minute));
    const first = await here.run({ firstRun: 0n });
    assert.deepEqual([statuses(first), here.ids()], [[], []]);
    const settled = BigInt(start) * 1_000_000n - (rules.delay ?? 0n);
    assert.equal((await here.place())?.watermark, settled);

    here.restart();
    here.vendor.stored.push(stored('new', start + minute));
    here.clock.now += 10 * minute;
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
    assert.deepEqual(here.ids(), ['new']);
  }
});

test('where a first run begins is saved before it asks for anything, for one that is killed while it waits', async () => {
  const here = memoryRun();
  let killed: string | undefined;
  here.vendor.beforePage = () => {
    killed ??= here.store.disk.saved;
    fail(down);
  };
  await here.run({ firstRun: 0n });
  here.restart();
  here.store.disk.saved = killed;
  here.vendor.beforePage = () => {};
  here.clock.now += 60 * minute;
  here.vendor.stored.push(stored('meanwhile', start + 10 * minute));
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
  assert.deepEqual(here.ids(), ['meanwhile']);
});

test('what happened since the first run that was to begin now is delivered, though the first runs fail or are killed', async () => {
  const here = memoryRun();
  let killed: string | undefined;
  here.vendor.beforePage = () => {
    killed ??= here.store.disk.saved;
    fail(down);
  };
  const later = async (id: string, job: Partial<Job> = { firstRun: 0n }): Promise<number[]> => {
    here.restart();
    here.clock.now += minute;
    here.vendor.stored.push(stored(id, here.clock.now - 1));
    return statuses(await here.run(job));
  };
  here.vendor.stored.push(stored('old', start - 30 * minute));
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), [exit.unavailable]);
  here.store.disk.saved = killed;
  assert.deepEqual(await later('one'), [exit.unavailable]);
  assert.deepEqual(await later('two'), [exit.unavailable]);
  here.vendor.beforePage = () => {};
  assert.deepEqual(await later('three'), []);
  assert.deepEqual(here.ids().toSorted(), ['one', 'three', 'two']);

  const other = memoryRun();
  other.vendor.beforePage = () => fail(down);
  await other.run({ firstRun: parseDuration('1h', '--first-run') });
  other.vendor.beforePage = () => {};
  other.vendor.stored.push(stored('early', start - 30 * minute), stored('late', start - minute / 2));
  other.restart();
  other.clock.now += minute;
  await other.run({ firstRun: parseDuration('10m', '--first-run') });
  assert.deepEqual(other.ids(), ['late'], 'whoever asks for less gets less');
});

test('what happened since the first run that was to begin now is delivered, though the vendor refused its login', async () => {
  const here = memoryRun();
  here.vendor.open = () => Promise.reject(new Problem(exit.noperm, 'memory refused the login'));
  for (const asked of [{}, { since: { back: parseDuration('1h', '--since') } }]) {
    assert.deepEqual(statuses(await here.run({ firstRun: 0n, ...asked })), [exit.noperm]);
    here.restart();
  }
  here.vendor.open = () => Promise.resolve();
  here.clock.now += 30 * minute;
  here.vendor.stored.push(stored('asked', start - 50 * minute), stored('meanwhile', start + 10 * minute));
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
  assert.deepEqual(here.ids().toSorted(), ['asked', 'meanwhile']);
});

for (const [what, breakAt] of [
  ['the destination could not be opened', (here: MemoryRun) => (here.sink.open = refuse)],
  ['the vendor did not list its branches', (here: MemoryRun) => (here.vendor.branches = refuse)],
] as const) {
  test(`what happened since the first run that was to begin now is delivered, though ${what}`, async () => {
    const here = memoryRun();
    const { branches } = here.vendor;
    breakAt(here);
    for (let run = 0; run < 2; run++) {
      assert.deepEqual(statuses(await here.run({ firstRun: 0n })), [exit.cantcreat]);
      here.restart();
      here.clock.now += 10 * minute;
    }
    delete here.sink.open;
    here.vendor.branches = branches;
    here.vendor.stored.push(stored('old', start - minute), stored('meanwhile', start + minute));
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
    assert.deepEqual(here.ids(), ['meanwhile']);

    here.restart();
    here.vendor.branches = async () => ['', 'later'];
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
    const { branches: places } = (await here.store.load())!;
    assert.equal(places.get('later')?.watermark, BigInt(here.clock.now) * 1_000_000n, 'of these only');
  });
}

async function refuse(): Promise<never> {
  throw new Problem(exit.cantcreat, 'memory is not there');
}

test('a job whose branches are known notes no other beginning while its destination cannot be opened', async () => {
  const here = memoryRun();
  await here.run();
  here.restart();
  here.sink.open = async () => fail(down);
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  assert.equal((await here.store.load())?.begin, undefined);
});

test('a run with --since and -c that comes to nothing says where the next one begins', async () => {
  const here = memoryRun();
  const hour = 60 * minute;
  here.vendor.stored.push(stored('earlier', start - 31 * hour), stored('asked', start - 29 * hour));
  here.vendor.beforePage = () => fail(down);
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  for (const back of ['30h', '10h']) {
    here.restart();
    await here.run({ since: { back: parseDuration(back, '--since') } });
  }
  here.restart();
  here.vendor.beforePage = () => {};
  here.clock.now += minute;
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids(), ['asked']);
});

for (const [ahead, what] of [
  [-30 * minute, 'behind ours'],
  [5 * 24 * 60 * minute, 'ahead of ours'],
  [-30 * minute, 'behind ours, and told by failures alone'],
] as const) {
  test(`a first run that fails begins, from then on, where it was to begin by the vendor’s clock: ${what}`, async () => {
    const here = memoryRun();
    const vendorNow = (): number => here.clock.now + ahead;
    let told: bigint | undefined;
    here.vendor.serverTime = () => told;
    let isDown = true;
    let killed: string | undefined;
    const { pull } = here.vendor;
    here.vendor.pull = async function* (ask) {
      const isFirst = told === undefined && !what.endsWith('failures alone');
      told = BigInt(vendorNow()) * 1_000_000n;
      if (isDown && !isFirst) {
        killed = here.store.disk.saved;
        fail(down);
      }
      yield* pull(ask);
    };
    here.vendor.stored.push(stored('old', vendorNow() - 20 * minute, 0));
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), [exit.unavailable]);
    for (const isKilled of what.endsWith('failures alone') ? [false] : [false, true]) {
      if (isKilled) here.store.disk.saved = killed;
      const begin = (await here.place())?.begin;
      assert.deepEqual(begin, { from: BigInt(vendorNow() - 1000) * 1_000_000n, firstRun: 0n });
    }

    here.restart();
    told = undefined;
    isDown = false;
    here.clock.now += 20 * minute;
    here.vendor.stored.push(stored('new', vendorNow() - 10 * minute, 0));
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
    assert.deepEqual(here.ids(), ['new']);
  });
}
