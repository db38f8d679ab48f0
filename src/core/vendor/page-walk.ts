/** The pages of a window, from the first to the last. */
import { inDefinition } from '../hint.ts';
import type { PagingDefinition, RequestDefinition, SourceDefinition } from '../definition.ts';
import { keepsBookmark, pagingRules } from '../definition/paging-rules.ts';
import type { Identifier } from '../identity.ts';
import { exit, Problem } from '../problem.ts';
import { pager, type PageStep } from '../paging.ts';
import type { Page } from '../types.ts';
import { askingAhead } from './ahead.ts';
import type { Question } from './vendor-client.ts';
import { totalWarning } from './incomplete.ts';
import { isNamed } from '../paging/named-page.ts';
import { rowsOfJob } from './open-job.ts';
import { muteWarning } from '../paging/more.ts';
import { pageReader } from './read-page.ts';
import type { ReadPage } from './read-reply.ts';
import { noticingRepeats } from '../paging/repeated-rows.ts';
import type { Standing } from '../paging/row-again.ts';
import type { SourceContext } from './source-context.ts';
import type { TemplateValues } from '../definition/template.ts';

/** What a window that was read turned out to have. */
export interface ReadWindow {
  /** Records, each row once. */
  readonly count: number;
  /** How many rows more there were, which have the ID of one on the page before; known where there is a total. */
  readonly repeated?: number;
  /** How many records the vendor says that there are, if it does. */
  readonly total: number | undefined;
  /** The vendor has a cap, which left out what follows the last page. */
  readonly capped: boolean;
  /** The job may not have finished: its answers had neither a total nor a list of records. */
  readonly unfinished: boolean;
}

/** What is to be read. */
export interface Route {
  readonly identity: Identifier;
  /** Where the last run stopped, for vendors with such cursors. */
  readonly bookmark: string | undefined;
  /** How many records there are, if a job says so rather than a page. */
  readonly total: number | undefined;
  /** The values of all placeholders, with those that a step, a job or an item adds. */
  values(more: TemplateValues): TemplateValues;
  /** An item of a list: what it is called in messages, and the address that the vendor gave for it. */
  readonly item?: { readonly what: string; readonly url: string | undefined };
}

/** Without records: tells the pipeline that the vendor has answered. */
export const emptyPage: Page = { records: [], refused: [], unmatched: 0 };

export interface PageWalk {
  /** All pages, or one when a single query was asked for. */
  read(route: Route): AsyncGenerator<Page, ReadWindow, undefined>;
  /** Whether a single query left records unread. */
  truncated(): boolean;
  /** See `Source.guessed`. */
  guessed(): boolean;
}

/** Reads one window after another, or one item of a list after another. */
export function pageWalk(context: SourceContext): PageWalk {
  const { definition, vendor, tools } = context;
  const { name, paging, records } = definition;
  const { parameters, single } = context.search;
  const readPage = pageReader(context);
  // To ask with a bookmark may tell the vendor that everything before it was delivered, so not before it was.
  const readsAhead = !single && !keepsBookmark(paging);
  // A page that is asked for from a value on (`paging.last`) shows again all records that have it. So twins are counted from
  // one again at each page, or those would get further numbers. No twin is missed, since twins have the same value there.
  const overlaps = paging.type === 'cursor' && paging.last !== undefined && !keepsBookmark(paging);
  let truncated = false;
  let guessed = false;

  async function* read(route: Route): AsyncGenerator<Page, ReadWindow, undefined> {
    const pages = pager(paging, name, route.bookmark, 'content' in records.id);
    // Only where rows are compared with a total.
    const rows = (route.total ?? records.total) === undefined ? undefined : noticingRepeats(route.identity);
    const identity = rows ?? route.identity;
    const whatNext = rowsOfJob(definition);
    let { total } = route; // else that of the first page: what arrives later is for the next run
    let given = 0;
    let count = 0;
    let repeated = 0;
    let capped = false;
    const ahead = askingAhead(vendor, tools);
    try {
      for (let step: PageStep = pages.first, number = 1; ; number++) {
        if (overlaps) identity.startWindow();
        const question = questionOf(route, step, number);
        const end: ReadPage = yield* readPage(question, identity, ahead.reply());
        ahead.done();
        given += end.count;
        const here = rows?.repeated() ?? 0;
        count += end.count - end.reread - here;
        repeated += here;
        total ??= end.total;
        const isFirst = number === 1 && total === undefined;
        if (isFirst) warn(totalWarning(definition, end, question.what));
        let next: PageStep | undefined;
        try {
          next = pages.next(step, { ...end, total: route.total ?? end.total });
          if (isFirst && next === undefined) warn(muteWarning(paging, end, { name, what: question.what }));
          if (readsAhead && next !== undefined) await ahead.ask(questionOf(route, next, number + 1));
        } finally {
          yield* end.rest; // they are sound, whatever is wrong with the next page
        }
        const bookmark = pages.bookmark();
        if (bookmark !== undefined && bookmark !== route.bookmark) {
          if (tools.isSecret(bookmark)) throw tellingBookmark(name); // the position is a file
          yield { ...emptyPage, bookmark };
        }
        if (single) {
          truncated ||= next !== undefined || end.capped === true || count < (total ?? 0);
          guessed = next !== undefined && end.capped !== true && !isNamed(paging, { ...end, count, total });
          return { count, repeated, total, capped, unfinished: false };
        }
        capped = end.capped ?? capped;
        if (next === undefined) {
          const { wait, unfinished } = whatNext(end, given, total);
          if (wait === undefined) return { count, repeated, total, capped, unfinished };
          await tools.wait(wait);
          next = { first: false, values: { offset: (step.values.offset ?? 0) + end.count } };
        }
        step = next;
      }
    } finally {
      ahead.discard();
    }
  }

  function questionOf(route: Route, step: PageStep, number: number): Question {
    return {
      request: requestFor(definition, step),
      values: route.values(step.values),
      parameters,
      what: `page ${number}${route.item?.what ?? ''}`,
      url: step.first ? route.item?.url : step.url,
      ...standingOf(step, paging),
      ends: !step.first && paging.type === 'page' ? paging.end : undefined,
    };
  }

  function warn(warning: string | undefined): void {
    if (warning !== undefined) tools.warn(warning);
  }

  return { read, truncated: () => truncated, guessed: () => guessed };
}

function tellingBookmark(name: string): Problem {
  return new Problem(exit.protocol, `${name} has put a credential into what names its next page`, {
    hint: inDefinition(
      (there) => `leave out paging.bookmark ${there}, which would save it, or send the credential in a header`,
    ),
  });
}

/** Where a page stands: after another, or also named by it. A cursor that is kept ends by 410 and `paging.invalid` alone. */
export function standingOf(
  { first, fromRow, afterLast }: PageStep,
  paging: PagingDefinition,
): Standing & Pick<Question, 'named'> {
  const isCounted = paging.type === 'none' || paging.type === 'page' || paging.type === 'offset';
  return { later: !first, named: !first && !isCounted && !keepsBookmark(paging), fromRow, afterLast };
}

/** The request for a step: the first, or that for later pages. */
export function requestFor(
  { request, paging }: Pick<SourceDefinition, 'request' | 'paging'>,
  { first }: PageStep,
): RequestDefinition {
  return first ? request : (pagingRules(paging).request ?? request);
}
