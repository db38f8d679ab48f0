/**
 * Plays Cloudflare's Audit Logs, version 2: a Bearer token, a window that each page must name and neither end of which belongs to it, a cursor in
 * `result_info` that belongs to its window, and failures that may come with HTTP 200.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Cloudflare extends Vendor {
  /** Stores records of an account. */
  add(account: string, ...texts: readonly string[]): void;
}

const parameters = ['since', 'before', 'direction', 'limit', 'cursor'];

export async function startCloudflare(accounts: readonly string[], options: ServerOptions = {}): Promise<Cloudflare> {
  const logs = new Map(accounts.map((account) => [account, recordLog(/"time":"([^"]+)"/)]));

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://cloudflare');
    const account = /^\/client\/v4\/accounts\/([^/]+)\/logs\/audit$/.exec(pathname)?.[1];
    if (account === undefined || method !== 'GET') return failure(response, 404, 7003, 'Could not route');
    if (headers.authorization !== 'Bearer token') return failure(response, 403, 10000, 'Authentication error');
    const log = logs.get(account);
    if (log === undefined) return failure(response, 403, 10000, 'Authentication error');
    try {
      onlyParameters(searchParams, parameters);
      const limit = pageSize('limit', searchParams.get('limit'), 100, 1000);
      const since = rfc3339('since', searchParams.get('since'));
      const before = rfc3339('before', searchParams.get('before'));
      const newestFirst = searchParams.get('direction') !== 'asc';
      const query = `${account} ${since} ${before} ${newestFirst}`;
      const skip = skipped(searchParams.get('cursor'), query);
      const oldest = log.between(since + 1, before);
      const found = newestFirst ? oldest.toReversed() : oldest;
      const page = found.slice(skip, skip + limit);
      const cursor = skip + limit < found.length ? cursorOf(skip + limit, query) : '';
      sendJson(
        response,
        200,
        `{"errors":[],"result":[${page.join(',')}],"result_info":{"count":"${page.length}","cursor":"${cursor}"},"success":true}`,
      );
    } catch (error) {
      failure(response, 400, 1001, error instanceof Error ? error.message : String(error));
    }
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add: (account: string, ...texts: readonly string[]) => logs.get(account)?.add(...texts),
  });
}

function failure(response: ServerResponse, status: number, code: number, message: string): void {
  sendJson(
    response,
    status,
    JSON.stringify({ success: false, errors: [{ code, message }], messages: [], result: null }),
  );
}
