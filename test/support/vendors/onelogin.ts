/**
 * Plays OneLogin's events: a token by client credentials that goes after `bearer:`, bounds outside of the window, oldest
 * first, at most 50 a page unless asked otherwise, a cursor that is null at the end, and a status in every reply.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface OneLogin extends Vendor {
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
}

const filters = ['event_type_id', 'user_id', 'client_id', 'directory_id'];
const parameters = ['since', 'until', 'limit', 'after_cursor', ...filters];
const taken = { error: false, code: 200, type: 'success', message: 'Success' };

export async function startOneLogin(options: ServerOptions = {}): Promise<OneLogin> {
  const log = recordLog(/"created_at":"([^"]+)"/);
  const grants = tokenGrants(
    ({ form }) => {
      if (form['client_id'] !== 'client' || form['client_secret'] !== 'secret') return 'invalid_client';
      return form['grant_type'] === 'client_credentials' ? undefined : 'unsupported_grant_type';
    },
    { token_type: 'bearer', expires_in: 36_000, account_id: 555_555 },
  );

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.target, 'http://onelogin');
    if (pathname === '/auth/oauth2/v2/token') return grants.answer(request, response);
    const authorization = String(request.headers['authorization']).replace(/^bearer:(?! )/, 'Bearer ');
    if (!grants.opens({ ...request, headers: { authorization } })) {
      return failure(response, 401, 'Unauthorized', 'Authentication Failure');
    }
    if (request.method !== 'GET' || pathname !== '/api/1/events')
      return failure(response, 404, 'Not Found', 'Not Found');
    try {
      onlyParameters(searchParams, parameters);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 'bad request', error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const limit = pageSize('limit', query.get('limit'), 50, 1000);
    const until = query.has('until') ? rfc3339('until', query.get('until')) : Infinity;
    const found = log.between(rfc3339('since', query.get('since')) + 1, until).filter((text) => {
      const event = JSON.parse(text) as Record<string, unknown>;
      return filters.every((name) => [null, String(event[name])].includes(query.get(name)));
    });
    const asked = [...query].filter(([name]) => name !== 'after_cursor').join();
    const skip = skipped(query.get('after_cursor'), asked);
    const next = skip + limit < found.length ? `"${cursorOf(skip + limit, asked)}"` : 'null';
    const pagination = `{"before_cursor":null,"after_cursor":${next},"previous_link":null,"next_link":null}`;
    const events = found.slice(skip, skip + limit).join(',');
    return `{"status":${JSON.stringify(taken)},"pagination":${pagination},"data":[${events}]}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add, grants });
}

function failure(response: ServerResponse, code: number, type: string, message: string): void {
  sendJson(response, code, JSON.stringify({ status: { error: true, code, type, message } }));
}
