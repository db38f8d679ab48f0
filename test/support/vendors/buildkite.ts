/**
 * Plays Buildkite's audit log: one GraphQL query, newest first, with neither end inside the window, a cursor on every page
 * that has events, a flag that tells whether more follows, and errors with HTTP 200.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Buildkite extends Vendor {
  add(...texts: readonly string[]): void;
}

interface Variables {
  readonly organization?: string;
  readonly from?: string;
  readonly until?: string;
  readonly types?: readonly string[];
  readonly first?: number;
  readonly after?: string;
}

const known =
  /^query \(\$organization: ID, .*organization\(slug: \$organization\) \{\s+auditEvents\(occurredAtFrom: .*pageInfo \{ hasNextPage endCursor \}/s;

export async function startBuildkite(options: ServerOptions = {}): Promise<Buildkite> {
  const log = recordLog(/"occurredAt":"([^"]+)"/);

  function answer({ method, target, headers, body }: LoggedRequest, response: ServerResponse): void {
    if (method !== 'POST' || target !== '/v1') return void response.writeHead(404).end();
    if (headers.authorization !== 'Bearer bkua_key') {
      return failure(response, 401, 'Authentication required. Please supply a valid API Access Token');
    }
    try {
      const { query = '', variables = {} } = JSON.parse(body) as { query?: string; variables?: Variables };
      if (headers['content-type'] !== 'application/json' || !known.test(query)) throw new Error('Parse error');
      const events = variables.organization === 'acme-inc' ? page(variables) : undefined;
      const organization = events === undefined ? 'null' : `{"auditEvents":${events}}`;
      sendJson(response, 200, `{"data":{"organization":${organization}}}`);
    } catch (error) {
      failure(response, 200, error instanceof Error ? error.message : String(error));
    }
  }

  function page({ after, ...asked }: Variables): string {
    const { from = null, until = null, types, first } = asked;
    const size = pageSize('first', String(first ?? 500), 500, 500);
    const found = log
      .between(rfc3339('occurredAtFrom', from) + 1, rfc3339('occurredAtTo', until))
      .filter((text) => types?.includes((JSON.parse(text) as { node: { type: string } }).node.type) ?? true)
      .toReversed();
    const query = JSON.stringify(asked);
    const skip = skipped(after ?? null, query);
    const edges = found.slice(skip, skip + size);
    const info = {
      hasNextPage: skip + size < found.length,
      endCursor: edges.length === 0 ? null : cursorOf(skip + edges.length, query),
    };
    return `{"edges":[${edges.join(',')}],"pageInfo":${JSON.stringify(info)}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ errors: [{ message }] }));
}
