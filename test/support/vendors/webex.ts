/**
 * Plays Webex's admin audit events: an access token for a refresh token that stays the same, neither end inside the
 * window, newest first, and rows that are counted.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, recordLog, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Webex extends Vendor {
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
}

const year = 366 * 86_400_000;

export async function startWebex(options: ServerOptions = {}): Promise<Webex> {
  const log = recordLog(/"created":"([^"]+)"/);
  const grants = tokenGrants(
    ({ form }) => {
      if (form['client_id'] !== 'client' || form['client_secret'] !== 'secret') return 'invalid_client';
      return form['grant_type'] === 'refresh_token' && form['refresh_token'] === 'refresh'
        ? undefined
        : 'invalid_grant';
    },
    { token_type: 'Bearer', expires_in: 1_209_599, refresh_token: 'refresh', refresh_token_expires_in: 7_776_000 },
  );

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target } = request;
    if (target === '/v1/access_token') return grants.answer(request, response);
    const { pathname, searchParams } = new URL(target, 'http://webex');
    if (!grants.opens(request)) return failure(response, 401, 'The request requires a valid access token');
    if (method !== 'GET' || pathname !== '/v1/adminAudit/events') return failure(response, 404, 'Not found');
    try {
      onlyParameters(searchParams, ['orgId', 'from', 'to', 'max', 'offset', 'actorId']);
      if (searchParams.get('orgId') !== 'organization') throw new Error('Unknown orgId');
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const size = pageSize('max', query.get('max'), 100, 200);
    const [from, until] = [rfc3339('from', query.get('from')), rfc3339('to', query.get('to'))];
    if (until - from > year) throw new Error('A maximum of one year of audit events can be returned');
    const found = log
      .between(from + 1, until)
      .filter((text) => [null, (JSON.parse(text) as { actorId: string }).actorId].includes(query.get('actorId')))
      .toReversed();
    const offset = Number(query.get('offset') ?? 0);
    return `{"items":[${found.slice(offset, offset + size).join(',')}]}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add, grants });
}

function failure(response: ServerResponse, status: number, message: string): void {
  const errors = [{ description: message }];
  sendJson(response, status, JSON.stringify({ message, errors, trackingId: 'made up' }));
}
