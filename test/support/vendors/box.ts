/**
 * Plays the events of a Box enterprise: a token for the enterprise, and a stream that is read from a position on, which has
 * more digits than a JavaScript number holds. There always is a next one; a page may be short although more is there.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Box extends Vendor {
  readonly grants: TokenGrants;
  /** Stores events in this order. */
  add(...texts: readonly string[]): void;
  /** Forgets what was stored before the last so many events, and the positions before them. */
  forget(kept: number): void;
}

export interface BoxOptions extends ServerOptions {
  /** Positions are texts, as on some of Box's pages, or numbers. */
  readonly asText?: boolean;
  /** Where nothing is new, the position is another one nevertheless. */
  readonly restless?: boolean;
  /** Pages are no longer than this, whatever is asked for. */
  readonly most?: number;
}

const beginning = 30_401_068_076_164_269n;
const digit = 1000n;

export async function startBox(options: BoxOptions = {}): Promise<Box> {
  const { asText = false, restless = false, most = 500 } = options;
  const stored: string[] = [];
  let forgotten = 0;
  let asked = 0n;
  const grants = tokenGrants(({ form }) => {
    if (form['grant_type'] !== 'client_credentials') return 'unsupported_grant_type';
    if (form['client_id'] !== 'client' || form['client_secret'] !== 'secret') return 'invalid_client';
    return form['box_subject_type'] === 'enterprise' && form['box_subject_id'] === '1' ? undefined : 'invalid_grant';
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.target, 'http://box');
    if (pathname === '/oauth2/token') return grants.answer(request, response);
    if (!grants.opens(request)) return void response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
    if (pathname !== '/2.0/events' || request.method !== 'GET') return failure(response, 404, 'not_found', 'Not Found');
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 'bad_request', error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, ['stream_type', 'stream_position', 'limit', 'event_type']);
    if (query.get('stream_type') !== 'admin_logs_streaming') throw new Error('stream_type');
    const limit = Math.min(most, pageSize('limit', query.get('limit'), 100, 500));
    const skip = placeOf(query.get('stream_position') ?? '0');
    const types = query.get('event_type')?.split(',');
    const entries: string[] = [];
    let at = skip;
    for (; at < stored.length && entries.length < limit; at++) {
      const text = stored[at] ?? '';
      if (types === undefined || types.some((type) => text.includes(`"event_type":"${type}"`))) entries.push(text);
    }
    const rest = restless && entries.length === 0 ? ++asked % digit : 0n;
    const position = beginning + BigInt(at) * digit + rest;
    const next = asText ? `"${position}"` : String(position);
    return `{"chunk_size":${entries.length},"next_stream_position":${next},"entries":[${entries.join(',')}]}`;
  }

  function placeOf(position: string): number {
    if (position === '0') return forgotten;
    const at = Number((BigInt(position) - beginning) / digit);
    if (at < forgotten || at > stored.length) throw new Error('stream_position is not valid');
    return at;
  }

  return Object.assign(await serve(options, answer), {
    grants,
    add: (...texts: readonly string[]) => void stored.push(...texts),
    forget(kept: number) {
      forgotten = stored.length - kept;
    },
  });
}

function failure(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, JSON.stringify({ type: 'error', status, code, message, request_id: 'abc' }));
}
