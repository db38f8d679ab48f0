/**
 * Plays the events of MongoDB Atlas: a token by client credentials, a versioned Accept header, bounds that both belong to
 * the window, numbered pages, newest first, and a list of links of which one may lead to the next page.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Atlas extends Vendor {
  readonly grants: TokenGrants;
  /** Stores events of `orgs/ID` or `groups/ID`. */
  add(of: string, ...texts: readonly string[]): void;
}

const version = 'application/vnd.atlas.2023-01-01+json';
const common = ['itemsPerPage', 'pageNum', 'includeCount'];

export async function startAtlas(options: ServerOptions = {}): Promise<Atlas> {
  const events = new Map<string, string[]>();
  const grants = tokenGrants(({ client, form }) => {
    if (client?.join() !== 'mdb_sa_id_1,secret') return 'invalid_client';
    return form['grant_type'] === 'client_credentials' ? undefined : 'unsupported_grant_type';
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target, headers } = request;
    const url = new URL(target, `http://${headers['host'] as string}`);
    if (url.pathname === '/api/oauth/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'You are not authorized for this resource.');
    if (headers['accept'] !== version) return failure(response, 406, 'Media type not acceptable');
    const [, level = '', id] =
      /^\/api\/atlas\/v2\/(orgs|groups)(?:\/([a-f0-9]{24})\/events)?$/.exec(url.pathname) ?? [];
    const place = id === undefined ? undefined : `${level}/${id}`;
    if (method !== 'GET' || level === '' || (place !== undefined && !events.has(place))) {
      return failure(response, 404, 'Cannot find resource');
    }
    try {
      onlyParameters(url.searchParams, place === undefined ? common : [...common, 'minDate', 'maxDate', 'eventType']);
      page(response, url, place === undefined ? listOf(level) : matching(events.get(place) ?? [], url.searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function listOf(level: string): string[] {
    const places = [...events.keys()].filter((place) => place.startsWith(`${level}/`));
    return places.map((place) => `{"id":"${place.slice(level.length + 1)}","name":"example","links":[]}`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    grants,
    add: (of: string, ...texts: readonly string[]) => void events.set(of, [...(events.get(of) ?? []), ...texts]),
  });
}

function matching(texts: readonly string[], query: URLSearchParams): string[] {
  const [from, until] = [rfc3339('minDate', query.get('minDate')), rfc3339('maxDate', query.get('maxDate'))];
  const types = query.getAll('eventType');
  const found = texts.flatMap((text) => {
    const { created, eventTypeName } = JSON.parse(text) as { created: string; eventTypeName: string };
    const time = Date.parse(created);
    const wanted = types.length === 0 || types.includes(eventTypeName);
    return wanted && time >= from && time <= until ? [{ text, time }] : [];
  });
  return found.toSorted((a, b) => b.time - a.time).map(({ text }) => text);
}

function page(response: ServerResponse, url: URL, texts: readonly string[]): void {
  const size = pageSize('itemsPerPage', url.searchParams.get('itemsPerPage'), 100, 500);
  const number = Number(url.searchParams.get('pageNum') ?? 1);
  const link = (rel: string, to: number): string => {
    const address = new URL(url);
    address.searchParams.set('pageNum', String(to));
    return JSON.stringify({ href: address.href, rel });
  };
  const links = [link('self', number)];
  if (number > 1) links.push(link('previous', number - 1));
  // Nobody says that there is a link to a next page where nothing was counted.
  const counted = url.searchParams.get('includeCount') !== 'false';
  if (counted && number * size < texts.length) links.push(link('next', number + 1));
  const results = texts.slice((number - 1) * size, number * size);
  const count = counted ? `,"totalCount":${texts.length}` : '';
  sendJson(response, 200, `{"links":[${links.join(',')}],"results":[${results.join(',')}]${count}}`, {
    'Content-Type': version,
  });
}

function failure(response: ServerResponse, error: number, detail: string): void {
  sendJson(response, error, JSON.stringify({ detail, error, errorCode: 'MADE_UP', parameters: [], reason: 'Made up' }));
}
