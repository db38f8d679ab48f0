/** One slice: pull it to its end, deliver what was not delivered before, and only then move the watermark. */
import { acknowledged } from '../delivery/acknowledge.ts';
import { outbox } from '../delivery/outbox.ts';
import { Problem } from '../problem.ts';
import { fromMillis, toMillis } from '../time.ts';
import type { Gap, Instant, Page, Window } from '../types.ts';
import type { BranchRun } from './branch-run.ts';
import { commit } from './commit.ts';
import { noteCut, type Whole } from '../plan/cut-off.ts';
import { notShownAgain } from './problems.ts';
import { selection } from './selection.ts';
import { unaccounted } from '../summary.ts';
import { passOver } from '../position/untold.ts';

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
 * vendor's clock: nothing was read then.
 */
export async function pullSlice(
  at: BranchRun,
  window: Window,
  slice: Window,
  { moves, whole }: Passed,
): Promise<boolean | undefined> {
  const { branch, place, source, job, tools, summary } = at;
  const { maxQuarantine, dryRun } = job;
  const out = outbox({ ...at, ledger: place.ledger, maxQuarantine, dryRun });
  const bookmark = job.usePosition ? place.bookmark : undefined;
  let leftForLater = false;
  const selected = selection(at, {
    window,
    slice,
    bookmark,
    deliver: out.add,
    tooLate: () => void (leftForLater = true),
  });
  // What is in doubt is accounted for: it is set aside later, or the run fails and the position stays.
  const open = (): number => unaccounted(summary) - at.doubted.length;
  const openBefore = open();
  // What waits for a command to end well is not taken if that fails.
  const untaken = (): number => unaccounted(summary) + (at.sink.repeats === 'undone' ? summary.awaited : 0);
  const untakenBefore = untaken();
  const readSoFar = (): number => summary.fetched + summary.unmatched;
  const readBefore = readSoFar();
  let serverTime = source.serverTime();
  /** Why the source gave no more. */
  let failure: Problem | undefined;
  /** Why there is more to read: the failure, or what the pages lack. */
  let unfinished: Problem | undefined;
  /** Parts that were listed and are gone. */
  const lacking: Gap[] = [];

  /** Notes the first answer's clock: what the vendor stored after it was not seen. */
  function suits(): boolean {
    if (serverTime !== undefined) return true;
    serverTime = source.serverTime();
    return serverTime === undefined || at.plan.suits(serverTime);
  }

  async function finish(): Promise<void> {
    await out.drain();
    await acknowledged({ ...at, ledger: place.ledger });
  }

  /** A stream has no more of what was not taken. */
  function ofStream(problem: unknown): unknown {
    const isLeft = source.stream !== undefined && untaken() !== untakenBefore;
    return isLeft && problem instanceof Problem ? notShownAgain(problem, source.name) : problem;
  }

  async function finishAfterFailure(): Promise<void> {
    try {
      await finish();
    } catch (problem) {
      throw ofStream(problem);
    }
  }

  /** Reads the pages and delivers what is in them; false when the window does not suit the vendor's clock. */
  async function readPages(): Promise<boolean> {
    let incomplete: Problem | undefined;
    const ask = { branch, slice, bookmark, remembers: place.ledger.marked() };
    for await (const page of untilFailure(source.pull(ask), (problem) => void (failure = problem))) {
      if (!suits()) return false;
      at.note?.(page);
      summary.unmatched += page.unmatched;
      incomplete ??= page.incomplete;
      if (page.expired !== undefined) lacking.push({ ...slice, parts: page.expired });
      if (page.restarted === true) {
        noteRestart(at, serverTime ?? fromMillis(tools.now()));
        selected.restart();
      }
      selected.startPage();
      for (const refused of page.refused) {
        if (!refused.more) summary.fetched += 1;
        await out.refuse(refused, toMillis(slice.until));
      }
      for (let index = 0; index < page.records.length; index++) {
        const full = selected.take(page.records[index]!);
        if (full !== undefined) await full;
      }
      const due = out.tick();
      if (due !== undefined) await due;
      at.progress?.(summary, window);
      if (page.bookmark !== undefined && !leftForLater) {
        await finish(); // no way back behind a bookmark
        if (at.doubted.length > 0) continue; // nor to what is in doubt, then
        if (job.since !== undefined) at.plan.passGap(); // any other gap is met again as long as the watermark stays
        place.bookmark = page.bookmark;
        place.ledger.mark();
        await at.save();
      }
    }
    if (failure === undefined && !suits()) return false; // a reply without records makes no page
    if (failure !== undefined && readSoFar() === readBefore && at.plan.isPastClock(slice, failure)) return false;
    unfinished = failure ?? incomplete;
    if (unfinished === undefined) await finish();
    else {
      await at.collectProblem(finishAfterFailure); // a destination that fails with what there is of it is told of beside that
      throw unfinished;
    }
    return true;
  }

  try {
    if (!(await readPages())) return undefined;
  } catch (problem) {
    summary.gaps.push(...lacking); // told of now, and met again
    const isStopped = problem === tools.stop.reason;
    noteCut(at, slice, whole, { isStopped, failure, unfinished, hasRead: readSoFar() > readBefore });
    await at.collectProblem(() => unlessSame(problem, out.halt));
    if (out.broken()) at.sinkBroke();
    throw ofStream(problem);
  }
  if (open() !== openBefore) throw new Error(`records unaccounted for: ${JSON.stringify(summary)}`);
  place.untold = [...place.untold, ...lacking];
  return commit(at, slice, serverTime, moves);
}

/**
 * The pages as far as the source gives them: what came before it failed is delivered like anything else. Ends where the
 * pages end, or the source fails; `failed` is told why.
 */
async function* untilFailure(
  pages: AsyncIterable<Page>,
  failed: (problem: Problem) => void,
): AsyncGenerator<Page, void, undefined> {
  try {
    yield* pages;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    failed(problem);
  }
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

/**
 * Without a bookmark, a vendor that cannot be asked for a time begins as far back as it does on a first run: what lies
 * between the last run and there is gone. `now` is the vendor's clock, ours where it tells no time.
 */
function noteRestart({ place, source }: BranchRun, now: Instant): void {
  if (source.window.filter !== 'none' || place.watermark === undefined) return;
  const begin = now - source.window.firstRun;
  if (place.watermark < begin) passOver(place, { from: place.watermark, until: begin });
}
