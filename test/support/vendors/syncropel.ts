/**
 * Plays a Syncropel instance, after its guide "Query" and its API reference: Bearer tokens, filter documents, a sort by
 * one field, limit and offset; `created_at` is filtered by, in seconds, and not shown.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { order, parseFilter, valueAt, type Fields } from './syncropel-filter.ts';

export interface SyncropelOptions extends ServerOptions {
  /** Undefined asks for none. Default `spl_test_sa_token`. */
  readonly token?: string | undefined;
  /** Whether replies say `capped` and `matched_total`, as newer builds do. Default true. */
  readonly tellsCapped?: boolean;
  /** IDs of records that the token may not see: they are left out of a page after it was cut. */
  readonly withheld?: readonly string[];
}

export interface Syncropel extends Vendor {
  /** Ingests records, JSON texts, at `at` in milliseconds (default now), in a namespace (default `default`). */
  add(texts: readonly string[], ingested?: { readonly at?: number; readonly namespace?: string }): void;
}

interface Stored {
  readonly text: string;
  readonly fields: Fields;
}

interface Query {
  readonly filter?: unknown;
  readonly thread?: unknown;
  readonly sort?: unknown;
  readonly limit?: unknown;
  readonly offset?: unknown;
}

export async function startSyncropel(options: SyncropelOptions = {}): Promise<Syncropel> {
  const now = options.now ?? Date.now;
  const token = 'token' in options ? options.token : 'spl_test_sa_token';
  const withheld = new Set(options.withheld);
  const log: Stored[] = [];
  let queries = 0;

  function answer(request: LoggedRequest, response: ServerResponse): void {
    if (request.target === '/health') return sendJson(response, 200, '{"status":"ok"}');
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return failure(response, 401, 'authentication_error', 'UNAUTHORIZED', 'missing or invalid bearer token');
    }
    if (request.target !== '/v1/records/query') {
      return failure(response, 404, 'invalid_request_error', 'NOT_FOUND', 'no such route');
    }
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
      return failure(response, 405, 'invalid_request_error', 'METHOD_NOT_ALLOWED', 'POST a JSON document');
    }
    try {
      return sendJson(response, 200, list(JSON.parse(request.body) as Query));
    } catch (error) {
      return failure(response, 400, 'invalid_request_error', 'INVALID_FILTER', String(error));
    }
  }

  function list({ filter = {}, sort = {}, limit = 100, offset = 0, ...rest }: Query): string {
    if (Object.keys(rest).length > 0) throw new Error(`unknown members: ${Object.keys(rest).join(', ')}`);
    if (!Number.isInteger(limit) || !Number.isInteger(offset)) throw new Error('limit and offset are integers');
    const most = Math.min(Number(limit), 1000);
    const holds = parseFilter(filter);
    // Rows that the sort holds for equal come in any order, another one each time.
    const rows = log.filter(({ fields }) => holds(fields));
    if (queries++ % 2 === 1) rows.reverse();
    rows.sort(sorting(sort));
    const page = rows.slice(Number(offset), Number(offset) + most);
    const shown = page.filter(({ fields }) => !withheld.has(String(fields['id'])));
    const texts = shown.map(({ text }) => text).join(',');
    const visible = rows.filter(({ fields }) => !withheld.has(String(fields['id'])));
    const capped =
      options.tellsCapped === false ? '' : `,"capped":${rows.length > most},"matched_total":${visible.length}`;
    return `{"object":"list","data":[${texts}]${capped}}`;
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(texts: readonly string[], { at = now(), namespace = 'default' }: Parameters<Syncropel['add']>[1] = {}) {
      const hidden = { created_at: Math.floor(at / 1000), namespace };
      log.push(...texts.map((text) => ({ text, fields: { ...(JSON.parse(text) as Fields), ...hidden } })));
    },
  });
}

/** By a document with one field, 1 upwards and -1 downwards. */
function sorting(document: unknown): (a: Stored, b: Stored) => number {
  const entries = Object.entries(document as Fields);
  if (entries.length > 1) throw new Error('sort takes a single key');
  const [name, direction] = entries[0] ?? ['clock', -1];
  if (direction !== 1 && direction !== -1) throw new Error('sort direction is 1 or -1');
  parseFilter({ [name]: { $exists: true } });
  return (a, b) => direction * order(valueAt(a.fields, name), valueAt(b.fields, name)) || 0;
}

function failure(response: ServerResponse, status: number, type: string, code: string, message: string): void {
  sendJson(response, status, JSON.stringify({ object: 'error', type, code, message }));
}
