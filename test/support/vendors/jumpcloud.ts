/**
 * Plays JumpCloud's Directory Insights: one POST, a bare list, and headers that say how many events it has and where it
 * ended. That place, a time and an ID, goes back as a list in the JSON body of the same query.
 */
import type { ServerResponse } from 'node:http';
import { rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface JumpCloud extends Vendor {
  /** Stores events of an organization; '' is that of the key. */
  add(organization: string, ...texts: readonly string[]): void;
}

interface Stored {
  readonly organization: string;
  readonly text: string;
  readonly time: number;
  readonly id: string;
  readonly service: string;
}

interface Query {
  readonly service?: unknown;
  readonly start_time?: unknown;
  readonly end_time?: unknown;
  readonly sort?: unknown;
  readonly limit?: unknown;
  readonly search_after?: unknown;
}

const services = ['all', 'directory', 'radius', 'sso', 'systems', 'ldap', 'mdm', 'software', 'password_manager'];
const members = ['service', 'start_time', 'end_time', 'sort', 'limit', 'search_after'];

export async function startJumpCloud(options: ServerOptions = {}): Promise<JumpCloud> {
  const now = options.now ?? Date.now;
  const stored: Stored[] = [];
  /** What was asked first, for each place that was given out. */
  const places = new Map<string, string>();

  function answer({ method, target, headers, body }: LoggedRequest, response: ServerResponse): void {
    if (headers['x-api-key'] !== 'key') return refuse(response, 401, 'Unauthorized');
    if (method !== 'POST' || target !== '/insights/directory/v1/events') return refuse(response, 404, 'Not Found');
    if (headers['content-type'] !== 'application/json') return refuse(response, 400, 'expected JSON');
    try {
      const query = JSON.parse(body) as Query;
      const organization = headers['x-org-id'] ?? '';
      if (typeof organization !== 'string') throw new Error('one x-org-id, please');
      page(query, organization, response);
    } catch (error) {
      refuse(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: Query, organization: string, response: ServerResponse): void {
    const { search_after: after, ...rest } = query;
    const odd = Object.keys(query).find((name) => !members.includes(name));
    if (odd !== undefined) throw new Error(`unknown member ${odd}`);
    const asked = JSON.stringify([organization, rest]);
    const limit = limitOf(query.limit);
    const found = matching(query, organization).filter(
      ({ time, id }) => after === undefined || isAfter(time, id, placeOf(after, asked)),
    );
    const shown = found.slice(0, limit);
    const end = shown.at(-1);
    const place = end === undefined ? 'null' : `[ ${end.time}, ${JSON.stringify(end.id)}]`;
    if (end !== undefined) places.set(JSON.stringify([end.time, end.id]), asked);
    sendJson(response, 200, `[${shown.map(({ text }) => text).join(',')}]`, {
      'X-Result-Count': String(shown.length),
      'X-Limit': String(limit),
      'X-Sort': 'ASC',
      'X-Search_after': place,
    });
  }

  function matching({ service, start_time: start, end_time: end, sort }: Query, organization: string): Stored[] {
    if (!Array.isArray(service) || service.length === 0) throw new Error('service is required');
    const unknown: unknown = service.find((each) => !services.includes(String(each)));
    if (unknown !== undefined) throw new Error(`service must be one of ${services.join(', ')}`);
    const from = rfc3339('start_time', textOf(start));
    const until = end === undefined ? Infinity : rfc3339('end_time', textOf(end));
    if (from > now() || until <= from) throw new Error('start_time must be in the past, and before end_time');
    if (sort !== undefined && sort !== 'ASC') throw new Error('not played: newest first');
    return stored
      .filter((each) => each.organization === organization && each.time >= from && each.time <= until)
      .filter((each) => service.includes('all') || service.includes(each.service))
      .toSorted((a, b) => (isAfter(a.time, a.id, [b.time, b.id]) ? 1 : -1));
  }

  /** A place must have been given out for the same query, and come back with its types. */
  function placeOf(after: unknown, asked: string): readonly [time: number, id: string] {
    if (places.get(JSON.stringify(after)) !== asked) throw new Error('invalid search_after');
    return after as readonly [number, string];
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(organization: string, ...texts: readonly string[]) {
      for (const text of texts) {
        const event = JSON.parse(text) as { id: string; timestamp: string; service: string };
        stored.push({ ...event, organization, text, time: Date.parse(event.timestamp) });
      }
    },
  });
}

function isAfter(time: number, id: string, [atTime, atId]: readonly [time: number, id: string]): boolean {
  return time > atTime || (time === atTime && id > atId);
}

/** Anything without sense is 1,000; more than 10,000 is refused. */
function limitOf(value: unknown): number {
  if (typeof value !== 'number' || value < 1) return 1000;
  if (value > 10_000) throw new Error('limit is at most 10000');
  return value;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ message }));
}
