/** Plays the audit log of monday.com: bounds in JSON, neither of them inside the window, newest first, pages that name the next. */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, recordLog, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Monday extends Vendor {
  add(...texts: readonly string[]): void;
}

interface Filters {
  readonly start_time?: string;
  readonly end_time?: string;
}

export async function startMonday(options: ServerOptions = {}): Promise<Monday> {
  const log = recordLog(/"timestamp":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://monday');
    if (headers.authorization !== 'Bearer token') return failure(response, 401, 'Not authorized');
    if (method !== 'GET' || pathname !== '/audit-api/get-logs') return failure(response, 404, 'Not found');
    try {
      onlyParameters(searchParams, ['filters', 'page', 'per_page']);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const { start_time: from = '', end_time: until = '' } = JSON.parse(query.get('filters') ?? '{}') as Filters;
    const size = pageSize('per_page', query.get('per_page'), 100, 1000);
    const number = pageSize('page', query.get('page'), 1, 1_000_000);
    const found = log.between(rfc3339('start_time', from) + 1, rfc3339('end_time', until)).toReversed();
    const shown = found.slice((number - 1) * size, number * size);
    const rest = {
      page: number,
      per_page: size,
      next_page: number * size < found.length ? number + 1 : null,
      message: '',
    };
    return `{"data":[${shown.join(',')}],${JSON.stringify(rest).slice(1)}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ message }));
}
