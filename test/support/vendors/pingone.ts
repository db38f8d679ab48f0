/**
 * Plays the audit activities of PingOne: a token for a client that names itself by Basic, of one environment for another one;
 * a filter that knows `gt` and `lt`; the newest first; and the address of the next page among the links.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface PingOne extends Vendor {
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
}

export interface PingOneOptions extends ServerOptions {
  /** The environment that the application is in. Default: the one that is read. */
  readonly home?: string;
  /** Without activities there is no list of them. */
  readonly bare?: boolean;
}

export const environment = '5caa81af-ec05-41ff-a709-c7378007a99c';
const form = /^recordedAt gt "([^"]+)" AND recordedAt lt "([^"]+)"(?: AND action\.type eq "([^"]+)")?$/;

export async function startPingOne(options: PingOneOptions = {}): Promise<PingOne> {
  const { home = environment, bare = false } = options;
  const log = recordLog(/"recordedAt":"([^"]+)"/);
  const grants = tokenGrants(({ client, form: { grant_type: type } }) => {
    if (client?.[0] !== 'client' || client[1] !== 'secret') return 'invalid_client';
    return type === 'client_credentials' ? undefined : 'unsupported_grant_type';
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.target, 'http://pingone');
    if (pathname === `/${home}/as/token`) return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'ACCESS_FAILED', 'The request could not be completed.');
    if (request.method !== 'GET' || pathname !== `/v1/environments/${environment}/activities`)
      return failure(response, 404, 'NOT_FOUND', 'The requested resource object cannot be found.');
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 'INVALID_REQUEST', error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, ['filter', 'limit', 'cursor']);
    const filter = query.get('filter') ?? '';
    const [, from = null, until = null, type] = form.exec(filter) ?? [];
    const size = pageSize('limit', query.get('limit'), 100, 1000);
    const found = log
      .between(rfc3339('recordedAt', from) + 1, rfc3339('recordedAt', until))
      .filter((text) => type === undefined || text.includes(`"type":"${type}"`))
      .toReversed();
    const skip = skipped(query.get('cursor'), filter);
    const shown = found.slice(skip, skip + size);
    const path = `${vendor.origin}/v1/environments/${environment}/activities`;
    const links: Record<string, { href: string }> = { self: { href: path } };
    if (skip + size < found.length) {
      const next = new URLSearchParams({ filter, limit: String(size), cursor: cursorOf(skip + size, filter) });
      links['next'] = { href: `${path}?${next.toString()}` };
    }
    const list = bare && shown.length === 0 ? '' : `"_embedded":{"activities":[${shown.join(',')}]},`;
    return `{"_links":${JSON.stringify(links)},${list}"count":${found.length},"size":${shown.length}}`;
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { grants, add: log.add });
}

function failure(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, JSON.stringify({ id: 'abc', code, message }));
}
