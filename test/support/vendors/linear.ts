/**
 * Plays Linear's audit log: one GraphQL query, newest first, a cursor on every page that has entries, a flag that tells
 * whether more follows, and errors beside the data.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Linear extends Vendor {
  add(...texts: readonly string[]): void;
}

interface Body {
  readonly query?: string;
  readonly variables?: {
    readonly from?: string;
    readonly until?: string;
    readonly first?: number;
    readonly after?: string;
  };
}

const known =
  /^query \(\$from: DateTimeOrDuration, .*auditEntries\(\s*filter: .*nodes \{.*pageInfo \{ hasNextPage endCursor \}/s;

export async function startLinear(options: ServerOptions = {}): Promise<Linear> {
  const log = recordLog(/"createdAt":"([^"]+)"/);

  function answer({ method, target, headers, body }: LoggedRequest, response: ServerResponse): void {
    if (method !== 'POST' || target !== '/graphql') return void response.writeHead(404).end();
    if (headers.authorization !== 'lin_api_key') {
      return failure(response, 401, 'AUTHENTICATION_ERROR', 'Authentication required, not authenticated');
    }
    try {
      const { query = '', variables = {} } = JSON.parse(body) as Body;
      if (headers['content-type'] !== 'application/json' || !known.test(query)) throw new Error('Cannot query field');
      sendJson(response, 200, page(variables));
    } catch (error) {
      failure(response, 400, 'INPUT_ERROR', error instanceof Error ? error.message : String(error));
    }
  }

  function page({ from = '', until = '', first = 50, after }: NonNullable<Body['variables']>): string {
    const size = pageSize('first', String(first), 50, 250);
    const found = log.between(rfc3339('from', from), rfc3339('until', until)).toReversed();
    const asked = [from, until].join();
    const skip = skipped(after ?? null, asked);
    const nodes = found.slice(skip, skip + size);
    const info = {
      hasNextPage: skip + size < found.length,
      endCursor: nodes.length === 0 ? null : cursorOf(skip + nodes.length, asked),
    };
    return `{"data":{"auditEntries":{"nodes":[${nodes.join(',')}],"pageInfo":${JSON.stringify(info)}}}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, JSON.stringify({ errors: [{ message, extensions: { code, type: 'made up' } }] }));
}
