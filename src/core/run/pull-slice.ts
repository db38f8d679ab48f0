/** One slice: pull it to its end, deliver what was not delivered before, and only then move the watermark. */
import { withContentKey } from '../content/content-key.ts';
import { conflict } from '../dedupe.ts';
import { acknowledged } from '../delivery/acknowledge.ts';
import { outbox } from '../delivery/outbox.ts';
import { exit, Problem } from '../problem.ts';
import { fromMillis, second, toMillis } from '../time.ts';
import type { Instant, Window } from '../types.ts';
import { delayOf } from '../window.ts';
import type { BranchRun } from './branch-run.ts';
import { commit, earliest } from './commit.ts';
import { helpsToShorten, isPast, lengthAfterCut, type Whole } from './cut-off.ts';
import { notShownAgain } from './partial.ts';
import { sieve, type Sieve } from './sieve.ts';
import { unaccounted } from './summary.ts';
import { untilFailure } from './until-failure.ts';

/**
 * Returns whether the slice was over, by the clocks, when it was read: what happens in one that was not is yet to be
 * read, and so no later slice may move the watermark past it (`moves`). Undefined when the window does not suit the
 * vendor's clock: nothing was read then. `whole`: what of the window was read before.
 */
export async function pullSlice(
  at: BranchRun,
  window: Window,
  slice: Window,
  { moves, whole }: { readonly moves: boolean; readonly whole: Whole },
): Promise<boolean | undefined> {
  const { branch, place, source, job, tools, summary } = at;
  const { maxQuarantine, dryRun } = job;
  const out = outbox({ ...at, ledger: place.ledger, maxQuarantine, dryRun });
  const bookmark = job.usePosition ? place.bookmark : undefined;
  // What follows a bookmark is new, whatever its time.
  let filter = bookmark === undefined ? source.window.filter : 'none';
  let isOpenEnded = bookmark !== undefined;
  /** Up to a bookmark, and from it on, what is shown may be as young as it likes, whatever the slice. */
  const youngest = (): Instant => {
    const planned = slice.until + delayOf(job, source.window);
    const now = (source.serverTime() ?? fromMillis(tools.now())) + second; // vendors tell whole seconds
    return now > planned ? now : planned;
  };
  const sieveNow = (): Sieve =>
    sieve({
      ledger: place.ledger,
      window,
      slice: { from: slice.from, until: isOpenEnded ? youngest() : slice.until },
      filter,
      job,
      summary,
      isStream: source.stream !== undefined,
      earliest: (time) => earliest(source, time),
      stale: () => tools.warn(`${source.name} shows records from long before the window asked for; they were left out`),
      tooLate: () => void (leftForLater = true),
    });
  let leftForLater = false;
  let { unseen, changed } = sieveNow();
  // What is in doubt is accounted for: it is set aside later, or the run fails and the position stays.
  const open = (): number => unaccounted(summary) - at.doubted.length;
  const before = open();
  const readSoFar = (): number => summary.fetched + summary.unmatched;
  const readBefore = readSoFar();
  let serverTime = source.serverTime();
  /** Notes the first answer's clock: what the vendor stored after it was not seen. */
  const suits = (): boolean => {
    if (serverTime !== undefined) return true;
    serverTime = source.serverTime();
    return serverTime === undefined || at.suits?.(serverTime) !== false;
  };
  const finish = async (): Promise<void> => {
    await out.drain();
    await acknowledged({ ...at, ledger: place.ledger });
  };
  let failure: Problem | undefined;
  const failed = (problem: Problem): void => void (failure = problem);
  try {
    const remembers = place.ledger.marked;
    let incomplete: Problem | undefined;
    for await (const page of untilFailure(source.pull({ branch, slice, bookmark, remembers }), failed)) {
      if (!suits()) return undefined;
      at.note?.(page);
      summary.unmatched += page.unmatched;
      incomplete ??= page.incomplete;
      if (page.expired !== undefined) summary.gaps.push({ ...slice, parts: page.expired });
      if (page.restarted === true) {
        noteRestart(at, serverTime ?? fromMillis(tools.now()));
        filter = source.window.filter;
        isOpenEnded = true;
      }
      if (isOpenEnded) ({ unseen, changed } = sieveNow());
      for (const refused of page.refused) {
        if (!refused.more) summary.fetched += 1;
        await out.refuse(refused, toMillis(slice.until));
      }
      for (let index = 0; index < page.records.length; index++) {
        const pulled = page.records[index]!;
        let record = job.dedupe === 'content' ? withContentKey(pulled) : pulled;
        let entry = unseen(record);
        if (entry === conflict && job.dedupe === 'changes') {
          record = withContentKey(pulled);
          entry = changed(record);
        }
        if (entry < 0) continue;
        const full = out.add(record, entry);
        if (full !== undefined) await full;
      }
      const due = out.tick();
      if (due !== undefined) await due;
      at.progress?.(summary, window);
      if (page.bookmark !== undefined && !leftForLater) {
        await finish(); // no way back behind a bookmark
        if (at.doubted.length > 0) continue; // nor to what is in doubt, then
        place.bookmark = page.bookmark;
        place.ledger.mark();
        await at.save();
      }
    }
    if (failure === undefined && !suits()) return undefined; // a reply without records makes no page
    if (failure !== undefined && readSoFar() === readBefore && at.isPastClock?.(slice, failure) === true)
      return undefined;
    const unfinished: Problem | undefined = failure ?? incomplete;
    // A destination that fails with what there is of it is told of beside that.
    await (unfinished === undefined ? finish() : at.collect(finish));
    if (unfinished !== undefined) throw unfinished;
  } catch (problem) {
    const hasRead = readSoFar() > readBefore;
    // A quota that was used up before the first slice says nothing of it.
    const isCut = failure?.status === exit.tempfail && (hasRead || whole.count > 0);
    if (!helpsToShorten(place, source.window)) place.slice = undefined;
    else if (problem === tools.stop.reason || isCut) {
      place.slice = lengthAfterCut(slice, whole, hasRead && isPast(whole, place));
    }
    await at.collect(out.settle);
    if (out.broken()) at.sinkBroke();
    const isLeft = source.stream !== undefined && unaccounted(summary) !== before;
    if (isLeft && problem instanceof Problem) throw notShownAgain(problem, source.name);
    throw problem;
  }
  if (open() !== before) throw new Error(`records unaccounted for: ${JSON.stringify(summary)}`);
  return commit(at, slice, serverTime, moves);
}

/**
 * Without a bookmark, a vendor that cannot be asked for a time begins as far back as it does on a first run: what lies
 * between the last run and there is gone. `now` is the vendor's clock, ours where it tells no time.
 */
function noteRestart({ place, source, summary }: BranchRun, now: Instant): void {
  if (source.window.filter !== 'none' || place.watermark === undefined) return;
  const begin = now - source.window.firstRun;
  if (place.watermark < begin) summary.gaps.push({ from: place.watermark, until: begin });
}
