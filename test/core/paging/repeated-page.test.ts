import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repetition } from '../../../src/core/paging/repeated-page.ts';

const page = { fingerprint: 'first', count: 9, limit: 10, proven: false, afterLast: false };

/** How often the second of two pages may be told once more where none has twins, and what it is taken for after that. */
function allowed(first: Partial<typeof page>, then: Partial<typeof page>): readonly [times: number, what: string] {
  const tell = repetition(true);
  assert.equal(tell({ ...page, ...first }), undefined);
  for (let times = 0; times < 200; times++) {
    const what = tell({ ...page, ...then });
    if (what !== undefined) return [times, what];
  }
  return [Infinity, 'nothing'];
}

test('a page that comes again is a circle, the second time where its first row proves its place', () => {
  assert.deepEqual(allowed({}, {}), [0, 'circle']);
  assert.deepEqual(allowed({}, { proven: true }), [1, 'circle']);
});

test('the last rows are shown again by each row that arrives, twenty times', () => {
  const last = { fingerprint: 'last', proven: true, afterLast: true };
  assert.deepEqual(allowed({}, last), [21, 'last rows'], 'the first time they were new');
  assert.deepEqual(allowed({}, { ...last, count: 10 }), [2, 'circle'], 'a full page is none of the last');
  assert.deepEqual(allowed({}, { ...last, afterLast: false }), [2, 'circle'], 'nor is one before them');
});

test('one row or two may be all that the first page has, and come again as the last; three are a circle', () => {
  const last = { proven: true, afterLast: true };
  assert.deepEqual(allowed({ count: 1 }, { ...last, count: 1 }), [20, 'last rows']);
  assert.deepEqual(allowed({ count: 2 }, { ...last, count: 2 }), [20, 'last rows']);
  assert.deepEqual(allowed({ count: 3 }, { ...last, count: 3 }), [1, 'circle']);
});
