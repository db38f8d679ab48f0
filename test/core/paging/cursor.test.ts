import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorFrom, cursorText, type Cursor } from '../../../src/core/paging/cursor.ts';

const cursors: readonly (readonly [what: string, cursor: Cursor, text: string])[] = [
  ['a text is itself', 'eyJhIjoxfQ==', 'eyJhIjoxfQ=='],
  ['so is one with braces', '{"a":1}', '{"a":1}'],
  ['so is one that begins like JSON and is none', '[2026] "x', '[2026] "x'],
  ['an integer keeps its digits', 1763629200000000001n, '1763629200000000001'],
  ['a text that reads like an integer is quoted', '1763629200000000001', '"1763629200000000001"'],
  ['a text in quotes is quoted again', '"a"', '"\\"a\\""'],
  ['a list is JSON', [1763629200000000001n, 'a,b', ''], '[1763629200000000001,"a,b",""]'],
  ['a text that reads like a list is quoted', '[1,"a"]', '"[1,\\"a\\"]"'],
];

for (const [what, cursor, text] of cursors) {
  test(`in a position ${what}, and is read as it was`, () => {
    assert.equal(cursorText(cursor), text);
    assert.deepEqual(cursorFrom(text), cursor);
  });
}
