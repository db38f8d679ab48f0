/**
 * Reads a window from its beginning to its end: by pages or by a job, in halves where the vendor gives only a part of it, and
 * once more where it broke off.
 */
import { identifier, type Identifier } from '../identity.ts';
import { keepsBookmark } from '../definition/paging-rules.ts';
import { exit, type Problem } from '../problem.ts';
import { isoText, second } from '../time.ts';
import type { Ask, Duration, Instant, Page, Window } from '../types.ts';
import { identityRule } from './record-fields.ts';
import { goneStatuses, hasHttpStatus } from './gone.ts';
import { cappedWindow, fewerThanAnnounced, neverFinished, behindBookmark } from './incomplete.ts';
import { readJob } from './job.ts';
import { emptyPage, type PageWalk, type ReadWindow } from './page-walk.ts';
import type { SourceContext } from './source-context.ts';
import type { TemplateValues } from '../definition/template.ts';
import { edgeIn } from './window-values.ts';

/** A window, or a part of one, to be read. */
interface Part {
  readonly ask: Ask;
  readonly window: Window;
  readonly identity: Identifier;
  readonly bookmark: string | undefined;
}

/** Windows this short are not halved: fewer records do not help a job to finish sooner, but they may stay below a cap. */
const shortest = { job: 60n * second, cap: second };

/** All pages of what is asked for, from a bookmark on or from the beginning of its slice. */
type WindowWalk = (ask: Ask, bookmark: string | undefined) => AsyncGenerator<Page, void, undefined>;

/**
 * Reads whole windows, each of them twice where its cursor or job ends early, its rows have moved, or the vendor's own total
 * is not reached. `valuesOf` gives everything that a template can name, for a part of what is asked for.
 */
export function windowWalk(
  context: SourceContext,
  pages: PageWalk,
  valuesOf: (ask: Ask, window: Window, more: TemplateValues) => TemplateValues,
): WindowWalk {
  const { definition, tools } = context;
  const { name, paging, job, records } = definition;
  const { single } = context.search;
  const invalid = goneStatuses(definition);
  const hasBookmarks = keepsBookmark(paging);
  const edge = edgeIn(definition);
  const { filter, shortest: least = 0n } = context.window;
  const rule = identityRule(definition);
  // The content then tells when it was, and in which half of a window: in both only on the seam, of a vendor that includes it.
  const isDated = filter === 'event' && records.time !== undefined && rule.without.length === 0;
  const indivisible = single || hasBookmarks || filter === 'none';

  async function* readAll(ask: Ask, bookmark: string | undefined): AsyncGenerator<Page, void, undefined> {
    const identity = identifier(rule, ask.remembers, bookmark !== undefined);
    for (let again = false; ; again = true) {
      identity.startWindow();
      const problem = yield* readUnlessGone({ ask, window: ask.slice, identity, bookmark });
      if (problem === undefined) return;
      if (again || problem.status === exit.partial) {
        yield { ...emptyPage, incomplete: hasBookmarks ? behindBookmark(problem) : problem };
        return;
      }
      tools.debug('reading the window again', { problem: problem.message });
    }
  }

  /** Reads the window; returns the Problem that is worth another reading. */
  async function* readUnlessGone(part: Part): AsyncGenerator<Page, Problem | undefined, undefined> {
    try {
      return yield* readWindow(part);
    } catch (error) {
      // Where the cursor is the bookmark, the next run goes on from what was saved.
      if (hasBookmarks || !hasHttpStatus(error, invalid)) throw error;
      return error;
    }
  }

  /** Reads the pages of a window, of its job or of its halves; returns what the vendor itself says is missing. */
  async function* readWindow(part: Part): AsyncGenerator<Page, Problem | undefined, undefined> {
    const { identity, window } = part;
    if (records.capped !== undefined || job !== undefined) identity.startPart();
    const reading = yield* readOnce(part);
    if (reading.unfinished) {
      const middle = middleOf(window, shortest.job);
      if (middle === undefined) throw neverFinished(name, window);
      identity.startPart(true); // some of its rows may have come, as below
      return yield* readHalves(part, middle, 'the query did not finish');
    }
    if (reading.capped && !single) {
      const middle = middleOf(window, shortest.cap);
      if (middle === undefined) return cappedWindow(name, window);
      identity.startPart(true); // or twins that came already would be counted twice
      return yield* readHalves(part, middle, 'a cap cut it');
    }
    const { count, total } = reading;
    return single || total === undefined || count >= total
      ? undefined
      : fewerThanAnnounced(name, window, { ...reading, total });
  }

  async function* readOnce(part: Part): AsyncGenerator<Page, ReadWindow, undefined> {
    const { identity, bookmark, window } = part;
    const route = { identity, bookmark, values: (more: TemplateValues) => valuesOf(part.ask, window, more) };
    if (job === undefined) return yield* pages.read({ ...route, total: undefined });
    return yield* readJob(context, job, pages, { ...route, window });
  }

  /** A window that the vendor does not give whole may come in halves. */
  async function* readHalves(
    part: Part,
    middle: Instant,
    reason: string,
  ): AsyncGenerator<Page, Problem | undefined, undefined> {
    const { from, until } = part.window;
    tools.debug('asking for half the window', { reason, from: isoText(from), until: isoText(until) });
    const early = yield* readWindow({ ...part, window: { from, until: middle } });
    if (early?.status === exit.partial) return early; // the position stays before it, whatever follows
    if (isDated) part.identity.startWindow();
    const late = yield* readWindow({ ...part, window: { from: middle, until } });
    return early ?? late;
  }

  /** Where to halve a window; undefined when it must not be. */
  function middleOf({ from, until }: Window, whole: Duration): Instant | undefined {
    if (indivisible || until - from <= whole || until - from < 2n * least) return undefined;
    return [from + (until - from) / 2n, until - 1n].map(edge).find((at) => at > from);
  }

  return readAll;
}
