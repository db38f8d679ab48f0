/**
 * Plays Asana's audit log: oldest first, at most 100 a page, and an offset to the next one on every page once there has been
 * an event, also where nothing follows yet.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, recordLog, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Asana extends Vendor {
  add(...texts: readonly string[]): void;
}

interface Event {
  readonly gid: string;
  readonly event_type: string;
  readonly actor: { readonly actor_type: string; readonly gid?: string };
  readonly resource: { readonly gid: string };
}

const filters: Readonly<Record<string, (event: Event) => string | undefined>> = {
  event_type: ({ event_type: type }) => type,
  actor_gid: ({ actor }) => actor.gid,
  actor_type: ({ actor }) => actor.actor_type,
  resource_gid: ({ resource }) => resource.gid,
};
const parameters = ['start_at', 'end_at', 'limit', 'offset', ...Object.keys(filters)];

export async function startAsana(options: ServerOptions = {}): Promise<Asana> {
  const log = recordLog(/"created_at":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://asana');
    if (headers.authorization !== 'Bearer token') return failure(response, 401, 'Not Authorized');
    if (method !== 'GET' || pathname !== '/api/1.0/workspaces/12345/audit_log_events') {
      return failure(response, 404, 'Not Found');
    }
    try {
      onlyParameters(searchParams, parameters);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const limit = pageSize('limit', query.get('limit'), 100, 100);
    const found = log
      .between(rfc3339('start_at', query.get('start_at')), rfc3339('end_at', query.get('end_at')))
      .filter((text) => {
        const event = JSON.parse(text) as Event;
        return Object.entries(filters).every(([name, of]) => [null, of(event)].includes(query.get(name)));
      });
    const offset = query.get('offset');
    const after = offset === null ? '' : Buffer.from(offset, 'base64url').toString();
    const from = found.findIndex((text) => idOf(text) === after) + 1;
    if (offset !== null && from === 0) throw new Error('offset: Your pagination token has expired.');
    const texts = found.slice(from, from + limit);
    const last = texts.at(-1) === undefined ? after : idOf(texts.at(-1) ?? '');
    const next = {
      offset: Buffer.from(last).toString('base64url'),
      path: '/made/up',
      uri: 'https://app.asana.com/made/up',
    };
    return `{"data":[${texts.join(',')}],"next_page":${last === '' ? 'null' : JSON.stringify(next)}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function idOf(text: string): string {
  return (JSON.parse(text) as Event).gid;
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(
    response,
    status,
    JSON.stringify({ errors: [{ message, help: 'For more information on API status codes' }] }),
  );
}
