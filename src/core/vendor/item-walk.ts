/**
 * A window whose pages do not hold records but list items, each of which is fetched and read to its end before the next. Only
 * one page of the list is remembered at a time, with the addresses of the page before it: while items are read, the list may
 * move on and show some of them again.
 */
import type { SourceDefinition } from '../definition.ts';
import { resolveSameOrigin } from '../origin.ts';
import { pager, type PageStep } from '../paging.ts';
import type { Page } from '../types.ts';
import { sentWith } from '../definition/texts.ts';
import type { Question } from './vendor-client.ts';
import { goneItemStatuses, hasHttpStatus } from './gone.ts';
import { listReader } from './list-page.ts';
import { muteWarning } from '../paging/more.ts';
import { isNamed } from '../paging/named-page.ts';
import {
  emptyPage,
  pageWalk,
  requestFor,
  standingOf,
  type PageWalk,
  type ReadWindow,
  type Route,
} from './page-walk.ts';
import type { SourceContext } from './source-context.ts';

type Items = NonNullable<SourceDefinition['items']>;

/** Items that are gone when they are fetched are counted, and reported after the records of all others (`Page.expired`). */
export function itemWalk(context: SourceContext, items: Items): PageWalk {
  const { definition, search, tools } = context;
  const { name, paging } = definition;
  const expired = goneItemStatuses(items);
  const list = listReader({ ...context, search: { ...search, limit: limitOf([definition.request, paging]) } }, items);
  const inside = pageWalk({
    ...context,
    definition: itemOf(definition, items),
    search: { ...search, parameters: {}, limit: limitOf(items.request) },
  });
  let truncated = false;
  let guessed = false;

  /** The number that a page is full by: only where its own request asks for one. */
  function limitOf(requests: unknown): number | undefined {
    return sentWith(definition, requests).has('limit') ? search.limit : undefined;
  }

  async function* read(route: Route): AsyncGenerator<Page, ReadWindow, undefined> {
    const pages = pager(paging, name, undefined, false);
    let number = 0;
    let lost = 0;
    let known = new Set<string | bigint>();
    for (let step: PageStep | undefined = pages.first, page = 1; step !== undefined; page++) {
      const { found, end } = await list(question(route, step, page));
      yield emptyPage; // so that the vendor's clock is noted now: what it stores from here on is not in the list
      const here = new Set<string | bigint>();
      for (const each of search.single ? found.slice(0, 1) : found) {
        const url = items.address === undefined ? undefined : resolveSameOrigin(end.url, String(each)).href;
        here.add(url ?? each);
        if (known.has(url ?? each)) continue;
        number += 1;
        if (!(yield* readItem(route, each, number, url))) lost += 1;
      }
      known = here;
      const next = pages.next(step, end);
      const isAll = page === 1 && next === undefined && !search.single;
      const mute = isAll ? muteWarning(paging, end, { name, what: 'page 1 of the list' }) : undefined;
      if (mute !== undefined) tools.warn(mute);
      truncated ||= search.single && (found.length > 1 || next !== undefined);
      guessed = truncated && found.length <= 1 && !isNamed(paging, end);
      step = search.single ? undefined : next;
    }
    if (lost > 0) yield { ...emptyPage, expired: lost };
    return { count: number, total: undefined, capped: false, unfinished: false }; // nothing says how many records items hold
  }

  function question(route: Route, step: PageStep, page: number): Question {
    return {
      request: requestFor(definition, step),
      values: route.values(step.values),
      parameters: search.parameters,
      what: `page ${page} of the list`,
      url: step.url,
      ...standingOf(step, paging),
    };
  }

  /** Whether the item was still there. */
  async function* readItem(
    route: Route,
    each: string | bigint,
    number: number,
    url: string | undefined,
  ): AsyncGenerator<Page, boolean, undefined> {
    let asked = 0;
    route.identity.startItem(each);
    const values: Route['values'] = (more) => {
      asked += 1;
      return route.values({ ...more, item: each });
    };
    let begun = false;
    try {
      for await (const page of inside.read({ ...route, values, item: { what: ` of item ${number}`, url } })) {
        begun = true; // the vendor had the item: from now on, no failure means that it is gone
        yield page;
      }
      return true;
    } catch (error) {
      if (begun || asked > 1 || !hasHttpStatus(error, expired)) throw error; // its first page may have come, and been empty
      tools.debug('an item that was listed is gone', { number });
      return false;
    }
  }

  return {
    read,
    truncated: () => truncated || inside.truncated(),
    guessed: () => (!truncated || guessed) && (!inside.truncated() || inside.guessed()),
  };
}

/** The definition of what is inside an item. */
function itemOf(definition: SourceDefinition, { request, paging }: Items): SourceDefinition {
  return { ...definition, request: request ?? { path: '' }, paging: paging ?? { type: 'none' } };
}
