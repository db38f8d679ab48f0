/**
 * Plays Vercel's events: newest first, the beginning outside of the window, the end inside, no cursor, and 403 for a token
 * that is not valid. Its reference has times as texts; that it takes milliseconds as well is a guess. `most` is how many it
 * gives at once, whatever is asked for.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type ServerOptions, type Vendor } from './server.ts';

export interface Vercel extends Vendor {
  add(...texts: string[]): void;
}

interface Event {
  readonly type: string;
  readonly createdAt: number;
  readonly principalId: string;
}

const known = ['teamId', 'since', 'until', 'limit', 'types', 'principalId', 'withPayload'];

export async function startVercel(options: ServerOptions & { readonly most?: number } = {}): Promise<Vercel> {
  const stored: { readonly text: string; readonly event: Event }[] = [];
  const vendor = await serve(options, ({ target, headers, method }, response) => {
    const url = new URL(target, vendor.origin);
    const query = url.searchParams;
    if (headers.authorization !== 'Bearer token') return refuse(response, 403, 'Not authorized');
    if (method !== 'GET' || url.pathname !== '/v3/events') return refuse(response, 404, 'Not found');
    const limit = Number(query.get('limit') ?? 20);
    const [since = NaN, until = NaN] = ['since', 'until'].map((name) => moment(query.get(name) ?? ''));
    const odd = [...query.keys()].some((name) => !known.includes(name) || query.getAll(name).length > 1);
    if (odd || !(limit >= 1 && limit <= 101) || !(since <= until)) return refuse(response, 400, 'Invalid request');
    const types = query.get('types')?.split(',');
    const found = stored
      .filter(({ event }) => event.createdAt > since && event.createdAt <= until)
      .filter(({ event }) => types === undefined || types.includes(event.type))
      .toSorted((a, b) => b.event.createdAt - a.event.createdAt);
    sendJson(
      response,
      200,
      `{"events":[${found
        .slice(0, Math.min(limit, options.most ?? limit))
        .map(({ text }) => text)
        .join(',')}]}`,
    );
  });
  return Object.assign(vendor, {
    add(...texts: string[]) {
      for (const text of texts) stored.push({ text, event: JSON.parse(text) as Event });
    },
  });
}

function moment(text: string): number {
  return Number(/^\d{13}$/.test(text) ? text : Date.parse(text));
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ error: { code: 'forbidden', message } }));
}
