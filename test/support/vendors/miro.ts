/** Plays Miro's audit logs: neither end inside the window, a cursor after every page that has events, and none after others. */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Miro extends Vendor {
  add(...texts: readonly string[]): void;
}

export async function startMiro(options: ServerOptions = {}): Promise<Miro> {
  const log = recordLog(/"createdAt":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://miro');
    if (headers.authorization !== 'Bearer token') return failure(response, 401, 'tokenNotProvided', 'No token');
    if (method !== 'GET' || pathname !== '/v2/audit/logs') return failure(response, 404, 'notFound', 'Not found');
    try {
      onlyParameters(searchParams, ['createdAfter', 'createdBefore', 'sorting', 'limit', 'cursor']);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 'invalidParameters', error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const size = pageSize('limit', query.get('limit'), 100, 500);
    const [from, until] = ['createdAfter', 'createdBefore'].map((name) => moment(name, query.get(name)));
    const found = log.between((from ?? 0) + 1, until ?? 0);
    const asked = [from, until].join();
    const skip = skipped(query.get('cursor'), asked);
    const shown = found.slice(skip, skip + size);
    const next = shown.length > 0 ? { cursor: cursorOf(skip + shown.length, asked) } : {};
    const rest = JSON.stringify({ type: 'cursor-list', limit: size, size: shown.length, ...next });
    return `${rest.slice(0, -1)},"data":[${shown.join(',')}]}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

/** With milliseconds and a Z. */
function moment(name: string, text: string | null): number {
  if (text === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) throw new Error(`${name} is not valid`);
  return Date.parse(text);
}

function failure(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, JSON.stringify({ type: 'error', status, code, message }));
}
