/** A gap is told of once, whether the run that passes it ends, fails or is killed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { fail, type MemoryRun, memoryRun, minute, quotaUsedUp, statuses } from '../support/memory-run.ts';

/** What leaves a gap of four hours, from 9 to 13, between a run and the next one six hours later. */
const leavesGap = [
  ['what the vendor no longer keeps', { retention: parseDuration('2h', 'retention') }, {}],
  ['what --since leaves out', {}, { since: { back: parseDuration('2h', '--since') } }],
] as const;

test('a gap that a failed run did not pass is reported by the next run alone', async () => {
  const here = memoryRun({ rules: { retention: parseDuration('2h', 'retention') } });
  await here.run();
  here.clock.now += 6 * 60 * minute;
  here.vendor.beforePage = () => fail(quotaUsedUp);
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  here.vendor.beforePage = () => {};
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
});

for (const [what, rules, job] of leavesGap) {
  test(`a gap is reported although the run fails after it, because the next one does not meet it again: ${what}`, async () => {
    const here = memoryRun({ rules: { ...rules, longest: parseDuration('30m', 'longest') } });
    assert.deepEqual(statuses(await here.run()), []);
    here.clock.now += 6 * 60 * minute;
    let pages = 0;
    here.vendor.beforePage = () => {
      if (pages++ === 1) throw quotaUsedUp;
    };
    const { problems } = await here.run(job);
    assert.deepEqual(
      problems.map(({ status }) => status),
      [exit.tempfail, exit.partial],
    );
    assert.match(
      problems[1]?.message ?? '',
      /^records from 2026-11-20T09:00:00Z to 2026-11-20T13:00:00Z (?:are gone|were)/,
    );
    assert.deepEqual(statuses(await here.run()), []);
  });
}

test('a gap that --since leaves is reported by the run whose bookmark is past it, although that run fails', async () => {
  const here = memoryRun({ rules: { filter: 'none' } });
  await here.run();
  here.clock.now += 60 * minute;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, bookmark: 'behind it' };
    throw quotaUsedUp;
  };
  const since = { back: parseDuration('5m', '--since') };
  assert.deepEqual(statuses(await here.run({ since })), [exit.tempfail, exit.partial]);
});

test('a gap is reported by the run that ends past it, where a bookmark takes several runs to get there', async () => {
  const here = memoryRun({ rules: { filter: 'none', retention: parseDuration('2h', 'retention') } });
  await here.run();
  here.clock.now += 6 * 60 * minute;
  let failure: Problem | undefined = quotaUsedUp;
  let pages = 0;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, bookmark: `page ${pages++}` };
    if (failure !== undefined) throw failure;
  };
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  failure = undefined;
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
  assert.deepEqual(statuses(await here.run()), []);
});

for (const [what, rules, job] of leavesGap) {
  test(`a gap is reported although what follows it is planned anew by the vendor’s clock: ${what}`, async () => {
    const here = memoryRun({ rules: { ...rules, longest: parseDuration('30m', 'longest') } });
    assert.deepEqual(statuses(await here.run()), []);
    here.clock.now += 6 * 60 * minute;
    let vendorNow: bigint | undefined;
    here.vendor.serverTime = () => vendorNow;
    const { pull } = here.vendor;
    here.vendor.pull = async function* (ask) {
      vendorNow = BigInt(here.clock.now - 10_000) * 1_000_000n;
      if (ask.slice.until > vendorNow) fail(new Problem(exit.protocol, 'until is in the future', { httpStatus: 400 }));
      yield* pull(ask);
    };
    const { problems } = await here.run(job);
    assert.deepEqual(
      problems.map(({ status }) => status),
      [exit.partial],
    );
    assert.match(
      problems[0]?.message ?? '',
      /^records from 2026-11-20T09:00:00Z to 2026-11-20T13:00:00Z (?:are gone|were)/,
    );
  });
}

const goneSpan = 'records from 2026-11-20T09:00:00Z to 2026-11-20T13:00:00Z are gone: memory no longer keeps them';

