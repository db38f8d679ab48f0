import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstOf, listed } from '../../../src/core/text/listed.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `b${at + 1}`);

test('ten names are all told, and of more the first ten and how many are left', () => {
  assert.equal(firstOf(names(10)), 'b1, b2, b3, b4, b5, b6, b7, b8, b9, b10');
  assert.equal(firstOf(names(12)), 'b1, b2, b3, b4, b5, b6, b7, b8, b9, b10 and 2 more');
});

test('the last two names in a sentence have a word between them', () => {
  assert.deepEqual([listed(names(1)), listed(names(2)), listed(names(3), 'or')], ['b1', 'b1 and b2', 'b1, b2 or b3']);
});
