/** Plays Tailscale's configuration log: both bounds required and inclusive, all of it in one reply, newest first. */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type ServerOptions, type Vendor } from './server.ts';

export interface Tailscale extends Vendor {
  add(...texts: string[]): void;
}

/** RFC 3339 with any precision, as nanoseconds. */
function instant(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (match === null) return undefined;
  return BigInt(Date.parse(`${match[1]}Z`)) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

export async function startTailscale(options: ServerOptions = {}): Promise<Tailscale> {
  const stored: { readonly text: string; readonly time: bigint }[] = [];
  const vendor = await serve(options, ({ target, headers, method }, response) => {
    const url = new URL(target, vendor.origin);
    if (headers.authorization !== 'Bearer token') return refuse(response, 401, 'API token invalid');
    if (
      !['-', 'example.com'].includes(
        /^\/api\/v2\/tailnet\/([^/]+)\/logging\/configuration$/.exec(url.pathname)?.[1] ?? '',
      )
    )
      return refuse(response, 404, 'not found');
    const [start, end] = ['start', 'end'].map((name) => instant(url.searchParams.get(name) ?? ''));
    if (method !== 'GET' || start === undefined || end === undefined)
      return refuse(response, 400, 'invalid time range');
    const found = stored.filter(({ time }) => time >= start && time <= end);
    const logs = found.toSorted((a, b) => Number(b.time - a.time)).map(({ text }) => text);
    const list = logs.length === 0 ? 'null' : `[${logs.join(',')}]`;
    sendJson(response, 200, `{"version":"1.1","tailnet":"example.com","logs":${list}}`);
  });
  return Object.assign(vendor, {
    add(...texts: string[]) {
      for (const text of texts) {
        const { eventTime } = JSON.parse(text) as { eventTime: string };
        stored.push({ text, time: instant(eventTime) ?? 0n });
      }
    },
  });
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ message }));
}
