/** Where a branch goes on from, once what was read so far was delivered: the two places where its position moves. */
import { isUnset, provenNow } from '../clock/vendor-clock.ts';
import { later, toMillis } from '../time.ts';
import type { BranchPosition, Duration, Instant, Source, Window } from '../types.ts';
import { advance, delayOf, overlapOf, settledBy } from '../window.ts';
import type { BranchRun } from './branch-run.ts';
import { settledFor } from '../plan/cut-off.ts';
import type { PlanInForce } from '../plan/in-force.ts';
import { stoppedEarly } from './problems.ts';

type Committing = Pick<BranchRun, 'source' | 'place' | 'job' | 'doubted'> & {
  readonly plan: Pick<PlanInForce, 'passGap'>;
};

/**
 * Both clocks when the slice was asked for, the vendor's if it tells a time: what happens while its pages are read and
 * delivered, however long that takes, is yet to be looked for.
 */
interface Clocks {
  readonly serverTime: Instant | undefined;
  readonly ourTime: Instant;
}

/**
 * The one place where the watermark moves: every record of the slice was delivered, or durably set aside. `moves` and what is
 * returned are those of `pullSlice`. Throws Problem (3) when one query, as asked for, has left records of it unread.
 */
export function commit(
  { source, place, job, doubted, plan }: Committing,
  slice: Window,
  { serverTime, ourTime }: Clocks,
  moves: boolean,
): boolean {
  const stays = job.usePosition && place.bookmark === undefined;
  if (source.truncated()) throw stoppedEarly(source.guessed(), stays);
  const delay = delayOf(job, source.window);
  const proven = provenNow(serverTime, ourTime);
  // The slice begins in the vendor's future: one query (-x) was planned by our clock, which is ahead. What came before is unread.
  if (serverTime !== undefined && slice.from > serverTime) return false;
  if (moves && doubted.length === 0 && !isUnset(proven ?? ourTime)) {
    const overlap = overlapOf(job, source.window);
    place.settled = settledAfter(place, slice, { serverNow: proven, delay, overlap });
    const watermark = advance(place.watermark, slice, proven, delay);
    if (watermark !== place.watermark) plan.passGap();
    place.watermark = watermark;
    place.begin = undefined;
    place.ledger.prune(toMillis(earliestShown(source, source.edge(watermark - overlap))));
  }
  return moves && (proven === undefined || proven - delay >= slice.until);
}

/**
 * The one place where a bookmark is taken over: every record before it was delivered, or durably set aside. It stays where
 * it was while any is in doubt, to which there is no way back behind a bookmark.
 */
export async function commitBookmark(
  { place, job, doubted, plan, save }: Pick<BranchRun, 'place' | 'job' | 'doubted' | 'plan' | 'save'>,
  bookmark: string,
): Promise<void> {
  if (doubted.length > 0) return;
  if (job.since !== undefined) plan.passGap(); // any other gap is met again as long as the watermark stays
  place.bookmark = bookmark;
  place.ledger.mark();
  await save();
}

/** A first run's window begins where nothing was promised yet. Without the vendor's clock nothing is settled. */
function settledAfter(
  place: Pick<BranchPosition, 'watermark' | 'settled'>,
  slice: Window,
  { serverNow, delay, overlap }: { serverNow: Instant | undefined; delay: Duration; overlap: Duration },
): BranchPosition['settled'] {
  if (serverNow === undefined) return place.settled;
  const begin = place.watermark === undefined ? slice.from : place.watermark - overlap;
  const known = settledFor(place, overlap) ?? begin;
  const until = settledBy(later(known, begin), slice, serverNow, delay + overlap);
  return { until, overlap };
}

/** The earliest time that a record may have which the vendor shows when asked from `at` on. */
export function earliestShown(source: Source, at: Instant): Instant {
  return source.earliest(source.shownFrom(at));
}
