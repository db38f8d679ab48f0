import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { identifier, type IdentityRule } from '../../../src/core/identity.ts';
import { noticingRepeats } from '../../../src/core/paging/repeated-rows.ts';

const byId: IdentityRule = { paths: [['id']] };
const byContent: IdentityRule = { paths: [] };

/** Rows of pages, each known by its text; how many of each page were on the one before. */
function repeats(rule: IdentityRule, ...pages: readonly (readonly string[])[]): number[] {
  const rows = noticingRepeats(identifier(rule, () => false, false));
  return pages.map((page) => {
    rows.startPage();
    for (const text of page) show(rows, text);
    return rows.repeated();
  });
}

function show(rows: ReturnType<typeof noticingRepeats>, text: string): string {
  const bytes = Buffer.from(`"${text}"`);
  const { key, keyStart, keyEnd } = rows.key(bytes, 0, bytes.length, Int32Array.of(0, bytes.length));
  return key.toString('utf8', keyStart, keyEnd);
}

test('a row that was on the page before is noticed, and no other', () => {
  assert.deepEqual(repeats(byId, ['a', 'b'], ['b', 'c'], ['a', 'd'], ['d', 'a', 'e']), [0, 1, 0, 2]);
});

test('a row that a page shows twice is no row of the page before', () => {
  assert.deepEqual(repeats(byId, ['a', 'a'], ['b', 'c', 'b'], ['d']), [0, 0, 0]);
});

test('records without an ID are twins, and each counts', () => {
  assert.deepEqual(repeats(byContent, ['a', 'b'], ['b', 'c']), [0, 0]);
});

test('a page that is read again is compared with the one before it, not with itself', () => {
  const rows = noticingRepeats(identifier(byId, () => false, false));
  rows.startPage();
  show(rows, 'a');
  for (const again of [false, true, true]) {
    rows.startPage(again);
    show(rows, 'a');
    show(rows, 'b');
    assert.equal(rows.repeated(), 1);
  }
  rows.startPage();
  show(rows, 'b');
  assert.equal(rows.repeated(), 1);
});

test('the keys of rows are the same whether repeats are noticed or not', () => {
  const [rows, plain] = [noticingRepeats(identifier(byId, () => false, false)), identifier(byId, () => false, false)];
  const bytes = Buffer.from('"a"');
  const { key, keyStart, keyEnd } = plain.key(bytes, 0, 3, Int32Array.of(0, 3));
  assert.equal(show(rows, 'a'), key.toString('utf8', keyStart, keyEnd));
});

test('a row that is taken back was never there: it repeats nothing, and nothing repeats it', () => {
  const rows = noticingRepeats(identifier(byId, () => false, false));
  rows.startPage();
  show(rows, 'a');
  rows.startPage();
  show(rows, 'a');
  rows.takeBack(false);
  assert.equal(rows.repeated(), 0);
  show(rows, 'b');
  rows.takeBack(false);
  assert.equal(rows.repeated(), 0);
  rows.startPage();
  show(rows, 'a');
  show(rows, 'b');
  assert.equal(rows.repeated(), 0);
});

test('a twin that is taken back, or on a page that is read again, is no further one', () => {
  const rows = noticingRepeats(identifier(byContent, () => false, false));
  rows.startPage();
  const first = show(rows, 'a');
  rows.takeBack(true);
  assert.equal(show(rows, 'a'), first);
  rows.startPage(true);
  assert.equal(show(rows, 'a'), first);
  assert.notEqual(show(rows, 'a'), first);
});

test('of a very long page the last rows are kept, and nothing is noticed in vain', () => {
  const long = Array.from({ length: 100_000 }, (_, number) => `r${number}`);
  const fresh = Array.from({ length: 100_000 }, (_, number) => `s${number}`);
  assert.deepEqual(repeats(byId, long, long.slice(-60_000), ['r0'], fresh, long), [0, 60_000, 0, 0, 0]);
  const longer = Array.from({ length: 200_000 }, (_, number) => `r${number}`);
  assert.deepEqual(repeats(byId, longer, ['r0', 'r199999']), [0, 1]);
});
