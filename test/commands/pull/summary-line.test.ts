import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressText, summaryText } from '../../../src/commands/pull/summary-line.ts';
import { firstPosition, placeOf } from '../../../src/core/position.ts';
import { emptySummary } from '../../../src/core/summary.ts';
import { fromMillis } from '../../../src/core/time.ts';

const until = fromMillis(Date.parse('2026-11-20T09:00:00Z'));
const window = { from: until - 3_600_000_000_000n, until };
const summary = { ...emptySummary(), fetched: 3, delivered: 2, seen: 1 };
const position = firstPosition({ source: 'a', sink: 'b' });
placeOf(position, '', 1).watermark = until;

test('the position is named where it moved, and not after a search or a dry run', () => {
  const text = (usePosition: boolean, dryRun: boolean): string =>
    summaryText({ summary, window, position }, { usePosition, dryRun });
  const counts = '2026-11-20T08:00:00Z to 2026-11-20T09:00:00Z, 3 fetched, 2 delivered, 1 seen before';
  assert.equal(text(true, false), `${counts}, position 2026-11-20T09:00:00Z`);
  assert.equal(text(false, false), counts);
  assert.equal(text(true, true), counts.replace('delivered', 'would be delivered'));
});

test('a window without a beginning is not said to begin in 1970', () => {
  const endless = { from: 0n, until };
  assert.match(progressText(summary, endless, 1000), /, up to 2026-11-20T09:00:00Z$/);
  const search = { usePosition: false, dryRun: false };
  assert.match(summaryText({ summary, window: endless, position }, search), /^up to 2026-11-20T09:00:00Z, 3 fetched/);
});

test('the line of progress moves while a query matches nothing', () => {
  const span = '2026-11-20T08:00:00Z to 2026-11-20T09:00:00Z';
  assert.equal(progressText({ ...summary, bytes: 2e6 }, window, 2000), `3 records, 2.0 MB, 2/s, ${span}`);
  const searching = { ...emptySummary(), unmatched: 5000 };
  assert.equal(progressText(searching, window, 2000), `5000 records read, 0 matching, 0.0 MB, 2500/s, ${span}`);
});

test('the line that is redrawn tells a window from now in whole seconds: with the thousandths, eighty columns cut it off', () => {
  const fromNow = { from: window.from + 123_000_000n, until: until + 123_000_000n };
  const text = progressText({ ...emptySummary(), fetched: 50_000, bytes: 12.3e6 }, fromNow, 2000);
  assert.equal(text, '50000 records, 12.3 MB, 25000/s, 2026-11-20T08:00:00Z to 2026-11-20T09:00:00Z');
  assert.ok(text.length < 80);
});
