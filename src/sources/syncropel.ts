/**
 * Syncropel over its HTTP API (the vendor's guides "Query" and "SIEM integration"): the records that `spl audit export`
 * would print, without its envelope of category and thread.
 *
 * Only `created_at` tells when a record arrived, and no record shows it. It is in seconds, and a query sorts by one field,
 * so that pages in its order could lose a record among those of the same second. Pages therefore go by `id`, which no two
 * records share: whatever arrives in between moves nothing. A short page is no end, because the server may withhold
 * records; an empty one is. So is a page that comes again and was not full: that server ignores `id`, and has no more.
 */
import type { RequestDefinition, SourceDefinition } from '../core/definition.ts';

/** A verdict, or a question that waits for one. */
const decision = {
  act: 'KNOW',
  $or: [{ 'body.verdict': { $exists: true } }, { 'body.awaits': 'actor_decision' }],
};

export const syncropel: SourceDefinition = {
  name: 'syncropel',
  summary:
    'Syncropel records that matter for security, over the HTTP API: system, decisions, dispatch and governance; records have no time of their own.',
  settings: {
    SYNCROPEL_URL: { summary: 'Address of the instance.', kind: 'url', default: 'http://localhost:9100' },
    SYNCROPEL_TOKEN: {
      summary: 'Token of a service account that may read; not needed where the instance asks for none.',
      secret: true,
      aliases: ['SPL_TOKEN'],
    },
  },
  url: '{SYNCROPEL_URL}',
  auth: { type: 'headers', headers: { Authorization: 'Bearer {SYNCROPEL_TOKEN}' } },
  request: recordsAfter({}),
  paging: { type: 'cursor', last: 'id', stop: ['unchanged'], request: recordsAfter({ id: { $gt: '{cursor}' } }) },
  window: {
    filter: 'ingestion',
    overlap: '5m',
    slice: '1d', // the vendor has no limit; but nothing of a window is settled before all of it was read
    time: 'epoch-s',
  },
  // The total counts what the token may see, from the page on; older builds tell neither it nor a cap.
  records: { path: 'data', id: { paths: ['id'] }, total: 'matched_total', capped: 'capped' },
  reply: {
    success: { path: 'object', equals: 'list', optional: true },
    errors: ['error', 'errors', 'type', 'message'], // an error has both of the latter, a list neither
  },
  limits: { page: 1000, most: 1000 },
  query: {
    keys: {
      id: { field: 'id', path: 'id' },
      actor: { field: 'actor', path: 'actor' },
      thread: { field: 'thread', path: 'thread' },
      act: { field: 'act', path: 'act' },
      data_type: { field: 'data_type', path: 'data_type' },
      // Not shown in a record. What is in `body` is matched here: only the record tells a number from a text.
      namespace: { field: 'namespace' },
    },
    compare: { '{field}': { $eq: '{value}' } },
  },
  categories: {
    values: {
      system: { actor: { $like: 'did:sync:system:%' } },
      aitl: decision,
      decision,
      dispatch: { act: 'KNOW', 'body.topic': 'dispatch_complete' },
      governance: { actor: 'did:sync:system:governance' },
    },
    default: ['system', 'decision', 'dispatch', 'governance'],
  },
};

/** The query for one page; `place` says where it begins. */
function recordsAfter(place: Readonly<Record<string, { readonly $gt: string }>>): RequestDefinition {
  return {
    method: 'POST',
    path: '/v1/records/query',
    json: {
      filter: { created_at: { $gte: '{from}', $lt: '{until}' }, $or: '{categories}', $and: '{query}', ...place },
      sort: { id: 1 },
      limit: '{limit}',
    },
  };
}
