/** What is read of a branch: a window by the vendor's clock as soon as that is known, by ours until then. */
import { dated } from './clock/duration.ts';
import { clocksApart, isCredible, presumedNow, refusesFuture } from './clock/vendor-clock.ts';
import { settledFor } from './plan/cut-off.ts';
import type { Problem } from './problem.ts';
import { fromMillis, second, later } from './time.ts';
import type { Tools } from './tools.ts';
import type { Begin, BranchPosition, DatedJob, Duration, Instant, Job, Source, Window, WindowRules } from './types.ts';
import { delayOf, firstRunOf, overlapOf, wholeSecond, windowOf, type NextWindow } from './window.ts';

/** A branch of the source before it is read. */
export interface Unplanned {
  readonly job: Job;
  readonly source: Source;
  readonly place: BranchPosition;
  /** Where it begins as runs before this one have noted it, if any. */
  readonly promised?: Begin | undefined;
  readonly tools: Tools;
}

export interface Plan {
  readonly window: NextWindow;
  readonly job: DatedJob;
  /** The clock that both go by. */
  readonly serverNow: Instant;
}

/** Clocks within it count as equal. */
const minute = 60n * second;
/** How far a window may reach past the vendor's clock before it is planned anew: a few slices are asked for in vain. */
const idle = 7n * 1440n * minute;

/** The plan of a branch when the vendor has told this time, or none. */
export function planOf(at: Unplanned, told: Instant | undefined): Plan {
  const { job, source, place, tools } = at;
  const watermark = job.usePosition ? place.watermark : undefined;
  const settled = job.usePosition ? settledFor(place, overlapOf(job, source.window)) : undefined;
  const isAsked = job.since !== undefined || job.until !== undefined;
  const now = presumedNow(fromMillis(tools.now()), passedByVendor(at, watermark, settled, isAsked));
  // Vendors tell whole seconds, too. From there on back, what `longest` allows needs no second more to be written.
  const presumed = watermark === undefined || isAsked ? wholeSecond(now) : now;
  const serverNow = told !== undefined && isCredible(told, presumed) ? told : presumed;
  const datedJob = dated(job, serverNow);
  const begin = begunBefore(place, firstRunOf(job, source.window));
  const { window: rules, edge } = source;
  const begun = begunAt(place, rules);
  const promised = promisedBefore(at, datedJob);
  const window = windowOf({ ...datedJob, watermark, begin, begun, promised, settled, rules, serverNow, edge });
  return { window, job: datedJob, serverNow };
}

/**
 * A time that the vendor's clock must have passed, by what the position says; undefined where it says nothing. Where our own
 * clock is behind it, a window planned by ours would seem empty, and the vendor would not even be asked. It is the watermark,
 * or where a window that was cut off goes on. The latter is later where our clock was hours behind in the first run, because
 * the watermark goes by the earlier of both clocks.
 */
function passedByVendor(
  { job, source }: Unplanned,
  watermark: Instant | undefined,
  settled: Instant | undefined,
  isAsked: boolean,
): Instant | undefined {
  if (watermark === undefined) return undefined;
  const reached = later(watermark, settled ?? watermark);
  // It stays behind the vendor's clock by the delay. Bounds that were asked for are not to be moved by that.
  return isAsked ? reached : reached + delayOf(job, source.window);
}

/** Where an earlier run noted that the job begins; undefined where none did, or that run reached back further than `firstRun`. */
export function begunBefore({ begin }: Pick<BranchPosition, 'begin'>, firstRun: Duration): Instant | undefined {
  return begin !== undefined && begin.firstRun <= firstRun ? begin.from : undefined;
}

/**
 * Where earlier runs were to begin that have moved no position, if `--since` begins later than the first of them ran: what
 * happened in between was promised to be read, and is left out.
 */
function promisedBefore({ promised, source }: Unplanned, job: DatedJob): Instant | undefined {
  const begun = begunAt({ begin: promised }, source.window);
  return begun !== undefined && job.since !== undefined && begun < job.since
    ? begunBefore({ begin: promised }, firstRunOf(job, source.window))
    : undefined;
}

/** When the run took place that noted it: it began `firstRun` before, or as far back as the vendor keeps records. */
function begunAt({ begin }: Pick<BranchPosition, 'begin'>, { retention }: WindowRules): Instant | undefined {
  if (begin === undefined) return undefined;
  const { from, firstRun } = begin;
  return from + (retention !== undefined && retention < firstRun ? retention : firstRun);
}

/**
 * Whether the window that was made by our clock does, now that the vendor has told its own time. For a single search it has
 * to: its one query is asked already.
 */
export function isSuited(at: Unplanned, told: Instant): boolean {
  const { source, job, tools } = at;
  if (doesFor(planOf(at, undefined), planOf(at, told), source.window)) return true;
  const differs = `${source.name}'s clock is ${clocksApart(told, fromMillis(tools.now()))}`;
  if (job.search.single) tools.warn(`${differs}, which the one query went by: set the clock, or leave out -x`);
  else tools.debug(`${differs}: the window is made anew`);
  return job.search.single;
}

/** Whether `made` asks for the same as `due`, give or take a minute; it may ask for more at the end. */
function doesFor(made: Plan, due: Plan, { filter }: WindowRules): boolean {
  if (due.window.from === due.window.until) return true; // the position is ahead of the vendor's clock
  if (isApart(made.window.from, due.window.from)) return false;
  if (isApart(made.job.until ?? 0n, due.job.until ?? 0n)) return false;
  const missing: Duration = due.window.until - made.window.until;
  return filter === 'none' || (missing <= minute && -missing <= idle);
}

function isApart(one: Instant, other: Instant): boolean {
  return one - other > minute || other - one > minute;
}

/** Whether a slice was refused only because it ends after the vendor's clock, so that it is to be planned anew by that. */
export function isPastClock(at: Unplanned, { until }: Window, { httpStatus }: Problem): boolean {
  const { source, job, tools } = at;
  const told = source.serverTime();
  if (told === undefined || job.search.single || !refusesFuture(told, until, httpStatus)) return false;
  const { window } = planOf(at, told);
  if (window.from === window.until) return false;
  const differs = `${source.name}'s clock is ${clocksApart(told, fromMillis(tools.now()))}`;
  tools.debug(`${differs}, and what ends later is refused: the window is made anew`);
  return true;
}
