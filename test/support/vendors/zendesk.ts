/**
 * Plays Zendesk's audit logs: Basic with `/token` after the address, a window of one parameter that comes twice, cursors
 * with a flag that says whether more follows, integers as IDs.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Zendesk extends Vendor {
  add(...texts: readonly string[]): void;
}

const filters = ['action', 'actor_id', 'ip_address', 'source_id', 'source_type'];
const parameters = [
  ...filters.map((name) => `filter[${name}]`),
  'filter[created_at][]', // without the brackets at its end, the second of two would replace the first
  'sort',
  'page[size]',
  'page[after]',
];

export async function startZendesk(options: ServerOptions = {}): Promise<Zendesk> {
  const log = recordLog(/"created_at":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://zendesk');
    if (!/^\/api\/v2\/audit_logs(?:\.json)?$/.test(pathname) || method !== 'GET') {
      return sendJson(response, 404, '{"error":"InvalidEndpoint","description":"Not found"}');
    }
    const credentials = Buffer.from('admin@example.com/token:secret').toString('base64');
    if (headers.authorization !== `Basic ${credentials}`) {
      return sendJson(response, 401, `{"error":"Couldn't authenticate you"}`);
    }
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      sendJson(response, 400, JSON.stringify({ errors: [{ code: 'InvalidParameter', title: message }] }));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, parameters);
    const size = pageSize('page[size]', query.get('page[size]'), 100, 100);
    if (query.has('filter[source_id]') && !query.has('filter[source_type]')) {
      throw new Error('filter[source_id] requires filter[source_type]');
    }
    const times = query.getAll('filter[created_at][]');
    if (times.length !== 0 && times.length !== 2) throw new Error('filter[created_at] must be given twice');
    const [from = 0, until = Infinity] = times.map((time) => rfc3339('filter[created_at][]', time));
    const oldest = log.between(from, until).filter((text) => filters.every((name) => passes(text, name, query)));
    const newestFirst = query.get('sort') !== 'created_at';
    const found = newestFirst ? oldest.toReversed() : oldest;
    const asked = `${from} ${until} ${newestFirst} ${filters.map((name) => query.get(`filter[${name}]`)).join()}`;
    const skip = skipped(query.get('page[after]'), asked);
    const records = found.slice(skip, skip + size);
    const more = skip + size < found.length;
    // The cursor is there on the last page, too.
    const after = records.length === 0 ? 'null' : `"${cursorOf(skip + records.length, asked)}"`;
    const meta = `{"has_more":${more},"after_cursor":${after},"before_cursor":null}`;
    return `{"audit_logs":[${records.join(',')}],"meta":${meta},"links":{"prev":null,"next":null}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function passes(text: string, name: string, query: URLSearchParams): boolean {
  const wanted = query.get(`filter[${name}]`);
  return wanted === null || text.includes(`"${name}":"${wanted}"`) || text.includes(`"${name}":${wanted},`);
}
