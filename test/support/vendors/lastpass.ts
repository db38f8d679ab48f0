/**
 * Plays LastPass's event reporting: times of a clock without a zone, newest first, an object of events, an empty list where
 * there are none, `next` in microseconds for what is older. How wrong credentials are answered is not published; here, by
 * HTTP 401.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type ServerOptions, type Vendor } from './server.ts';

export interface Lastpass extends Vendor {
  add(...texts: string[]): void;
}

export interface LastpassOptions extends ServerOptions {
  /** Events in one reply. */
  readonly most?: number;
}

interface Body {
  readonly cid?: string;
  readonly provhash?: string;
  readonly cmd?: string;
  readonly user?: string;
  readonly data?: { readonly from?: string; readonly to?: string; readonly user?: string; readonly next?: number };
}

/** The account's clock as a time, whatever its zone: only the order matters here. */
const clock = (text: string): number => Date.parse(`${text.replace(' ', 'T')}Z`) * 1000;

export async function startLastpass({ most = 10_000, ...options }: LastpassOptions = {}): Promise<Lastpass> {
  const stored: { readonly text: string; readonly time: number }[] = [];
  const vendor = await serve(options, ({ target, method, body }, response) => {
    if (method !== 'POST' || target !== '/enterpriseapi.php') return refuse(response, 404, 'not found');
    const { cid, provhash, cmd, user, data = {} } = JSON.parse(body) as Body;
    if (cid !== '12345678' || provhash !== 'secret') return refuse(response, 401, 'Authorization failed');
    const { from = '', to = '', next } = data;
    const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text);
    if (cmd !== 'reporting' || (user ?? data.user) !== 'allusers' || !isTime(from) || !isTime(to))
      return refuse(response, 200, 'invalid request');
    const end = next ?? clock(to);
    const found = stored
      .filter(({ time }) => time >= clock(from) && time <= clock(to) && time <= end)
      .toSorted((a, b) => b.time - a.time);
    const page = found.slice(0, most);
    const events = page.map(({ text }, index) => `"Event${index + 1}":${text}`);
    const list = events.length === 0 ? '[]' : `{${events.join(',')}}`;
    sendJson(response, 200, `{"status":"OK","next":${found[most]?.time ?? null},"data":${list}}`);
  });
  return Object.assign(vendor, {
    add(...texts: string[]) {
      for (const text of texts) {
        const { Time } = JSON.parse(text) as { Time: string };
        // As exact as LastPass knows it, which it shows only in `next`.
        stored.push({ text, time: clock(Time) + (stored.length % 1_000_000) });
      }
    },
  });
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ status: 'FAIL', error: [message] }));
}
