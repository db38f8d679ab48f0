/** Plays the audit log of Confluence Cloud: times in milliseconds, both ends inside the window, newest first, rows by number. */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { onlyParameters } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Confluence extends Vendor {
  add(...texts: readonly string[]): void;
}

export interface ConfluenceOptions extends ServerOptions {
  /** Records in a page, whatever is asked for. */
  readonly most?: number;
}

export async function startConfluence({ most = 1000, ...options }: ConfluenceOptions = {}): Promise<Confluence> {
  const log: { readonly time: number; readonly text: string }[] = [];
  const credentials = `Basic ${Buffer.from('admin@example.com:token').toString('base64')}`;

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://confluence');
    if (headers.authorization !== credentials) return failure(response, 401, 'Current user not permitted');
    if (method !== 'GET' || pathname !== '/wiki/rest/api/audit') return failure(response, 404, 'No such resource');
    try {
      onlyParameters(searchParams, ['startDate', 'endDate', 'searchString', 'start', 'limit']);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const number = (name: string, standard = Number.NaN): number => {
      const value = Number(query.get(name) ?? standard);
      if (!Number.isInteger(value) || value < 0) throw new Error(`${name} is not valid`);
      return value;
    };
    const [from, until, start] = [number('startDate'), number('endDate'), number('start', 0)];
    const limit = Math.min(number('limit', 1000), most);
    const shown = log
      .filter(({ time, text }) => time >= from && time <= until && text.includes(query.get('searchString') ?? ''))
      .toSorted((a, b) => b.time - a.time)
      .slice(start, start + limit);
    const rest = JSON.stringify({ start, limit, size: shown.length, _links: { base: 'made up' } });
    return `{"results":[${shown.map(({ text }) => text).join(',')}],${rest.slice(1)}`;
  }

  return Object.assign(await serve(options, answer), {
    add(...texts: readonly string[]) {
      log.push(...texts.map((text) => ({ text, time: (JSON.parse(text) as { creationDate: number }).creationDate })));
    },
  });
}

function failure(response: ServerResponse, statusCode: number, message: string): void {
  sendJson(response, statusCode, JSON.stringify({ statusCode, message, data: { authorized: false } }));
}
