/** What was delivered before the bookmark that was saved last, see Ledger.mark. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import type { Ledger } from '../../../src/core/types.ts';
import { emptyLedger } from '../../support/empty-ledger.ts';

/** Notes a key that can be shown again until `stamp`, and says that its record was delivered. */
function keep(ledger: Ledger, key: string, stamp = 1000): void {
  const entry = ledger.note(Buffer.from(key), 0, key.length, stamp, 0);
  assert.ok(entry >= 0, `${key} was noted before`);
  ledger.keep(entry);
}

/** Those of the keys that are marked, as one text. */
function marked(ledger: Ledger, keys = 'abcd'): string {
  return told(ledger.marked(), keys);
}

function told(isMarked: ReturnType<Ledger['marked']>, keys = 'abcd'): string {
  return keys
    .split('')
    .filter((key) => isMarked(Buffer.from(key), 0, 1))
    .join('');
}

test('a mark is on what was there, and not on what comes later', () => {
  const ledger = emptyLedger();
  ledger.mark();
  keep(ledger, 'a');
  assert.equal(marked(ledger), '');
  ledger.mark();
  keep(ledger, 'b');
  assert.equal(marked(ledger), 'a');
  ledger.mark();
  assert.equal(marked(ledger), 'ab');
});

test('a function for what is marked does not change when more is marked later', () => {
  const ledger = emptyLedger();
  keep(ledger, 'a');
  ledger.mark();
  const before = ledger.marked();
  keep(ledger, 'b');
  ledger.mark();
  assert.deepEqual([told(before), told(ledger.marked())], ['a', 'ab']);
});

test('only what was delivered, or waits for its acknowledgement, is marked', () => {
  const ledger = emptyLedger();
  const noted = ledger.note(Buffer.from('a'), 0, 1, 1000, 0);
  ledger.wait(ledger.note(Buffer.from('b'), 0, 1, 1000, 0), 'late');
  ledger.wait(ledger.note(Buffer.from('c'), 0, 1, 1000, 0), 'lost');
  ledger.mark();
  ledger.settle('lost', false);
  assert.equal(marked(ledger), 'b');
  ledger.keep(noted);
  assert.equal(marked(ledger), 'ab');
});

test('marks stay on what is still remembered when the rest is forgotten', () => {
  const ledger = emptyLedger();
  keep(ledger, 'a', 1);
  keep(ledger, 'b');
  ledger.mark();
  keep(ledger, 'c', 1);
  keep(ledger, 'd');
  ledger.prune(500);
  assert.equal(marked(ledger), 'b');
  ledger.mark();
  assert.equal(marked(ledger), 'bd');
});

test('where all is forgotten, a mark is on nothing, and what takes the old places is not marked', () => {
  const ledger = emptyLedger();
  for (const key of 'abc') keep(ledger, key, 1);
  ledger.mark();
  ledger.prune(500);
  keep(ledger, 'a');
  assert.equal(marked(ledger), '');
  ledger.prune(2000);
  ledger.mark();
  keep(ledger, 'b');
  assert.equal(marked(ledger), '');
});

test('marks are saved with the lines, and read from them', () => {
  const ledger = emptyLedger();
  for (const key of 'ab') keep(ledger, key);
  ledger.mark();
  keep(ledger, 'c');
  const read = emptyLedger();
  for (const lines of ledger.lines()) read.read(lines);
  assert.equal(marked(read), 'ab');
  read.mark();
  assert.equal(marked(read), 'abc');
});
