/**
 * Plays PagerDuty's audit records: a `Token token=` header, version 2 in Accept, newest first, windows of 31 days at
 * most and of the last day when none is named, cursors that are null at the end.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface PagerDuty extends Vendor {
  add(...texts: readonly string[]): void;
}

const day = 86_400_000;
const parameters = ['since', 'until', 'limit', 'cursor', 'root_resource_types[]', 'actions[]'];

export async function startPagerDuty(options: ServerOptions = {}): Promise<PagerDuty> {
  const now = options.now ?? Date.now;
  const log = recordLog(/"execution_time":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://pagerduty');
    if (pathname !== '/audit/records' || method !== 'GET') return failure(response, 404, 2100, 'Not Found');
    if (headers.authorization !== 'Token token=key') return failure(response, 401, 2006, 'Unauthorized');
    if (headers.accept !== 'application/vnd.pagerduty+json;version=2') {
      return failure(response, 406, 2001, 'Invalid Accept header');
    }
    try {
      onlyParameters(searchParams, parameters);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 2001, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const limit = Math.min(100, pageSize('limit', query.get('limit'), 25, Infinity));
    const until = query.has('until') ? rfc3339('until', query.get('until')) : now();
    const since = query.has('since') ? rfc3339('since', query.get('since')) : now() - day;
    if (until - since > 31 * day) throw new Error('until may not be more than 31 days after since');
    const types = query.getAll('root_resource_types[]').map((type) => type.replace(/ies$/, 'y').replace(/s$/, ''));
    const actions = query.getAll('actions[]');
    const found = log
      .between(since, until)
      .filter((text) => types.length === 0 || types.some((type) => text.includes(`"type":"${type}_reference"`)))
      .filter((text) => actions.length === 0 || actions.some((action) => text.includes(`"action":"${action}"`)))
      .toReversed();
    const asked = `${since} ${until} ${types.join()} ${actions.join()}`;
    const skip = skipped(query.get('cursor'), asked);
    const next = skip + limit < found.length ? `"${cursorOf(skip + limit, asked)}"` : 'null';
    return `{"records":[${found.slice(skip, skip + limit).join(',')}],"next_cursor":${next},"limit":${limit}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, code: number, message: string): void {
  sendJson(response, status, JSON.stringify({ error: { message: 'Invalid Input Provided', code, errors: [message] } }));
}
