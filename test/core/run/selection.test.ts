import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dated } from '../../../src/core/clock/duration.ts';
import { newPlace } from '../../../src/core/position.ts';
import { selection, type Selection } from '../../../src/core/run/selection.ts';
import { emptySummary } from '../../../src/core/summary.ts';
import { fromMillis, toMillis } from '../../../src/core/time.ts';
import type { Instant, Job, Ledger, Window } from '../../../src/core/types.ts';
import { fakeTools } from '../../support/fake-tools.ts';
import { auditRecord, memoryJob, memoryVendor, minute, stored } from '../../support/memory.ts';

const ours = Date.UTC(2026, 10, 20, 9);
const now = fromMillis(ours);
const window: Window = { from: now - 60n * minute, until: now };

interface Scene {
  readonly selected: Selection;
  readonly ledger: Ledger;
  /** Minutes ago of the records that were told to be delivered. */
  readonly delivered: number[];
  /** Takes a record of so many minutes ago, and has it delivered if it is to be. */
  take(ago: number): void;
}

function scene(
  bookmark: string | undefined,
  { slice = window, watermark, job = {} }: { slice?: Window; watermark?: Instant; job?: Partial<Job> } = {},
): Scene {
  const place = Object.assign(newPlace(undefined, 0), { watermark });
  const delivered: number[] = [];
  const selected = selection(
    {
      place,
      source: memoryVendor({ now: ours }),
      job: dated({ ...memoryJob, ...job }, now),
      tools: fakeTools({ now: ours }),
      summary: emptySummary(),
      plan: { showedStale: () => {} },
    },
    {
      window,
      slice,
      bookmark,
      tooLate: () => {},
      async deliver({ time }, entry) {
        delivered.push((ours - time) / 60_000);
        place.ledger.keep(entry);
      },
    },
  );
  selected.startPage();
  const take = (ago: number): void => void selected.take(auditRecord(stored(`${ago}`, ours - ago * 60_000)));
  return { selected, ledger: place.ledger, delivered, take };
}

test('what came with the slices before is left out of a slice, but for its overlap, though the vendor shows all of the window', () => {
  const { take, delivered } = scene(undefined, { slice: { from: now - 10n * minute, until: now } });
  for (const ago of [50, 16, 14, 5]) take(ago);
  assert.deepEqual(delivered, [14, 5]);
});

test('after a bookmark, only a --since that is later than the position leaves out what is older', () => {
  for (const [since, expected] of [
    [20n, [10]],
    [30n, [90, 25, 10]],
    [40n, [90, 25, 10]],
  ] as const) {
    const job = { since: now - since * minute };
    const { take, delivered } = scene('there', { watermark: now - 30n * minute, job });
    for (const ago of [90, 25, 10]) take(ago);
    assert.deepEqual(delivered, expected, `${since}`);
  }
});

test('where the vendor begins anew, what is older than the window is left out again', () => {
  const { take, delivered, selected } = scene('there');
  take(90);
  selected.restart();
  take(95);
  take(30);
  assert.deepEqual(delivered, [90, 30]);
});

test('what follows a bookmark is remembered until after it was read, and what is in a slice for its own time', () => {
  const later = { from: window.from, until: now + minute };
  for (const [bookmark, slice, until] of [
    ['there', window, ours + 1000],
    ['there', later, toMillis(later.until)],
    [undefined, window, ours - 10 * 60_000],
  ] as const) {
    const { take, ledger } = scene(bookmark, { slice });
    take(10);
    const left = [until, until + 1].map((at) => {
      ledger.prune(at);
      return ledger.size();
    });
    assert.deepEqual(left, [1, 0]);
  }
});
