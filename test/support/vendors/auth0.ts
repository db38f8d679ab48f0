/**
 * Plays the logs of Auth0's Management API, with a token by client credentials. With `from` by checkpoint: what was stored
 * after that record, in the order of storage, whatever else is asked for, with a next page even behind an empty one.
 * Without it a search by the time of the event, of at most 1,000 records.
 */
import type { ServerResponse } from 'node:http';
import { pageSize, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants, type TokenRefusal, type TokenRequest } from './token-grants.ts';

export interface Auth0 extends Vendor {
  readonly grants: TokenGrants;
  /** Stores records in this order, in which their IDs rise. */
  add(...texts: readonly string[]): void;
  /** Forgets what was stored before the last so many records. */
  forget(kept: number): void;
}

interface Stored {
  readonly id: string;
  readonly date: number;
  readonly text: string;
}

export async function startAuth0(options: ServerOptions = {}): Promise<Auth0> {
  let stored: readonly Stored[] = [];
  const grants = tokenGrants(refusal, { scope: 'read:logs', expires_in: 86_400, token_type: 'Bearer' });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target, headers } = request;
    const { pathname, searchParams } = new URL(target, 'http://auth0');
    if (pathname === '/oauth/token') return grants.answer(request, response);
    if (pathname !== '/api/v2/logs' || method !== 'GET') return failure(response, 404, 'Not Found', 'Not Found');
    if (!grants.opens(request)) return failure(response, 401, 'Unauthorized', 'Invalid token');
    try {
      const from = searchParams.get('from');
      if (from === null) return sendJson(response, 200, listOf(search(searchParams)));
      const take = pageSize('take', searchParams.get('take'), 50, 100);
      if (stored.every(({ id }) => id !== from)) throw new Error('Invalid log_id');
      const found = stored.filter(({ id }) => id > from).slice(0, take);
      const next = `http://${headers.host as string}${pathname}?from=${found.at(-1)?.id ?? from}&take=${take}`;
      sendJson(response, 200, listOf(found), { Link: `<${next}>; rel="next"` });
    } catch (error) {
      failure(response, 400, 'Bad Request', error instanceof Error ? error.message : String(error));
    }
  }

  function refusal({ form }: TokenRequest): TokenRefusal | undefined {
    const { audience = '', ...client } = form;
    const expected = { grant_type: 'client_credentials', client_id: 'client', client_secret: 'secret' };
    if (JSON.stringify(client) !== JSON.stringify(expected)) {
      return { status: 401, error: 'access_denied', description: 'Unauthorized' };
    }
    return audience === 'https://example.eu.auth0.com/api/v2/'
      ? undefined
      : { status: 403, error: 'access_denied', description: `Service not found: ${audience}` };
  }

  function search(query: URLSearchParams): readonly Stored[] {
    const [page, size] = [Number(query.get('page') ?? 0), pageSize('per_page', query.get('per_page'), 50, 100)];
    if ((page + 1) * size > 1000) throw new Error('You can only page through the first 1000 records');
    const from = /^date:\[(\S+) TO \*\]$/.exec(query.get('q') ?? '')?.[1];
    if (from === undefined) throw new Error('Query validation error');
    const since = rfc3339('date', from);
    const oldest = stored.filter(({ date }) => date >= since).toSorted((a, b) => a.date - b.date);
    const found = query.get('sort') === 'date:1' ? oldest : oldest.toReversed();
    return found.slice(page * size, (page + 1) * size);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    grants,
    add(...texts: readonly string[]) {
      const records = texts.map((text) => {
        const { log_id: id, date } = JSON.parse(text) as { log_id: string; date: string };
        return { id, text, date: Date.parse(date) };
      });
      stored = [...stored, ...records];
    },
    forget(kept: number) {
      stored = stored.slice(stored.length - kept);
    },
  });
}

function listOf(records: readonly Stored[]): string {
  return `[${records.map(({ text }) => text).join(',')}]`;
}

function failure(response: ServerResponse, statusCode: number, error: string, message: string): void {
  sendJson(response, statusCode, JSON.stringify({ statusCode, error, message }));
}
