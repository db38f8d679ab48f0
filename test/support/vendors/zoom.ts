/**
 * Plays two reports of Zoom: a token from another host, windows of whole days by the clock of the account, of which no more
 * than the first month is given, newest first, and tokens for the next page that go with the window and end.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, skipped, type RecordLog } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Zoom extends Vendor {
  readonly login: Vendor;
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
  /** From now on every token for a page so far is refused. */
  expireTokens(): void;
}

export interface ZoomOptions extends ServerOptions {
  readonly report: 'operationlogs' | 'activities';
  /** Hours that the clock of the account is ahead of UTC. */
  readonly ahead?: number;
}

const day = 86_400_000;
const parameters = {
  operationlogs: ['from', 'to', 'page_size', 'next_page_token', 'category_type'],
  activities: ['from', 'to', 'page_size', 'next_page_token'],
};
const names = { operationlogs: 'operation_logs', activities: 'activity_logs' };

export async function startZoom(options: ZoomOptions): Promise<Zoom> {
  const { report, ahead = 0 } = options;
  const log = recordLog(/"time":"([^"]+)"/);
  let age = 0;
  const grants = tokenGrants(({ client, form }) => {
    if (form['grant_type'] !== 'account_credentials') return 'unsupported_grant_type';
    if (client?.join() !== 'client,secret') return 'invalid_client';
    return form['account_id'] === 'account' ? undefined : 'invalid_request';
  });
  const login = await serve(options, (request, response) => {
    if (request.target === '/oauth/token') grants.answer(request, response);
    else response.writeHead(404).end();
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.target, 'http://zoom');
    if (!grants.opens(request)) return failure(response, 401, 124, 'Invalid access token.');
    if (pathname !== `/v2/report/${report}`)
      return failure(response, 404, 2300, 'This API endpoint is not recognized.');
    try {
      onlyParameters(searchParams, parameters[report]);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, 300, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const [from, to] = [query.get('from') ?? '', query.get('to') ?? ''];
    const size = pageSize('page_size', query.get('page_size'), 30, 300);
    const category = query.get('category_type');
    const asked = `${age} ${from} ${to} ${category}`;
    if (Date.parse(to) > (options.now ?? Date.now)()) throw new Error('The day is still to come.'); // not published
    const found = ofDays(log, from, to, ahead).filter((text) => category === null || belongs(text, category));
    const token = query.get('next_page_token');
    const skip = skipped(token, asked);
    const records = found.slice(skip, skip + size);
    const next = skip + size < found.length ? cursorOf(skip + size, asked) : '';
    const list = `"${names[report]}":[${records.join(',')}]`;
    return `{"from":"${from}","to":"${to}","page_size":${size},"next_page_token":"${next}",${list}}`;
  }

  const vendor = await serve(options, answer);
  const close = vendor.close;
  return Object.assign(vendor, {
    login,
    grants,
    add: log.add,
    expireTokens: () => void age++,
    close: async () => void (await Promise.all([close(), login.close()])),
  });
}

/** Newest first. */
function ofDays(log: RecordLog, from: string, to: string, ahead: number): readonly string[] {
  const [first, last] = [from, to].map((date) => (/^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : Number.NaN));
  if (first === undefined || last === undefined || !(first <= last)) throw new Error('The date format is invalid.');
  const nextMonth = new Date(first);
  nextMonth.setUTCMonth(nextMonth.getUTCMonth() + 1);
  const end = Math.min(last + day, nextMonth.getTime() + day);
  return log.between(first - ahead * 3_600_000, end - ahead * 3_600_000).toReversed();
}

function belongs(text: string, category: string): boolean {
  return category === 'all' || text.includes(`"category_type":"${category[0]?.toUpperCase()}${category.slice(1)}"`);
}

function failure(response: ServerResponse, status: number, code: number, message: string): void {
  sendJson(response, status, JSON.stringify({ code, message }));
}
