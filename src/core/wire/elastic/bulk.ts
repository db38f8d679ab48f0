/**
 * The reply of Elasticsearch and OpenSearch to `_bulk`: HTTP 200 says nothing, each item has a status of its own.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
import { isSuccessful } from '../../http-status.ts';
import { isObject, objectOf } from '../../json/parsed.ts';
import { serverText } from '../../text/shown.ts';
import type { Outcome } from '../../types.ts';

/**
 * What an item says. `diverted`: taken, but into the failure store. `denied`, `missing`: a fault of the settings. `clash`: see
 * clashes.ts.
 */
export type ItemOutcome =
  | Outcome
  | { readonly busy: string }
  | { readonly clash: string }
  | { readonly denied: string }
  | { readonly missing: string };

/** Keeps the reply small, and one entry for each item: `items.*.error` alone would drop those that succeeded. */
export const filterPath =
  'took,errors,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason,' +
  'items.*.error.caused_by.type,items.*.error.caused_by.reason';

/** How long the cluster waits for a shard. By default a minute, as long as we wait for it: it could not say why it failed. */
export const shardWait = '20s';

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
  const isSetUp = outcomes.some((outcome) => outcome === 'kept' || outcome === 'diverted');
  return isSetUp ? outcomes.map(ofItself) : outcomes;
}

/** What says of all documents that the settings are wrong says of one alone that an ingest pipeline has misled that one. */
function ofItself(outcome: ItemOutcome): ItemOutcome {
  const isMisled = typeof outcome === 'object' && 'missing' in outcome && isMisdirected(outcome.missing);
  return isMisled ? { refused: outcome.missing } : outcome;
}

/**
 * Type and reason of an error object as one line, followed by those of its cause: after "failed to parse", only they say what
 * is wrong. A reason can quote the document, so no conclusion may be drawn from words in the middle of the line.
 */
export function errorText(error: unknown): string {
  if (!isObject(error)) return serverText(typeof error === 'string' ? error : '');
  const said = serverText(wordsOf(error));
  const cause = error['caused_by'];
  return isObject(cause) && said !== '' ? `${said}: ${serverText(wordsOf(cause))}` : said;
}

/**
 * Leaves out where a syntax error is: the parser quotes the record there. And what OpenSearch says of a shard's limit, where it is
 * that of the node, named after it, which a request goes beyond: a message has no room for both.
 */
function wordsOf(error: Readonly<Record<string, unknown>>): string {
  const parts = [error['type'], error['reason']].filter((part) => typeof part === 'string');
  const words = parts.join(': ').replace(/\s+at \[Source: .*/s, '');
  return isBeyondPressure(words) ? words.replace(/\[shard_detail=.* OR (?=\[node_)/, '') : words;
}

/** What Elasticsearch itself says about a request; '' for the pages and plain texts of proxies: its own errors are objects. */
export function clusterWords(text: string): string {
  const error = objectOf(text)?.['error'];
  return isObject(error) ? errorText(error) : '';
}

/**
 * Whether the index is read-only for now (disk full), a 403 in older versions, a 429 in newer ones; or OpenSearch, for the same
 * reason, creates no index; or OpenSearch Serverless, which grows by itself, is at the most capacity it may have (402).
 */
export function isBlocked(reason: string): boolean {
  return /^(?:cluster_block|index_create_block|service_quota_exceeded)_exception\b/.test(reason);
}

/**
 * Whether a request alone is more than the cluster ever takes at once (indexing_pressure.memory.limit), however busy it is:
 * https://www.elastic.co/docs/troubleshoot/elasticsearch/rejected-requests
 * A limit of a shard, which OpenSearch may name before that of the node (shard_indexing_pressure), grows and shrinks.
 */
export function isBeyondPressure(reason: string): boolean {
  const sizes =
    /^\w*rejected_execution_exception: rejected execution of .*_operation_bytes=(\d+), (?:node_)?max_\w+=(\d+)\]/.exec(
      reason,
    );
  return sizes !== null && Number(sizes[1]) > Number(sizes[2]);
}

/**
 * Whether a document is larger than the cluster ever takes (indexing_pressure.memory.max_operation_size): all that go to the same
 * shard are rejected with it.
 */
export function isOversized(reason: string): boolean {
  return /^es_rejected_execution_exception: Request contains an operation of size \[\d+\] bytes, which exceeds/.test(
    reason,
  );
}

function itemOutcome(status: number, action: Readonly<Record<string, unknown>>): ItemOutcome {
  if (isSuccessful(status)) return action['failure_store'] === 'used' ? 'diverted' : 'kept';
  if (status === 409) return 'kept'; // an ID names its content (form.ts): that record is there already
  const reason = errorText(action['error']) || `status ${status}`;
  if (status === 429 || isBlocked(reason)) return { busy: reason };
  if (isRefusedForGood(reason)) return { refused: reason };
  if (isWithoutPipeline(reason)) return { missing: reason };
  if (status >= 500 || status === 408 || isFull(reason)) return { again: reason };
  if (status === 401 || status === 403) return { denied: reason };
  if (status === 404 || isMisconfigured(reason)) return { missing: reason };
  return isClash(reason) ? { clash: reason } : { refused: reason };
}

/** What the cluster says of the item, fit to be shown. */
export function reasonOf(item: ItemOutcome): string {
  return typeof item === 'string' ? item : String(Object.values(item)[0] ?? '');
}

function isClash(reason: string): boolean {
  return /^illegal_argument_exception: mapper \[.*\] cannot be changed from type \[/.test(reason);
}

/** Whether the cluster may have no more shards: nothing is wrong with the record. */
function isFull(reason: string): boolean {
  return /^\w+: (?:Validation Failed: \d+: )?this action would add \[\d+\].* shards/.test(reason);
}

/**
 * Whether it is refused for good, although the status is 500: by a processor such as `fail`, `dissect` (`find_match`) or `sort`, or
 * for a long row of characters beyond U+FFFF in a field of the type match_only_text, which `message` has in data streams.
 * https://github.com/elastic/elasticsearch/issues/146538
 */
function isRefusedForGood(reason: string): boolean {
  return /^(?:fail_processor_exception\b|find_match\b|class_cast_exception\b|i_o_exception: Reader returned 0 )/.test(
    reason,
  );
}

/**
 * Whether it is a fault of the settings, which every record would meet: the index is none to write to, or only with a routing
 * (`_routing.required`), or without an ID (time series of OpenSearch Serverless).
 */
function isMisconfigured(reason: string): boolean {
  return (
    /^(?:invalid_index_name|index_closed|invalid_alias_name)_exception\b/.test(reason) ||
    /^\w+: (?:no write index is defined for alias|Document ID is not supported in create)/.test(reason) ||
    isMisdirected(reason)
  );
}

/** Whether the document is sent where none may be written, or without its routing: both can be set by a pipeline, too. */
function isMisdirected(reason: string): boolean {
  return /^(?:routing_missing_exception\b|\w+: index request with op_type=create targeting backing indices)/.test(
    reason,
  );
}

/** Whether the job, the index or a pipeline names a pipeline that does not exist, or that calls itself (status 500). */
export function isWithoutPipeline(reason: string): boolean {
  return (
    /^illegal_argument_exception: pipeline with id \[[^\]]*\] does not exist/.test(reason) ||
    /^illegal_state_exception: (?:Pipeline processor configured for non-existent|Cycle detected for) pipeline/.test(
      reason,
    )
  );
}
