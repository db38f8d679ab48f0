/**
 * Plays the logs of Duo's Admin API: signed requests of a time near its own, windows of the last 180 days, and nothing
 * of the last two minutes. Version 1 knows seconds, and no end. Errors have a code of five digits.
 */
import { createHmac } from 'node:crypto';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export type DuoLog = 'authentication' | 'activity' | 'telephony' | 'administrator';

export interface Duo extends Vendor {
  add(log: DuoLog, ...texts: string[]): void;
}

export interface DuoOptions extends ServerOptions {
  /** At most one request of a log in this time, in milliseconds. */
  readonly interval?: number;
  /** The records of a page in version 1. */
  readonly most?: number;
}

export const duoKeys = { ikey: 'DIWJ8X6AEYOR5OMC6TQ1', skey: 'Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep' };

/** `FAIL`, with the number of the error: the HTTP status is its beginning. */
type Failure = readonly [code: number, message: string, detail?: string];

const minute = 60_000;
const day = 1440 * minute;
const invalid = (detail: string): Failure => [40002, 'Invalid request parameters', detail];
const idOf = { authentication: 'txid', activity: 'activity_id', telephony: 'telephony_id' };

interface Stored {
  readonly text: string;
  /** Milliseconds. */
  readonly time: number;
  readonly id: string;
}

export async function startDuo({ interval = 0, most = 1000, ...options }: DuoOptions = {}): Promise<Duo> {
  const now = options.now ?? Date.now;
  const logs = new Map<string, Stored[]>();
  const asked = new Map<string, number>();

  const vendor = await serve(options, (request, response) => {
    const answer = answerTo(request);
    if (typeof answer === 'string') return sendJson(response, 200, `{"response":${answer},"stat":"OK"}`);
    const [code, message, detail] = answer;
    const said = { code, message, ...(detail === undefined ? {} : { message_detail: detail }), stat: 'FAIL' };
    sendJson(response, Math.floor(code / 100), JSON.stringify(said));
  });

  function answerTo(request: LoggedRequest): string | Failure {
    const [path = '', search = ''] = request.target.split('?');
    const parameters = parametersOf(search);
    const stranger = refusalOf(request, path, parameters, now());
    if (stranger !== undefined) return stranger;
    const [, version, log = ''] = /^\/admin\/v([12])\/logs\/(\w+)$/.exec(path) ?? [];
    if (request.method !== 'GET') return [40501, 'Method not allowed'];
    if ((version === '2') === (log === 'administrator') || version === undefined) return [40401, 'Resource not found'];
    const last = asked.get(log);
    asked.set(log, now());
    if (last !== undefined && now() - last < interval) return [42901, 'Too Many Requests'];
    const stored = (logs.get(log) ?? []).toSorted((a, b) => a.time - b.time);
    return version === '1' ? oldest(stored, parameters, most) : page(stored, parameters, log, now());
  }

  return Object.assign(vendor, {
    add(log: DuoLog, ...texts: string[]) {
      for (const text of texts) {
        const record = JSON.parse(text) as Record<string, string | number>;
        const time = Date.parse(String(record['isotimestamp'] ?? record['ts']));
        const id = log === 'administrator' ? '' : String(record[idOf[log]]);
        logs.set(log, [...(logs.get(log) ?? []), { text, time, id }]);
      }
    },
  });
}

type Parameters = readonly (readonly [name: string, value: string])[];

function parametersOf(search: string): Parameters {
  return [...new URLSearchParams(search)];
}

