/**
 * Plays the events of a Keycloak realm: a token of some realm that ends after a minute, login and admin events apart, a
 * beginning by the millisecond, no end, oldest first, and rows that are counted. A `dateTo` finds nothing, as in 26.2.0.
 * Events of one millisecond come in another order each time, as a database may have them that is to order by time alone.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Keycloak extends Vendor {
  readonly grants: TokenGrants;
  add(kind: string, ...texts: readonly string[]): void;
  /** Deletes this one, as when it expires. */
  expire(kind: string, text: string): void;
}

export interface KeycloakOptions extends ServerOptions {
  /** The realm that the client is in. Default: the one that is read. */
  readonly home?: string;
}

export const kinds = ['events', 'admin-events'] as const;
export const realm = 'staff';

export async function startKeycloak({ home = realm, ...options }: KeycloakOptions = {}): Promise<Keycloak> {
  const logs = new Map<string, string[]>(kinds.map((kind) => [kind, []]));
  let answers = 0;
  const grants = tokenGrants(
    ({ form }) => {
      if (form['client_id'] !== 'client' || form['client_secret'] !== 'secret') return 'unauthorized_client';
      return form['grant_type'] === 'client_credentials' ? undefined : 'unsupported_grant_type';
    },
    { token_type: 'Bearer', expires_in: 60, 'not-before-policy': 0, scope: 'profile email' },
  );

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.target, 'http://keycloak');
    if (pathname === `/realms/${home}/protocol/openid-connect/token`) return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'HTTP 401 Unauthorized');
    const [, asked = '', kind = ''] = /^\/admin\/realms\/([^/]+)\/([^/]+)$/.exec(pathname) ?? [];
    const log = logs.get(kind);
    if (request.method !== 'GET' || asked !== realm || !log) return failure(response, 404, 'Realm not found.');
    try {
      sendJson(response, 200, page(log, searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(log: readonly string[], query: URLSearchParams): string {
    onlyParameters(query, ['dateFrom', 'dateTo', 'direction', 'first', 'max']);
    const max = pageSize('max', query.get('max'), 100, 100_000);
    const [first, from] = [Number(query.get('first') ?? 0), Number(query.get('dateFrom') ?? 0)];
    if (Number.isNaN(first) || Number.isNaN(from)) throw new Error('Invalid value');
    if (query.has('dateTo')) return '[]';
    answers += 1;
    const turned = answers % 2 === 0 ? log.toReversed() : log;
    const found = turned.filter((text) => timeOf(text) >= from).toSorted((a, b) => timeOf(a) - timeOf(b));
    const ordered = query.get('direction') === 'asc' ? found : found.toReversed();
    return `[${ordered.slice(first, first + max).join(',')}]`;
  }

  return Object.assign(await serve(options, answer), {
    grants,
    add: (kind: string, ...texts: readonly string[]) => void logs.get(kind)?.push(...texts),
    expire(kind: string, text: string) {
      const log = logs.get(kind) ?? [];
      log.splice(log.indexOf(text), 1);
    },
  });
}

function timeOf(text: string): number {
  return Number(/"time":(\d+)/.exec(text)?.[1]);
}

function failure(response: ServerResponse, status: number, error: string): void {
  sendJson(response, status, JSON.stringify({ error }));
}
