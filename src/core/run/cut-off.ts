/** Windows that were cut off, by the end of the run's time or of a quota: the next run goes on inside, in shorter slices. */
import { fromMillis, toMillis } from '../time.ts';
import type { BranchPosition, Duration, Instant, Window, WindowRules } from '../types.ts';

const shortest = 1000;

/**
 * Whether less is read in a shorter slice. Not from a bookmark on, which keeps what was reached as it is: more slices only
 * cost more requests there. Nor is there a shorter one without a time filter.
 */
export function helpsToShorten(
  { bookmark }: Pick<BranchPosition, 'bookmark'>,
  { filter }: Pick<WindowRules, 'filter'>,
): boolean {
  return bookmark === undefined && filter !== 'none';
}

/** The length of the first slice for now, because a run before was cut off inside a longer one. */
export function preferredOf(
  place: Pick<BranchPosition, 'bookmark' | 'slice'>,
  rules: Pick<WindowRules, 'filter'>,
): Duration | undefined {
  return place.slice === undefined || !helpsToShorten(place, rules) ? undefined : fromMillis(place.slice);
}

/** Half of a slice that was too much for a run, in milliseconds. */
export function shorter({ from, until }: Window): number {
  return Math.max(shortest, Math.floor((toMillis(until) - toMillis(from)) / 2));
}

/** Where a window that was cut off goes on; undefined where more of it has to be looked at again, or nothing was cut off. */
export function settledFor({ settled }: Pick<BranchPosition, 'settled'>, overlap: Duration): Instant | undefined {
  return settled !== undefined && overlap <= settled.overlap ? settled.until : undefined;
}
