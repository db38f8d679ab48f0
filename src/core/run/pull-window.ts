/** One window: its slices one after the other, the position saved between them. */
import { exit, Problem } from '../problem.ts';
import { isoText } from '../time.ts';
import type { Summary, Window } from '../types.ts';
import { slices } from '../window.ts';
import type { BranchRun } from './branch-run.ts';
import { helpsToShorten, lengthAfterCut, preferredOf, type Whole } from './cut-off.ts';
import { stoppedEarly } from './partial.ts';
import { pullSlice } from './pull-slice.ts';

/** False when the window does not suit the vendor's clock: nothing of it was read then. */
export async function pullWindow(at: BranchRun, window: Window): Promise<boolean> {
  const { source, place, job, tools } = at;
  const rules = job.search.single ? { ...source.window, slice: undefined } : source.window;
  const first = job.search.single ? undefined : preferredOf(place, rules);
  let moves = true;
  let whole: Whole = { count: 0, from: window.from, until: window.from };
  for (const slice of slices(window, rules, first, source.edge)) {
    tools.debug('slice', { branch: at.branch, from: isoText(slice.from), until: isoText(slice.until) });
    const read = readSoFar(at.summary);
    let over: boolean | undefined;
    try {
      over = await pullSlice(at, window, slice, moves);
    } catch (problem) {
      noteCut(at, problem, slice, whole, readSoFar(at.summary) > read);
      throw problem;
    }
    if (over === undefined) return false;
    moves = over;
    whole = { count: whole.count + 1, from: window.from, until: slice.until };
    const more = slice.until < window.until;
    if (more && job.search.single) throw stoppedEarly(true);
    // The last slice is saved with the end of the run.
    if (more) await at.save();
  }
  place.slice = undefined;
  place.settled = undefined;
  return true;
}

/** Has the next run begin with a slice that suits it, where this one was cut off by the end of its time or of a quota. */
function noteCut(
  { place, source, tools }: BranchRun,
  problem: unknown,
  slice: Window,
  whole: Whole,
  hasRead: boolean,
): void {
  if (!helpsToShorten(place, source.window)) {
    place.slice = undefined;
    return;
  }
  const isUsedUp = problem instanceof Problem && problem.status === exit.tempfail;
  // A quota that was used up before says nothing of this slice.
  if (problem === tools.stop.reason || (isUsedUp && (hasRead || whole.count > 0))) {
    place.slice = lengthAfterCut(slice, whole, hasRead);
  }
}

function readSoFar({ fetched, unmatched }: Summary): number {
  return fetched + unmatched;
}
