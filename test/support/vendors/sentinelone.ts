/**
 * Plays the activities of SentinelOne: an API token, the beginning inside the window and the end not, lists in one
 * parameter, and a cursor on every page but the last one.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface SentinelOne extends Vendor {
  add(...texts: readonly string[]): void;
}

const filters = { activityTypes: 'activityType', agentIds: 'agentId', siteIds: 'siteId', userIds: 'userId' };
const parameters = ['createdAt__gte', 'createdAt__lt', 'sortBy', 'sortOrder', 'skipCount', 'limit', 'cursor'];

export async function startSentinelOne(options: ServerOptions = {}): Promise<SentinelOne> {
  const log = recordLog(/"createdAt":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://sentinelone');
    if (headers.authorization !== 'ApiToken token') return failure(response, 401, 'Authentication Failed');
    if (method !== 'GET' || pathname !== '/web/api/v2.1/activities') return failure(response, 404, 'Not Found');
    try {
      onlyParameters(searchParams, [...parameters, ...Object.keys(filters)]);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    if (query.get('sortBy') !== 'createdAt' || query.get('sortOrder') !== 'asc') throw new Error('sortBy: not valid');
    const size = pageSize('limit', query.get('limit'), 10, 1000);
    const [from, until] = [query.get('createdAt__gte'), query.get('createdAt__lt')];
    const found = log.between(rfc3339('createdAt__gte', from), rfc3339('createdAt__lt', until)).filter((text) => {
      const activity = JSON.parse(text) as Record<string, unknown>;
      return Object.entries(filters).every(
        ([name, member]) => query.get(name)?.split(',').includes(String(activity[member])) ?? true,
      );
    });
    const asked = [from, until].join();
    const skip = skipped(query.get('cursor'), asked);
    const next = skip + size < found.length ? cursorOf(skip + size, asked) : null;
    const pagination = JSON.stringify({ nextCursor: next, totalItems: query.has('skipCount') ? 0 : found.length });
    return `{"data":[${found.slice(skip, skip + size).join(',')}],"pagination":${pagination}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, detail: string): void {
  const errors = [{ code: status * 10_000 + 10, detail, title: 'made up' }];
  sendJson(response, status, JSON.stringify({ errors }));
}
