/**
 * Windows that were cut off, by the end of the run's time, of a quota, of a cursor, or of the vendor's strength: the next run
 * goes on inside, in shorter slices.
 */
import { refusesLaterPage, tooLarge } from '../http-status.ts';
import { exit, Problem } from '../problem.ts';
import { fromMillis, later, second, toMillis } from '../time.ts';
import type { BranchPosition, Duration, Instant, Position, Source, Window, WindowRules } from '../types.ts';
import { persistent } from '../position.ts';

const shortest = 1000;

/**
 * Whether the vendor gives less when it is asked for a shorter slice. It does not from a bookmark on, which keeps what was
 * reached, so that more slices only cost more requests; nor without a time filter; nor where requests do not name an end, so
 * that each slice is read as far as the whole window.
 */
function helpsToShorten(
  { bookmark }: Pick<BranchPosition, 'bookmark'>,
  { filter, endless }: Pick<WindowRules, 'filter' | 'endless'>,
): boolean {
  return bookmark === undefined && filter !== 'none' && endless !== true;
}

/** The length of the first slice for now, because a run before was cut off inside a longer one. */
export function preferredOf(
  place: Pick<BranchPosition, 'bookmark' | 'slice'>,
  rules: Pick<WindowRules, 'filter' | 'endless'>,
): Duration | undefined {
  return place.slice === undefined || !helpsToShorten(place, rules) ? undefined : fromMillis(place.slice);
}

/**
 * Whether the vendor may have been asked for too much at once: it says so, or it failed, took too long or broke the
 * connection, after `failures` failed runs in a row.
 */
export function isTooMuch({ status, httpStatus = 0 }: Problem, failures: number): boolean {
  if (httpStatus === tooLarge) return true;
  return status === exit.unavailable && httpStatus >= 500 && failures + 1 >= persistent;
}

/** What is known of the lengths that a vendor can read at once, when one of them was too much for it. */
interface Known {
  /** The longest slice of the run that was read whole; 0 for none. */
  readonly longest: Duration;
  /** The runs before could not read as long ones as they wanted to, and this one has not come down from there yet. */
  readonly isForewarned: boolean;
  /** How many runs before have failed in a row. */
  readonly failures: number;
}

/**
 * The longest slice to ask for from now on in the same run, where one was too much for the vendor: it calls this one too large
 * (413); or it fails at it, and it is longer than all that were read whole, and either some were, while run after run failed, or
 * it is known to fail at long ones. Undefined otherwise. With one slice a run, a job that runs seldom would never catch up.
 */
export function shorterThan(
  cut: Window,
  problem: unknown,
  { longest, isForewarned, failures }: Known,
  place: Pick<BranchPosition, 'bookmark'>,
  rules: Pick<WindowRules, 'filter' | 'endless' | 'shortest'>,
): Duration | undefined {
  if (!(problem instanceof Problem) || !helpsToShorten(place, rules)) return undefined;
  const length = cut.until - cut.from;
  const isLonger = length > longest && (longest > 0n || isForewarned);
  const mayBeLength = isLonger && isTooMuch(problem, isForewarned ? persistent : failures);
  if (problem.httpStatus !== tooLarge && !mayBeLength) return undefined;
  const { shortest: least = 0n } = rules;
  const shorter = later(length / 2n, 2n * least); // no slice is cut shorter
  return shorter < length && shorter >= second ? shorter : undefined;
}

/**
 * Whether pages behind others were refused: a cursor or a query ended while they were read, or the vendor shows only so many
 * of one window. Those of a shorter slice are read sooner, and fewer.
 */
function isBeyondReach({ httpStatus }: Problem, hasRead: boolean): boolean {
  return hasRead && refusesLaterPage(httpStatus);
}

/** The slices of a window that a run has read whole: how many, and from where to where. */
export interface Whole extends Window {
  readonly count: number;
}

/**
 * The length of the next run's first slice, in milliseconds, after a run that was cut off inside the slice `cut`: half of
 * it, where it was the first one, or its records were too many. Otherwise each slice may cost the same, however short it is:
 * so the next run reads in one slice all that this one read whole, or twice as much where that was one slice.
 */
export function lengthAfterCut(cut: Window, { count, ...whole }: Whole, tooMany: boolean): number {
  if (count === 0 || tooMany) return Math.max(shortest, Math.floor(lengthOf(cut) / 2));
  return count === 1 ? 2 * lengthOf(whole) : lengthOf(whole);
}

/**
 * The length of the next run's first slice after a window that was read whole: that which slices of it had to be shortened to;
 * else twice the longest, where the run began with a short one and took several, so that it comes back to whole windows.
 */
export function lengthAfterWhole(
  shortened: Duration | undefined,
  longest: Duration,
  wasCut: boolean,
): number | undefined {
  if (shortened !== undefined) return Math.max(shortest, toMillis(shortened));
  return wasCut ? 2 * toMillis(longest) : undefined;
}

/** Whether the next run goes on behind most of what was read whole. */
export function isPast({ from, until }: Window, { settled }: Pick<BranchPosition, 'settled'>): boolean {
  return settled !== undefined && settled.until - from >= until - settled.until;
}

function lengthOf({ from, until }: Window): number {
  return toMillis(until) - toMillis(from);
}

/** How the reading of a slice ended before its end. */
interface Break {
  /** The run was asked to stop. */
  readonly isStopped: boolean;
  /** Why the source gave no more. */
  readonly failure: Problem | undefined;
  /** Why there is more to read: the failure, or what the pages lack. */
  readonly unfinished: Problem | undefined;
  /** Some of the slice was read. */
  readonly hasRead: boolean;
}

/** A branch while it is read; `before`: of the runs before. */
interface CutBranch {
  readonly place: BranchPosition;
  readonly source: Pick<Source, 'window'>;
  readonly before: Pick<Position, 'failures'>;
}

/** Notes in the place of a branch how long the next run's first slice is to be, where that is another one than before. */
export function noteCut(
  { place, source, before }: CutBranch,
  slice: Window,
  whole: Whole,
  { isStopped, failure, unfinished, hasRead }: Break,
): void {
  // A quota that was used up before the first slice says nothing of it.
  const isQuota = failure?.status === exit.tempfail && (hasRead || whole.count > 0);
  const isRefused = unfinished !== undefined && isBeyondReach(unfinished, hasRead);
  const tooMuch = failure !== undefined && isTooMuch(failure, before.failures);
  const isCut = isStopped || isQuota || isRefused || tooMuch;
  if (isCut && helpsToShorten(place, source.window)) {
    place.slice = lengthAfterCut(slice, whole, tooMuch || (hasRead && isPast(whole, place)));
  }
}

/** Where a window that was cut off goes on; undefined where more of it has to be looked at again, or nothing was cut off. */
export function settledFor({ settled }: Pick<BranchPosition, 'settled'>, overlap: Duration): Instant | undefined {
  return settled !== undefined && overlap <= settled.overlap ? settled.until : undefined;
}
