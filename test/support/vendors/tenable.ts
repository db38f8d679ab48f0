/**
 * Plays Tenable's activity log: conditions that all hold, the oldest first, and the sum of those that match. Rows are had
 * by number up to the ten thousandth, or by a cursor, of which the first is 0.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendHtml, sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Tenable extends Vendor {
  add(...texts: readonly string[]): void;
  /** Requests after which one is refused, as a rate limit does: with a page for people. */
  limitAfter(requests: number): void;
}

const most = 10_000;

export async function startTenable(options: ServerOptions = {}): Promise<Tenable> {
  const log = recordLog(/"received":"([^"]+)"/);
  let left = Infinity;

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://tenable');
    if (headers['x-apikeys'] !== 'accessKey=access;secretKey=secret')
      return failure(response, 401, 'Invalid credentials.');
    if (method !== 'GET' || pathname !== '/audit-log/v1/events') return failure(response, 404, 'Not Found');
    if (left-- === 0) {
      response.setHeader('Retry-After', '7');
      return sendHtml(response, 429, '<html><head><title>429 Too Many Requests</title></head></html>');
    }
    try {
      onlyParameters(searchParams, ['f', 'sort', 'limit', 'offset', 'next']);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    if (query.get('sort') !== 'received:asc') throw new Error('sort is not valid');
    const size = pageSize('limit', query.get('limit'), 50, most);
    const cursor = query.get('next');
    const asked = query.getAll('f').join();
    const offset = cursor === null ? Number(query.get('offset') ?? 0) : skipped(cursor === '0' ? null : cursor, asked);
    if (cursor === null && offset + size > most) throw new Error(`only ${most} records can be had by number`);
    const [from, until] = ['date.gte', 'date.lt'].map((name) => {
      const condition = query.getAll('f').find((text) => text.startsWith(`${name}:`));
      return rfc3339(name, condition?.slice(name.length + 1) ?? null);
    });
    const found = log.between(from ?? 0, until ?? 0);
    const shown = found.slice(offset, offset + size);
    const end = offset + shown.length;
    const next = cursor !== null && end < found.length ? { next: cursorOf(end, asked) } : {};
    const pagination = JSON.stringify({ limit: size, count: shown.length, total: found.length, ...next });
    return `{"events":[${shown.join(',')}],"pagination":${pagination}}`;
  }

  return Object.assign(await serve(options, answer), {
    add: log.add,
    limitAfter(requests: number) {
      left = requests;
    },
  });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ statusCode: status, error: 'made up', message }));
}
