/**
 * Plays Sysdig Secure, after the vendor's OpenAPI document: Bearer token, three logs in windows of at most two weeks,
 * nanoseconds, newest first, opaque cursors that exclude `from` and `to`, a limit of requests a minute.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { parseFilter, type Filter } from './sysdig-filter.ts';

export type Stream = 'audit' | 'events' | 'activity';

export interface SysdigOptions extends ServerOptions {
  /** Of the accounts that it has; default `token`. */
  readonly tokens?: readonly string[];
  /** Requests a minute; more are answered 429. Default 4096. */
  readonly perMinute?: number;
}

export interface Sysdig extends Vendor {
  /** Stores records: JSON texts, as broken as they may be, with `timestamp` and, for the activity audit, `type`. */
  add(stream: Stream, ...texts: readonly string[]): void;
}

interface Stored {
  readonly text: string;
  readonly timestamp: bigint;
  readonly type: string | undefined;
  /** Undefined when the text is not JSON. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
}

interface Rules {
  readonly path: string;
  readonly limit: { readonly standard: number; readonly most: number };
  readonly parameters: readonly string[];
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

const common = ['from', 'to', 'cursor', 'filter', 'limit'];

const streams: Readonly<Record<Stream, Rules>> = {
  audit: {
    path: '/platform/v1/platform-audit-events',
    limit: { standard: 100, most: 999 },
    parameters: common,
    fields: {
      'auditTrail.requestMethod': ['content', 'requestMethod'],
      'auditTrail.entityType': ['content', 'entityType'],
      'auditTrail.teamName': ['content', 'teamName'],
    },
  },
  events: {
    path: '/secure/events/v1/events',
    limit: { standard: 25, most: 200 },
    parameters: [...common, 'zones[]'],
    fields: { severity: ['severity'], source: ['source'], ruleName: ['content', 'ruleName'] },
  },
  activity: {
    path: '/secure/activity-audit/v1/entries',
    limit: { standard: 25, most: 200 },
    parameters: [...common, 'zones[]', 'types'],
    fields: { comm: ['comm'], 'kubernetes.pod.name': ['labels', 'kubernetes.pod.name'] },
  },
};

/** `types` in a request, `type` in a record. */
const types: Readonly<Record<string, string>> = {
  commands: 'command',
  connections: 'connection',
  kubernetes: 'kubernetes',
  fileaccesses: 'fileaccess',
};

const twoWeeks = 14n * 86_400_000_000_000n;

export async function startSysdig(options: SysdigOptions = {}): Promise<Sysdig> {
  const now = options.now ?? Date.now;
  const perMinute = options.perMinute ?? 4096;
  const logs: Readonly<Record<Stream, Stored[]>> = { audit: [], events: [], activity: [] };
  let recent: number[] = [];

  function answer(request: LoggedRequest, response: ServerResponse): void {
    response.setHeader('X-RateLimit-Limit', String(perMinute));
    recent = recent.filter((at) => at > now() - 60_000);
    if (recent.length >= perMinute) {
      const seconds = Math.ceil(((recent[0] ?? 0) + 60_000 - now()) / 1000);
      return failure(response, 429, 'too_many_requests', 'Rate limit exceeded', { 'Retry-After': String(seconds) });
    }
    recent.push(now());
    const allowed = (options.tokens ?? ['token']).map((token) => `Bearer ${token}`);
    if (!allowed.includes(String(request.headers.authorization))) {
      return failure(response, 401, 'unauthorized', 'Access denied');
    }
    const url = new URL(request.target, 'http://sysdig');
    const stream = (Object.keys(streams) as Stream[]).find((name) => streams[name].path === url.pathname);
    if (stream === undefined) return failure(response, 404, 'resource_not_found', 'Not found');
    if (request.method !== 'GET') return failure(response, 405, 'bad_request', 'Method not allowed');
    try {
      return sendJson(response, 200, page(logs[stream], streams[stream], url.searchParams));
    } catch (error) {
      return failure(response, 400, 'bad_request', error instanceof Error ? error.message : String(error));
    }
  }

  function page(log: readonly Stored[], rules: Rules, parameters: URLSearchParams): string {
    const unknown = [...parameters.keys()].find((name) => !rules.parameters.includes(name));
    if (unknown !== undefined) throw new Error(`unknown parameter ${unknown}`);
    const limit = limitOf(parameters.get('limit'), rules);
    const place = placeOf(parameters);
    const filter = filterOf(parameters, rules);
    const found = log
      .filter(({ timestamp }) => timestamp >= place.from && timestamp < place.to)
      .filter(filter)
      .toSorted((a, b) => (a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0));
    const end = place.skip + limit;
    const next = end < found.length ? `,"next":"${cursorOf({ ...place, skip: end })}"` : '';
    const prev = place.skip > 0 ? `,"prev":"${cursorOf({ ...place, skip: Math.max(0, place.skip - limit) })}"` : '';
    const texts = found.slice(place.skip, end).map((stored) => stored.text);
    return `{"page":{"total":${found.length}${prev}${next}},"data":[${texts.join(',')}]}`;
  }

  function placeOf(parameters: URLSearchParams): Place {
    const [from, to, cursor] = [parameters.get('from'), parameters.get('to'), parameters.get('cursor')];
    if (cursor !== null) {
      if (from !== null || to !== null) throw new Error('cursor and from/to are mutually exclusive');
      return readCursor(cursor);
    }
    const end = to === null ? BigInt(now()) * 1_000_000n : nanoseconds('to', to);
    const start = from === null ? end - twoWeeks : nanoseconds('from', from);
    if (start >= end) throw new Error('from must be before to');
    if (end - start > twoWeeks) throw new Error('the time range must not exceed 2 weeks');
    return { from: start, to: end, skip: 0 };
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(stream: Stream, ...texts: readonly string[]) {
      logs[stream].push(...texts.map(stored));
    },
  });
}

