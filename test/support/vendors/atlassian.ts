/** Plays Atlassian's organization events after its page "Poll events": in the order of processing; a cursor on every page, the last one and an empty one included. */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Atlassian extends Vendor {
  /** Processes events: they come after all others, whenever they happened. */
  add(...texts: readonly string[]): void;
  /** Cursors given so far are refused from now on. */
  expire(): void;
}

export async function startAtlassian(options: ServerOptions = {}): Promise<Atlassian> {
  const log: { readonly time: number; readonly text: string }[] = [];
  let generation = 1;

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, title: string): void =>
      sendJson(response, status, JSON.stringify({ errors: [{ id: 'x', status, code: 'ADMIN-1', title }] }));
    if (headers.authorization !== 'Bearer token') return refuse(401, 'Unauthorized');
    if (url.pathname !== '/admin/v1/orgs/a-1/events-stream') return refuse(404, 'Not Found');
    const { from, cursor, sortOrder, limit, ...unknown } = Object.fromEntries(url.searchParams);
    if (Object.keys(unknown).length > 0) return refuse(400, 'unknown parameters');
    if ((cursor === undefined) === (from === undefined)) return refuse(400, 'cursor and from');
    if (from !== undefined && (!/^\d{13}$/.test(from) || sortOrder !== 'asc')) return refuse(400, 'from is not valid');
    const [made, place, since] = cursor === undefined ? [] : Buffer.from(cursor, 'base64').toString().split(':');
    if (cursor !== undefined && made !== String(generation)) return refuse(400, 'cursor is not valid');
    const earliest = since ?? from ?? '';
    const found = log.filter(({ time }) => time >= Number(earliest));
    const begin = Number(place ?? 0);
    const shown = found.slice(begin, begin + Number(limit ?? 200));
    const next = Buffer.from(`${generation}:${begin + shown.length}:${earliest}`).toString('base64');
    const data = shown.map(({ text }) => text).join(',');
    sendJson(
      response,
      200,
      `{"data":[${data}],"meta":{"next":"${next}","page_size":${shown.length}},"links":{"next":"${next}"}}`,
    );
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(...texts: readonly string[]) {
      for (const text of texts) {
        const { attributes } = JSON.parse(text) as { attributes: { time: string } };
        log.push({ text, time: Date.parse(attributes.time) });
      }
    },
    expire: () => void generation++,
  });
}
