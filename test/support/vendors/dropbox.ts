/**
 * Plays the log of a Dropbox team: a token for a refresh token; POST with a time, and then with a cursor and nothing else,
 * at another path; events in the order in which they were logged, pages that are empty although more follows, and cursors
 * that are reset.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Dropbox extends Vendor {
  readonly grants: TokenGrants;
  /** Logs events in this order. */
  add(...texts: readonly string[]): void;
  /** From now on every cursor so far is answered so. */
  expire(how: 'reset' | 'bad_cursor'): void;
}

export interface DropboxOptions extends ServerOptions {
  /** Every other page is empty. */
  readonly pauses?: boolean;
}

interface Body {
  readonly cursor?: string;
  readonly limit?: number;
  readonly time?: { readonly start_time?: string };
}

interface Place {
  readonly age: number;
  readonly at: number;
  readonly limit: number;
  readonly start: number;
  readonly page: number;
}

export async function startDropbox(options: DropboxOptions = {}): Promise<Dropbox> {
  const { pauses = false } = options;
  const stored: string[] = [];
  let [age, ending] = [0, 'bad_cursor'];
  const grants = tokenGrants(
    ({ form }) => {
      if (form['grant_type'] !== 'refresh_token') return 'unsupported_grant_type';
      if (form['client_id'] !== 'key' || form['client_secret'] !== 'secret') return 'invalid_client';
      return form['refresh_token'] === 'refresh' ? undefined : 'invalid_grant';
    },
    { token_type: 'bearer', expires_in: 14_400 },
  );

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target, headers, body } = request;
    if (target === '/oauth2/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'expired_access_token');
    const path = /^\/2\/team_log\/get_events(\/continue)?$/.exec(target);
    if (method !== 'POST' || path === null) return void response.writeHead(404).end();
    if (headers['content-type'] !== 'application/json') return void response.writeHead(400).end('Bad Content-Type');
    const place = placeOf(JSON.parse(body) as Body, path[1] !== undefined);
    if (place === undefined) return void response.writeHead(400).end(`Error in call to ${target}: bad JSON`);
    if (place.at < 0 || place.at > stored.length) return failure(response, 409, 'bad_cursor');
    if (place.age !== age) {
      return failure(response, 409, ending, ending === 'reset' ? { reset: '2026-11-20T08:00:00Z' } : {});
    }
    sendJson(response, 200, page(place));
  }

  function page(place: Place): string {
    const events: string[] = [];
    let { at } = place;
    for (; at < stored.length && events.length < place.limit && !(pauses && place.page % 2 === 1); at++) {
      const text = stored[at] ?? '';
      if (Date.parse(/"timestamp":"([^"]+)"/.exec(text)?.[1] ?? '') >= place.start) events.push(text);
    }
    const cursor = Buffer.from(JSON.stringify({ ...place, at, page: place.page + 1 })).toString('base64url');
    return `{"events":[${events.join(',')}],"cursor":"${cursor}","has_more":${at < stored.length}}`;
  }

  /** Undefined for what the call does not take. */
  function placeOf({ cursor, limit = 1000, time = {}, ...others }: Body, later: boolean): Place | undefined {
    if (Object.keys(others).length > 0) return undefined;
    if (later)
      return cursor === undefined ? undefined : (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as Place);
    const start = time.start_time ?? '';
    const known = cursor === undefined && limit >= 1 && limit <= 1000 && /^[\d-]{10}T[\d:]{8}Z$/.test(start);
    return known ? { age, at: 0, limit, start: Date.parse(start), page: 0 } : undefined;
  }

  return Object.assign(await serve(options, answer), {
    grants,
    add: (...texts: readonly string[]) => void stored.push(...texts),
    expire(how: 'reset' | 'bad_cursor') {
      age += 1;
      ending = how;
    },
  });
}

function failure(response: ServerResponse, status: number, tag: string, more: object = {}): void {
  sendJson(response, status, JSON.stringify({ error_summary: `${tag}/..`, error: { '.tag': tag, ...more } }));
}
