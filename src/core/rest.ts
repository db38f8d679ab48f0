/** Makes a Source of a vendor that is described as data: log in, ask page by page, check that all of it came, log out. */
import { asksVendor, branchesOf } from './vendor/branches.ts';
import { identityRule } from './vendor/collect.ts';
import type { SourceDefinition } from './definition.ts';
import { exchange } from './vendor/exchange.ts';
import { gone, notFound } from './http-status.ts';
import { identifier, type Identify } from './identity.ts';
import { cutShort, hasHttpStatus, incomplete, neverFinished, passedBy } from './vendor/incomplete.ts';
import { readJob } from './vendor/job.ts';
import { exit, type Problem } from './problem.ts';
import { itemWalk } from './vendor/item-walk.ts';
import { keepsBookmark } from './paging.ts';
import { emptyPage, pageWalk, type Reading } from './vendor/page-walk.ts';
import { preparation } from './vendor/prepare.ts';
import { pageReader } from './vendor/read-page.ts';
import { statusesOf } from './vendor/reply.ts';
import { scopeOf } from './vendor/address.ts';
import { planSearch } from './vendor/search.ts';
import { fillFirst, type TemplateValues } from './vendor/template.ts';
import { isoText, second } from './time.ts';
import type { Ask, Duration, Instant, Page, Search, SettingValues, Source, Tools, Window } from './types.ts';
import { earliestIn, edgeIn, shownIn, windowRules, windowWriter } from './vendor/window-values.ts';

/** A window, or a part of one, to be read. */
interface Part {
  readonly ask: Ask;
  readonly window: Window;
  readonly identity: Identify;
  readonly bookmark: string | undefined;
}

/** Shorter windows are not divided any more: a job that does not finish is no matter of its records, and a cap may be. */
const shortest = { job: 60n * second, cap: second };

