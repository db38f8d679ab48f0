/** Slices that were cut off, by the end of the run's time or of a quota: the next run takes shorter ones, and so gets somewhere. */
import { fromMillis, toMillis } from '../time.ts';
import type { BranchPosition, Duration, Window, WindowRules } from '../types.ts';

const shortest = 60_000;

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

/** The length of slices that a branch is read in for now, because a run before was cut off inside one. */
export function preferredOf(
  place: Pick<BranchPosition, 'bookmark' | 'slice'>,
  rules: Pick<WindowRules, 'filter'>,
): Duration | undefined {
  return place.slice === undefined || !helpsToShorten(place, rules) ? undefined : fromMillis(place.slice);
}

/** The run was asked to stop in the middle. In milliseconds. */
export function shorterForTime(slice: Window): number {
  return Math.max(shortest, halfOf(slice));
}

/**
 * The vendor answers no more requests for now. Shorter slices cost more of them: a run that got on goes on as it is, and
 * none are of use that are shorter than the overlap. In milliseconds, undefined for slices as long as they are.
 */
export function shorterForQuota(
  { watermark, slice: now }: Pick<BranchPosition, 'watermark' | 'slice'>,
  window: Window,
  slice: Window,
  overlap: Duration,
): number | undefined {
  const gotOn = watermark !== undefined && watermark - overlap > window.from; // the next window begins later
  return gotOn ? now : Math.max(shortest, toMillis(overlap), halfOf(slice));
}

function halfOf({ from, until }: Window): number {
  return Math.floor((toMillis(until) - toMillis(from)) / 2);
}
