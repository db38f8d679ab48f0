/** One window: its slices one after the other, the position saved between them. */
import { isoText, later } from '../time.ts';
import type { Duration, Instant, Window } from '../types.ts';
import { slices } from '../window.ts';
import type { BranchRun } from './branch-run.ts';
import { lengthAfterWhole, preferredOf, shorterThan, type Whole } from '../plan/cut-off.ts';
import { stoppedEarly } from './problems.ts';
import { pullSlice } from './pull-slice.ts';
import { sliceCount } from './slice-count.ts';

/** False when the window does not suit the vendor's clock: what follows the reply that shows it is not read. */
export async function pullWindow(at: BranchRun, window: Window): Promise<boolean> {
  const { source, place, job, tools } = at;
  const rules = job.search.single ? { ...source.window, slice: undefined } : source.window;
  const first = job.search.single ? undefined : preferredOf(place, rules);
  /** Where the vendor goes by the day, two parts of one would be asked for as all of it twice. */
  const edge = (moment: Instant): Instant => source.namedFrom(source.edge(moment));
  let moves = true;
  let whole: Whole = { count: 0, from: window.from, until: window.from };
  let longest = 0n; // of the slices in `whole`
  let shortened: Duration | undefined;
  let parts = slices(window, rules, first, edge);
  for (let next = parts.next(); next.done !== true; next = parts.next()) {
    const slice = next.value;
    tools.debug('slice', { branch: at.branch, from: isoText(slice.from), until: isoText(slice.until) });
    const count = sliceCount(at);
    let over: boolean | undefined;
    try {
      over = await pullSlice(at, window, slice, { moves, whole });
    } catch (problem) {
      const isForewarned = first !== undefined && shortened === undefined;
      const known = { longest, isForewarned, failures: at.before.failures };
      const shorter = job.search.single ? undefined : shorterThan(slice, problem, known, place, rules);
      if (shorter === undefined || !count.mayRepeat()) throw problem;
      const told = source.serverTime();
      if (told !== undefined && whole.count === 0 && !at.plan.suits(told)) return false;
      const rest = { from: slice.from, until: window.until };
      const [half] = slices(rest, { ...rules, slice: shorter }, undefined, edge);
      // By the day, say, none is shorter than one: the same would be asked for without end.
      if (half === undefined || half.until >= slice.until) throw problem;
      parts = slices(rest, { ...rules, slice: shorter }, undefined, edge);
      shortened = shorter;
      continue;
    }
    if (over === undefined) return false;
    moves = over;
    whole = { ...whole, count: whole.count + 1, until: slice.until };
    longest = later(longest, slice.until - slice.from);
    const more = slice.until < window.until;
    if (more && job.search.single) throw stoppedEarly(true);
    // The last slice is saved with the end of the run.
    if (more) await at.save();
  }
  place.slice = lengthAfterWhole(shortened, longest, first !== undefined && whole.count > 1);
  place.settled = undefined;
  return true;
}
