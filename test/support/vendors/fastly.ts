/** Plays Fastly's event log: whole seconds, the beginning inside the window and the end not, oldest first, numbered pages. */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, recordLog, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Fastly extends Vendor {
  add(...texts: readonly string[]): void;
}

interface Event {
  readonly attributes: Readonly<Record<string, unknown>>;
}

const filters = ['customer_id', 'event_type', 'user_id', 'service_id', 'token_id'];
const [from, until] = ['filter[created_at][gte]', 'filter[created_at][lt]'] as const;
const parameters = [from, until, 'sort', 'page[number]', 'page[size]', ...filters.map((name) => `filter[${name}]`)];

export async function startFastly(options: ServerOptions = {}): Promise<Fastly> {
  const log = recordLog(/"created_at":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://fastly');
    if (headers['fastly-key'] !== 'secret')
      return failure(response, 401, 'Provided credentials are missing or invalid');
    if (method !== 'GET' || pathname !== '/events') return failure(response, 404, 'Record not found');
    if (headers.accept !== 'application/vnd.api+json') return failure(response, 406, 'Not Acceptable');
    try {
      onlyParameters(searchParams, parameters);
      sendJson(response, 200, page(searchParams), { 'Content-Type': 'application/vnd.api+json' });
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    if (query.get('sort') !== 'created_at') throw new Error('sort is invalid');
    const size = pageSize('page[size]', query.get('page[size]'), 20, 1000);
    const number = pageSize('page[number]', query.get('page[number]'), 1, 1_000_000);
    const found = log.between(rfc3339(from, query.get(from)), rfc3339(until, query.get(until))).filter((text) => {
      const { attributes } = JSON.parse(text) as Event;
      return filters.every((name) => [null, attributes[name]].includes(query.get(`filter[${name}]`)));
    });
    const shown = found.slice((number - 1) * size, number * size);
    const pages = Math.ceil(found.length / size);
    const meta = { current_page: number, per_page: size, record_count: found.length, total_pages: pages };
    return `{"data":[${shown.join(',')}],"links":{"last":"made up"},"meta":${JSON.stringify(meta)}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, title: string): void {
  sendJson(response, status, JSON.stringify({ errors: [{ title }], msg: title }));
}
