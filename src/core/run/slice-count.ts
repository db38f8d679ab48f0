/** What a slice has added to the count of its run. */
import { unaccounted } from '../summary.ts';
import type { BranchRun } from './branch-run.ts';

export interface SliceCount {
  /** Some of it was read. */
  hasRead(): boolean;
  /** Some of its records have no outcome, and are not in doubt: those are set aside later, or the run fails. */
  hasOpen(): boolean;
  /** Some of its records were not taken for certain. */
  hasUntaken(): boolean;
  /**
   * It may be read again in this run: all that was read of it has a certain outcome, or is in doubt, and no gap in it was told
   * of. The ledger has seen the rest, which would then be taken for delivered.
   */
  mayRepeat(): boolean;
}

/** Counts from now on. */
export function sliceCount({ summary, doubted, sink }: Pick<BranchRun, 'summary' | 'doubted' | 'sink'>): SliceCount {
  const read = (): number => summary.fetched + summary.unmatched;
  const open = (): number => unaccounted(summary) - doubted.length;
  // What waits for a command to end well is not taken if that fails.
  const untaken = (): number => unaccounted(summary) + (sink.repeats === 'undone' ? summary.awaited : 0);
  const { awaited, gaps } = summary;
  const before = { read: read(), open: open(), untaken: untaken(), awaited, gaps: gaps.length };
  return {
    hasRead: () => read() > before.read,
    hasOpen: () => open() !== before.open,
    hasUntaken: () => untaken() !== before.untaken,
    // Each by itself: in a sum, records in doubt that got their outcome meanwhile would hide others that have none.
    mayRepeat: () => open() === before.open && summary.awaited === before.awaited && gaps.length === before.gaps,
  };
}
