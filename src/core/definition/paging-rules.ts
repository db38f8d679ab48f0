/** What a definition says of its pages, whatever their type. */
import type { Answers, PagingDefinition, RequestDefinition } from '../definition.ts';

type Ending = NonNullable<Exclude<PagingDefinition, { type: 'none' }>['stop']>[number];

interface PagingRules {
  /** The request for later pages, when it differs. */
  readonly request?: RequestDefinition;
  readonly stop?: readonly Ending[];
  readonly more?: string;
  readonly path?: string;
  readonly pages?: string;
  readonly last?: string;
  readonly bookmark?: boolean;
  readonly invalid?: Answers;
}

/** Members that its type does not have are undefined; all are for `none`, and where nothing is said of pages. */
export function pagingRules(paging: PagingDefinition = { type: 'none' }): PagingRules {
  return paging.type === 'none' ? {} : paging;
}

/** Whether the pages end so, see `paging.stop`. */
export function stopsAt(paging: PagingDefinition | undefined, ending: Ending): boolean {
  return pagingRules(paging).stop?.includes(ending) === true;
}

/** Whether what names the next page outlives the run. */
export function keepsBookmark(paging: PagingDefinition): boolean {
  return pagingRules(paging).bookmark === true;
}
