/** Plays LaunchDarkly's audit log: milliseconds, both ends exclusive, twenty entries at most, relative links. */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type ServerOptions, type Vendor } from './server.ts';

export interface Launchdarkly extends Vendor {
  add(...texts: string[]): void;
}

const known = ['after', 'before', 'limit', 'q', 'spec', 'offset'];

export async function startLaunchdarkly(options: ServerOptions = {}): Promise<Launchdarkly> {
  const stored: { readonly text: string; readonly time: number }[] = [];
  const vendor = await serve(options, ({ target, headers, method }, response) => {
    const url = new URL(target, vendor.origin);
    const query = url.searchParams;
    if (headers.authorization !== 'api-token') return refuse(response, 401, 'invalid key');
    if (method !== 'GET' || url.pathname !== '/api/v2/auditlog') return refuse(response, 404, 'not found');
    const limit = Number(query.get('limit') ?? 10);
    const [after, before] = ['after', 'before'].map((name) => query.get(name) ?? '');
    const odd = [...query.keys()].some((name) => !known.includes(name));
    const isTime = (text: string | undefined): boolean => /^\d{13}$/.test(text ?? '');
    if (odd || !(limit >= 1 && limit <= 20) || !isTime(after) || !isTime(before))
      return refuse(response, 400, 'bad request');
    const found = stored
      .filter(({ time }) => time > Number(after) && time < Number(before))
      .toSorted((a, b) => b.time - a.time);
    const at = Number(query.get('offset') ?? 0);
    const items = found.slice(at, at + limit).map(({ text }) => text);
    query.set('offset', String(at + limit));
    const next = { href: `${url.pathname}?${query.toString()}`, type: 'application/json' };
    const links = at + limit < found.length ? { next } : {};
    sendJson(response, 200, `{"items":[${items.join(',')}],"_links":${JSON.stringify(links)}}`);
  });
  return Object.assign(vendor, {
    add(...texts: string[]) {
      for (const text of texts) stored.push({ text, time: (JSON.parse(text) as { date: number }).date });
    },
  });
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ code: message.replace(' ', '_'), message }));
}
