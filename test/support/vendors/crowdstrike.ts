/**
 * Plays the alerts of CrowdStrike Falcon: a token for a client ID and its secret, and alerts as they are now, by the time of
 * their last change, with a token for what follows on every page that is full.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { pageSize, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface CrowdStrike extends Vendor {
  readonly grants: TokenGrants;
  /** Alerts, or changes of alerts. */
  add(...texts: readonly string[]): void;
}

interface Alert {
  readonly composite_id: string;
  readonly product: string;
  readonly updated_timestamp: string;
}

interface Body {
  readonly filter?: string;
  readonly sort?: string;
  readonly limit?: number;
  readonly after?: string;
}

const language = /^updated_timestamp:>='([^']+)'\+updated_timestamp:<'([^']+)'(?:\+\(product:'(\w+)'\))?$/;

export async function startCrowdStrike(options: ServerOptions = {}): Promise<CrowdStrike> {
  const alerts = new Map<string, { readonly text: string; readonly alert: Alert; readonly place: string }>();
  const grants = tokenGrants(
    ({ form }) => {
      const { grant_type: grant, client_id: id, client_secret: secret, member_cid: member, ...odd } = form;
      if (grant !== 'client_credentials') return 'unsupported_grant_type';
      if (Object.keys(odd).length > 0 || (member !== undefined && member !== 'member')) return 'invalid_request';
      return id === 'client' && secret === 'secret' ? undefined : { status: 403, error: 'access_denied' };
    },
    { token_type: 'bearer', expires_in: 1799 },
  );

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target, headers, body } = request;
    if (target === '/oauth2/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'access denied, invalid bearer token');
    const isJson = headers['content-type'] === 'application/json';
    if (method !== 'POST' || target !== '/alerts/combined/alerts/v1' || !isJson) {
      return failure(response, 404, '404: Page Not Found');
    }
    try {
      sendJson(response, 200, page(JSON.parse(body) as Body), { 'X-RateLimit-Limit': '6000' });
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page({ filter = '', sort, limit, after, ...odd }: Body): string {
    const [, from = null, until = null, product] = language.exec(filter) ?? [];
    if (Object.keys(odd).length > 0 || sort !== 'updated_timestamp|asc') throw new Error('invalid request');
    const size = pageSize('limit', String(limit ?? 100), 100, 1000);
    const [begin, end] = [rfc3339('filter', from), rfc3339('filter', until)];
    const last = after === undefined ? '' : Buffer.from(after, 'base64url').toString();
    const found = [...alerts.values()]
      .filter(({ alert }) => product === undefined || alert.product === product)
      .filter(({ alert: { updated_timestamp: time } }) => Date.parse(time) >= begin && Date.parse(time) < end)
      .toSorted((a, b) => (a.place < b.place ? -1 : 1));
    const shown = found.filter(({ place }) => place > last).slice(0, size);
    const next = shown.length === size ? { after: Buffer.from(shown.at(-1)?.place ?? '').toString('base64url') } : {};
    const pagination = { limit: size, total: found.length, ...next };
    const meta = JSON.stringify({ query_time: 0.01, pagination, powered_by: 'detectsapi', trace_id: 'made up' });
    return `{"meta":${meta},"errors":[],"resources":[${shown.map(({ text }) => text).join(',')}]}`;
  }

  return Object.assign(await serve(options, answer), {
    grants,
    add(...texts: readonly string[]) {
      for (const text of texts) {
        const alert = JSON.parse(text) as Alert;
        alerts.set(alert.composite_id, { text, alert, place: `${alert.updated_timestamp} ${alert.composite_id}` });
      }
    },
  });
}

function failure(response: ServerResponse, code: number, message: string): void {
  const meta = { query_time: 0, trace_id: 'made up' };
  sendJson(response, code, JSON.stringify({ meta, errors: [{ code, message }], resources: [] }));
}