/** Two branches with a gap; the run that passed the first one's was killed in its next page, or in the next branch. */
async function killedBehindGap(killedIn: 'page' | 'branch'): Promise<MemoryRun> {
  const rules = { retention: parseDuration('2h', 'retention'), longest: parseDuration('30m', 'longest') };
  const here = memoryRun({ rules });
  here.vendor.branches = async () => ['one', 'two'];
  assert.deepEqual(statuses(await here.run()), []);
  here.clock.now += 6 * 60 * minute;
  const { pull } = here.vendor;
  let killed: string | undefined;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    if (killedIn === 'page' ? here.store.saves > 0 : ask.branch === 'two') killed ??= here.store.disk.saved;
  };
  here.restart();
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
  here.store.disk.saved = killed;
  here.restart();
  here.vendor.pull = pull;
  return here;
}

test('a gap that a killed run passed is reported, once, although its branch is no longer listed', async () => {
  const here = await killedBehindGap('branch');
  here.vendor.branches = async () => ['two', 'three'];
  assert.deepEqual(
    (await here.run()).problems.map(({ message }) => message),
    [`two: ${goneSpan}`, `one: ${goneSpan}`],
  );
  here.vendor.branches = async () => ['one', 'two', 'three'];
  assert.deepEqual(statuses(await here.run()), []);
});

test('a gap that a killed run passed is reported by the next run that ends, whatever becomes of the branches', async () => {
  for (const killedIn of ['page', 'branch'] as const) {
    const here = await killedBehindGap(killedIn);
    const { pull } = here.vendor;
    here.vendor.pull = () => fail(quotaUsedUp);
    const { problems } = await here.run();
    assert.deepEqual(
      problems.map(({ status, message }) => [status, message]),
      [
        [exit.tempfail, 'the quota is used up'],
        [exit.partial, `one: ${goneSpan}`],
      ],
    );
    here.vendor.pull = pull;
    here.restart();
    const [told, ...others] = (await here.run()).problems;
    assert.deepEqual([told?.message, others], [`two: ${goneSpan}`, []], 'the first branch is told of no more');
  }
});

for (const [what, job, told] of [
  ['before a new beginning', {}, / to 2026-11-20T11:00:00Z are gone: memory no longer keeps them$/],
  [
    'that --since leaves',
    { since: { back: parseDuration('5m', '--since') } },
    / were skipped, because --since is later/,
  ],
] as const) {
  test(`the gap ${what} is reported by the next run when the one whose bookmark is past it is killed`, async () => {
    const here = memoryRun({ rules: { filter: 'none', firstRun: parseDuration('1h', 'firstRun') } });
    await here.run();
    here.clock.now += 3 * 60 * minute;
    let killed: string | undefined;
    here.vendor.pull = async function* (ask) {
      const restarted = ask.bookmark === undefined;
      yield { records: [], refused: [], unmatched: 0, restarted, bookmark: 'behind it' };
      killed ??= here.store.disk.saved;
    };
    await here.run(job);
    here.store.disk.saved = killed;
    here.restart();
    const { problems } = await here.run();
    assert.deepEqual([problems.length, problems[0]?.status], [1, exit.partial]);
    assert.match(problems[0]?.message ?? '', told);
    assert.deepEqual(statuses(await here.run()), []);
  });
}

test('parts that are gone from a slice that a killed run ended are reported by the next run, once', async () => {
  const rules = { longest: parseDuration('30m', 'longest') };
  const here = memoryRun({ rules });
  const { pull } = here.vendor;
  let killed: string | undefined;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    if (here.store.saves > 1) killed ??= here.store.disk.saved;
    if (killed === undefined) yield { records: [], refused: [], unmatched: 0, expired: 3 };
  };
  const message =
    'memory no longer has 3 of the parts that it lists of its records from 2026-11-20T08:00:00Z to 2026-11-20T08:30:00Z';
  assert.deepEqual(
    (await here.run()).problems.map((problem) => problem.message),
    [message],
  );
  assert.deepEqual(statuses(await here.run()), [], 'by the run that ended it is told of');
  here.store.disk.saved = killed;
  here.restart();
  assert.deepEqual(
    (await here.run()).problems.map((problem) => problem.message),
    [message],
  );
  assert.deepEqual(statuses(await here.run()), []);
});
