/** The pages of one slice, from the source to the outbox. */
import { acknowledged } from '../delivery/acknowledge.ts';
import { outbox, type Outbox } from '../delivery/outbox.ts';
import { passOver } from '../position/untold.ts';
import { Problem } from '../problem.ts';
import { fresh } from '../summary.ts';
import { fromMillis, toMillis } from '../time.ts';
import type { Gap, Instant, Page, Window } from '../types.ts';
import type { BranchRun } from './branch-run.ts';
import { commitBookmark } from './commit.ts';
import { selection, type Selection } from './selection.ts';
import { sliceCount, type SliceCount } from './slice-count.ts';

/** A slice while it is read. */
export interface SliceReading {
  readonly at: BranchRun;
  /** The window that it is a part of. */
  readonly window: Window;
  readonly slice: Window;
  /** Where the vendor goes on after an earlier run, if anywhere. */
  readonly bookmark: string | undefined;
  readonly count: SliceCount;
  readonly selected: Selection;
  readonly out: Outbox;
  readonly found: Found;
}

/** What reading it has shown so far. */
interface Found {
  /** The vendor's clock at its first answer: what was stored after it was not seen. */
  serverTime: Instant | undefined;
  /** Ours, when that was noted. */
  ourTime: Instant;
  /** Some records are left to a later run: no bookmark may pass them. */
  leftForLater: boolean;
  /**
   * The vendor no longer knew the bookmark, and so far shows only what was delivered before. None of its bookmarks is taken over
   * meanwhile: the next run would go on from there, and take what follows, as far as it has no ID, for new twins of what was
   * delivered.
   */
  isShownAgain: boolean;
  /** Parts that were listed and are gone. */
  readonly lacking: Gap[];
  /** Why the source gave no more. */
  failure: Problem | undefined;
  /** Why there is more to read: the failure, or what the pages lack. */
  unfinished: Problem | undefined;
}

/** Nothing is read yet. */
export function beginReading(at: BranchRun, window: Window, slice: Window): SliceReading {
  const { place, source, job } = at;
  const { maxQuarantine, dryRun } = job;
  const bookmark = job.usePosition ? place.bookmark : undefined;
  const out = outbox({ ...at, ledger: place.ledger, maxQuarantine, dryRun });
  const found: Found = {
    serverTime: source.serverTime(),
    ourTime: fromMillis(at.tools.now()),
    leftForLater: false,
    isShownAgain: false,
    lacking: [],
    failure: undefined,
    unfinished: undefined,
  };
  const tooLate = (): void => void (found.leftForLater = true);
  return {
    at,
    window,
    slice,
    bookmark,
    count: sliceCount(at),
    selected: selection(at, { window, slice, bookmark, deliver: out.add, tooLate }),
    out,
    found,
  };
}

/**
 * Reads the pages to their end, or as far as the source gives them: then, or where they lack something, `unfinished` says
 * why. Throws what the destination throws. False when the window does not suit the vendor's clock.
 */
export async function readPages(reading: SliceReading): Promise<boolean> {
  const { at, slice, bookmark, count, found } = reading;
  const ask = { branch: at.branch, slice, bookmark, remembers: at.place.ledger.marked() };
  let incomplete: Problem | undefined;
  let reached: string | undefined; // the last bookmark, where it is not taken over yet
  for await (const page of untilFailure(at.source.pull(ask), found)) {
    if (!suits(reading)) return false;
    incomplete ??= page.incomplete;
    await takePage(reading, page);
    reached = page.bookmark ?? reached;
    if (page.bookmark !== undefined && !found.isShownAgain) await passTo(reading, page.bookmark);
  }
  const { failure } = found;
  if (failure === undefined && !suits(reading)) return false; // a reply without records makes no page
  if (failure !== undefined && !count.hasRead() && at.plan.isPastClock(slice, failure)) return false;
  found.unfinished = failure ?? incomplete;
  if (found.isShownAgain && reached !== undefined && found.unfinished === undefined) await passTo(reading, reached);
  return true;
}

/** The next run goes on from the bookmark, unless some records before it are left to that run. */
async function passTo(reading: SliceReading, bookmark: string): Promise<void> {
  if (reading.found.leftForLater) return;
  await deliverAll(reading); // no way back behind a bookmark
  await commitBookmark(reading.at, bookmark);
}

/** Every record that was read so far is taken, or durably set aside, or in doubt; throws the first Problem otherwise. */
export async function deliverAll({ at, out }: SliceReading): Promise<void> {
  await out.drain();
  await acknowledged({ ...at, ledger: at.place.ledger });
}

/** Whether the window suits the vendor's clock, once that is known. */
function suits({ at: { source, plan, tools }, found }: SliceReading): boolean {
  if (found.serverTime !== undefined) return true;
  found.serverTime = source.serverTime();
  found.ourTime = fromMillis(tools.now());
  return found.serverTime === undefined || plan.suits(found.serverTime);
}

/** Hands what is in a page to the outbox. */
async function takePage({ at, window, slice, selected, out, found }: SliceReading, page: Page): Promise<void> {
  const { summary, tools } = at;
  at.note?.(page);
  summary.unmatched += page.unmatched;
  if (page.expired !== undefined) found.lacking.push({ ...slice, parts: page.expired });
  if (page.restarted === true) {
    noteRestart(at, found.serverTime ?? fromMillis(tools.now()));
    found.isShownAgain = at.place.ledger.size() > 0;
    selected.restart();
  }
  selected.startPage();
  for (const refused of page.refused) {
    if (!refused.more) summary.fetched += 1;
    await out.refuse(refused, toMillis(slice.until));
  }
  at.place.ledger.expect(page.records);
  const before = fresh(summary);
  for (let index = 0; index < page.records.length; index++) {
    const full = selected.take(page.records[index]!);
    if (full !== undefined) await full;
  }
  if (fresh(summary) > before) found.isShownAgain = false;
  const due = out.tick();
  if (due !== undefined) await due;
  at.progress?.(summary, window);
}

/**
 * The pages as far as the source gives them: what came before it failed is delivered like anything else. Ends where the
 * pages end, or the source fails, which is noted.
 */
async function* untilFailure(pages: AsyncIterable<Page>, found: Found): AsyncGenerator<Page, void, undefined> {
  try {
    yield* pages;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    found.failure = problem;
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
