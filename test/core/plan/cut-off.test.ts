import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../../src/core/problem.ts';
import {
  isPast,
  isTooMuch,
  lengthAfterCut,
  lengthAfterWhole,
  noteCut,
  settledFor,
  shorterThan,
  type Whole,
} from '../../../src/core/plan/cut-off.ts';
import { firstPosition, placeOf } from '../../../src/core/position.ts';
import { memoryVendor, minute } from '../../support/memory.ts';

const whole = { from: 0n, until: 60n * minute };

test('the next run does not read again what was read whole where that is at least half of it', () => {
  const later = { from: 100n * minute, until: 160n * minute };
  for (const [minutes, expected] of [
    [29n, false],
    [30n, true],
    [60n, true],
  ] as const) {
    const settled = { until: later.from + minutes * minute, overlap: 0n };
    assert.equal(isPast(later, { settled }), expected, `${minutes}`);
  }
  assert.equal(isPast(whole, { settled: undefined }), false);
});

test('a vendor that fails may have been asked for too much from the third failed run in a row on, whatever error of its own it tells', () => {
  const failed = (httpStatus: number | undefined, status: Problem['status'] = exit.unavailable): Problem =>
    new Problem(status, 'it failed', { httpStatus });
  for (const httpStatus of [500, 503, 504]) {
    assert.deepEqual(
      [1, 2, 3].map((failures) => isTooMuch(failed(httpStatus), failures)),
      [false, true, true],
      `${httpStatus}`,
    );
  }
  assert.ok(isTooMuch(failed(413, exit.protocol), 0), 'it says so itself');
  // It was not reached; refused; or the answer was not understood.
  for (const other of [failed(undefined), failed(499), failed(500, exit.protocol)])
    assert.equal(isTooMuch(other, 9), false);
});

test('a slice that is too much, by what the vendor says or by what is known of it, is halved in the same run, unless no shorter one helps', () => {
  const tooLarge = new Problem(exit.protocol, 'too large', { httpStatus: 413 });
  const failing = new Problem(exit.unavailable, 'failed', { httpStatus: 504 });
  const rules = { filter: 'event' } as const;
  const none = { bookmark: undefined };
  const half = 30n * minute;
  const known = (longest: bigint, failures: number, isForewarned = false) => ({ longest, failures, isForewarned });
  for (const halved of [
    shorterThan(whole, tooLarge, known(0n, 0), none, rules),
    shorterThan(whole, failing, known(0n, 0, true), none, rules),
    shorterThan(whole, failing, known(half, 0, true), none, rules),
    shorterThan(whole, tooLarge, known(half, 0), none, rules),
    shorterThan(whole, tooLarge, known(60n * minute, 0), none, rules), // as long a one was not, but it says so
    shorterThan(whole, tooLarge, known(half, 0), none, { ...rules, shortest: 15n * minute }),
    shorterThan(whole, failing, known(half, 2), none, rules),
  ])
    assert.equal(halved, half);
  for (const unhelped of [
    shorterThan(whole, failing, known(0n, 9), none, rules), // none was read: it may be down
    shorterThan(whole, failing, known(60n * minute, 0, true), none, rules), // it is not the length
    shorterThan(whole, new Problem(exit.protocol, 'no', { httpStatus: 400 }), known(half, 9), none, rules),
    shorterThan(whole, new Error('a bug'), known(half, 9), none, rules),
    shorterThan(whole, failing, known(half, 1), none, rules), // it may be back soon
    shorterThan(whole, failing, known(60n * minute, 9), none, rules), // it is not the length
    shorterThan(whole, tooLarge, known(half, 0), { bookmark: 'b' }, rules),
    shorterThan(whole, tooLarge, known(half, 0), none, { filter: 'none' }),
    shorterThan(whole, tooLarge, known(half, 0), none, { ...rules, endless: true }),
    shorterThan(whole, tooLarge, known(half, 0), none, { ...rules, shortest: 30n * minute }),
    shorterThan({ from: 0n, until: minute / 60n }, tooLarge, known(minute / 120n, 0), none, rules), // a second
  ])
    assert.equal(unhelped, undefined);
});

