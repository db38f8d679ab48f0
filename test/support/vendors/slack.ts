/** Plays Slack after its page "Audit Logs API methods & actions": whole seconds with both ends, newest first, an empty cursor at the end. */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Slack extends Vendor {
  add(...texts: readonly string[]): void;
  /** Every page is followed by an empty one that leads on. */
  gaps: boolean;
}

const known = ['oldest', 'latest', 'action', 'actor', 'entity', 'limit', 'cursor'];

export async function startSlack(options: ServerOptions = {}): Promise<Slack> {
  /** Times in seconds. */
  const log: { readonly time: number; readonly text: string }[] = [];

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, error: string): void =>
      sendJson(response, status, JSON.stringify({ ok: false, error }));
    if (headers.authorization !== 'Bearer token') return refuse(401, 'invalid_authentication');
    if (url.pathname !== '/audit/v1/logs') return refuse(404, 'method_not_supported');
    const asked = url.searchParams;
    const names = [...asked.keys()];
    if (names.some((name) => !known.includes(name)) || new Set(names).size < names.length)
      return refuse(400, 'invalid_arguments');
    const [oldest, latest, limit] = ['oldest', 'latest', 'limit'].map((name) => asked.get(name) ?? '');
    if (![oldest, latest, limit].every((text) => /^\d{1,10}$/.test(text ?? '')))
      return refuse(400, 'invalid_arguments');
    if (Number(limit) > 9999) return refuse(400, 'invalid_limit');
    const [place, gap] = Buffer.from(asked.get('cursor') ?? '', 'base64')
      .toString()
      .split(':');
    const actions = asked.get('action')?.split(',');
    const found = log
      .filter(({ time }) => time >= Number(oldest) && time <= Number(latest))
      .filter(({ text }) => actions?.some((action) => text.includes(`"action":"${action}"`)) ?? true)
      .filter(({ text }) => text.includes(`"id":"${asked.get('entity') ?? ''}`))
      .toSorted((a, b) => b.time - a.time);
    const begin = Number(place);
    const end = gap === 'gap' ? begin : begin + Number(limit);
    const follows = end < found.length ? `${end}:${played.gaps && gap !== 'gap' ? 'gap' : ''}` : '';
    const cursor = Buffer.from(follows).toString('base64');
    const texts = found.slice(begin, end).map(({ text }) => text);
    sendJson(response, 200, `{"entries":[${texts.join(',')}],"response_metadata":{"next_cursor":"${cursor}"}}`);
  }

  const vendor = await serve(options, answer);
  const played: Slack = Object.assign(vendor, {
    gaps: false,
    add(...texts: readonly string[]) {
      for (const text of texts) log.push({ text, time: (JSON.parse(text) as { date_create: number }).date_create });
    },
  });
  return played;
}