interface Place {
  readonly from: bigint;
  readonly to: bigint;
  /** Records on the pages before. */
  readonly skip: number;
}

function cursorOf({ from, to, skip }: Place): string {
  return Buffer.from(`${from} ${to} ${skip}`).toString('base64url');
}

function readCursor(cursor: string): Place {
  const parts = /^(\d+) (\d+) (\d+)$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (cursor.length > 512 || parts === null) throw new Error('invalid cursor');
  return { from: BigInt(parts[1] ?? 0), to: BigInt(parts[2] ?? 0), skip: Number(parts[3]) };
}

function nanoseconds(name: string, text: string): bigint {
  if (!/^\d{19}$/.test(text)) throw new Error(`${name} must be Unix time in nanoseconds`);
  return BigInt(text);
}

function limitOf(text: string | null, { limit }: Rules): number {
  if (text === null) return limit.standard;
  if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > limit.most) {
    throw new Error(`limit must be between 1 and ${limit.most}`);
  }
  return Number(text);
}

function filterOf(parameters: URLSearchParams, { fields }: Rules): (stored: Stored) => boolean {
  const text = parameters.get('filter');
  const filter: Filter = text === null ? () => true : parseFilter(text, fields);
  const wanted = parameters.getAll('types').map((name) => {
    const type = types[name];
    if (type === undefined) throw new Error(`unknown type ${name}`);
    return type;
  });
  return ({ value, type }) =>
    (text === null || (value !== undefined && filter(value))) &&
    (wanted.length === 0 || (type !== undefined && wanted.includes(type)));
}

/** By search and not by parsing: one of the vendor's own payloads is no JSON. */
function stored(text: string): Stored {
  const timestamp = BigInt(/"timestamp":\s*(\d+)/.exec(text)?.[1] ?? 0);
  return { text, timestamp, type: /"type":\s*"(\w+)"/.exec(text)?.[1], value: parsed(text) };
}

function parsed(text: string): Stored['value'] {
  try {
    return JSON.parse(text) as Stored['value'];
  } catch {
    return undefined;
  }
}

function failure(
  response: ServerResponse,
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  sendJson(response, status, JSON.stringify({ type, message, details: [] }), headers);
}
