/**
 * The reply to `_bulk`, of Elasticsearch and OpenSearch: HTTP 200 says nothing, each item has its own status.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
import { isSuccessful } from '../../http-status.ts';
import { isObject, objectOf } from '../../json/parsed.ts';
import { serverText } from '../../text/shown.ts';
import type { Outcome } from '../../types.ts';

/** What an item says. `diverted`: taken, but into the failure store. `denied`, `missing`: a fault of the settings. */
export type ItemOutcome =
  | Outcome
  | { readonly busy: string }
  | { readonly denied: string }
  | { readonly missing: string };

/** Keeps the reply small, and one entry for each item: `items.*.error` alone would drop those that succeeded. */
export const filterPath = 'took,errors,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason';

/** The outcomes in the order of the request; undefined when the reply does not account for exactly `count` items. */
export function bulkOutcomes(reply: Readonly<Record<string, unknown>>, count: number): ItemOutcome[] | undefined {
  const items = reply['items'];
  if (!Array.isArray(items) || items.length !== count) return undefined;
  const outcomes: ItemOutcome[] = [];
  for (const item of items as readonly unknown[]) {
    const action = isObject(item) ? item['create'] : undefined;
    if (!isObject(action) || typeof action['status'] !== 'number') return undefined;
    outcomes.push(itemOutcome(action['status'], action));
  }
  return outcomes;
}

/** Type and reason of an error object, as one line. */
export function errorText(error: unknown): string {
  if (!isObject(error)) return serverText(typeof error === 'string' ? error : '');
  const parts = [error['type'], error['reason']].filter((part) => typeof part === 'string');
  return serverText(parts.join(': '));
}

/** What Elasticsearch itself says about a request: its errors are objects, those of a proxy are pages or plain texts. */
export function ownWords(text: string): string {
  const error = objectOf(text)?.['error'];
  return isObject(error) ? errorText(error) : '';
}

/** A read-only index (disk full) is a 403 in older versions and a 429 in newer ones: it passes. */
export function isBlocked(reason: string): boolean {
  return reason.includes('cluster_block_exception');
}

function itemOutcome(status: number, action: Readonly<Record<string, unknown>>): ItemOutcome {
  if (isSuccessful(status)) return action['failure_store'] === 'used' ? 'diverted' : 'kept';
  if (status === 409) return 'kept'; // an ID names its content (form.ts): that record is there already
  const reason = errorText(action['error']) || `status ${status}`;
  if (status === 429 || isBlocked(reason)) return { busy: reason };
  if (status >= 500 || status === 408 || isFull(reason)) return { again: reason };
  if (status === 401 || status === 403) return { denied: reason };
  if (status === 404 || isMisconfigured(reason)) return { missing: reason };
  return { refused: reason };
}

/** No more shards may be made: nothing is wrong with the record. */
function isFull(reason: string): boolean {
  return /this action would add \[\d+\].* shards/.test(reason);
}

/** A fault that every record would meet, whatever it holds. */
function isMisconfigured(reason: string): boolean {
  return (
    /^(?:invalid_index_name_exception|index_closed_exception|invalid_alias_name_exception)\b/.test(reason) ||
    isWithoutPipeline(reason) ||
    reason.includes('no write index is defined for alias')
  );
}

/** The setting of the job, or of the index, names a pipeline that nobody has made. */
export function isWithoutPipeline(reason: string): boolean {
  return /pipeline with id \[[^\]]*\] does not exist/.test(reason);
}
