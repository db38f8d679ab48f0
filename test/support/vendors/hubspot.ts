/** Plays HubSpot's audit logs: oldest first, and a cursor where there is more. Neither end belongs to the window. */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface HubSpot extends Vendor {
  add(...texts: readonly string[]): void;
}

const parameters = ['occurredAfter', 'occurredBefore', 'sort', 'limit', 'after', 'actingUserId'];

export async function startHubSpot(options: ServerOptions = {}): Promise<HubSpot> {
  const log = recordLog(/"occurredAt":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://hubspot');
    if (headers.authorization !== 'Bearer token') {
      return failure(response, 401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found');
    }
    if (method !== 'GET' || pathname !== '/account-info/2026-03/activity/audit-logs') {
      return failure(response, 404, 'OBJECT_NOT_FOUND', 'resource not found');
    }
    try {
      onlyParameters(searchParams, parameters);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 'VALIDATION_ERROR', error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const limit = pageSize('limit', query.get('limit'), 100, Infinity);
    const until = query.has('occurredBefore') ? rfc3339('occurredBefore', query.get('occurredBefore')) : Infinity;
    const users = query.getAll('actingUserId');
    const found = log
      .between(rfc3339('occurredAfter', query.get('occurredAfter')) + 1, until)
      .filter((text) => users.length === 0 || users.some((user) => text.includes(`"userId":${user}`)));
    const asked = [...query].filter(([name]) => name !== 'after').join();
    const skip = skipped(query.get('after'), asked);
    const next = `"paging":{"next":{"after":"${cursorOf(skip + limit, asked)}","link":"https://api.hubapi.com/made/up"}}`;
    const more = skip + limit < found.length ? `,${next}` : '';
    return `{"results":[${found.slice(skip, skip + limit).join(',')}]${more}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, category: string, message: string): void {
  const correlationId = 'aeb5f871-7f07-4993-9211-075dc63e7cbf';
  sendJson(response, status, JSON.stringify({ status: 'error', message, correlationId, category }));
}
