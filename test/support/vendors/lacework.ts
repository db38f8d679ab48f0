/**
 * Plays the audit logs of Lacework: a login with the secret in a header, tokens that end, neither end inside the window, no
 * content where there is nothing, and addresses of further pages.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Lacework extends Vendor {
  add(...texts: readonly string[]): void;
  /** Ends all tokens so far. */
  revoke(): void;
}

export interface LaceworkOptions extends ServerOptions {
  /** Records in a page. */
  readonly most?: number;
}

const day = 86_400_000;

export async function startLacework({ most = 10, ...options }: LaceworkOptions = {}): Promise<Lacework> {
  const log = recordLog(/"createdTime":"([^"]+)"/);
  let granted = 0;
  let revoked = 0;

  function answer({ method, target, headers, body }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, vendor.origin);
    if (method === 'POST' && pathname === '/api/v2/access/tokens') {
      const { keyId } = JSON.parse(body) as { keyId?: string };
      if (keyId !== 'KEY' || headers['x-lw-uaks'] !== 'secret') return failure(response, 401, 'Unauthorized');
      return sendJson(response, 201, JSON.stringify({ token: `_${++granted}`, expiresAt: 'made up' }));
    }
    const token = Number(/^Bearer _(\d+)$/.exec(headers.authorization?.toString() ?? '')?.[1] ?? 0);
    if (token <= revoked || token > granted) return failure(response, 401, 'Unauthorized');
    const [, cursor] = /^\/api\/v2\/AuditLogs(?:\/([\w-]+))?$/.exec(pathname) ?? [];
    if (method !== 'GET' || !pathname.startsWith('/api/v2/AuditLogs')) return failure(response, 404, 'Not found');
    try {
      onlyParameters(searchParams, ['startTime', 'endTime']);
      page(searchParams, cursor, response);
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams, cursor: string | undefined, response: ServerResponse): void {
    const [from, until] = ['startTime', 'endTime'].map((name) => rfc3339(name, query.get(name)));
    if ((until ?? 0) - (from ?? 0) > 7 * day + 1000) throw new Error('The time range must not exceed 7 days');
    const found = log.between((from ?? 0) + 1, until ?? 0).toReversed();
    if (found.length === 0) return void response.writeHead(204).end();
    const asked = String(query);
    const skip = skipped(cursor ?? null, asked);
    const shown = found.slice(skip, skip + most);
    const rest = `/api/v2/AuditLogs/${cursorOf(skip + most, asked)}?${asked}`;
    const nextPage = skip + most < found.length ? `${vendor.origin}${rest}` : null;
    const paging = JSON.stringify({ rows: shown.length, totalRows: found.length, urls: { nextPage } });
    sendJson(response, 200, `{"paging":${paging},"data":[${shown.join(',')}]}`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add: log.add,
    revoke() {
      revoked = granted;
    },
  });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ message }));
}
