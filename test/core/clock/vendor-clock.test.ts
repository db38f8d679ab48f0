import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clockHint,
  clocksApart,
  isAhead,
  isCredible,
  presumedNow,
  provenNow,
  refusesFuture,
} from '../../../src/core/clock/vendor-clock.ts';
import { second } from '../../../src/core/time.ts';

const minute = 60n * second;
const now = 1_763_596_800n * second;

test('until the vendor has told the time it is ours, or just after the watermark, which its clock has passed', () => {
  assert.equal(presumedNow(now, undefined), now);
  assert.equal(presumedNow(now, now - 1n), now);
  assert.equal(presumedNow(now, now), now + second);
  assert.equal(presumedNow(now, now + minute), now + minute + second);
});

test('a vendor’s clock is believed that was set, and is a week ahead at most of a clock of ours that was set, too', () => {
  const [day, from1970] = [1440n * minute, 90n * second];
  const rows: readonly (readonly [serverNow: bigint, presumed: bigint, expected: boolean])[] = [
    [now, now, true],
    [now + 7n * day, now, true],
    [now + 7n * day + 1n, now, false],
    [now - 200n * day, now, true],
    [from1970, now, false],
    [now, from1970, true],
    [from1970, from1970, false],
  ];
  for (const [serverNow, presumed, expected] of rows) assert.equal(isCredible(serverNow, presumed), expected);
});

test('how far two clocks are apart is said with the direction', () => {
  assert.equal(clocksApart(now - 3600n * second, now), "3600 s behind this machine's");
  assert.equal(clocksApart(now + 61n * second, now), "61 s ahead of this machine's");
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
  const hint = (date: bigint | undefined): string | undefined => clockHint({ date }, ours);
  assert.equal(hint(undefined), undefined);
  assert.equal(hint(now - 59n * second), undefined);
  assert.equal(hint(now - 60n * second), 'the clock of this machine is 60 s ahead: set it first');
  assert.equal(hint(now + 3600n * second), 'the clock of this machine is 3600 s behind: set it first');
});

test('a refusal with 400 or 422 may be of the future, where what was asked for ends after the vendor’s clock', () => {
  for (const status of [400, 422]) {
    assert.equal(refusesFuture(now, now + 1n, status), true);
    assert.equal(refusesFuture(now, now, status), false);
    assert.equal(refusesFuture(undefined, now + 1n, status), false);
  }
  for (const status of [undefined, 401, 403, 404, 500]) assert.equal(refusesFuture(now, now + 1n, status), false);
});
