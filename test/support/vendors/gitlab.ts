/** Plays GitLab after its page "Audit events API": newest first by ID, keyset pages, windows of thirty days with both ends. */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

interface Event {
  readonly id: number;
  readonly time: number;
  readonly text: string;
}

export interface GitLab extends Vendor {
  add(...texts: readonly string[]): void;
}

const day = 86_400_000;

export async function startGitLab(options: ServerOptions = {}): Promise<GitLab> {
  const log: Event[] = [];
  const places = ['', '/groups/60', '/projects/7'].map((place) => `/api/v4${place}/audit_events`);

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, message: string): void => sendJson(response, status, JSON.stringify({ message }));
    if (headers['private-token'] !== 'token') return refuse(401, '401 Unauthorized');
    if (!places.includes(url.pathname)) return refuse(404, '404 Not Found');
    const asked = url.searchParams;
    const [from, until] = ['created_after', 'created_before'].map((name) => asked.get(name) ?? '');
    const isTime = (text = ''): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
    if (!isTime(from) || !isTime(until)) return refuse(400, 'created_after is invalid');
    const [begin, end] = [Date.parse(from ?? ''), Date.parse(until ?? '')];
    if (end - begin > 30 * day) return refuse(400, 'Date range limited to only 30 days');
    if (asked.get('pagination') !== 'keyset') return refuse(405, 'Offset pagination is not supported');
    const size = Math.min(Number(asked.get('per_page') ?? 20), 100);
    const cursor = asked.get('cursor');
    const below =
      cursor === null ? Infinity : Number((JSON.parse(Buffer.from(cursor, 'base64').toString()) as Event).id);
    const found = log
      .filter(({ id, time }) => time >= begin && time <= end && id < below)
      .filter(({ text }) => text.includes(`"entity_type":"${asked.get('entity_type') ?? ''}`))
      .toSorted((a, b) => b.id - a.id);
    const shown = found.slice(0, size);
    if (shown.length < found.length) {
      const next = new URL(url);
      next.searchParams.set('cursor', Buffer.from(`{"id":"${shown.at(-1)?.id}","_kd":"n"}`).toString('base64'));
      response.setHeader('Link', `<${next.href}>; rel="next"`);
    }
    response.setHeader('RateLimit-Limit', '2000');
    sendJson(response, 200, `[${shown.map(({ text }) => text).join(',')}]`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(...texts: readonly string[]) {
      for (const text of texts) {
        const event = JSON.parse(text) as { id: number; created_at: string };
        log.push({ text, id: event.id, time: Date.parse(event.created_at) });
      }
    },
  });
}
