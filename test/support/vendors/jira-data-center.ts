/**
 * Plays Jira Data Center after the reference of its auditing API: newest first, the cursor is the time and number of the
 * last event, the last page has none, and the next address names another host, as behind a proxy.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

interface Event {
  readonly number: number;
  readonly time: number;
  readonly text: string;
}

export interface JiraDataCenter extends Vendor {
  add(...texts: readonly string[]): void;
}

export async function startJiraDataCenter(options: ServerOptions = {}): Promise<JiraDataCenter> {
  const log: Event[] = [];

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, message: string): void => sendJson(response, status, JSON.stringify({ message }));
    if (headers.authorization !== 'Bearer token')
      return refuse(401, 'Client must be authenticated to access this resource.');
    if (url.pathname !== '/jira/rest/auditing/1.0/events') return refuse(404, 'null for uri');
    const {
      from = '',
      to = '',
      limit = '200',
      pageCursor,
      search = '',
      ...unknown
    } = Object.fromEntries(url.searchParams);
    if (Object.keys(unknown).length > 0) return refuse(400, 'unknown parameters');
    if (![from, to].every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time)))
      return refuse(400, 'no time');
    if (Number(limit) < 1 || Number(limit) > 100_000) return refuse(400, 'limit must be between 1 and 100000');
    const [time = Infinity, number = Infinity] = pageCursor?.split(',').map(Number) ?? [];
    const found = log
      .filter((event) => event.time >= Date.parse(from) && event.time <= Date.parse(to))
      .filter(({ text }) => text.includes(search))
      .filter((event) => event.time < time || (event.time === time && event.number < number))
      .toSorted((a, b) => b.time - a.time || b.number - a.number);
    const shown = found.slice(0, Number(limit));
    const last = shown.at(-1);
    const cursor = `${last?.time},${last?.number}`;
    const next = `"nextPageOffset":0,"nextPageCursor":"${cursor}","nextPageLink":"http://jira.internal:8080/x?pageCursor=${cursor}",`;
    const info = shown.length < found.length ? `${next}"lastPage":false` : '"lastPage":true';
    const entities = shown.map(({ text }) => text).join(',');
    sendJson(response, 200, `{"entities":[${entities}],"pagingInfo":{${info},"size":${shown.length}}}`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(...texts: readonly string[]) {
      for (const text of texts) {
        const { timestamp } = JSON.parse(text) as { timestamp: string };
        log.push({ text, number: log.length, time: Date.parse(timestamp) });
      }
    },
  });
}
