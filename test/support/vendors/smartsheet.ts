/**
 * Plays Smartsheet's Event Reporting: a Bearer token, and a stream that is read from a time on, of which the nearest hour
 * counts, or from a position on. There always is a next position; a page may be short although more is there.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Smartsheet extends Vendor {
  /** Stores events in this order. */
  add(...texts: readonly string[]): void;
  /** From now on every position so far is refused. */
  expirePositions(): void;
}

export interface SmartsheetOptions extends ServerOptions {
  /** Pages are no longer than this, whatever is asked for. */
  readonly most?: number;
}

const hour = 3_600_000;

export async function startSmartsheet({ most = Infinity, ...options }: SmartsheetOptions = {}): Promise<Smartsheet> {
  const stored: string[] = [];
  let age = 0;

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://smartsheet');
    if (headers.authorization !== 'Bearer token') return failure(response, 401, 1002, 'Your Access Token is invalid.');
    if (method !== 'GET' || pathname !== '/2.0/events') return failure(response, 404, 1006, 'Not Found');
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 1008, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, ['since', 'streamPosition', 'maxCount']);
    if (query.has('since') === query.has('streamPosition')) throw new Error('Either since or streamPosition');
    const count = Math.min(most, pageSize('maxCount', query.get('maxCount'), 1000, 10_000));
    const start = query.has('since') ? Math.round(rfc3339('since', query.get('since')) / hour) * hour : -Infinity;
    const data: string[] = [];
    let at = placeOf(query.get('streamPosition'));
    for (; at < stored.length && data.length < count; at++)
      if (timeOf(stored[at]) >= start) data.push(stored[at] ?? '');
    const more = at < stored.length;
    return `{"nextStreamPosition":"${age}_${at}","moreAvailable":${more},"data":[${data.join(',')}]}`;
  }

  function placeOf(position: string | null): number {
    if (position === null) return 0;
    const [issued, at = NaN] = position.split('_').map(Number);
    if (issued !== age || !(at <= stored.length)) throw new Error('streamPosition is invalid');
    return at;
  }

  return Object.assign(await serve(options, answer), {
    add: (...texts: readonly string[]) => void stored.push(...texts),
    expirePositions: () => void age++,
  });
}

function timeOf(text = ''): number {
  return Date.parse(/"eventTimestamp":"([^"]+)"/.exec(text)?.[1] ?? '');
}

function failure(response: ServerResponse, status: number, errorCode: number, message: string): void {
  sendJson(response, status, JSON.stringify({ errorCode, message, refId: 'abc' }));
}
