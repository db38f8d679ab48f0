import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../../src/core/problem.ts';
import { isPast, isTooMuch, lengthAfterCut, settledFor, shorterThan } from '../../../src/core/plan/cut-off.ts';
import { minute } from '../../support/memory.ts';

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

test('a slice that is too much after shorter ones were not is halved in the same run, unless no shorter one helps', () => {
  const tooLarge = new Problem(exit.protocol, 'too large', { httpStatus: 413 });
  const failing = new Problem(exit.unavailable, 'failed', { httpStatus: 504 });
  const rules = { filter: 'event' } as const;
  const none = { bookmark: undefined };
  const half = 30n * minute;
  for (const halved of [
    shorterThan(whole, half, tooLarge, 0, none, rules),
    shorterThan(whole, 60n * minute, tooLarge, 0, none, rules), // as long a one was not, but it says so
    shorterThan(whole, half, tooLarge, 0, none, { ...rules, shortest: 15n * minute }),
    shorterThan(whole, half, failing, 2, none, rules),
  ])
    assert.equal(halved, half);
  for (const unhelped of [
    shorterThan(whole, 0n, tooLarge, 0, none, rules), // none was read
    shorterThan(whole, half, new Problem(exit.protocol, 'no', { httpStatus: 400 }), 9, none, rules),
    shorterThan(whole, half, new Error('a bug'), 9, none, rules),
    shorterThan(whole, half, failing, 1, none, rules), // it may be back soon
    shorterThan(whole, 60n * minute, failing, 9, none, rules), // it is not the length
    shorterThan(whole, half, tooLarge, 0, { bookmark: 'b' }, rules),
    shorterThan(whole, half, tooLarge, 0, none, { filter: 'none' }),
    shorterThan(whole, half, tooLarge, 0, none, { ...rules, endless: true }),
    shorterThan(whole, half, tooLarge, 0, none, { ...rules, shortest: 16n * minute }),
    shorterThan({ from: 0n, until: minute / 60n }, minute / 120n, tooLarge, 0, none, rules), // a second
  ])
    assert.equal(unhelped, undefined);
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
