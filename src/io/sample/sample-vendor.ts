/**
 * A small vendor to try the program on, in this process and on loopback only. It behaves like many real ones: a login
 * that sets a cookie, a page size, an opaque cursor, a time filter by ingestion. Nothing in the program knows it: the
 * sample source reads it over HTTP, as any other source reads its vendor.
 *
 *  POST /api/v1/login         {"username","password"} -> a session cookie
 *  GET  /api/v1/audit/events  from, until (milliseconds, [from, until)), limit, cursor, action -> events, next, total
 *  POST /api/v1/logout
 */
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { recordsOfLogin, recordsUntil, type SampleRecord } from './sample-records.ts';

/** Who may log in. No secret: the vendor exists only while the program runs, and holds only invented records. */
export const sampleAccount = { username: 'auditor', password: 'sample' } as const;

export interface SampleVendor {
  /** Its origin. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts it on a free port. Every login leaves three new records behind, so that a second run finds something new. */
export async function startSampleVendor(options: { now(): number; pageSize?: number }): Promise<SampleVendor> {
  const sessions = new Set<string>();
  const left: SampleRecord[] = [];
  let logins = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sample');
    const session = /(?:^|; *)sample_session=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    const body = await bodyOf(request);
    response.setHeader('Date', new Date(options.now()).toUTCString());

    if (request.method === 'POST' && url.pathname === '/api/v1/login') return login(body, response);
    if (request.method === 'GET' && url.pathname === '/api/v1/audit/events') {
      if (!sessions.has(session)) return refuse(response, 401, 'unauthorized', 'log in first');
      return events(url.searchParams, response);
    }
    if (request.method === 'POST' && url.pathname === '/api/v1/logout') {
      sessions.delete(session);
      return send(response, 200, '{"status":"ok"}');
    }
    return refuse(response, 404, 'not_found', 'no such endpoint');
  }

  function login(body: string, response: ServerResponse): void {
    const { username, password } = credentialsOf(body);
    if (username !== sampleAccount.username || password !== sampleAccount.password) {
      return refuse(response, 401, 'invalid_credentials', 'unknown user name or wrong password');
    }
    const session = randomUUID();
    sessions.add(session);
    left.push(...recordsOfLogin(options.now(), (logins += 1)));
    response.setHeader('Set-Cookie', `sample_session=${session}; Path=/; HttpOnly; SameSite=Strict`);
    return send(response, 200, '{"status":"ok"}');
  }

  function events(parameters: URLSearchParams, response: ServerResponse): void {
    const now = options.now();
    const unknown = [...parameters.keys()].find((name) => !known.includes(name));
    if (unknown !== undefined) return refuse(response, 400, 'bad_request', `unknown parameter ${unknown}`);
    const from = wholeNumber(parameters.get('from') ?? '0');
    const until = wholeNumber(parameters.get('until') ?? String(now));
    const limit = wholeNumber(parameters.get('limit') ?? String(options.pageSize ?? 100));
    const after = Buffer.from(parameters.get('cursor') ?? '', 'base64url').toString();
    if (from === undefined || until === undefined)
      return refuse(response, 400, 'bad_request', 'from and until are milliseconds');
    if (limit === undefined || limit < 1 || limit > 500)
      return refuse(response, 400, 'bad_request', 'limit is 1 to 500');
    if (after !== '' && !/^\d{15}evt_\w+$/.test(after))
      return refuse(response, 400, 'bad_cursor', 'no cursor of this API');

    const action = parameters.get('action');
    const matches = [...recordsUntil(now), ...left]
      .filter((record) => record.ingested >= from && record.ingested < until)
      .filter((record) => action === null || record.action === action)
      .sort((a, b) => (sortKeyOf(a) < sortKeyOf(b) ? -1 : 1));
    const rest = matches.filter((record) => sortKeyOf(record) > after);
    const page = rest.slice(0, Math.min(limit, options.pageSize ?? limit));
    const last = page.at(-1);
    const next = last && rest.length > page.length ? `"${Buffer.from(sortKeyOf(last)).toString('base64url')}"` : 'null';
    const list = page.map((record) => record.text).join(',');
    return send(response, 200, `{"events":[${list}],"next":${next},"total":${matches.length}}`);
  }

  async function listen(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await answer(request, response);
    } catch {
      response.destroy(); // the client hung up, or sent more than any login needs
    }
  }

  const server = createServer((request, response) => void listen(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const known = ['from', 'until', 'limit', 'cursor', 'action'];

/** The order of the list, and the cursor: by time of ingestion, then ID. */
function sortKeyOf(record: SampleRecord): string {
  return String(record.ingested).padStart(15, '0') + record.id;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function credentialsOf(body: string): { username?: unknown; password?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > 64 * 1024) throw new Error('request too large');
  }
  return text;
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  send(response, status, JSON.stringify({ error: { code, message } }));
}
