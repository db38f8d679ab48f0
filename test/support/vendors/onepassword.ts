/**
 * Plays the Events API of 1Password: a Bearer token that may read some of three features, a POST that holds either a
 * reset cursor (limit, start_time, end_time) or a cursor and nothing else, and cursors that never end.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export const features = ['auditevents', 'signinattempts', 'itemusages'] as const;
export type Feature = (typeof features)[number];

export interface OnePassword extends Vendor {
  /** Stores records, JSON texts with a `timestamp`, in the order in which the vendor learns of them. */
  add(feature: string, ...texts: readonly string[]): void;
  /** From now on every cursor issued so far is refused with 400. */
  expireCursors(): void;
}

export interface OnePasswordOptions extends ServerOptions {
  /** What the token may read. Default: all three. */
  readonly allowed?: readonly Feature[];
}

interface Place {
  readonly age: number;
  readonly limit: number;
  readonly start: number;
  readonly end: number;
  /** Records that were there when the reset cursor came: those that follow are new, whatever their time. */
  readonly known: number;
  /** Records passed over so far. */
  readonly at: number;
}

/** What a request holds. */
interface Body {
  readonly cursor?: string;
  readonly limit?: number;
  readonly start_time?: string;
  readonly end_time?: string;
}

const prefix = '/api/v2/';

export async function startOnePassword(options: OnePasswordOptions = {}): Promise<OnePassword> {
  const now = options.now ?? Date.now;
  const allowed = options.allowed ?? features;
  const logs = new Map<string, string[]>(features.map((feature) => [feature, []]));
  let age = 0;

  function answer({ method, target, headers, body }: LoggedRequest, response: ServerResponse): void {
    if (headers.authorization !== 'Bearer token') return failure(response, 401, 'Invalid bearer token');
    if (target === `${prefix}auth/introspect`) {
      if (method !== 'GET') return failure(response, 405, 'Method not allowed');
      return sendJson(response, 200, JSON.stringify({ uuid: 'UUUUUUUU', features: allowed, account_uuid: 'AAAAAAAA' }));
    }
    const feature = features.find((each) => target === prefix + each);
    if (feature === undefined) return failure(response, 404, 'Not found');
    if (!allowed.includes(feature)) return failure(response, 401, 'Unauthorized access');
    if (method !== 'POST') return failure(response, 405, 'Method not allowed');
    if (headers['content-type'] !== 'application/json') return failure(response, 400, 'Expected JSON');
    try {
      const log = logs.get(feature) ?? [];
      sendJson(response, 200, page(log, placeOf(JSON.parse(body) as Body, log.length)));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(log: readonly string[], place: Place): string {
    const items: string[] = [];
    let { at } = place;
    for (; at < log.length && items.length < place.limit; at++) {
      const time = timeOf(log[at] ?? '');
      if (at >= place.known || (time >= place.start && time < place.end)) items.push(log[at] ?? '');
    }
    const cursor = Buffer.from(JSON.stringify({ ...place, at })).toString('base64url');
    return `{"cursor":"${cursor}","has_more":${at < log.length},"items":[${items.join(',')}]}`;
  }

  function placeOf({ cursor, ...reset }: Body, known: number): Place {
    if (cursor !== undefined) {
      if (Object.keys(reset).length > 0) throw new Error('Must provide either a cursor or a reset cursor');
      const place = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as Place;
      if (place.age < age) throw new Error('Invalid cursor');
      return { ...place, end: place.end ?? Infinity, known: place.known ?? Infinity }; // JSON has no Infinity
    }
    const { limit = 100, start_time: start, end_time: end, ...unknown } = reset;
    if (Object.keys(unknown).length > 0) throw new Error('Unknown member');
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new Error('Invalid limit');
    const hour = 3_600_000;
    return {
      age,
      limit,
      start: start === undefined ? now() - hour : timestamp(start),
      end: end === undefined ? Infinity : timestamp(end),
      known: end === undefined ? known : Infinity,
      at: 0,
    };
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add: (feature: string, ...texts: readonly string[]) => void logs.get(feature)?.push(...texts),
    expireCursors: () => void (age += 1),
  });
}

/** RFC 3339: an offset is a must. */
function timestamp(text: string): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) throw new Error('Invalid time');
  return Date.parse(text);
}

function timeOf(text: string): number {
  return Date.parse(/"timestamp":"([^"]+)"/.exec(text)?.[1] ?? '');
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ Error: { Message: message } }));
}
