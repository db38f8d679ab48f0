import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenOf, totalAt } from '../../../src/core/json/value-at.ts';

test('a number of a million digits stays a text, and is no total', () => {
  const digits = '9'.repeat(1_000_000);
  assert.equal(tokenOf(digits), digits);
  assert.equal(tokenOf(digits.slice(0, 19)), 9_999_999_999_999_999_999n);
  assert.equal(totalAt(`{"total":${digits}}`, 'total'), undefined);
});
