/** Records that are gone or left out: how a run tells of the gap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit } from '../../src/core/problem.ts';
import { down, fail, memoryRun, minute, start, statuses } from '../support/memory-run.ts';
import { stored } from '../support/memory.ts';

test('R25 a position that the vendor will soon be unable to serve is warned of before records are gone', async () => {
  const here = memoryRun({ rules: { retention: parseDuration('10d', 'retention') } });
  await here.run();
  for (const [days, warnings] of [
    [7, 0],
    [9, 1],
  ] as const) {
    here.restart();
    here.clock.now += days * 24 * 60 * minute;
    here.warnings.length = 0;
    assert.deepEqual(statuses(await here.run()), []);
    assert.equal(here.warnings.length, warnings, `${days} days`);
  }
});

test('every gap of a run is reported', async () => {
  const here = memoryRun({ rules: { longest: parseDuration('30m', 'longest') } });
  const pull = here.vendor.pull;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    yield { records: [], refused: [], unmatched: 0, expired: 1 };
  };
  assert.deepEqual(statuses(await here.run()), [exit.partial, exit.partial]);
});

test('a vendor that begins anew, later than the last run ended, leaves a gap; a shorter pause leaves none', async () => {
  for (const [pause, expected] of [
    [3 * 60, [exit.partial]],
    [30, []],
  ] as const) {
    const here = memoryRun({ rules: { filter: 'none', firstRun: parseDuration('1h', 'firstRun') } });
    assert.deepEqual(statuses(await here.run()), []);
    here.clock.now += pause * minute;
    const pull = here.vendor.pull;
    here.vendor.pull = async function* (ask) {
      yield* pull(ask);
      yield { records: [], refused: [], unmatched: 0, restarted: true };
    };
    assert.deepEqual(statuses(await here.run()), expected);
  }
});

test('a vendor that begins anew, but can be asked for a time, leaves no gap', async () => {
  const here = memoryRun({ rules: { firstRun: parseDuration('1h', 'firstRun') } });
  await here.run();
  here.clock.now += 3 * 60 * minute;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, restarted: true };
  };
  assert.deepEqual(statuses(await here.run()), []);
});

test('the gap before a new beginning is reported by our clock where the vendor tells no time', async () => {
  const here = memoryRun({ rules: { filter: 'none', firstRun: parseDuration('1h', 'firstRun') } });
  here.vendor.serverTime = () => undefined;
  await here.run();
  here.clock.now += 3 * 60 * minute;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, restarted: true };
  };
  assert.deepEqual(
    (await here.run()).problems.map(({ status, message }) => [status, message]),
    [[exit.partial, 'records from 2026-11-20T09:00:00Z to 2026-11-20T11:00:00Z are gone: memory no longer keeps them']],
  );
});

test('a gap before a new beginning is reported beside a shorter one that --since leaves', async () => {
  const here = memoryRun({ rules: { filter: 'none', firstRun: parseDuration('1h', 'firstRun') } });
  await here.run();
  here.clock.now += 3 * 60 * minute;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, restarted: true, bookmark: 'behind both' };
  };
  const { problems } = await here.run({ since: { back: parseDuration('2h', '--since') } });
  assert.deepEqual(
    problems.map(({ message }) => message),
    [
      'records from 2026-11-20T09:00:00Z to 2026-11-20T11:00:00Z are gone: memory no longer keeps them',
      'records from 2026-11-20T09:00:00Z to 2026-11-20T10:00:00Z were skipped, because --since is later than the position',
    ],
  );
});

test('a --since that is later than what has settled leaves a gap, though a vendor without a time filter is read past it', async () => {
  const here = memoryRun({ rules: { filter: 'none' } });
  await here.run();
  here.clock.now += 60 * minute;
  here.vendor.stored.push(stored('left out', start + 10 * minute));
  const pull = here.vendor.pull;
  here.vendor.pull = async function* (ask) {
    yield* pull({ ...ask, slice: { from: 0n, until: BigInt(here.clock.now) * 1_000_000n } });
    yield { records: [], refused: [], unmatched: 0, bookmark: 'behind it' };
  };
  const delay = parseDuration('2h', '--delay');
  const { problems } = await here.run({ since: { back: parseDuration('5m', '--since') }, delay });
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [
      [
        exit.partial,
        'records from 2026-11-20T09:00:00Z to 2026-11-20T09:55:00Z were skipped, because --since is later than the position',
      ],
    ],
  );
});

test('parts that were listed and are gone are reported once, with their branch, and the position moves on', async () => {
  const here = memoryRun();
  here.vendor.branches = async () => ['one', 'two'];
  const pull = here.vendor.pull;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    if (ask.branch === 'two' && here.clock.now === start) yield { records: [], refused: [], unmatched: 0, expired: 3 };
  };
  const { problems, summary } = await here.run();
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [
      [
        exit.partial,
        'two: memory no longer has 3 of the parts that it lists of its records from 2026-11-20T08:00:00Z to 2026-11-20T09:00:00Z',
      ],
    ],
  );
  assert.equal(summary.gaps.length, 1);
  here.clock.now += minute;
  assert.deepEqual(statuses(await here.run()), []);
});

test('parts that are gone from a slice that then fails are reported beside the failure', async () => {
  const here = memoryRun();
  const { pull } = here.vendor;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    yield { records: [], refused: [], unmatched: 0, expired: 3 };
    fail(down);
  };
  assert.deepEqual(statuses(await here.run()), [exit.unavailable, exit.partial]);
});
