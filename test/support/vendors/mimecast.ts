/**
 * Plays Mimecast's audit events: a token by client credentials, POST alone, bounds outside of the window, newest first, a
 * token for the next page where there is one, and errors as a list in a reply with HTTP 200.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, pageSize, recordLog, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Mimecast extends Vendor {
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
}

interface Body {
  readonly meta?: { readonly pagination?: { readonly pageSize?: number; readonly pageToken?: string } };
  readonly data?: readonly Query[];
}

interface Query {
  readonly startDateTime?: string;
  readonly endDateTime?: string;
  readonly query?: string;
  readonly categories?: readonly string[];
}

export async function startMimecast(options: ServerOptions = {}): Promise<Mimecast> {
  const log = recordLog(/"eventTime":"([^"]+)"/);
  const grants = tokenGrants(
    ({ form }) => {
      if (form['client_id'] !== 'client' || form['client_secret'] !== 'secret') return 'invalid_client';
      return form['grant_type'] === 'client_credentials' ? undefined : 'unsupported_grant_type';
    },
    { token_type: 'Bearer', expires_in: 1799, scope: '' },
  );

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target, body, headers } = request;
    if (target === '/oauth/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'token_verification_failed', 'Invalid Access Token');
    const isJson = headers['content-type'] === 'application/json';
    if (method !== 'POST' || target !== '/api/audit/get-audit-events' || !isJson) {
      return failure(response, 404, 'err_not_found', 'Not found');
    }
    try {
      sendJson(response, 200, page(JSON.parse(body) as Body));
    } catch (error) {
      failure(response, 200, 'err_validation', error instanceof Error ? error.message : String(error));
    }
  }

  function page({ meta: { pagination = {} } = {}, data = [] }: Body): string {
    const [{ startDateTime, endDateTime, query = '', categories } = {}] = data;
    const size = pageSize('pageSize', String(pagination.pageSize ?? 25), 25, 500);
    const found = log
      .between(moment(startDateTime) + 1, moment(endDateTime))
      .filter((text) => {
        const { category, eventInfo } = JSON.parse(text) as { category: string; eventInfo: string };
        return (categories?.includes(category) ?? true) && eventInfo.includes(query);
      })
      .toReversed();
    const asked = JSON.stringify(data);
    const skip = skipped(pagination.pageToken ?? null, asked);
    const next = skip + size < found.length ? { next: cursorOf(skip + size, asked) } : {};
    const meta = { status: 200, pagination: { pageSize: size, ...next } };
    return `{"meta":${JSON.stringify(meta)},"data":[${found.slice(skip, skip + size).join(',')}],"fail":[]}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add, grants });
}

/** With an offset without a colon, and nothing else. */
function moment(text = ''): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/.test(text)) throw new Error(`Invalid date ${text}`);
  return Date.parse(text);
}

function failure(response: ServerResponse, status: number, code: string, message: string): void {
  const fail = [{ errors: [{ code, message, retryable: false }] }];
  sendJson(response, status, JSON.stringify({ meta: { status }, data: [], fail }));
}