/** Who asks, and when: as documented, from what arrived and not from what a client made of it. */
function refusalOf({ method, headers }: LoggedRequest, path: string, parameters: Parameters, now: number) {
  const date = String(headers['date'] ?? '');
  const authorization = /^Basic (\S+)$/.exec(headers.authorization as string);
  if (authorization === null) return [40101, 'Missing request credentials'] as const;
  const [ikey, signature] = Buffer.from(authorization[1] ?? '', 'base64')
    .toString()
    .split(':');
  if (ikey !== duoKeys.ikey) return [40102, 'Invalid integration key in request credentials'] as const;
  if (date === '') return [40104, 'Missing request timestamp'] as const;
  const encoded = parameters.map(([name, value]) => [percent(name), percent(value)] as const);
  const sorted = encoded.toSorted((a, b) => (a[0] === b[0] ? order(a[1], b[1]) : order(a[0], b[0])));
  const host = String(headers['host']).toLowerCase();
  const canonical = [date, method, host, path, sorted.map((pair) => pair.join('=')).join('&')].join('\n');
  if (signature !== createHmac('sha1', duoKeys.skey).update(canonical).digest('hex'))
    return [40103, 'Invalid signature in request credentials'] as const;
  const isRfc2822 = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/.test(date);
  if (!isRfc2822 || Math.abs(Date.parse(date) - now) > 5 * minute) return [40105, 'Bad request timestamp'] as const;
  return undefined;
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Every byte but letters, digits and `-_.~`. */
function percent(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => [byte, String.fromCharCode(byte)] as const);
  return bytes
    .map(([byte, char]) => (/[\w.~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`))
    .join('');
}

/** Version 1: the oldest from a second on, and no other parameter. */
function oldest(stored: readonly Stored[], parameters: Parameters, most: number): string | Failure {
  const [[name, value] = ['mintime', '0'], ...others] = parameters;
  if (name !== 'mintime' || others.length > 0) return invalid('unknown parameter');
  if (!/^\d{1,10}$/.test(value)) return invalid("'mintime' must be a timestamp in seconds");
  const found = stored.filter(({ time }) => time >= Number(value) * 1000);
  return `[${textsOf(found.slice(0, most))}]`;
}

const filters = { users: 'user', applications: 'application', event_types: '', results: '', reasons: '' };
const common = ['mintime', 'maxtime', 'limit', 'sort', 'next_offset'];

/** Version 2: a page, and where the next one begins: a list in one log, a text in the others. */
function page(stored: readonly Stored[], parameters: Parameters, log: string, now: number): string | Failure {
  const known = [...common, ...(log === 'authentication' ? Object.keys(filters) : [])];
  const query = new Map(parameters);
  if (query.size < parameters.length || [...query.keys()].some((name) => !known.includes(name)))
    return invalid('unknown or repeated parameter');
  const [minimum, maximum] = [query.get('mintime'), query.get('maxtime')];
  if (minimum === undefined || maximum === undefined) return [40001, 'Missing required request parameters'];
  if (!/^\d{13}$/.test(minimum)) return invalid("'mintime' must be a timestamp in milliseconds");
  if (!/^\d{13}$/.test(maximum)) return invalid("'maxtime' must be a timestamp in milliseconds");
  if (minimum >= maximum) return invalid('mintime must be strictly less than maxtime');
  if (Number(minimum) < now - 180 * day) return invalid('mintime must be within the past 180 days');
  const limit = query.get('limit') ?? '100';
  if (!/^[1-9]\d*$/.test(limit) || Number(limit) > 1000) return invalid('limit must be between 1 and 1000');
  const sort = query.get('sort') ?? 'ts:desc';
  if (sort !== 'ts:asc' && sort !== 'ts:desc') return invalid('sort must be ts:asc or ts:desc');

  const shown = stored
    .filter(({ time }) => time >= Number(minimum) && time <= Math.min(Number(maximum), now - 2 * minute))
    .filter(({ text }) => isWanted(text, query));
  const all = sort === 'ts:asc' ? shown : shown.toReversed();
  const offset = query.get('next_offset');
  const begin = offset === undefined ? 0 : all.findIndex((each) => offset === placeOf(each).join(','));
  if (begin < 0) return invalid('next_offset');
  const found = all.slice(begin, begin + Number(limit));
  const following = all[begin + Number(limit)];
  const place = following === undefined ? null : placeOf(following);
  const next = log === 'authentication' || place === null ? place : place.join(',');
  const total = log === 'authentication' ? all.length : { relation: 'eq', value: all.length };
  const metadata = JSON.stringify({ next_offset: next, total_objects: total });
  return `{"${log === 'authentication' ? 'authlogs' : 'items'}":[${textsOf(found)}],"metadata":${metadata}}`;
}

function isWanted(text: string, query: ReadonlyMap<string, string>): boolean {
  const record = JSON.parse(text) as Record<string, string | { readonly key: string } | null>;
  return Object.entries(filters).every(([name, object]) => {
    const asked = query.get(name);
    const value = record[object === '' ? name.slice(0, -1) : object];
    return asked === undefined || asked === (typeof value === 'object' ? value?.key : value);
  });
}

const placeOf = ({ time, id }: Stored): [string, string] => [String(time), id];
const textsOf = (stored: readonly Stored[]): string => stored.map(({ text }) => text).join(',');
