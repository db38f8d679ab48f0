/** Plays Netlify's audit log: an array, newest first, in numbered pages of a hundred at most, whatever was asked for. */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type ServerOptions, type Vendor } from './server.ts';

export interface Netlify extends Vendor {
  add(...texts: string[]): void;
}

export async function startNetlify({
  most = 100,
  ...options
}: ServerOptions & { readonly most?: number } = {}): Promise<Netlify> {
  const stored: { readonly text: string; readonly time: string }[] = [];
  const vendor = await serve(options, ({ target, headers, method }, response) => {
    const url = new URL(target, vendor.origin);
    const query = url.searchParams;
    if (headers.authorization !== 'Bearer token') return refuse(response, 401, 'Access Denied: Invalid credentials');
    if (method !== 'GET' || url.pathname !== '/api/v1/accounts/acc1/audit') return refuse(response, 404, 'Not Found');
    const odd = [...query.keys()].some((name) => !['page', 'per_page', 'log_type', 'query'].includes(name));
    const page = Number(query.get('page') ?? 1);
    if (odd || !(page >= 1)) return refuse(response, 422, 'Unprocessable');
    const size = Math.min(most, Number(query.get('per_page') ?? 30));
    const newest = stored.toSorted((a, b) => b.time.localeCompare(a.time)).map(({ text }) => text);
    const texts = newest.slice((page - 1) * size, page * size);
    sendJson(response, 200, `[${texts.join(',')}]`, { 'X-RateLimit-Limit': '500', 'X-RateLimit-Remaining': '499' });
  });
  return Object.assign(vendor, {
    add(...texts: string[]) {
      for (const text of texts) {
        stored.push({ text, time: (JSON.parse(text) as { payload: { timestamp: string } }).payload.timestamp });
      }
    },
  });
}

function refuse(response: ServerResponse, code: number, message: string): void {
  sendJson(response, code, JSON.stringify({ code, message }));
}
