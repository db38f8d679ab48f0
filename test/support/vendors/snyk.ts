/**
 * Plays Snyk's audit log search: windows with an exclusive end, cursors inside relative links, `items` left out where
 * there are none, errors as JSON:API documents, and a rate limit whose header is no plain number.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type ServerOptions, type Vendor } from './server.ts';

export interface Snyk extends Vendor {
  /** Stores events of a group (`groups/ID`) or an organization (`orgs/ID`). */
  add(place: string, ...texts: string[]): void;
}

interface Stored {
  readonly place: string;
  readonly text: string;
  readonly time: number;
  readonly event: string;
}

const known = ['version', 'from', 'to', 'size', 'sort_order', 'events', 'user_id', 'project_id', 'cursor'];

export interface SnykOptions extends ServerOptions {
  /** The rate, as its header says it. */
  readonly rate?: string;
}

export async function startSnyk(options: SnykOptions = {}): Promise<Snyk> {
  const stored: Stored[] = [];
  const vendor = await serve(options, ({ target, headers, method }, response) => {
    const url = new URL(target, vendor.origin);
    const place = /^\/rest\/((?:groups|orgs)\/[\w-]+)\/audit_logs\/search$/.exec(url.pathname)?.[1];
    if (headers.authorization !== 'token secret') return refuse(response, 401, 'Not authenticated');
    if (method !== 'GET' || place === undefined) return refuse(response, 404, 'Not Found');
    if (headers.accept !== 'application/vnd.api+json') return refuse(response, 406, 'Not Acceptable');
    const query = url.searchParams;
    const odd = [...query.keys()].find((name) => !known.includes(name));
    if (odd !== undefined) return refuse(response, 400, `Unknown parameter ${odd}`);
    const size = Number(query.get('size') ?? 100);
    if (query.get('version') !== '2024-04-29' || !(size >= 1 && size <= 100)) return refuse(response, 400, 'Invalid');

    const events = query.getAll('events');
    const [from, to] = ['from', 'to'].map((name) => Date.parse(query.get(name) ?? ''));
    const found = stored
      .filter((each) => each.place === place && each.time >= (from ?? 0) && each.time < (to ?? 0))
      .filter(({ event }) => (events.length === 0 ? event !== 'api.access' : events.includes(event)))
      .toSorted((a, b) => (query.get('sort_order') === 'ASC' ? a.time - b.time : b.time - a.time));
    const at = Number(query.get('cursor') ?? 0);
    query.set('cursor', String(at + size));
    const links = at + size < found.length ? { next: `${url.pathname}?${query.toString()}` } : {};
    const page = found.slice(at, at + size).map(({ text }) => text);
    const items = page.length === 0 ? '' : `,"items":[${page.join(',')}]`;
    sendJson(
      response,
      200,
      `{"jsonapi":{"version":"1.0"},"data":{"type":"audit_logs"${items}},"links":${JSON.stringify(links)}}`,
      {
        'Content-Type': 'application/vnd.api+json',
        'X-RateLimit-Limit': options.rate ?? '160, 160;w=1;name="x"',
        'X-RateLimit-Reset': '1',
      },
    );
  });
  return Object.assign(vendor, {
    add(place: string, ...texts: string[]) {
      for (const text of texts) {
        const { created, event } = JSON.parse(text) as { created: string; event: string };
        stored.push({ place, text, time: Date.parse(created), event });
      }
    },
  });
}

function refuse(response: ServerResponse, status: number, detail: string): void {
  const text = JSON.stringify({ jsonapi: { version: '1.0' }, errors: [{ detail, status: String(status) }] });
  sendJson(response, status, text, { 'Content-Type': 'application/vnd.api+json' });
}
