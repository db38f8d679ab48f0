/** Pages that list items: whether each item can be asked for, and what makes no sense with them. */
import type { SourceDefinition } from '../../definition.ts';
import { keepsBookmark } from '../paging-rules.ts';
import { insideProblems, pagingProblems } from './pages.ts';
import { sentWith } from '../texts.ts';

/** What does not fit, as sentences that begin with their place. */
export function* itemProblems(definition: SourceDefinition): Generator<string> {
  const { items, ...list } = definition;
  if (items === undefined && 'item' in definition.records.id) {
    yield 'records.id.item: there is no list of items; leave it out';
  }
  yield* pagingProblems(list); // what is sent for an item says nothing of how the pages of the list are asked for
  if (items === undefined) return;
  const { address, name, request, paging } = items;
  if ((address === undefined) === (name === undefined)) yield 'items: expected one of address and name';
  if (name !== undefined) {
    if (request === undefined) yield 'items.request is missing: items.name needs it, with {item}';
    if (!sentWith(definition, request).has('item')) {
      yield 'items.request: {item} is missing, so that every item would be the same';
    }
  } else if (request !== undefined) yield 'items.request: items that have an address are asked for there';
  yield* combinationProblems(list);
  if (paging !== undefined) yield* insideProblems(definition, { request: request ?? { path: '' }, paging });
}

function* combinationProblems({ job, records, paging }: Omit<SourceDefinition, 'items'>): Generator<string> {
  if (job !== undefined) yield 'items: the pages of a job hold records, no items; leave out job or items';
  if (records.total !== undefined) yield 'records.total: nothing says how many records all items hold; leave it out';
  if (records.capped !== undefined) yield 'records.capped: nothing looks for a cap inside an item; leave it out';
  if (paging.type === 'page' && paging.end !== undefined) {
    yield 'paging.end: only pages of records are ended by a refusal; leave it out';
  }
  if (keepsBookmark(paging)) {
    yield 'paging.bookmark: the pages of a list belong to its window; leave it out';
  }
}
