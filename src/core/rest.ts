/** Makes a Source of a vendor that is described as data: log in, ask page by page, check that all of it came, log out. */
import { asksVendor, branchesOf } from './vendor/branches.ts';
import { identityRule } from './vendor/collect.ts';
import type { SourceDefinition } from './definition.ts';
import { exchange } from './vendor/exchange.ts';
import { gone, notFound } from './http-status.ts';
import { identifier, type Identify } from './identity.ts';
import { cutShort, hasHttpStatus, incomplete, neverFinished } from './vendor/incomplete.ts';
import { readJob } from './vendor/job.ts';
import { exit, type Problem } from './problem.ts';
import { itemWalk } from './vendor/item-walk.ts';
import { keepsBookmark } from './paging.ts';
import { emptyPage, pageWalk, type Reading } from './vendor/page-walk.ts';
import { preparation } from './vendor/prepare.ts';
import { pageReader } from './vendor/read-page.ts';
import { statusesOf } from './vendor/reply.ts';
import { scopeOf } from './vendor/request.ts';
import { planSearch } from './vendor/search.ts';
import { fillFirst, type TemplateValues } from './vendor/template.ts';
import { isoText, second } from './time.ts';
import type { Ask, Page, Search, SettingValues, Source, Tools, Window } from './types.ts';
import { earliestIn, edgeIn, shownFromIn, windowRules, windowWriter } from './vendor/window-values.ts';

/** A window, or a part of one, to be read. */
interface Part {
  readonly ask: Ask;
  readonly window: Window;
  readonly identity: Identify;
  readonly bookmark: string | undefined;
}

/** Shorter windows are not divided any more, when a job does not finish. */
const shortestWindow = 60n * second;
/** Into more parts than these a window is not divided because of a cap, unless they are longer than the shortest window. */
const mostParts = 10_000n;

/** The length of the shortest parts that a cap makes of a window: a burst of records may fill each second of a minute. */
function shortestPart({ from, until }: Window): bigint {
  const part = (until - from) / mostParts;
  if (part < second) return second;
  return part < shortestWindow ? part : shortestWindow;
}

/** Throws Problem 64 when the search asks for what the source cannot do, 78 when the URL is not one. */
export function restSource(definition: SourceDefinition, values: SettingValues, search: Search, tools: Tools): Source {
  const { name, paging, job, items } = definition;
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

  /**
   * The whole window: once more when its cursor or job ends early, or the vendor's own total is not met, and in parts
   * half as long as long as a cap cuts them. Twins are numbered by their place in all of it, so it is read anew.
   */
  async function* readAll(ask: Ask, bookmark: string | undefined): AsyncGenerator<Page, void, undefined> {
    const identity = identifier(identityRule(definition), ask.remembers, bookmark !== undefined);
    let length = ask.slice.until - ask.slice.from;
    for (let again = false; ;) {
      identity.startWindow();
      const problem = yield* readParts({ ask, window: ask.slice, identity, bookmark }, length);
      if (problem === undefined) return;
      const isCut = problem.status === exit.partial;
      if (isCut ? indivisible || length <= shortestPart(ask.slice) : again) {
        yield { ...emptyPage, incomplete: problem };
        return;
      }
      if (isCut) length = (length + 1n) / 2n;
      else again = true;
      tools.debug('reading the window again', { problem: problem.message });
    }
  }

  /** The whole window in parts; returns what is worth another reading. */
  async function* readParts(part: Part, length: bigint): AsyncGenerator<Page, Problem | undefined, undefined> {
    const end = part.window.until;
    try {
      for (let { from } = part.window; ; from += length) {
        const until = indivisible || from + length > end ? end : from + length;
        const problem = yield* readWindow({ ...part, window: { from, until } });
        if (problem !== undefined || until === end) return problem;
      }
    } catch (error) {
      // Where the cursor is the bookmark, the next run goes on from what was saved.
      if (hasBookmarks || !hasHttpStatus(error, invalid)) throw error;
      return error;
    }
  }

  /** The pages of a window, or those of its job; returns what the vendor itself says is missing. */
  async function* readWindow(part: Part): AsyncGenerator<Page, Problem | undefined, undefined> {
    const { identity, bookmark } = part;
    const route = { identity, bookmark, values: (more: TemplateValues) => valuesOf(part, more) };
    if (job === undefined) return missing(part, yield* pages.read({ ...route, total: undefined }));
    const ofJob = { ...route, window: part.window };
    const reading = yield* readJob({ definition, job }, { vendor, pages }, ofJob, tools);
    return reading.unfinished ? yield* readHalves(part) : missing(part, reading);
  }

  function missing({ window }: Part, { count, total, capped }: Reading): Problem | undefined {
    if (search.single) return undefined;
    if (capped) return cutShort(name, window);
    return total === undefined || count >= total ? undefined : incomplete(name, window, total, count);
  }

  /** A query that does not finish for the whole window may finish for its halves. */
  async function* readHalves(part: Part): AsyncGenerator<Page, Problem | undefined, undefined> {
    const { from, until } = part.window;
    if (indivisible || until - from <= shortestWindow) throw neverFinished(name, part.window);
    const middle = from + (until - from) / 2n;
    tools.debug('the query did not finish, asking for half the window', { from: isoText(from), until: isoText(until) });
    const early = yield* readWindow({ ...part, window: { from, until: middle } });
    const late = yield* readWindow({ ...part, window: { from: middle, until } });
    return early ?? late;
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
    shownFrom: shownFromIn(definition, values),
    edge: edgeIn(definition),
    truncated: pages.truncated,
    guessed: pages.guessed,
    absent: plan.absent,
    close: vendor.close,
  };
}
