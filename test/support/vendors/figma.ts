/**
 * Plays Figma's activity logs: an access token for a refresh token that stays the same, seconds since 1970 with both ends
 * inside, oldest first, and a cursor on every page that has events, with a flag that tells whether more follows.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Figma extends Vendor {
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
}

interface Event {
  readonly timestamp: number;
  readonly action: { readonly type: string };
}

const parameters = ['start_time', 'end_time', 'order', 'limit', 'events', 'cursor'];

export async function startFigma(options: ServerOptions = {}): Promise<Figma> {
  const stored: { readonly text: string; readonly event: Event }[] = [];
  const grants = tokenGrants(
    ({ client, form }) => {
      if (client?.[0] !== 'client' || client[1] !== 'secret') return 'invalid_client';
      return form['refresh_token'] === 'refresh' ? undefined : 'invalid_grant';
    },
    { token_type: 'bearer', expires_in: 7_776_000 },
  );

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target } = request;
    if (target === '/v1/oauth/refresh') return grants.answer(request, response);
    const { pathname, searchParams } = new URL(target, 'http://figma');
    if (!grants.opens(request)) return failure(response, 401, 'You do not have permissions to access the logs');
    if (method !== 'GET' || pathname !== '/v1/activity_logs') return failure(response, 404, 'Not found');
    try {
      onlyParameters(searchParams, parameters);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const size = pageSize('limit', query.get('limit'), 1000, 1000);
    const [from, until] = ['start_time', 'end_time'].map((name) => seconds(name, query.get(name))) as [number, number];
    const types = query.get('events')?.split(',');
    const found = stored
      .filter(({ event: { timestamp, action } }) => {
        return timestamp >= from && timestamp <= until && (types?.includes(action.type) ?? true);
      })
      .toSorted((a, b) => a.event.timestamp - b.event.timestamp);
    const asked = [...query].filter(([name]) => name !== 'cursor').join();
    const skip = skipped(query.get('cursor'), asked);
    const texts = found.slice(skip, skip + size).map(({ text }) => text);
    const cursor = texts.length === 0 ? 'null' : `"${cursorOf(skip + texts.length, asked)}"`;
    const meta = `"cursor":${cursor},"next_page":${skip + texts.length < found.length}`;
    return `{"error":false,"i18n":null,"meta":{"activity_logs":[${texts.join(',')}],${meta}},"status":200}`;
  }

  return Object.assign(await serve(options, answer), {
    grants,
    add(...texts: readonly string[]) {
      for (const text of texts) stored.push({ text, event: JSON.parse(text) as Event });
    },
  });
}

function seconds(name: string, text: string | null): number {
  if (text === null || !/^\d{10}$/.test(text)) throw new Error(`${name} must be a Unix timestamp`);
  return Number(text);
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ error: true, status, message }));
}
