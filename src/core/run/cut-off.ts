/** Slices that were cut off, by the end of the run's time or of a quota: the next run takes shorter ones, and so gets somewhere. */
import { toMillis } from '../time.ts';
import type { BranchPosition, Duration, Window } from '../types.ts';

const shortest = 60_000;

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
