/** Plays the audit events of Netskope: whole seconds since 1970 at which it stored them, both ends inside the window, rows by number. */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Netskope extends Vendor {
  /** Stores events, each when it happens. */
  add(...texts: readonly string[]): void;
  /** Stores events at a moment, in milliseconds, whenever they happened. */
  store(moment: number, ...texts: readonly string[]): void;
}

export async function startNetskope(options: ServerOptions = {}): Promise<Netskope> {
  const log: { readonly time: number; readonly text: string }[] = [];

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://netskope');
    if (headers['netskope-api-token'] !== 'token') return failure(response, 401, 'Unauthorized');
    if (method !== 'GET' || pathname !== '/api/v2/events/data/audit') return failure(response, 404, 'Not found');
    try {
      onlyParameters(searchParams, ['insertionstarttime', 'insertionendtime', 'query', 'limit', 'offset']);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const size = pageSize('limit', query.get('limit'), 100, 5000);
    const [from, until] = ['insertionstarttime', 'insertionendtime'].map((name) => {
      if (!/^\d{10}$/.test(query.get(name) ?? '')) throw new Error(`${name} is not valid`);
      return Number(query.get(name));
    });
    const offset = Number(query.get('offset') ?? 0);
    const shown = log
      .filter(
        ({ time, text }) => time >= (from ?? 0) && time <= (until ?? 0) && text.includes(query.get('query') ?? ''),
      )
      .toSorted((a, b) => b.time - a.time)
      .slice(offset, offset + size);
    return `{"ok":1,"result":[${shown.map(({ text }) => text).join(',')}]}`;
  }

  return Object.assign(await serve(options, answer), {
    add(...texts: readonly string[]) {
      log.push(...texts.map((text) => ({ text, time: (JSON.parse(text) as { timestamp: number }).timestamp })));
    },
    store(moment: number, ...texts: readonly string[]) {
      log.push(...texts.map((text) => ({ text, time: Math.floor(moment / 1000) })));
    },
  });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ ok: 0, message, result: [] }));
}
