/**
 * Plays the audit logs of Docker Hub: a login that gives a bearer token, neither end inside the window, newest first,
 * numbered pages without an end, and no list on a page without events.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, recordLog, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface DockerHub extends Vendor {
  add(...texts: readonly string[]): void;
  /** Ends all tokens so far. */
  revoke(): void;
}

interface Event {
  readonly action: string;
  readonly actor: string;
  readonly name: string;
}

const filters = ['action', 'actor', 'name'] as const;

export async function startDockerHub(options: ServerOptions = {}): Promise<DockerHub> {
  const log = recordLog(/"timestamp":"([^"]+)"/);
  let granted = 0;
  let revoked = 0;

  function answer({ method, target, headers, body }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://docker');
    if (method === 'POST' && pathname === '/v2/auth/token') {
      const { identifier, secret } = JSON.parse(body) as { identifier?: string; secret?: string };
      if (identifier !== 'fig' || secret !== 'dckr_oat') return failure(response, 401, 'incorrect authentication');
      return sendJson(response, 200, JSON.stringify({ access_token: `jwt-${++granted}` }));
    }
    const token = Number(/^Bearer jwt-(\d+)$/.exec(headers.authorization?.toString() ?? '')?.[1] ?? 0);
    if (token <= revoked || token > granted) return failure(response, 401, 'unauthorized');
    if (method !== 'GET' || pathname !== '/v2/auditlogs/fig') return failure(response, 404, 'not found');
    try {
      onlyParameters(searchParams, ['from', 'to', 'page', 'page_size', ...filters]);
      sendJson(response, 200, page(searchParams), { 'X-RateLimit-Limit': '180' });
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const size = pageSize('page_size', query.get('page_size'), 25, 100);
    const number = pageSize('page', query.get('page'), 1, 1_000_000);
    const found = log
      .between(rfc3339('from', query.get('from')) + 1, rfc3339('to', query.get('to')))
      .filter((text) => {
        const event = JSON.parse(text) as Event;
        return filters.every((name) => [null, event[name]].includes(query.get(name)));
      })
      .toReversed();
    const shown = found.slice((number - 1) * size, number * size);
    return shown.length === 0 ? '{}' : `{"logs":[${shown.join(',')}]}`;
  }

  return Object.assign(await serve(options, answer), {
    add: log.add,
    revoke() {
      revoked = granted;
    },
  });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ code: status, message, details: [] }));
}
