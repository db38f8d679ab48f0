/** Watermark, overlap and delay make the window; the window makes slices; a finished slice moves the watermark. */
import { earlier, later, second, toMillis } from './time.ts';
import type { Duration, Instant, Window, WindowRules } from './types.ts';

export interface WindowRequest {
  /** Everything before it was delivered; undefined before the first commit. */
  readonly watermark: Instant | undefined;
  readonly rules: WindowRules;
  /** The source's clock. */
  readonly serverNow: Instant;
  /** Absolute bounds that the user asked for. */
  readonly since?: Instant | undefined;
  readonly until?: Instant | undefined;
  /** The user's instead of the source's. */
  readonly overlap?: Duration | undefined;
  readonly delay?: Duration | undefined;
  readonly firstRun?: Duration | undefined;
  /** False for a search, which has no position that could pass what has not settled. */
  readonly usePosition: boolean;
  /** See `Source.edge`. */
  readonly edge: (at: Instant) => Instant;
  /** Where a run before, which did not move the position, was to begin, and when that was: what happens since is promised. */
  readonly begin?: Instant | undefined;
  readonly begun?: Instant | undefined;
  /** From where on runs before were to read, if what has happened since the first of them is older than `since`. */
  readonly promised?: Instant | undefined;
  /** Where a window that was cut off goes on, see `Settled`. */
  readonly settled?: Instant | undefined;
}

const month = 30 * 24 * 3600 * 1000; // in milliseconds

/** A window, and the part between it and the watermark that will not be read. */
export type NextWindow = Window & { readonly gap?: Window };

/**
 * The window to read next: `[watermark - overlap, server time - delay)`, or what the user asked for, but never into
 * the server's future. What is settled of a window that was cut off is not read again. Empty (`from === until`) when there
 * is nothing to read.
 *
 * What the vendor no longer keeps is cut off the start and reported as the gap; so is what `since` leaves out after
 * the watermark, where anything is read past it: without a time filter (`none`) that is so even if nothing from `since`
 * on has settled. A first run has no gap: nothing was promised yet; unless earlier ones failed for so long that the vendor
 * no longer keeps, or `since` leaves out, what has happened since the first of them. It reads a second at least, however near it is to
 * begin, because the position goes by the vendor's clock, and only an answer tells that. Without a time filter
 * the window starts at 1970 unless the user asked: the bookmark says where to go on, and an older record is as welcome
 * as any.
 */
export function windowOf(request: WindowRequest): NextWindow {
  const { watermark, rules, since, serverNow, edge } = request;
  const until = earlier(request.until ?? serverNow - delayOf(request, rules), serverNow);
  const kept = rules.retention === undefined ? undefined : earlier(serverNow - rules.retention, until);
  const asked = since ?? unaskedStart(request, until);
  const begins = watermark === undefined && request.usePosition;
  const start = begins ? earlier(asked, until - second) : asked;
  const isLeft = kept !== undefined && request.begun !== undefined && request.begun < kept;
  const reached = watermark ?? request.promised;
  const unread = unreadStart(reached, since) ?? (isLeft ? request.begin : undefined);

  let from = start < until ? later(edge(start), 0n) : start;
  let gap: Window | undefined;
  const passes = begins || since === undefined || since < until || rules.filter === 'none';
  if (since !== undefined && reached !== undefined && reached < since && passes) gap = { from: reached, until: since };
  if (kept !== undefined && unread !== undefined && unread < kept) {
    gap = { from: unread, until: gap === undefined ? kept : later(gap.until, kept) };
  }
  if (kept !== undefined && rules.filter !== 'none') from = later(from, kept);
  if (from < until) from = earlier(from, until - (rules.shortest ?? 0n));
  const window = { from: earlier(from, until), until };
  return gap === undefined ? window : { ...window, gap };
}

/**
 * How long records are left to settle: as the user says, else as the source does. A search has nothing to wait for: no
 * watermark passes what it did not find.
 */
export function delayOf(
  { delay, usePosition }: Pick<WindowRequest, 'delay' | 'usePosition'>,
  rules: WindowRules,
): Duration {
  return delay ?? (usePosition ? rules.delay : 0n);
}

/** How far back is looked again: as the user says, else as the source does; no less than the vendor answers. */
export function overlapOf({ overlap }: Pick<WindowRequest, 'overlap'>, rules: WindowRules): Duration {
  return later(overlap ?? rules.overlap, rules.shortest ?? 0n);
}

