/** What of a slice is to be delivered: the records that belong to it, each once, by where the vendor was asked to begin. */
import { withContentKey } from '../content/content-key.ts';
import { conflict } from '../dedupe.ts';
import type { PlanInForce } from '../plan/in-force.ts';
import { fromMillis, later, second } from '../time.ts';
import type { AuditRecord, Instant, Window, WindowRules } from '../types.ts';
import { delayOf, overlapOf } from '../window.ts';
import type { BranchRun } from './branch-run.ts';
import { sieve, type Sieve } from './sieve.ts';

interface Passage {
  /** The window that the slice is a part of. */
  readonly window: Window;
  readonly slice: Window;
  /** Where the vendor goes on after an earlier run, if anywhere. */
  readonly bookmark: string | undefined;
  /** Takes a record, under its entry in the ledger; something to wait for when there is no room. */
  deliver(record: AuditRecord, entry: number): Promise<void> | undefined;
  /** See `SieveParts.tooLate`. */
  tooLate(): void;
}

export interface Selection {
  /** A page begins. */
  startPage(): void;
  /** Delivers the record unless that was done. */
  take(record: AuditRecord): Promise<void> | undefined;
  /** The vendor no longer knows the bookmark, and shows the window from its beginning. */
  restart(): void;
}

type Selecting = Pick<BranchRun, 'place' | 'source' | 'job' | 'tools' | 'summary'> & {
  readonly plan: Pick<PlanInForce, 'showedStale'>;
};

/** For one slice. What it leaves out is counted in the summary of the run. */
export function selection(at: Selecting, { window, slice, bookmark, deliver, tooLate }: Passage): Selection {
  const { place, source, job, tools, summary } = at;
  const sieveBy = (filter: WindowRules['filter'], since: Instant | undefined): Sieve =>
    sieve({
      ledger: place.ledger,
      window: { ...window, from: takenFrom(at, window, slice) },
      slice,
      filter,
      job: { ...job, since },
      summary,
      isStream: source.stream !== undefined,
      earliest: source.earliest,
      stale: at.plan.showedStale,
      tooLate,
    });
  // Behind a bookmark everything is new, whatever its time, and is shown only once. So a --since that lies before the position
  // leaves out none of it: no later run would be shown it again.
  const isBefore = (job.since ?? 0n) <= (place.watermark ?? -1n);
  let sorted =
    bookmark === undefined
      ? sieveBy(source.window.filter, job.since)
      : sieveBy('none', isBefore ? undefined : job.since);
  let isOpenEnded = bookmark !== undefined;

  /** Up to a bookmark, and from it on, what is shown may be as young as it likes, whatever the slice. */
  function youngest(): Instant {
    const planned = slice.until + delayOf(job, source.window);
    const now = (source.serverTime() ?? fromMillis(tools.now())) + second; // vendors tell whole seconds
    return later(now, planned);
  }

  return {
    startPage() {
      if (isOpenEnded) sorted.extend(youngest());
    },
    take(pulled) {
      let record = job.dedupe === 'content' ? withContentKey(pulled) : pulled;
      let entry = sorted.unseen(record);
      if (entry === conflict && job.dedupe === 'changes') {
        record = withContentKey(pulled);
        entry = sorted.changed(record);
      }
      return entry < 0 ? undefined : deliver(record, entry);
    },
    restart() {
      sorted = sieveBy(source.window.filter, job.since);
      isOpenEnded = true;
    },
  };
}

/**
 * From when on records of the slice are taken: as if a run began with it. What is older came with the slices before, and is
 * remembered no more; a vendor that pays no heed to `from` shows it in each slice again.
 */
function takenFrom({ source, job }: Pick<BranchRun, 'source' | 'job'>, window: Window, slice: Window): Instant {
  return later(source.edge(slice.from - overlapOf(job, source.window)), window.from);
}
