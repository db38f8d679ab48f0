/**
 * Plays the audit logs of Trend Vision One: a Bearer key, pages of 50, 100 or 200, oldest first, the beginning of the window
 * outside of it, a filter in a header, and the whole address of the next page, with spaces, as long as there is one.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, recordLog, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface TrendVisionOne extends Vendor {
  add(...texts: readonly string[]): void;
}

export interface TrendVisionOneOptions extends ServerOptions {
  /** How many a page has at most, so that there are several without hundreds of logs. Default: as many as were asked for. */
  readonly most?: number;
}

export async function startTrendVisionOne(options: TrendVisionOneOptions = {}): Promise<TrendVisionOne> {
  const log = recordLog(/"loggedDateTime":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    if (headers.authorization !== 'Bearer key') return failure(response, 401, 'Unauthorized', 'Invalid token');
    if (method !== 'GET' || url.pathname !== '/v3.0/audit/logs') return failure(response, 404, 'NotFound', 'Not Found');
    try {
      sendJson(response, 200, page(url.searchParams, headers['tmv1-filter']));
    } catch (error) {
      failure(response, 400, 'BadRequest', error instanceof Error ? error.message : String(error));
    }
  }

  function page(asked: URLSearchParams, filter: string | readonly string[] | undefined): string {
    onlyParameters(asked, ['startDateTime', 'endDateTime', 'orderBy', 'labels', 'top', 'skipToken']);
    const [from, until] = ['startDateTime', 'endDateTime'].map((name) => rfc3339(name, asked.get(name)));
    if (asked.get('orderBy') !== 'loggedDateTime asc' || asked.get('labels') !== 'all')
      throw new Error('not as expected');
    const top = Number(asked.get('top'));
    if (![50, 100, 200].includes(top)) throw new Error('top must be 50, 100 or 200');
    const category = /^category eq '([^']+)'$/.exec(String(filter ?? ''))?.[1];
    if (filter !== undefined && category === undefined) throw new Error('TMV1-Filter is invalid');
    const size = Math.min(top, options.most ?? top);
    const skip = Number(asked.get('skipToken') ?? 0);
    const found = log
      .between(Number(from) + 1, Number(until) + 1)
      .filter((text) => category === undefined || text.includes(`"category":"${category}"`));
    const items = found.slice(skip, skip + size).join(',');
    const query = [...asked].filter(([name]) => name !== 'skipToken').map((pair) => pair.join('='));
    const next = `${vendor.origin}/v3.0/audit/logs?${query.join('&')}&skipToken=${skip + size}`;
    const more = skip + size < found.length ? `,"nextLink":${JSON.stringify(next)}` : '';
    return `{"items":[${items}]${more}}`;
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { add: log.add });
}

function failure(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, JSON.stringify({ error: { code, message } }));
}