/** How far back a first run begins: as the user says, else as the source does. */
export function firstRunOf({ firstRun }: Pick<WindowRequest, 'firstRun'>, rules: WindowRules): Duration {
  return firstRun ?? rules.firstRun;
}

/**
 * The window in pieces: oldest first, each beginning where the one before ended, none longer than the rules say, but for
 * what it takes to end at an `edge` (see `Source.edge`), and none shorter, unless the window is. `first`: the length of the
 * first; each further one may be twice as long. An empty window has no pieces, but for a vendor without a time filter: there
 * the window says nothing about what there is to read, and is always one piece.
 */
export function* slices(
  window: Window,
  rules: WindowRules,
  first: Duration | undefined,
  edge: (at: Instant) => Instant,
): Generator<Window, void, undefined> {
  if (rules.filter === 'none') {
    yield { from: window.from, until: window.until };
    return;
  }
  const whole = window.until - window.from;
  const { shortest = 0n } = rules;
  const least = later(second, 2n * shortest);
  const longest = later(least, earlier(rules.longest ?? whole, rules.slice ?? whole));
  const allowed = rules.longest === undefined ? undefined : later(least, rules.longest);
  let length = later(least, earlier(first ?? longest, longest));
  for (let { from, until } = window; from < window.until; from = until) {
    until = from + length;
    if (allowed !== undefined) until = earlier(until, edge(from) + allowed); // what is asked for begins there
    if (until < window.until) until = earlier(until, window.until - shortest); // or the last would be too short
    while (until < window.until && edge(until) <= from) until += length;
    until = until < window.until ? edge(until) : window.until;
    yield { from, until };
    length = earlier(2n * length, longest);
  }
}

/**
 * The watermark after a slice that was read to its end and delivered: the end of the slice, but never past the
 * server's time less the delay, and never back. It is cut to whole seconds.
 */
export function advance(
  watermark: Instant | undefined,
  slice: Window,
  serverNow: Instant | undefined,
  delay: Duration,
): Instant {
  const settled = serverNow === undefined ? slice.until : earlier(slice.until, serverNow - delay);
  return later(watermark ?? 0n, wholeSecond(settled));
}

/**
 * Up to where everything is settled (see `Settled`) after a slice that was read to its end at `serverNow`; `before` as it
 * was until then. Nothing is while an earlier part is not: it was read when records of it could still come.
 */
export function settledBy(before: Instant, slice: Window, serverNow: Instant, lateness: Duration): Instant {
  return before < slice.from ? before : later(before, earlier(slice.until, serverNow - lateness));
}

/**
 * Returns a function that gives the last moment, in milliseconds, whose window could show a record of the slice again; a
 * window that begins later never does. `time` is the record's own, NaN when it cannot be read. A time outside the slice
 * proves that the vendor's filter goes by something else, so that only the slice's end can be relied on; or that the filter
 * has no end, and shows the record until its time has passed. A month at most: devices whose clock says 2099 would have
 * their IDs kept for ever.
 */
export function stamper(slice: Window, filter: WindowRules['filter']): (time: number) => number {
  const start = toMillis(slice.from);
  const end = toMillis(slice.until + 999_999n); // rounded up
  return (time) => {
    if (filter !== 'event' || Number.isNaN(time)) return end;
    return time >= start && time <= end ? time : Math.min(Math.max(time, end), end + month);
  };
}

/** A vendor whose filter knows no finer time would show records of that second again after their IDs were forgotten. */
export function wholeSecond(at: Instant): Instant {
  return at - (at % second);
}

function unaskedStart(request: WindowRequest, until: Instant): Instant {
  const { watermark, settled = 0n, rules } = request;
  if (rules.filter === 'none') return 0n;
  const start =
    watermark === undefined
      ? earlier(until - firstRunOf(request, rules), request.begin ?? until)
      : watermark - overlapOf(request, rules);
  return later(start, wholeSecond(settled));
}

/** From where on records are asked for that were never read; undefined when nothing was promised. */
function unreadStart(watermark: Instant | undefined, since: Instant | undefined): Instant | undefined {
  if (watermark === undefined || since === undefined) return since ?? watermark;
  return earlier(watermark, since);
}
