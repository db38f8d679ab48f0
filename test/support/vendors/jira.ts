/**
 * Plays Jira Cloud after its REST reference, and as collectors found it: newest first, `total` is that of the site, larger
 * pages than it gives are cut down in silence, and a time without a zone finds nothing.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Jira extends Vendor {
  add(...texts: readonly string[]): void;
}

export interface JiraOptions extends ServerOptions {
  /** Records in a page, whatever is asked for. */
  readonly most?: number;
}

export async function startJira({ most = 1000, ...options }: JiraOptions = {}): Promise<Jira> {
  const log: { readonly time: number; readonly text: string }[] = [];
  const credentials = `Basic ${Buffer.from('admin@example.com:token').toString('base64')}`;

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, message: string): void =>
      sendJson(response, status, JSON.stringify({ errorMessages: [message], errors: {} }));
    if (headers.authorization !== credentials) return refuse(401, 'Client must be authenticated.');
    if (url.pathname !== '/rest/api/3/auditing/record') return refuse(404, 'dead link');
    const {
      from = '',
      to = '',
      offset = '0',
      limit = '1000',
      filter = '',
      ...unknown
    } = Object.fromEntries(url.searchParams);
    if (Object.keys(unknown).length > 0) return refuse(400, 'unknown parameters');
    const hasZone = [from, to].every((time) => /T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d{4})$/.test(time));
    const size = Math.min(Number(limit), most);
    const shown = log
      .filter(({ time }) => hasZone && time >= Date.parse(from) && time <= Date.parse(to))
      .filter(({ text }) => text.includes(filter))
      .toSorted((a, b) => b.time - a.time)
      .slice(Number(offset), Number(offset) + size);
    // One is older than every window.
    const records = shown.map(({ text }) => text).join(',');
    sendJson(response, 200, `{"offset":${offset},"limit":${size},"total":${log.length + 1},"records":[${records}]}`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(...texts: readonly string[]) {
      for (const text of texts) {
        const { created } = JSON.parse(text) as { created: string };
        log.push({ text, time: Date.parse(created.replace('+0000', 'Z')) });
      }
    },
  });
}
