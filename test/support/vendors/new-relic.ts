/**
 * Plays the audit events of New Relic: NRQL inside GraphQL, accounts apart, the beginning inside the window and the end not,
 * oldest first, as many as asked for and no word of the rest, and errors beside the data.
 */
import type { ServerResponse } from 'node:http';
import { pageSize } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface NewRelic extends Vendor {
  add(account: string, ...texts: readonly string[]): void;
}

interface Body {
  readonly query?: string;
  readonly variables?: { readonly nrql?: string };
}

const graphql =
  /^query \(\$nrql: Nrql!\) \{ actor \{ account\(id: (\d+)\) \{ nrql\(query: \$nrql, timeout: \d+\) \{ results \} \} \} \}$/;
const nrql =
  /^SELECT \* FROM NrAuditEvent(?: WHERE \(actorEmail = '([^']*)'\))? SINCE (\d{13}) UNTIL (\d{13}) ORDER BY timestamp LIMIT (\d+)$/;

export async function startNewRelic(options: ServerOptions = {}): Promise<NewRelic> {
  const log: { readonly account: string; readonly time: number; readonly text: string }[] = [];

  function answer({ method, target, headers, body }: LoggedRequest, response: ServerResponse): void {
    if (headers['api-key'] !== 'NRAK-key') return failure(response, 401, 'Invalid API key');
    if (method !== 'POST' || target !== '/graphql') return failure(response, 404, 'Not Found');
    try {
      sendJson(response, 200, page(JSON.parse(body) as Body));
    } catch (error) {
      failure(response, 200, error instanceof Error ? error.message : String(error));
    }
  }

  function page({ query = '', variables = {} }: Body): string {
    const [, account] = graphql.exec(query) ?? [];
    if (account === undefined) throw new Error('Syntax error');
    const [, email, from, until, limit = null] = nrql.exec(variables.nrql ?? '') ?? [];
    const size = pageSize('NRQL Syntax Error: LIMIT', limit, 0, 5000);
    const found = log
      .filter((event) => event.account === account && event.time >= Number(from) && event.time < Number(until))
      .filter(({ text }) => email === undefined || text.includes(`"actorEmail":"${email}"`))
      .toSorted((a, b) => a.time - b.time)
      .slice(0, size);
    return `{"data":{"actor":{"account":{"nrql":{"results":[${found.map(({ text }) => text).join(',')}]}}}}}`;
  }

  return Object.assign(await serve(options, answer), {
    add(account: string, ...texts: readonly string[]) {
      log.push(
        ...texts.map((text) => ({ account, text, time: (JSON.parse(text) as { timestamp: number }).timestamp })),
      );
    },
  });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ data: { actor: null }, errors: [{ message, path: ['made', 'up'] }] }));
}
