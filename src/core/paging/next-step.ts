/** The step to the next page, by the kind of paging: what is asked for, and whether there is anything left to ask for. */
import { createHash } from 'node:crypto';
import type { PagingDefinition } from '../definition.ts';
import { stopsAt } from '../definition/paging-rules.ts';
import { inDefinition, ofPosition } from '../hint.ts';
import { resolveSameOrigin } from '../origin.ts';
import type { PageEnd, PageStep } from '../paging.ts';
import { exit, Problem } from '../problem.ts';
import { cursorFrom, cursorText, nextCursor } from './cursor.ts';
import { linkInList, nextLink, nextPageLink } from './next-link.ts';
import { tokenAt, totalAt } from '../json/value-at.ts';
import { stepFromRow } from './row-again.ts';

/** The step that begins a window, or goes on where the last run stopped: at an address, or a cursor. */
export function firstStep(paging: PagingDefinition, bookmark: string | undefined): PageStep {
  if (bookmark === undefined) return { first: true, values: firstValues(paging) };
  return paging.type === 'cursor'
    ? { first: false, values: { cursor: cursorFrom(bookmark) } }
    : { first: false, values: {}, url: bookmark };
}

function firstValues(paging: PagingDefinition): PageStep['values'] {
  if (paging.type === 'offset') return { offset: 0 };
  if (paging.type === 'page') return { page: paging.first ?? 1 };
  return {};
}

/** The vendor's own name for a page; '' where pages are counted. */
export function pageName({ url, values: { cursor } }: PageStep): string {
  return url ?? (cursor === undefined ? '' : cursorText(cursor));
}

/** What tells two steps apart: short, because a window may have a hundred thousand pages. */
export function stepKey(step: PageStep): string {
  const { offset, page } = step.values;
  const place = pageName(step) || String(offset ?? page ?? '');
  return place.length <= 64 ? place : createHash('sha256').update(place).digest('base64');
}

/** The next step if the vendor names one; for pages that are counted, there always is one. */
export function stepAfter(
  paging: PagingDefinition,
  step: PageStep,
  end: PageEnd,
  source: string,
): PageStep | undefined {
  switch (paging.type) {
    case 'none':
      if (nextLink(end.headers['link'] ?? '') !== undefined) throw unread(source);
      return undefined;
    case 'link':
      return stepTo(end, nextPageLink(end.headers['link'] ?? '', source, paging.relation));
    case 'url':
      return stepTo(end, addressIn(paging, end, source));
    case 'cursor': {
      const cursor = nextCursor(paging, end, source);
      return cursor === undefined ? undefined : { first: false, values: { cursor } };
    }
    case 'page':
      return { first: false, values: { page: (step.values.page ?? 0) + 1 } };
    case 'offset':
      return stepFromRow(step, end);
  }
}

/** The definition knows of one page alone. */
function unread(source: string): Problem {
  return new Problem(exit.protocol, `${source} has more pages: a Link header leads to them`, {
    hint: [ofPosition('the position stays'), inDefinition((there) => `write paging: { type: link } ${there}`)],
  });
}

function stepTo(end: PageEnd, address: string | bigint | undefined): PageStep | undefined {
  if (address === undefined) return undefined;
  return { first: false, values: {}, url: resolveSameOrigin(end.url, String(address)).href };
}

function addressIn(
  paging: Extract<PagingDefinition, { type: 'url' }>,
  end: PageEnd,
  source: string,
): string | bigint | undefined {
  const { path, header = '', pick, address } = paging;
  if (path === undefined) return end.headers[header.toLowerCase()] || undefined;
  if (pick === undefined || address === undefined) return tokenAt(end.envelope, path);
  return linkInList(end.envelope, { path, pick, address }, source);
}

/** Whether the page of `step` is the last one, though `following` would come after it. */
export function isLast(paging: PagingDefinition, step: PageStep, following: PageStep, end: PageEnd): boolean {
  if (stopsAt(paging, 'unchanged') && stepKey(following) === stepKey(step)) return true;
  if (stopsAt(paging, 'empty-page') && end.count === 0) return true;
  const offset = (following.values.offset ?? 0) + (following.fromRow === undefined ? 0 : 1);
  // A total below what has come says nothing: some vendors say 0 where they do not count.
  if (paging.type === 'offset' && end.total !== undefined && offset <= end.total) {
    return end.count === 0 || offset === end.total;
  }
  if (paging.type === 'page' && paging.pages !== undefined) {
    const pages = totalAt(end.envelope, paging.pages);
    const came = (following.values.page ?? 0) - (paging.first ?? 1);
    if (pages !== undefined && came <= pages) return came === pages;
  }
  if (stopsAt(paging, 'short-page') && end.count < (end.limit ?? 1)) return true;
  // Counted pages name no next one: they end with the first page that is empty.
  return (paging.type === 'page' || paging.type === 'offset') && end.count === 0;
}
