/**
 * Plays GitGuardian's audit log after the replies that its own client keeps: an API key, newest first, neither end of the
 * window inside of it, and a Link header that names the next page, with the window and a cursor, as long as there is one.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

interface Entry {
  readonly id: number;
  readonly time: number;
  readonly text: string;
}

export interface GitGuardian extends Vendor {
  add(...texts: readonly string[]): void;
}

const filters = ['event_name', 'member_id', 'member_email'];

export async function startGitGuardian(options: ServerOptions = {}): Promise<GitGuardian> {
  const log: Entry[] = [];

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    if (headers.authorization !== 'Token key') return failure(response, 401, 'Invalid API key.');
    if (method !== 'GET' || url.pathname !== '/v1/audit_logs') return failure(response, 404, 'Not found.');
    try {
      page(url, response);
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(url: URL, response: ServerResponse): void {
    const asked = url.searchParams;
    onlyParameters(asked, ['date_after', 'date_before', 'per_page', 'cursor', ...filters]);
    const [after, before] = ['date_after', 'date_before'].map((name) => rfc3339(name, asked.get(name)));
    const size = pageSize('per_page', asked.get('per_page'), 20, 100);
    const cursor = Buffer.from(asked.get('cursor') ?? '', 'base64').toString();
    const below = cursor === '' ? Infinity : Number(/^p=(\d+)$/.exec(cursor)?.[1]);
    const found = log
      .filter(({ id, time }) => time > Number(after) && time < Number(before) && id < below)
      .filter(({ text }) => filters.every((name) => passes(text, name, asked.get(name))))
      .toSorted((a, b) => b.id - a.id);
    const shown = found.slice(0, size);
    if (shown.length < found.length) {
      url.searchParams.set('cursor', Buffer.from(`p=${shown.at(-1)?.id}`).toString('base64'));
      response.setHeader('Link', `<${url.href}>; rel="next"`);
    }
    sendJson(response, 200, `[${shown.map(({ text }) => text).join(', ')}]`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(...texts: readonly string[]) {
      for (const text of texts) {
        const { id, date } = JSON.parse(text) as { id: number; date: string };
        log.push({ text, id, time: Date.parse(date) });
      }
    },
  });
}

function passes(text: string, name: string, wanted: string | null): boolean {
  return wanted === null || text.includes(`"${name}": ${name === 'member_id' ? wanted : `"${wanted}"`},`);
}

function failure(response: ServerResponse, status: number, detail: string): void {
  sendJson(response, status, JSON.stringify({ detail }));
}
