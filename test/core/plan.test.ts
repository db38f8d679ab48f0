import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPastClock, isSuited, planOf, type Unplanned } from '../../src/core/plan.ts';
import { clockProblems } from '../../src/core/plan/clocks.ts';
import { placeOf, firstPosition } from '../../src/core/position.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { fromMillis } from '../../src/core/time.ts';
import type { Job, WindowRules } from '../../src/core/types.ts';
import { fakeTools } from '../support/fake-tools.ts';
import { memoryJob, memoryVendor, minute } from '../support/memory.ts';

const ours = Date.UTC(2026, 10, 20, 9);
const now = fromMillis(ours);
const hour = 60n * minute;
const day = 24n * hour;

interface Case {
  readonly job?: Partial<Job>;
  readonly rules?: Partial<WindowRules>;
  readonly watermark?: bigint;
  readonly clock?: number;
}

type Subject = Unplanned & { readonly warnings: string[] };

function branch({ job, rules, watermark, clock = ours }: Case): Subject {
  const warnings: string[] = [];
  const place = placeOf(firstPosition({ source: '', sink: '' }), '', 0);
  place.watermark = watermark;
  return {
    job: { ...memoryJob, ...job },
    source: memoryVendor({ now: clock }, rules === undefined ? {} : { rules }),
    place,
    tools: { ...fakeTools({ now: clock }), warn: (message) => warnings.push(message) },
    warnings,
  };
}

test('a plan goes by the vendor’s clock when it has told it, bounds that are durations included', () => {
  const job = { since: { back: 5n * minute }, until: { back: 2n * minute }, usePosition: false };
  const at = branch({ job });
  for (const [told, clock] of [
    [undefined, now],
    [now - hour, now - hour],
  ] as const) {
    const { window, job: dated, serverNow } = planOf(at, told);
    assert.deepEqual(window, { from: clock - 5n * minute, until: clock - 2n * minute });
    assert.deepEqual([dated.since, dated.until, serverNow], [window.from, window.until, clock]);
  }
});

test('a window is never empty before the vendor has told its time, however long records are left to settle', () => {
  for (const delay of [0n, 5n, 10n, 60n]) {
    for (const behind of [0n, 1n, 6n, 12n, 600n]) {
      // A run five minutes ago, by the vendor's clock, which ours is behind.
      const watermark = now + (behind - 5n - delay) * minute;
      const { window } = planOf(branch({ watermark, rules: { overlap: 0n, delay: delay * minute } }), undefined);
      assert.ok(window.from < window.until, `delay ${delay}, ${behind} behind`);
    }
  }
});

test('a vendor’s clock that cannot be right is not gone by, and said', () => {
  for (const told of [now + 8n * day, 90_000_000_000n]) {
    const at = branch({});
    assert.deepEqual(planOf(at, told), planOf(at, undefined));
    at.source.serverTime = () => told;
    assert.match(
      clockProblems(at, undefined)[0]?.message ?? '',
      /^memory says that it is .*, and this machine 2026-11-20T/,
    );
  }
});

test('two clocks that were never set are said not to be, and neither is gone by', () => {
  for (const [clock, told] of [
    [90_000, 90_000_000_000n],
    [Date.UTC(2024, 0, 1), 90_000_000_000n],
  ] as const) {
    const at = branch({ clock, watermark: now });
    at.source.serverTime = () => told;
    const [problem, ...others] = clockProblems(at, now);
    assert.deepEqual(others, []);
    assert.equal(problem?.status, exit.partial);
    assert.match(
      problem.message,
      /^memory says that it is 1970-01-01T00:01:30Z, and this machine \S+: neither can be, and records may be missing$/,
    );
    assert.equal(problem.hint, 'set both clocks; until then the position stays');
  }
});

test('a clock of ours that was never set is said where the position goes by time', () => {
  const clock = 90_000;
  for (const [given, expected] of [
    [{ clock }, [/^this machine's clock says that it is 1970-01-01T00:01:30Z: what was found is delivered, but/]],
    [{ clock, job: { usePosition: false } }, []],
    [{ clock, rules: { filter: 'none' } }, []],
    [{}, []],
  ] as const) {
    const at = branch(given);
    at.source.serverTime = () => now;
    assert.deepEqual(planOf(at, now).serverNow, now);
    const problems = clockProblems(at, undefined);
    assert.equal(problems.length, expected.length);
    for (const [index, pattern] of expected.entries()) assert.match(problems[index]?.message ?? '', pattern);
  }
});

test('a refusal of what ends after the vendor’s clock is no reason to plan a window that would be empty by that', () => {
  const refusal = new Problem(exit.protocol, 'refused', { httpStatus: 400 });
  const window = { from: now - hour, until: now };
  for (const [watermark, told, expected] of [
    [now - hour, now - 2n * minute, true],
    [now, now - 6n * minute, false], // what was read by then reaches past its clock: the refusal is all there is to say
    [now - hour, now, false],
  ] as const) {
    const at = branch({ watermark });
    at.source.serverTime = () => told;
    assert.equal(isPastClock(at, window, refusal), expected);
  }
});

const back: Partial<Job> = { since: { back: 5n * minute }, usePosition: false };
const noFilter: Partial<WindowRules> = { filter: 'none' };

/** Whether a plan by our clock suits, when the vendor's turns out to be so much ahead. */
const rows: readonly (readonly [what: string, given: Case, ahead: bigint, expected: boolean])[] = [
  ['a duration, and a minute', { job: back }, minute, true],
  ['a duration, and more than a minute ahead', { job: back }, minute + 1n, false],
  ['a duration, and more than a minute behind', { job: back }, -minute - 1n, false],
  ['an end that is a duration', { job: { ...back, since: now - day, until: { back: hour } } }, -2n * minute, false],
  ['moments', { job: { ...back, since: now - day, until: now - hour } }, -2n * minute, true],
  ['a position, and what is new by the vendor’s clock', { watermark: now - hour }, 2n * minute, false],
  ['a position, and a vendor behind', { watermark: now - hour }, -2n * minute, true],
  ['a position, and a vendor behind it', { watermark: now - hour }, -2n * hour, true],
  ['a position, and a vendor years behind', { watermark: now - 400n * day }, -300n * day, false],
  ['a first run', {}, -2n * minute, false],
  ['a vendor without a time filter', { rules: noFilter }, hour, true],
  ['a duration, without a time filter', { rules: noFilter, job: back }, hour, false],
];

for (const [what, given, ahead, expected] of rows) {
  test(`a plan by our clock ${expected ? 'suits' : 'does not suit'}: ${what}`, () => {
    const at = branch(given);
    assert.equal(isSuited(at, now + ahead), expected);
    assert.deepEqual(at.warnings, []);
    const single = branch({ ...given, job: { ...given.job, search: { ...memoryJob.search, single: true } } });
    assert.equal(isSuited(single, now + ahead), true, 'one query is not asked twice');
    assert.equal(single.warnings.length, expected ? 0 : 1);
  });
}
