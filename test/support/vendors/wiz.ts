/**
 * Plays the audit log of Wiz: a token by client credentials for an audience, one GraphQL query with a number of entries and
 * no end of the window, whose beginning does not belong to it, newest first, and errors beside the data.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Wiz extends Vendor {
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
}

interface Body {
  readonly query?: string;
  readonly variables?: {
    readonly first?: number;
    readonly after?: string;
    readonly filter?: { readonly timestamp?: { readonly after?: string } };
  };
}

const known =
  /^query \(\$first: Int, \$after: String, \$filter: AuditLogEntryFilters\).*auditLogEntries\(.*nodes \{.*pageInfo \{ hasNextPage endCursor \}/s;

export async function startWiz(options: ServerOptions = {}): Promise<Wiz> {
  const log = recordLog(/"timestamp":"([^"]+)"/);
  const grants = tokenGrants(({ form }) => {
    if (form['client_id'] !== 'client' || form['client_secret'] !== 'secret') return 'invalid_client';
    const asked = form['grant_type'] === 'client_credentials' && form['audience'] === 'wiz-api';
    return asked ? undefined : 'access_denied';
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target, body } = request;
    if (target === '/oauth/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'Unauthorized');
    if (method !== 'POST' || target !== '/graphql') return failure(response, 404, 'Not found');
    try {
      const { query = '', variables = {} } = JSON.parse(body) as Body;
      if (!known.test(query)) throw new Error('Cannot query field');
      sendJson(response, 200, page(variables));
    } catch (error) {
      failure(response, 200, error instanceof Error ? error.message : String(error));
    }
  }

  function page({ first, after, filter }: NonNullable<Body['variables']>): string {
    if (first === undefined) throw new Error('first is required');
    const size = pageSize('first', String(first), 0, 500);
    const from = rfc3339('timestamp.after', filter?.timestamp?.after ?? null);
    const found = log.between(from + 1, Infinity).toReversed();
    const asked = JSON.stringify(filter);
    const skip = skipped(after ?? null, asked);
    const more = skip + size < found.length;
    const info = JSON.stringify({ hasNextPage: more, endCursor: more ? cursorOf(skip + size, asked) : '' });
    const nodes = found.slice(skip, skip + size).join(',');
    return `{"data":{"auditLogEntries":{"nodes":[${nodes}],"pageInfo":${info}}}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add, grants });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ errors: [{ message, extensions: { code: 'made up' } }], data: null }));
}
