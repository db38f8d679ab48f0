/**
 * Plays the audit log of CockroachDB Cloud: a Bearer key, what was recorded after a time, oldest first and without an end; a
 * page ends behind all entries of a time, and tells the time after which the next one begins, as long as there is one.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface CockroachDb extends Vendor {
  add(...texts: readonly string[]): void;
}

export interface CockroachDbOptions extends ServerOptions {
  /** What a page is without entries. Default: an empty list, and no next one. */
  readonly nothing?: string;
}

export async function startCockroachDb(options: CockroachDbOptions = {}): Promise<CockroachDb> {
  const { nothing = '{"entries":[],"next_starting_from":null}' } = options;
  const stored: { readonly text: string; readonly time: string }[] = [];

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://cockroachdb');
    if (headers.authorization !== 'Bearer key') return failure(response, 401, 16, 'invalid API key');
    if (method !== 'GET' || pathname !== '/api/v1/auditlogevents') return failure(response, 404, 5, 'Not Found');
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 3, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, ['starting_from', 'sort_order', 'limit']);
    const from = query.get('starting_from') ?? '';
    rfc3339('starting_from', from);
    if (!/\.\d{6}Z$/.test(from) || query.get('sort_order') !== 'ASC') throw new Error('not as expected');
    const limit = pageSize('limit', query.get('limit'), 100, 1000);
    const found = stored.filter(({ time }) => time > from).toSorted((a, b) => (a.time < b.time ? -1 : 1));
    const last = found[limit - 1]?.time;
    const shown = last === undefined ? found : found.filter(({ time }) => time <= last);
    if (shown.length === 0) return nothing;
    const next = shown.length < found.length ? `"${last}"` : 'null';
    return `{"entries":[${shown.map(({ text }) => text).join(',')}],"next_starting_from":${next}}`;
  }

  return Object.assign(await serve(options, answer), {
    add(...texts: readonly string[]) {
      for (const text of texts) stored.push({ text, time: /"created_at":"([^"]+)"/.exec(text)?.[1] ?? '' });
    },
  });
}

function failure(response: ServerResponse, status: number, code: number, message: string): void {
  sendJson(response, status, JSON.stringify({ code, message, details: [] }));
}
