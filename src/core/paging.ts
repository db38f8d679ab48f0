/**
 * Where the next page is. A pager takes the end of one page and gives the step to the next, or ends; it also notices
 * when the vendor leads it in a circle. It sees every record of the raw page, never only those that the user wants.
 *
 * What comes twice in one window is one of these. Delivered twice is none of them but a twin, see core/dedupe.ts.
 *
 *   reread row     (paging/row-again) shown once more: on purpose, to see that rows have not moved; or, where it goes by its
 *                  content, because rows that arrived have moved it down. Left out, so that it is no twin of itself
 *   repeated row   (paging/repeated-rows) the page before had its ID. Left out of the count that a total is compared with
 *   repeated page  (paging/repeated-page) each of its records came before: the vendor leads in a circle, or rows that arrive
 *                  push the last ones back into view without end
 *   twin           (identity/twins) a record of its own, equal to another one to the last byte. Numbered
 */
import { inDefinition, ofPosition, type Hint } from './hint.ts';
import { keepsBookmark, stopsAt } from './definition/paging-rules.ts';
import type { PagingDefinition } from './definition.ts';
import { exit, Problem } from './problem.ts';
import { refuseLong, refuseNameless, type Cursor } from './paging/cursor.ts';
import { flagOf, refuseUnquoted, unnamedNext } from './paging/more.ts';
import { firstStep, isLast, pageName, stepKey, stepAfter } from './paging/next-step.ts';
import { repetition, stuck } from './paging/repeated-page.ts';
import { rowsArrive } from './paging/row-again.ts';

/** How to ask for one page. */
export interface PageStep {
  /** Whether it begins the window; a bookmark goes on, as any later page does. */
  readonly first: boolean;
  /** Values of {cursor}, {offset} and {page}. */
  readonly values: { readonly cursor?: Cursor; readonly offset?: number; readonly page?: number };
  /** The address that the vendor gave instead. */
  readonly url?: string;
  /** The row that the page must begin with: the last one of the page before, see paging/row-again.ts. */
  readonly fromRow?: string;
  /** The last row was reached before: from then on, each row that arrives pushes the last ones back into view. */
  readonly afterLast?: boolean;
}

/** What is known when a page has been read to its end. */
export interface PageEnd {
  /** The address that was asked. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The reply as JSON text, without its records. */
  readonly envelope: string;
  /** Records in the reply. */
  readonly count: number;
  /** Records asked for, if a number was given. */
  readonly limit?: number | undefined;
  /** How many records there are in all, if known. */
  readonly total?: number | undefined;
  /** The texts of the first and the last record's value at `paging.last`. */
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  /** The name of the last row, where it is to be read again. */
  readonly lastRow?: string | undefined;
  /** The same for two pages only when their records are the same; undefined when there are none. */
  readonly fingerprint?: string | undefined;
  /** The IDs of the first and the last record, if they differ, see paging/end-ids.ts. */
  readonly ids?: string | undefined;
}

export interface Pager {
  readonly first: PageStep;
  /** The step after the page of `step`, or undefined when that was the last. Throws Problem 76 on a cycle. */
  next(step: PageStep, end: PageEnd): PageStep | undefined;
  /** The newest cursor, for vendors whose cursors outlive a run. */
  bookmark(): string | undefined;
}

/** Vendors may answer with empty pages while they are still searching, but not with this many in a row. */
const emptyPagesAllowed = 1000;
/** Some always name a next page: Sentry links to it, and says in another parameter of the link that it has no results. */
const endsEmpty = inDefinition(
  (there) => `if one without records is the last page, add stop: [empty-page] to paging ${there}`,
);

/**
 * The pages of one window. `source` is for messages, `bookmark` is where the last run stopped, and `twins` says whether
 * records may be equal to the last byte, because they have no ID.
 */
export function pager(paging: PagingDefinition, source: string, bookmark: string | undefined, twins: boolean): Pager {
  const visited = new Set<string>();
  const begin = keepsBookmark(paging) ? bookmark : undefined;
  const first = firstStep(paging, begin);
  let saved = begin;
  const repeats = repetition(!twins && (paging.type === 'page' || paging.type === 'offset'));
  let empty = 0;
  visited.add(stepKey(first));

  function next(step: PageStep, end: PageEnd): PageStep | undefined {
    const flag = flagOf(paging, end, source);
    const following = stepAfter(paging, step, end, source);
    const isSamePlace = following !== undefined && end.last !== undefined && stepKey(following) === stepKey(step);
    if (isSamePlace && end.count >= (end.limit ?? Infinity))
      throw end.first === end.last ? stuck(paging, source) : cycle('a full page that it gave before');
    if (isSamePlace && stopsAt(paging, 'unchanged')) return undefined;
    const repeated = repeats({ ...end, proven: step.fromRow !== undefined, afterLast: step.afterLast ?? false });
    if (repeated !== undefined) throw repeated === 'circle' ? cycle('a page that it gave before') : rowsArrive(source);
    if (following !== undefined) {
      const name = pageName(following);
      refuseLong(name, source);
      if (keepsBookmark(paging)) saved = name;
    }
    if (following === undefined || flag === false || flag === 'absent') {
      if (flag === true) throw unnamedNext(paging, source);
      if (flag === undefined) refuseNameless(paging, end, source);
      refuseUnquoted(paging, end, source);
      return undefined;
    }
    if (isLast(paging, step, following, end)) return undefined;
    empty = end.count === 0 ? empty + 1 : 0;
    if (empty > emptyPagesAllowed) throw cycle(`${empty} empty pages in a row`, endsEmpty);
    const place = stepKey(following);
    if (visited.has(place)) throw cycle('a page that it led to before');
    visited.add(place);
    return following;
  }

  function cycle(what: string, cure?: Hint): Problem {
    return new Problem(exit.protocol, `${source} answers with ${what}: its paging goes in circles`, {
      hint: [
        ofPosition('nothing was skipped and the position stays'),
        'report it to the vendor if it happens again',
        cure,
      ],
    });
  }

  return { first, next, bookmark: () => saved };
}
