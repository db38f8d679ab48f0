import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockHint, isAhead, missedOf, presumedNow, provenNow } from '../../../src/core/clock/vendor-clock.ts';
import { second } from '../../../src/core/time.ts';

const minute = 60n * second;
const now = 1_763_596_800n * second;

test('until the vendor has told the time it is ours, or just after the watermark, which its clock has passed', () => {
  assert.equal(presumedNow(now, undefined), now);
  assert.equal(presumedNow(now, now - 1n), now);
  assert.equal(presumedNow(now, now), now + second);
  assert.equal(presumedNow(now, now + minute), now + minute + second);
});

test('what a vendor has that is more than a minute ahead of our clock is read as well, up to its time less the delay', () => {
  const window = { from: now - minute, until: now };
  assert.equal(missedOf(window, undefined, 0n), undefined);
  assert.equal(missedOf(window, now + minute, 0n), undefined);
  assert.deepEqual(missedOf(window, now + minute + 1n, 0n), { from: now, until: now + minute + 1n });
  assert.equal(missedOf(window, now + 2n * minute, minute), undefined);
  assert.deepEqual(missedOf(window, now + 3n * minute, minute), { from: now, until: now + 2n * minute });
});

test('a position is trusted up to the earlier of two clocks', () => {
  assert.equal(provenNow(undefined, now), undefined);
  assert.equal(provenNow(now - 1n, now), now - 1n);
  assert.equal(provenNow(now + 1n, now), now);
});

test('a watermark is ahead of our clock when that is off by more than five minutes', () => {
  assert.equal(isAhead(now + 5n * minute, now), false);
  assert.equal(isAhead(now + 5n * minute + 1n, now), true);
  assert.equal(isAhead(now - minute, now), false);
});

test('a hint on refused credentials names a clock that is off by a minute, and in which direction', () => {
  const ours = Number(now / 1_000_000n);
  const hint = (date: bigint | undefined): string => clockHint({ date }, ours);
  assert.equal(hint(undefined), '');
  assert.equal(hint(now - 59n * second), '');
  assert.equal(hint(now - 60n * second), '; the clock of this machine is 60 s ahead: set it first');
  assert.equal(hint(now + 3600n * second), '; the clock of this machine is 3600 s behind: set it first');
});
