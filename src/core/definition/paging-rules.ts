/** What the types of paging have in common. */
import type { PagingDefinition, RequestDefinition } from '../definition.ts';

interface PagingRules {
  /** The request for later pages, when it differs. */
  readonly request?: RequestDefinition;
  readonly stop?: readonly string[];
  readonly more?: string;
  readonly path?: string;
  readonly pages?: string;
}

/** Empty for `none`, and where nothing is said of pages. */
export function pagingRules(paging: PagingDefinition = { type: 'none' }): PagingRules {
  return paging.type === 'none' ? {} : paging;
}

/** Whether a page with fewer records than were asked for is the last one. */
export function endsShort(paging: PagingDefinition | undefined): boolean {
  return pagingRules(paging).stop?.includes('short-page') === true;
}

/** Whether what names the next page outlives the run. */
export function keepsBookmark(paging: PagingDefinition): boolean {
  return 'bookmark' in paging && paging.bookmark === true;
}
