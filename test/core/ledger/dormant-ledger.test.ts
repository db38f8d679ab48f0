import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dormantLedger } from '../../../src/core/ledger/dormant-ledger.ts';
import { Problem } from '../../../src/core/problem.ts';
import type { Ledger } from '../../../src/core/types.ts';
import { emptyLedger } from '../../support/empty-ledger.ts';
import { problem } from '../../support/problem.ts';

const stamp = 1_763_629_200_000;
const count = 2000;

function note(ledger: Ledger, key: string, at = stamp): number {
  const bytes = Buffer.from(key);
  return ledger.note(bytes, 0, bytes.length, at, 1);
}

function textOf(ledger: Ledger): string {
  return Buffer.concat([...ledger.lines()]).toString();
}

/** Lines of as many IDs, a millisecond apart, in three blocks; the last one awaits an acknowledgement if there is one. */
function blocks(pending?: string): Buffer[] {
  const ledger = emptyLedger();
  for (let index = 0; index < count; index += 1) ledger.keep(note(ledger, `"id ${index}"`, stamp + index));
  if (pending !== undefined) ledger.wait(note(ledger, 'awaited'), pending);
  const lines = textOf(ledger).match(/.*\n/g) ?? [];
  return [lines.slice(0, 700), lines.slice(700, 701), lines.slice(701)].map((part) => Buffer.from(part.join('')));
}

function unusable(damage: string): Problem {
  return new Problem(78, `unusable: ${damage}`);
}

/** Blocks that complain when they are read through. */
const unreadable = [Buffer.from('this is not a line of a ledger\n')];

test('nobody reads the lines of a ledger that is only passed on', () => {
  const ledger = dormantLedger(unreadable, 1, 0, unusable);
  assert.deepEqual(ledger.pending(), []);
  ledger.prune(0);
  assert.equal(ledger.size(), 1);
  assert.equal(textOf(ledger), unreadable.join(''));
});

test('a ledger that is asked about a record knows what the saved one knew, and takes new ones', () => {
  const saved = blocks();
  const ledger = dormantLedger(saved, count, 0, unusable);
  const fresh = note(ledger, 'new');
  assert.ok(fresh >= 0);
  ledger.keep(fresh);
  for (let index = 0; index < count; index += 1) assert.ok(note(ledger, `"id ${index}"`, stamp + index) < 0);
  assert.equal(ledger.size(), count + 1);
  assert.equal(textOf(ledger), `${saved.join('')}${stamp} 00000001 + new\n`);
});

test('acknowledgements still to come wake a ledger that is only passed on', () => {
  const ledger = dormantLedger(blocks('7'), count + 1, 0, unusable);
  assert.deepEqual(ledger.pending(), ['7']);
  ledger.settle('7', false);
  assert.equal(ledger.size(), count);
});

test('old IDs are forgotten once they are a large part of all', () => {
  const ledger = dormantLedger(blocks(), count, 0, unusable);
  ledger.prune(stamp + count / 10);
  assert.equal(ledger.size(), count, 'a tenth is not worth the reading');
  ledger.prune(stamp + count / 2);
  assert.equal(ledger.size(), count / 2);
  ledger.prune(stamp + count);
  assert.equal(ledger.size(), 0);
});

test('lines that are not what the file promised are reported when they are read, and nothing of them is used', () => {
  const wrong = problem(78, /^unusable: /, '');
  const short = dormantLedger(blocks(), count + 1, 0, unusable);
  const broken = dormantLedger(unreadable, 1, 0, unusable);
  for (const ledger of [short, broken]) {
    for (let attempt = 1; attempt <= 2; attempt += 1) assert.throws(() => note(ledger, '"id 1"'), wrong);
    assert.throws(() => textOf(ledger), wrong, 'a position without them must not be saved');
    assert.throws(() => ledger.pending(), wrong);
    assert.throws(() => ledger.prune(0), wrong);
  }
});
