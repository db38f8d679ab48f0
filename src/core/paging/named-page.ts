/** Whether the vendor said that a next page exists, or we only ask because this one was full. */
import type { PagingDefinition } from '../definition.ts';
import type { PageEnd } from '../paging.ts';
import { keepsBookmark } from '../definition/paging-rules.ts';
import { totalAt } from '../json/value-at.ts';

/** How pages end where the vendor names a next one even after the last. */
const endings: readonly string[] = ['unchanged', 'empty-page', 'short-page'];

/** Whether the page after this one was named, if there is one; `count` is the number of all records so far. */
export function isNamed(paging: PagingDefinition, { envelope, count, total }: PageEnd): boolean {
  if (total !== undefined) return count < total;
  if (paging.type === 'none') return false;
  if (paging.more !== undefined) return true;
  if (paging.type === 'offset') return false;
  if (paging.type === 'page') return paging.pages !== undefined && totalAt(envelope, paging.pages) !== undefined;
  if (paging.type === 'cursor' && paging.last !== undefined) return false;
  return !keepsBookmark(paging) && !(paging.stop ?? []).some((ending) => endings.includes(ending));
}
