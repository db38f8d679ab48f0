/**
 * One slice: its pages are read, all that was in them is delivered or set aside, and only then the position moves. Where
 * the pages end before the slice does, what was read is delivered and remembered all the same, and the position stays.
 */
import { noteCut, type Whole } from '../plan/cut-off.ts';
import { Problem } from '../problem.ts';
import type { Window } from '../types.ts';
import type { BranchRun } from './branch-run.ts';
import { commit } from './commit.ts';
import { notShownAgain } from './problems.ts';
import { beginReading, deliverAll, readPages, type SliceReading } from './read-pages.ts';

/** What the slices of a window have in common. */
interface Passed {
  /** The watermark may move past all slices before. */
  readonly moves: boolean;
  /** The slices that were read before. */
  readonly whole: Whole;
}

/**
 * Returns whether the watermark may move past the slice: it had ended, by the clocks, when it was read, and so had all before
 * it (`moves`). What still happens in one that had not is yet to be read. Undefined when the window does not suit the
 * vendor's clock: what was read until a reply told that is delivered, and the rest is not read.
 */
export async function pullSlice(
  at: BranchRun,
  window: Window,
  slice: Window,
  { moves, whole }: Passed,
): Promise<boolean | undefined> {
  const reading = beginReading(at, window, slice);
  const { count, found, out } = reading;
  try {
    if (!(await readPages(reading))) {
      await out.drain(); // it is met again, and passes for seen then
      return undefined;
    }
    if (found.unfinished === undefined) await deliverAll(reading);
    else {
      await at.collectProblem(() => deliverPart(reading)); // a destination that fails as well is told of beside
      throw found.unfinished;
    }
  } catch (problem) {
    await breakOff(reading, whole, problem);
    throw ofStream(reading, problem);
  }
  if (count.hasOpen()) throw new Error(`records unaccounted for: ${JSON.stringify(at.summary)}`);
  at.place.untold = [...at.place.untold, ...found.lacking];
  return commit(at, slice, found, moves);
}

/** Delivers what there is of a slice that has more. */
async function deliverPart(reading: SliceReading): Promise<void> {
  try {
    await deliverAll(reading);
  } catch (problem) {
    throw ofStream(reading, problem);
  }
}

/** Ends a slice that was not read to its end, or not delivered; the next run reads it again. */
async function breakOff({ at, slice, out, count, found }: SliceReading, whole: Whole, problem: unknown): Promise<void> {
  const { lacking, failure, unfinished } = found;
  at.summary.gaps.push(...lacking); // told of now, and met again
  const isStopped = problem === at.tools.stop.reason;
  noteCut(at, slice, whole, { isStopped, failure, unfinished, hasRead: count.hasRead() });
  await at.collectProblem(() => unlessSame(problem, out.halt));
  if (out.broken()) at.sinkBroke();
}

/** A stream has no more of what was not taken. */
function ofStream({ at: { source }, count }: SliceReading, problem: unknown): unknown {
  const isLost = source.stream !== undefined && count.hasUntaken();
  return isLost && problem instanceof Problem ? notShownAgain(problem, source.name) : problem;
}

/** Does a last step. That it fails as the one before did, on a full disk, say, is told by that one, which may say more. */
async function unlessSame(before: unknown, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    const isSame = before instanceof Problem && error instanceof Problem && error.message === before.message;
    if (!isSame) throw error;
  }
}
