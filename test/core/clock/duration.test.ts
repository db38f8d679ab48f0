import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationOf, durationText } from '../../../src/core/clock/duration.ts';

for (const [exact, shown] of [
  ['0s', '0s'],
  ['59s', '59s'],
  ['60s', '1m'],
  ['90s', '1m30s'],
  ['3599s', '59m59s'],
  ['1h1s', '1h'],
  ['1h1m1s', '1h1m'],
  ['47h59m59s', '1d23h'],
  ['2d30m', '2d'],
  ['2w', '14d'],
] as const) {
  test(`a duration of ${exact} is shown as ${shown}, in its two largest units`, () => {
    assert.equal(durationText(durationOf(exact)!), shown);
  });
}
