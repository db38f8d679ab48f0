/**
 * Plays the lists of OpenAI and Anthropic: newest first, the next page after the last ID of this one, `has_more` and
 * `last_id` beside the records, and an error object with every refusal.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface IdCursorRules {
  readonly path: string;
  /** Whether the credentials, and whatever else goes in headers, are as they should be. */
  allows(headers: LoggedRequest['headers']): boolean;
  readonly parameters: {
    readonly from: string;
    readonly until: string;
    readonly cursor: string;
    readonly type: string;
  };
  /** Further parameters that are known. */
  readonly others: readonly string[];
  /** Whether records of this type are among what is asked for. Default: all are. */
  shows?(type: string, query: URLSearchParams): boolean;
  readonly most: number;
  /** A record's time, in what the vendor's bounds are given in; undefined for a bound that is none. */
  timeOf(value: unknown): number | undefined;
  readonly timeField: string;
}

export interface IdCursorVendor extends Vendor {
  add(...texts: string[]): void;
}

interface Stored {
  readonly id: string;
  readonly type: string;
  readonly time: number;
  readonly text: string;
}

export async function startIdCursor(rules: IdCursorRules, options: ServerOptions = {}): Promise<IdCursorVendor> {
  const { parameters, timeOf, shows = () => true } = rules;
  const known = [...Object.values(parameters), ...rules.others, 'limit'];
  const stored: Stored[] = [];
  const vendor = await serve(options, ({ target, headers, method }, response) => {
    const url = new URL(target, vendor.origin);
    const query = url.searchParams;
    if (!rules.allows(headers)) return refuse(response, 401, 'invalid key');
    if (method !== 'GET' || url.pathname !== rules.path) return refuse(response, 404, 'not found');
    const odd = [...query.keys()].find((name) => !known.includes(name));
    const limit = Number(query.get('limit') ?? 20);
    if (odd !== undefined || !(limit >= 1 && limit <= rules.most))
      return refuse(response, 400, `bad ${odd ?? 'limit'}`);
    const from = timeOf(query.get(parameters.from));
    const until = timeOf(query.get(parameters.until));
    if (from === undefined || until === undefined) return refuse(response, 400, 'bad time');

    const types = query.getAll(parameters.type);
    const found = stored
      .filter(({ time, type }) => time >= from && time < until && (types.length === 0 || types.includes(type)))
      .filter(({ type }) => shows(type, query))
      .toSorted((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1));
    const cursor = query.get(parameters.cursor);
    const at = cursor === null ? 0 : found.findIndex(({ id }) => id === cursor) + 1;
    if (cursor !== null && at === 0) return refuse(response, 400, 'unknown cursor');
    const page = found.slice(at, at + limit);
    const envelope = `"first_id":${quoted(page[0])},"last_id":${quoted(page.at(-1))},"has_more":${at + limit < found.length}`;
    sendJson(response, 200, `{"object":"list","data":[${page.map(({ text }) => text).join(',')}],${envelope}}`);
  });
  return Object.assign(vendor, {
    add(...texts: string[]) {
      for (const text of texts) {
        const value = JSON.parse(text) as Record<string, unknown>;
        const time = timeOf(value[rules.timeField]) ?? 0;
        stored.push({ id: String(value['id']), type: String(value['type']), time, text });
      }
    },
  });
}

function quoted(stored: Stored | undefined): string {
  return stored === undefined ? 'null' : JSON.stringify(stored.id);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } }));
}