/** Throws Problem 64 when the search asks for what the source cannot do, 78 when the URL is not one. */
export function restSource(definition: SourceDefinition, values: SettingValues, search: Search, tools: Tools): Source {
  const { name, paging, job, items, records } = definition;
  const plan = planSearch(definition, search, tools);
  const written = windowWriter(definition, values);
  const vendor = exchange(definition, values, tools);
  const prepare = preparation(definition, vendor);
  const pages =
    items === undefined
      ? pageWalk(definition, plan, { vendor, reader: pageReader(definition, plan, vendor, tools) }, search, tools)
      : itemWalk(definition, items, plan, vendor, search, tools);
  const invalid = [
    gone,
    ...(job === undefined ? [] : [notFound]), // a job may die with the session that it was started in
    ...('invalid' in paging ? statusesOf(paging.invalid) : []),
    ...statusesOf(items?.gone), // when some of it was read
  ];
  const hasBookmarks = keepsBookmark(paging);
  const edge = edgeIn(definition);
  const indivisible = search.single || hasBookmarks || definition.window.filter === 'none';

  /** Everything that a template can name. */
  function valuesOf(part: Pick<Part, 'ask' | 'window'>, more: TemplateValues): TemplateValues {
    const all: Record<string, TemplateValues[string]> = {
      ...values,
      ...plan.values,
      ...written(part.window),
      branch: part.ask.branch,
      ...more,
    };
    for (const [variable, templates] of Object.entries(definition.variables ?? {})) {
      all[variable] = fillFirst([templates].flat(), all);
    }
    return all;
  }

  async function* pull(ask: Ask): AsyncGenerator<Page, void, undefined> {
    await vendor.open();
    await prepare(ask.branch, valuesOf({ ask, window: ask.slice }, {}));
    if (ask.bookmark === undefined || !hasBookmarks) return yield* readAnew(ask);
    let begun = false;
    try {
      for await (const page of readAll(ask, ask.bookmark)) {
        begun = true; // the saved bookmark was good; a later failure must not send the run back to the beginning
        yield page;
      }
    } catch (error) {
      if (begun || !hasHttpStatus(error, invalid)) throw error;
      const beginning =
        definition.window.filter === 'none' ? 'from where its API begins' : 'the window from its beginning';
      tools.warn(`${name} no longer knows where the last run stopped; reading ${beginning}`);
      yield* readAnew(ask);
    }
  }

  /** Without a bookmark. Where one was possible, the first page says so: by then the time at the vendor is known. */
  async function* readAnew(ask: Ask): AsyncGenerator<Page, void, undefined> {
    let restarted = hasBookmarks;
    for await (const page of readAll(ask, undefined)) {
      yield restarted ? { ...page, restarted } : page;
      restarted = false;
    }
    if (restarted) yield { ...emptyPage, restarted };
  }

  /** The whole window, and once more when its cursor or job ends early, its rows have moved, or the vendor's own total is not met. */
  async function* readAll(ask: Ask, bookmark: string | undefined): AsyncGenerator<Page, void, undefined> {
    const identity = identifier(identityRule(definition), ask.remembers, bookmark !== undefined);
    for (let again = false; ; again = true) {
      identity.startWindow();
      const problem = yield* readUnlessGone({ ask, window: ask.slice, identity, bookmark });
      if (problem === undefined) return;
      if (again || problem.status === exit.partial) {
        yield { ...emptyPage, incomplete: hasBookmarks ? passedBy(problem) : problem };
        return;
      }
      tools.debug('reading the window again', { problem: problem.message });
    }
  }

  /** The window; returns what is worth another reading. */
  async function* readUnlessGone(part: Part): AsyncGenerator<Page, Problem | undefined, undefined> {
    try {
      return yield* readWindow(part);
    } catch (error) {
      // Where the cursor is the bookmark, the next run goes on from what was saved.
      if (hasBookmarks || !hasHttpStatus(error, invalid)) throw error;
      return error;
    }
  }

  /** The pages of a window, or those of its job, or of its halves; returns what the vendor itself says is missing. */
  async function* readWindow(part: Part): AsyncGenerator<Page, Problem | undefined, undefined> {
    const { identity, window } = part;
    if (records.capped !== undefined) identity.startPart();
    const reading = yield* readOnce(part);
    if (reading.unfinished) {
      const middle = middleOf(window, shortest.job);
      if (middle === undefined) throw neverFinished(name, window);
      return yield* readHalves(part, middle, 'the query did not finish');
    }
    if (reading.capped && !search.single) {
      const middle = middleOf(window, shortest.cap);
      if (middle === undefined) return cutShort(name, window);
      identity.startPart(true); // or what came of it would be counted twice
      return yield* readHalves(part, middle, 'a cap cut it');
    }
    const { count, total } = reading;
    return search.single || total === undefined || count >= total ? undefined : incomplete(name, window, total, count);
  }

  async function* readOnce(part: Part): AsyncGenerator<Page, Reading, undefined> {
    const { identity, bookmark, window } = part;
    const route = { identity, bookmark, values: (more: TemplateValues) => valuesOf(part, more) };
    if (job === undefined) return yield* pages.read({ ...route, total: undefined });
    return yield* readJob({ definition, job }, { vendor, pages }, { ...route, window }, tools);
  }

  /** What the vendor gives only a part of, or nothing, it may give in halves. */
  async function* readHalves(
    part: Part,
    middle: Instant,
    reason: string,
  ): AsyncGenerator<Page, Problem | undefined, undefined> {
    const { from, until } = part.window;
    tools.debug('asking for half the window', { reason, from: isoText(from), until: isoText(until) });
    const early = yield* readWindow({ ...part, window: { from, until: middle } });
    if (early?.status === exit.partial) return early; // the position stays before it, whatever follows
    const late = yield* readWindow({ ...part, window: { from: middle, until } });
    return early ?? late;
  }

  /** Where a window may be divided; undefined when it is not to be. */
  function middleOf({ from, until }: Window, least: Duration): Instant | undefined {
    if (indivisible || until - from <= least) return undefined;
    return [from + (until - from) / 2n, until - 1n].map(edge).find((at) => at > from);
  }

  const asksForBranches = asksVendor(definition, values);

  async function branches(): Promise<readonly string[]> {
    if (asksForBranches) await vendor.open();
    return branchesOf(definition, values, vendor, tools);
  }

  return {
    name,
    window: windowRules(definition),
    scope: scopeOf(definition, values),
    branches,
    asksForBranches,
    open: vendor.open,
    pull,
    serverTime: vendor.serverTime,
    earliest: earliestIn(definition),
    ...shownIn(definition, values),
    edge,
    volatile: identityRule(definition).without.length > 0,
    truncated: pages.truncated,
    guessed: pages.guessed,
    absent: plan.absent,
    nested: plan.nested,
    close: vendor.close,
  };
}
