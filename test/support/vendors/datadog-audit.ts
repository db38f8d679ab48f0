/**
 * Plays Datadog's Audit Trail: two keys in two headers, brackets in the names of parameters, a cursor with every page,
 * also with the one without events at the end, whose list is null. Without bounds it shows 15 minutes.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface DatadogAudit extends Vendor {
  add(...texts: readonly string[]): void;
}

const parameters = ['filter[query]', 'filter[from]', 'filter[to]', 'sort', 'page[limit]', 'page[cursor]'];

/** The search that `@evt.name:"Monitor" AND …` is, as far as tests use it. */
const fields: Readonly<Record<string, string>> = { '@evt.name': 'name', '@usr.email': 'email' };

export async function startDatadogAudit(options: ServerOptions = {}): Promise<DatadogAudit> {
  const now = options.now ?? Date.now;
  const log = recordLog(/"timestamp":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://datadog');
    if (pathname !== '/api/v2/audit/events' || method !== 'GET') return failure(response, 404, 'Not found');
    if (headers['dd-api-key'] !== 'api-key' || headers['dd-application-key'] !== 'application-key') {
      return failure(response, 403, 'Forbidden');
    }
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, parameters);
    const limit = pageSize('page[limit]', query.get('page[limit]'), 10, 1000);
    const from = query.has('filter[from]') ? rfc3339('filter[from]', query.get('filter[from]')) : now() - 900_000;
    const until = query.has('filter[to]') ? rfc3339('filter[to]', query.get('filter[to]')) : now();
    const search = query.get('filter[query]') ?? '*';
    const oldest = log.between(from, until).filter((text) => matches(text, search));
    const ascending = query.get('sort') === 'timestamp';
    const found = ascending ? oldest : oldest.toReversed();
    const asked = `${from} ${until} ${ascending} ${search}`;
    const skip = skipped(query.get('page[cursor]'), asked);
    const events = found.slice(skip, skip + limit);
    const data = events.length === 0 ? 'null' : `[${events.join(',')}]`;
    const after = cursorOf(skip + events.length, asked);
    return `{"meta":{"elapsed":7,"page":{"after":"${after}"},"request_id":"r","status":"done"},"data":${data}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function matches(text: string, search: string): boolean {
  if (search === '*') return true;
  return search
    .replaceAll(/[()]/g, '')
    .split(' AND ')
    .every((term) => {
      const [, field = '', value = ''] = /^(@[\w.]+):("[^"]*")$/.exec(term) ?? [];
      if (fields[field] === undefined) throw new Error(`cannot search ${term}`);
      return text.includes(`"${fields[field]}":${value}`);
    });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ errors: [message] }));
}
