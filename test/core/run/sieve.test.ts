import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { conflict, seen } from '../../../src/core/dedupe.ts';
import { sieve, type SieveParts } from '../../../src/core/run/sieve.ts';
import { emptySummary } from '../../../src/core/summary.ts';
import { fromMillis } from '../../../src/core/time.ts';
import type { AuditRecord, Summary } from '../../../src/core/types.ts';
import { emptyLedger } from '../../support/empty-ledger.ts';
import { auditRecord, minute, stored } from '../../support/memory.ts';

const from = Date.UTC(2026, 10, 20, 9);
const until = from + 3_600_000;
const window = { from: fromMillis(from), until: fromMillis(until) };

/** The count of the records of these times, and how often each callback was called. */
function sifted(
  times: readonly (number | Partial<AuditRecord>)[],
  parts: Partial<Omit<SieveParts, 'job'>> & { job?: Partial<SieveParts['job']> } = {},
): Summary & { readonly old: readonly number[]; readonly late: number } {
  const summary = emptySummary();
  const old: number[] = [];
  let late = 0;
  const { unseen } = sieve({
    ledger: emptyLedger(),
    window,
    slice: window,
    filter: 'event',
    summary,
    isStream: false,
    earliest: (at) => at,
    stale: (time) => void old.push(time),
    tooLate: () => void (late += 1),
    ...parts,
    job: { since: undefined, until: undefined, usePosition: true, dedupe: 'changes', ...parts.job },
  });
  for (const [index, time] of times.entries()) {
    const record = auditRecord(stored(`r${index}`, typeof time === 'number' ? time : from));
    unseen(typeof time === 'number' ? record : { ...record, ...time });
  }
  return { ...summary, old, late };
}

test('a record from before the window is left out, to the nanosecond, and one without a time is not', () => {
  const later = { ...window, from: window.from + 500n };
  const times = [{ time: from, nanos: 499 }, { time: from, nanos: 500 }, from - 1, { time: Number.NaN }];
  const { outside, fetched } = sifted(times, { window: later });
  assert.deepEqual([fetched, outside], [4, 2]);
});

test('what was asked for is no earlier than the window, nor what the window shows than what was asked for', () => {
  const asked = (since: number): number =>
    sifted([from - 1, from, from + 1], { job: { since: fromMillis(since) } }).outside;
  assert.equal(asked(from + 1), 2, 'it begins at an edge before it');
  assert.equal(asked(from - 1), 1, 'the vendor keeps no more');
});

test('a record of the window’s end, or later, counts as one of the future, and one without a time does not', () => {
  const { future, outside } = sifted([until - 1, until, until + 1, { time: Number.NaN }]);
  assert.deepEqual([future, outside], [2, 0]);
  const end = { ...window, until: window.until + 500n };
  assert.equal(
    sifted(
      [
        { time: until, nanos: 499 },
        { time: until, nanos: 500 },
      ],
      { window: end },
    ).future,
    1,
  );
});

test('what is too late by --until is left to a later run, and a record without a time is not', () => {
  const { outside, late } = sifted([until - 1, until, { time: Number.NaN }], { job: { until: window.until } });
  assert.deepEqual([outside, late], [1, 1]);
});

test('each record from long before the window is reported, where the window goes by the event', () => {
  const hours = (count: number): number => from - count * 3_600_000;
  assert.deepEqual(sifted([hours(38), hours(39), hours(40)]).old, [hours(39), hours(40)], 'a filter may go by the day');
  const { old, outside } = sifted([hours(40)], { filter: 'ingestion' });
  assert.deepEqual([old, outside], [[], 0]);
});

test('a line of a stream that equals one of an earlier run counts as alike where nothing tells whether it is new', () => {
  const byContent = { time: Number.NaN, key: Buffer.from('sha256:0123'), keyStart: 0, keyEnd: 11 };
  const again = (record: Partial<AuditRecord>, parts: Parameters<typeof sifted>[1] = {}): readonly number[] => {
    const ledger = emptyLedger();
    sifted([record], { ledger, isStream: true, ...parts });
    const { seen, alike } = sifted([record], { ledger, isStream: true, ...parts });
    return [seen, alike];
  };
  assert.deepEqual(again(byContent), [1, 1]);
  assert.deepEqual(again(byContent, { isStream: false }), [1, 0], 'any other source shows it again');
  assert.deepEqual(again({ ...byContent, time: from }), [1, 0]);
  assert.deepEqual(again({ time: Number.NaN }), [1, 0], 'it has an ID');
  assert.deepEqual(again(byContent, { job: { dedupe: 'content' } }), [1, 0], 'what is equal is one');
});

test('a record that was changed counts as that once, and what goes on with its bytes', () => {
  const summary = emptySummary();
  const sorted = sieve({
    ledger: emptyLedger(),
    window,
    slice: window,
    filter: 'event',
    job: { since: undefined, until: undefined, usePosition: true, dedupe: 'changes' },
    summary,
    isStream: false,
    earliest: (at) => at,
    stale: () => {},
    tooLate: () => {},
  });
  const [one, other] = ['one', 'another'].map((text) => ({ ...auditRecord(stored(text, from)) }));
  const changed = { ...other!, key: one!.key, keyStart: one!.keyStart, keyEnd: one!.keyEnd };
  assert.ok(sorted.unseen(one!) >= 0);
  assert.equal(sorted.unseen(changed), conflict);
  assert.ok(sorted.changed(other!) >= 0);
  assert.equal(sorted.changed(other!), seen);
  const bytes = [one!, other!].reduce((sum, { start, end }) => sum + end - start, 0);
  assert.deepEqual([summary.fetched, summary.changed, summary.seen, summary.bytes], [2, 1, 1, bytes]);
});

test('in a search the user’s bounds are about the event, whatever the vendor goes by', () => {
  const job = { since: window.from + minute, until: window.until - minute, usePosition: false };
  for (const filter of ['event', 'ingestion', 'none'] as const) {
    assert.equal(sifted([from, from + 60_000, until - 60_000], { filter, job }).outside, 2, filter);
  }
});

test('in a job, with bounds or without, an old event time means nothing where the vendor goes by when it stored a record', () => {
  const times = [from - 60_000, from, until - 1, until, until + 60_000];
  for (const job of [{}, { since: window.from + minute, until: window.until - minute }]) {
    const { outside, late } = sifted(times, { filter: 'ingestion', job });
    assert.deepEqual([outside, late], [0, 0]);
  }
});
