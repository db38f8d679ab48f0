/**
 * Plays a Sycope appliance, after the vendor's published scripts and pages: a session cookie, NQL jobs by
 * `pipeline/run`, rows by `pipeline/{job}/data` with limit and offset, success told in the body.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { parseNql, type Row } from './nql.ts';
import { sendHtml, sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface SycopeOptions extends ServerOptions {
  /** Default `/npm/api/v1`. */
  readonly prefix?: string;
  /** Default `auditor` and `secret`. */
  readonly username?: string;
  readonly password?: string;
  /** Name of the only stream. Default `auditLog`. */
  readonly stream?: string;
  /** The only spelling of startTime and endTime that is understood. Default `at-iso`. */
  readonly timeFormat?: 'at-iso' | 'epoch-ms' | 'epoch-s';
  /**
   * How failures are reported: HTTP 200 with the status in the body, the HTTP status, or a login page. Default `body`.
   */
  readonly failures?: 'body' | 'http' | 'html';
  /** What `pipeline/run` says of the number of rows: a JSON text, `missing`, or `number` (the default) for how many there are. */
  readonly total?: string;
  /** So many requests for a job's rows are answered with null before it is finished. Default 0. */
  readonly notReady?: number;
  /** Whether a row at endTime itself belongs to the result. Default false. */
  readonly endIncluded?: boolean;
  /** Rows in one answer, whatever was asked for. Default 50 000. */
  readonly pageSize?: number;
}

export interface Sycope extends Vendor {
  readonly url: string;
  /** Adds rows, JSON texts of objects with `timestamp` in milliseconds. A row with an old time is a late one. */
  add(...rows: readonly string[]): void;
  /** Replaces all rows. */
  set(...rows: readonly string[]): void;
  /** Sessions without a logout. */
  openSessions(): number;
  logouts(): number;
  logins(): number;
  /** Ends all sessions behind the client's back. */
  expireSessions(): void;
  /** Drops all queries, finished or not. */
  forgetJobs(): void;
}

interface Finished {
  readonly rows: readonly Row[];
  readonly pageSize: number;
  waits: number;
}

export async function startSycope(options: SycopeOptions = {}): Promise<Sycope> {
  const { prefix = '/npm/api/v1', stream = 'auditLog', failures = 'body', total = 'number' } = options;
  const sessions = new Set<string>();
  const jobs = new Map<string, Finished>();
  let rows: Row[] = [];
  let logins = 0;
  let logouts = 0;

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const path = request.target.startsWith(`${prefix}/`) ? request.target.slice(prefix.length) : '';
    const call = `${request.method} ${path}`;
    if (call === 'POST /login') return login(request, response);
    const session = /JSESSIONID=([\w-]+)/.exec(request.headers.cookie?.toString() ?? '')?.[1] ?? '';
    if (call === 'GET /logout') {
      logouts += 1;
      sessions.delete(session);
      return sendJson(response, 200, '{"status":200,"code":"OK"}');
    }
    const job = /^POST \/pipeline\/([^/]+)\/data$/.exec(call)?.[1];
    if (call !== 'POST /pipeline/run' && job === undefined)
      return sendJson(response, 404, '{"status":404,"message":"Not Found"}');
    if (!sessions.has(session)) return refuse(response, 401, 'Unauthorized');
    return job === undefined ? run(request, response) : data(job, request, response);
  }

  function login(request: LoggedRequest, response: ServerResponse): void {
    const { username, password } = bodyOf(request);
    if (username !== (options.username ?? 'auditor') || password !== (options.password ?? 'secret')) {
      return refuse(response, 401, 'Invalid username or password');
    }
    const session = randomUUID();
    sessions.add(session);
    logins += 1;
    // Two cookies, since the name of the one that counts is not published.
    response.setHeader('Set-Cookie', [`JSESSIONID=${session}; Path=/; HttpOnly`, 'lang=en; Path=/']);
    sendJson(response, 200, '{"status":200,"code":"OK"}');
  }

  function run(request: LoggedRequest, response: ServerResponse): void {
    const body = bodyOf(request);
    const start = timeOf(body['startTime']);
    const end = timeOf(body['endTime']);
    if (start === undefined || end === undefined) return refuse(response, 400, 'Invalid time range');
    if (typeof body['nql'] !== 'string' || typeof body['waitTime'] !== 'number' || body['fsActive'] !== false) {
      return refuse(response, 400, 'Invalid request');
    }
    const limit = body['limit'];
    if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1)
      return refuse(response, 400, 'Invalid limit');
    let found: Row[];
    try {
      const query = parseNql(body['nql']);
      if (query.stream !== stream) return refuse(response, 400, `Unknown stream: ${query.stream}`);
      found = query.run(rows.filter((row) => isWithin(row, start, end)));
    } catch (error) {
      return refuse(response, 400, error instanceof Error ? error.message : String(error));
    }
    const job = randomUUID();
    const pageSize = Math.min(limit, options.pageSize ?? 50_000);
    jobs.set(job, { rows: found, pageSize, waits: options.notReady ?? 0 });
    const count = total === 'missing' ? '' : `"total":${total === 'number' ? found.length : total},`;
    return sendJson(
      response,
      200,
      `{"jobId":"${job}","data":{${count}"columns":[{"name":"id"},{"name":"timestamp"}]}}`,
    );
  }

  function data(name: string, request: LoggedRequest, response: ServerResponse): void {
    const job = jobs.get(name);
    const { limit, offset } = bodyOf(request);
    if (job === undefined) return refuse(response, 404, 'Job not found');
    if (typeof limit !== 'number' || typeof offset !== 'number') return refuse(response, 400, 'Invalid request');
    if (job.waits > 0) {
      job.waits -= 1;
      return sendJson(response, 200, '{"data":null}');
    }
    const page = job.rows.slice(offset, offset + Math.min(limit, job.pageSize));
    return sendJson(response, 200, `{"data":[${page.map((row) => row.text).join(',')}]}`);
  }

  function refuse(response: ServerResponse, status: number, message: string): void {
    if (failures === 'html' && status === 401) return sendHtml(response, 200);
    return sendJson(response, failures === 'http' ? status : 200, JSON.stringify({ status, message }));
  }

  function timeOf(value: unknown): number | undefined {
    const unit = { 'at-iso': 0, 'epoch-ms': 1, 'epoch-s': 1000 }[options.timeFormat ?? 'at-iso'];
    if (unit > 0) return Number.isInteger(value) ? unit * Number(value) : undefined;
    const match = /^@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))$/.exec(String(value));
    const time = Date.parse(match?.[1] ?? '');
    return Number.isNaN(time) ? undefined : time;
  }

  function isWithin(row: Row, start: number, end: number): boolean {
    const time = Number(row.value['timestamp']);
    return time >= start && (time < end || (options.endIncluded === true && time === end));
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    url: vendor.origin,
    add(...texts: readonly string[]) {
      rows.push(...texts.map(rowOf));
    },
    set(...texts: readonly string[]) {
      rows = texts.map(rowOf);
    },
    openSessions: () => sessions.size,
    logouts: () => logouts,
    logins: () => logins,
    expireSessions: () => sessions.clear(),
    forgetJobs: () => jobs.clear(),
  });
}

function rowOf(text: string): Row {
  return { text, value: JSON.parse(text) as Row['value'] };
}

function bodyOf(request: LoggedRequest): Readonly<Record<string, unknown>> {
  if (!String(request.headers['content-type']).startsWith('application/json')) return {};
  try {
    return JSON.parse(request.body) as Record<string, unknown>;
  } catch {
    return {};
  }
}