test('after a window that was read whole the next run begins with what it was shortened to, or comes back to whole ones', () => {
  const half = 30n * minute;
  assert.equal(lengthAfterWhole(half, 60n * minute, true), 1_800_000);
  assert.equal(lengthAfterWhole(1n, 0n, false), 1000, 'a second at least');
  assert.equal(lengthAfterWhole(undefined, half, true), 3_600_000);
  assert.equal(lengthAfterWhole(undefined, half, false), undefined);
});

test('after a cut in the first slice, or for too many records, the next one is half as long, a second at least', () => {
  const cut = { from: 0n, until: 10n * minute };
  const none = { count: 0, from: 0n, until: 0n };
  assert.equal(lengthAfterCut(cut, none, false), 300_000);
  assert.equal(lengthAfterCut(cut, { ...whole, count: 3 }, true), 300_000);
  assert.equal(lengthAfterCut({ from: 0n, until: minute / 60n }, none, false), 1000);
});

test('after a cut in a later slice, the next one is as long as all that were read whole, or twice as long as the one', () => {
  const cut = { from: 60n * minute, until: 70n * minute };
  assert.equal(lengthAfterCut(cut, { ...whole, count: 3 }, false), 3_600_000);
  assert.equal(lengthAfterCut(cut, { ...whole, count: 1 }, false), 7_200_000);
});

test('a run that looks further back than the one that was cut off reads again what that had settled', () => {
  const settled = { until: 5n * minute, overlap: minute };
  assert.equal(settledFor({ settled }, minute), settled.until);
  assert.equal(settledFor({ settled }, minute + 1n), undefined);
  assert.equal(settledFor({ settled: undefined }, minute), undefined);
});

interface Cut {
  readonly whole: Whole;
  readonly hasRead: boolean;
  readonly isStopped?: boolean;
  readonly failure?: Problem;
  readonly failures?: number;
  readonly settled?: bigint;
}

test('a slice is shortened by what its length may have caused, and by nothing else', () => {
  const slice = { from: 60n * minute, until: 120n * minute };
  const none = { count: 0, from: slice.from, until: slice.from };
  const three = { count: 3, from: slice.from - 15n * minute, until: slice.from };
  const quota = new Problem(exit.tempfail, 'no more for today', { httpStatus: 429 });
  const failing = new Problem(exit.unavailable, 'failed', { httpStatus: 503 });
  const gone = new Problem(exit.protocol, 'the cursor is gone', { httpStatus: 410 });
  const mangled = new Problem(exit.protocol, 'not understood', { httpStatus: 200 });
  const half = 30 * 60_000;
  const asBefore = 15 * 60_000; // as long as the three
  const past = slice.from + 40n * minute; // the next run goes on there
  for (const [what, { whole: read, hasRead, failures = 0, settled, isStopped = false, failure }, expected] of [
    ['a stop before anything was read', { whole: none, hasRead: false, isStopped: true }, half],
    ['a stop after three slices', { whole: three, hasRead: true, isStopped: true }, asBefore],
    ['a stop behind most of it', { whole: three, hasRead: true, isStopped: true, settled: past }, half],
    ['the same, of a slice not begun', { whole: three, hasRead: false, isStopped: true, settled: past }, asBefore],
    ['a quota used up before it', { whole: none, hasRead: false, failure: quota }, undefined],
    ['a quota used up in it', { whole: none, hasRead: true, failure: quota }, half],
    ['a quota used up in the fourth', { whole: three, hasRead: false, failure: quota }, asBefore],
    ['a failure that may pass', { whole: three, hasRead: true, failure: failing }, undefined],
    ['a failure, run after run', { whole: three, hasRead: false, failure: failing, failures: 2 }, half],
    ['a cursor that ended in it', { whole: none, hasRead: true, failure: gone }, half],
    ['a refusal of its first page', { whole: none, hasRead: false, failure: gone }, undefined],
    ['a later page not understood', { whole: none, hasRead: true, failure: mangled }, undefined],
  ] as [string, Cut, number | undefined][]) {
    const place = placeOf(firstPosition({ source: '', sink: '' }), '', 0);
    if (settled !== undefined) place.settled = { until: settled, overlap: 0n };
    noteCut({ place, source: memoryVendor({ now: 0 }), before: { failures } }, slice, read, {
      isStopped,
      failure,
      unfinished: failure,
      hasRead,
    });
    assert.equal(place.slice, expected, what);
  }
});
