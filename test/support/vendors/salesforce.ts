/**
 * Plays an org of Salesforce on its My Domain: tokens without an end, one SOQL query, and query locators, which stand
 * for what the query found when it was sent, in the session that it was sent in.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants, type TokenRefusal, type TokenRequest } from './token-grants.ts';

export interface Salesforce extends Vendor {
  readonly grants: TokenGrants;
  /** Stores entries of the trail: JSON texts. */
  add(...texts: string[]): void;
}

export interface SalesforceOptions extends ServerOptions {
  /** Entries on a page. */
  readonly perPage?: number;
}

interface Stored {
  readonly text: string;
  readonly value: { readonly Action: string };
  readonly time: number;
}

interface Located {
  readonly texts: readonly string[];
  readonly session: string | undefined;
}

const path = '/services/data/v62.0/query';
const ended = ['INVALID_SESSION_ID', 'Session expired or invalid'] as const;
const soql =
  /^SELECT (?:[A-Z]\w+(?:\.[A-Z]\w+)?, )*[A-Z]\w+ FROM SetupAuditTrail WHERE CreatedDate >= (\S+) AND CreatedDate < (\S+)(?: AND \(Action = '(\w+)'\))? ORDER BY CreatedDate$/;

export async function startSalesforce(options: SalesforceOptions = {}): Promise<Salesforce> {
  const perPage = options.perPage ?? 2000;
  const log: Stored[] = [];
  const locators: Located[] = [];
  const grants = tokenGrants(refusal, {
    signature: 'c2lnbmF0dXJl',
    instance_url: 'https://example.my.salesforce.example',
    id: 'https://login.salesforce.example/id/00DXx0000000001MAA/005Xx0000000001IAA',
    token_type: 'Bearer',
    issued_at: '1795165200000',
  });

  function refusal({ form }: TokenRequest): TokenRefusal | undefined {
    const { grant_type: grant, client_id: id, client_secret: secret, ...odd } = form;
    if (grant !== 'client_credentials' || Object.keys(odd).length > 0) {
      return { error: 'unsupported_grant_type', description: 'grant type not supported' };
    }
    if (id !== 'client') return { error: 'invalid_client_id', description: 'client identifier invalid' };
    return secret === 'secret'
      ? undefined
      : { status: 400, error: 'invalid_client', description: 'invalid client credentials' };
  }

  function answer(request: LoggedRequest, response: ServerResponse): void {
    if (request.target === '/services/oauth2/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, ...ended);
    const session = request.headers.authorization?.toString();
    const url = new URL(request.target, vendor.origin);
    const [, locator, begin] = new RegExp(`^${path}/01gXx(\\d+)-(\\d+)$`).exec(url.pathname) ?? [];
    if (locator !== undefined && url.search === '') {
      return page(Number(locator), Number(begin), session, response);
    }
    if (url.pathname !== path) return failure(response, 404, 'NOT_FOUND', 'The requested resource does not exist');
    const found = query(url.searchParams.get('q') ?? '');
    if (found === undefined) return failure(response, 400, 'MALFORMED_QUERY', 'unexpected token');
    page(locators.push({ texts: found, session }) - 1, 0, session, response);
  }

  function query(text: string): string[] | undefined {
    const [, from = '', until = '', action] = soql.exec(text) ?? [];
    const [begin, end] = [Date.parse(from), Date.parse(until)];
    if (Number.isNaN(begin + end)) return undefined;
    return log
      .filter(({ time, value }) => time >= begin && time < end && (action === undefined || value.Action === action))
      .toSorted((a, b) => a.time - b.time)
      .map((stored) => stored.text);
  }

  function page(locator: number, begin: number, session: string | undefined, response: ServerResponse): void {
    const located = locators[locator];
    if (located === undefined) return failure(response, 400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
    if (located.session !== session) return failure(response, 401, ...ended);
    const { texts } = located;
    const end = begin + perPage;
    const more = end < texts.length ? `"done":false,"nextRecordsUrl":"${path}/01gXx${locator}-${end}"` : '"done":true';
    const shown = texts.slice(begin, end).join(',');
    sendJson(response, 200, `{"totalSize":${texts.length},${more},"records":[${shown}]}`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    grants,
    add(...texts: string[]) {
      for (const text of texts) {
        const value = JSON.parse(text) as { Action: string; CreatedDate: string };
        log.push({ text, value, time: Date.parse(value.CreatedDate.replace('+0000', 'Z')) });
      }
    },
  });
}

function failure(response: ServerResponse, status: number, errorCode: string, message: string): void {
  sendJson(response, status, JSON.stringify([{ message, errorCode }]));
}
