/**
 * Plays the SIEM API of Sophos Central: a token for the tenant that each request names in a header, two feeds, a beginning
 * within the last 24 hours that counts in seconds, and cursors that are the time of the last record shown. It goes by
 * `created_at`, which may be long after `when` a computer saw it happen: what is stored later under an earlier time is
 * behind none of the cursors.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface SophosCentral extends Vendor {
  readonly grants: TokenGrants;
  /** Stores records of a feed. */
  add(feed: string, ...texts: readonly string[]): void;
}

export const feeds = ['events', 'alerts'] as const;
export const tenant = '34a7e17e-3f4c-4a5c-9c2d-111111111111';

export async function startSophosCentral(options: ServerOptions = {}): Promise<SophosCentral> {
  const now = options.now ?? Date.now;
  const logs = new Map<string, string[]>(feeds.map((feed) => [feed, []]));
  const grants = tokenGrants(({ form }) => {
    if (form['grant_type'] !== 'client_credentials' || form['scope'] !== 'token') return 'invalid_request';
    return form['client_id'] === 'client' && form['client_secret'] === 'secret' ? undefined : 'invalid_client';
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.target, 'http://sophos');
    if (pathname === '/api/v2/oauth2/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'Unauthorized');
    if (request.headers['x-tenant-id'] !== tenant) return failure(response, 403, 'Forbidden');
    const log = logs.get(/^\/siem\/v1\/(\w+)$/.exec(pathname)?.[1] ?? '');
    if (request.method !== 'GET' || log === undefined) return failure(response, 404, 'NotFound');
    try {
      sendJson(response, 200, page(log, searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(log: readonly string[], query: URLSearchParams): string {
    onlyParameters(query, ['from_date', 'cursor', 'limit']);
    const limit = pageSize('limit', query.get('limit'), 200, 1000);
    const sorted = log.toSorted((a, b) => timeOf(a) - timeOf(b));
    const cursor = query.get('cursor');
    const from = cursor === null ? beginning(query.get('from_date')) : -Infinity;
    const found = sorted.filter((text) => timeOf(text) >= from && (cursor === null || keyOf(text) > cursor));
    const items = found.slice(0, limit);
    const next = keyOf(items.at(-1)) || cursor || '0';
    return `{"has_more":${found.length > limit},"next_cursor":"${next}","items":[${items.join(',')}]}`;
  }

  function beginning(text: string | null): number {
    const from = Number(text ?? 'missing') * 1000;
    if (!(from >= now() - 86_400_000)) throw new Error('from_date must be within last 24 hours');
    return from;
  }

  return Object.assign(await serve(options, answer), {
    grants,
    add: (feed: string, ...texts: readonly string[]) => void logs.get(feed)?.push(...texts),
  });
}

function timeOf(text = ''): number {
  return Date.parse(/"created_at":"([^"]+)"/.exec(text)?.[1] ?? '');
}

function keyOf(text = ''): string {
  return text && `${timeOf(text)}_${/"id":"([^"]+)"/.exec(text)?.[1] ?? ''}`;
}

function failure(response: ServerResponse, status: number, error: string): void {
  sendJson(response, status, JSON.stringify({ error, message: error, requestId: 'abc' }));
}
