/**
 * Plays HCP Terraform's audit trails: an organization token, a window that begins after a time and has no end, the newest
 * first, numbered pages that name the next one.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, recordLog, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Terraform extends Vendor {
  add(...texts: readonly string[]): void;
}

export async function startTerraform(options: ServerOptions = {}): Promise<Terraform> {
  const log = recordLog(/"timestamp":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://terraform');
    if (pathname !== '/api/v2/organization/audit-trail' || method !== 'GET') return failure(response, 404, 'not found');
    if (headers.authorization !== 'Bearer organization-token') return failure(response, 401, 'unauthorized');
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, ['since', 'page[number]', 'page[size]']);
    const size = pageSize('page[size]', query.get('page[size]'), 1000, 1000);
    const number = pageSize('page[number]', query.get('page[number]'), 1, Infinity);
    const since = query.has('since') ? rfc3339('since', query.get('since')) + 1 : 0;
    const found = log.between(since, Infinity).toReversed();
    const pages = Math.ceil(found.length / size);
    const pagination = {
      current_page: number,
      page_size: size,
      prev_page: number > 1 ? number - 1 : null,
      next_page: number < pages ? number + 1 : null,
      total_pages: pages,
      total_count: found.length,
    };
    const records = found.slice((number - 1) * size, number * size);
    return `{"data":[${records.join(',')}],"pagination":${JSON.stringify(pagination)}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, title: string): void {
  sendJson(response, status, JSON.stringify({ errors: [{ status: String(status), title }] }));
}
