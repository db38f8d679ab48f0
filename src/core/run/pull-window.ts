/** One window: its slices one after the other, the position saved between them. */
import { isoText } from '../time.ts';
import type { Instant, Window } from '../types.ts';
import { slices } from '../window.ts';
import type { BranchRun } from './branch-run.ts';
import { preferredOf, shorterThan, type Whole } from '../plan/cut-off.ts';
import { stoppedEarly } from './problems.ts';
import { pullSlice } from './pull-slice.ts';

/** False when the window does not suit the vendor's clock: nothing is read then of the slice that shows it, nor behind it. */
export async function pullWindow(at: BranchRun, window: Window): Promise<boolean> {
  const { source, place, job, tools } = at;
  const rules = job.search.single ? { ...source.window, slice: undefined } : source.window;
  const first = job.search.single ? undefined : preferredOf(place, rules);
  /** Where the vendor goes by the day, two parts of one would be asked for as all of it twice. */
  const edge = (moment: Instant): Instant => source.namedFrom(source.edge(moment));
  let moves = true;
  let whole: Whole = { count: 0, from: window.from, until: window.from };
  let parts = slices(window, rules, first, edge);
  for (let next = parts.next(); next.done !== true; next = parts.next()) {
    const slice = next.value;
    tools.debug('slice', { branch: at.branch, from: isoText(slice.from), until: isoText(slice.until) });
    const readBefore = at.summary.fetched + at.summary.unmatched;
    let over: boolean | undefined;
    try {
      over = await pullSlice(at, window, slice, { moves, whole });
    } catch (problem) {
      const shorter = shorterThan(slice, whole, problem, place, rules);
      if (shorter === undefined || at.summary.fetched + at.summary.unmatched > readBefore) throw problem;
      parts = slices({ from: slice.from, until: window.until }, { ...rules, slice: shorter }, undefined, edge);
      continue;
    }
    if (over === undefined) return false;
    moves = over;
    whole = { ...whole, count: whole.count + 1, until: slice.until };
    const more = slice.until < window.until;
    if (more && job.search.single) throw stoppedEarly(true);
    // The last slice is saved with the end of the run.
    if (more) await at.save();
  }
  place.slice = undefined;
  place.settled = undefined;
  return true;
}
