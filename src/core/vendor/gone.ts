/**
 * What has led to a page is gone: a cursor that has expired, a job, an item of a list, or the row that a page is to begin with.
 *
 * However a vendor says so, the Problem bears HTTP 410 (`gone`), by one of these:
 *   its HTTP status, or the status that its body tells
 *   an entry of `paging.invalid` or `items.gone` that looks into the body      (tellsInvalid)
 *   any refusal of a page that the vendor named itself                         (isCursorRefused)
 *   rows that moved, though nothing was refused                                (paging/row-again)
 * Beside it stand the HTTP statuses that the definition says to mean the same  (goneStatuses, goneItemStatuses).
 *
 * It is answered where something can be done about it: a saved bookmark is given up (core/rest.ts), a window is read once more
 * (window-walk), an item is counted as lost (item-walk), and the next run begins with a shorter slice (plan/cut-off).
 */
import type { SourceDefinition } from '../definition.ts';
import { isAmong, statusesOf } from '../definition/answers.ts';
import { pagingRules } from '../definition/paging-rules.ts';
import { gone, notFound, refusesLaterPage } from '../http-status.ts';
import { Problem } from '../problem.ts';
import type { Question } from './vendor-client.ts';

/** Whether a refusal of this status, with what it says, means that. */
export function tellsGone(definition: SourceDefinition, question: Question, status: unknown, said: unknown): boolean {
  return tellsInvalid(definition, said) || isCursorRefused(question, status);
}

/** Whether a parsed reply says that the cursor is no longer valid, or the item gone, whatever its HTTP status. */
export function tellsInvalid({ paging, items }: SourceDefinition, value: unknown): boolean {
  const { invalid = [] } = pagingRules(paging);
  return isAmong([...invalid, ...(items?.gone ?? [])], undefined, value);
}

/** Whether the vendor refuses a page that it named itself, by a cursor or an address. */
export function isCursorRefused({ named }: Question, status: unknown): boolean {
  return named === true && refusesLaterPage(status);
}

/** The HTTP statuses by which a cursor, a job or an item is gone, so that the window is read from its beginning. */
export function goneStatuses({ paging, items, job }: SourceDefinition): readonly number[] {
  return [
    gone,
    ...(job === undefined ? [] : [notFound]), // a job may die with the session that it was started in
    ...statusesOf(pagingRules(paging).invalid),
    ...statusesOf(items?.gone), // once a part of the item was read
  ];
}

/** The HTTP statuses by which an item is gone of which nothing was read yet, so that the others can be read without it. */
export function goneItemStatuses(items: NonNullable<SourceDefinition['items']>): readonly number[] {
  return [gone, ...statusesOf(items.gone)];
}

/** Whether the vendor answered with one of these HTTP statuses. */
export function hasHttpStatus(error: unknown, statuses: readonly number[]): error is Problem {
  return error instanceof Problem && error.httpStatus !== undefined && statuses.includes(error.httpStatus);
}
