/**
 * Plays Cirrus Identity's Log API v1, after the vendor's OpenAPI document: HTTP Basic, organisation URLs that must
 * match byte for byte, tokens in the order of ingestion, no time filter, no record IDs.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface CirrusOptions extends ServerOptions {
  /** Default `key` and `secret`. */
  readonly key?: string;
  readonly secret?: string;
  /** What the key may read. Default `http://www.institution.edu`. */
  readonly orgUrls?: readonly string[];
}

export interface Cirrus extends Vendor {
  /** The API's base, `…/logs/v1`. */
  readonly url: string;
  /** Stores records, JSON texts, as of `at` (default now), of an organisation (default the first). */
  add(records: readonly string[], stored?: { readonly orgUrl?: string; readonly at?: number }): void;
  /** From now on every token issued so far is refused with 422. */
  expireTokens(): void;
  /** The next so many requests are answered 429. */
  limitRate(requests: number, retryAfter: string): void;
}

interface Stored {
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly at: number;
  readonly token: string;
}

const enums: Readonly<Record<string, readonly string[]>> = {
  service: ['bridge', 'gateway', 'idGeneration', 'idp', 'mail', 'proxy'],
  logType: ['account', 'authentication', 'cas', 'create', 'emailMFA', 'oidc', 'password', 'sending'],
  logSubtype: (
    'authenticationSuccess authorize error expiredCode failure idToken invalidCode login logout manage noEmail queued ' +
    'request samlValidate send sent serviceValidate success token userinfo validate'
  ).split(' '),
};

const hour = 60 * 60_000;

export async function startCirrus(options: CirrusOptions = {}): Promise<Cirrus> {
  const now = options.now ?? Date.now;
  const orgUrls = options.orgUrls ?? ['http://www.institution.edu'];
  const logs = new Map<string, Stored[]>(orgUrls.map((orgUrl) => [orgUrl, []]));
  const expired = new Set<string>();
  const limited = { requests: 0, retryAfter: '' };
  let serial = 0;

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const url = new URL(request.target, 'http://cirrus');
    if (limited.requests > 0) {
      limited.requests -= 1;
      return sendJson(response, 429, '{"detail":"Too many requests"}', { 'Retry-After': limited.retryAfter });
    }
    const credentials = Buffer.from(`${options.key ?? 'key'}:${options.secret ?? 'secret'}`).toString('base64');
    if (request.headers.authorization !== `Basic ${credentials}`) {
      return sendJson(response, 401, '{"detail":"invalid API authentication"}', { 'WWW-Authenticate': 'Basic' });
    }
    if (request.method !== 'GET') return sendJson(response, 405, '{"detail":"Method Not Allowed"}');
    if (url.pathname === '/logs/v1/orgUrls') return sendJson(response, 200, JSON.stringify({ orgUrls }));
    if (url.pathname === '/logs/v1/orgLogs') return orgLogs(url.searchParams, response);
    return sendJson(response, 404, '{"detail":"Not Found"}');
  }

  function orgLogs(parameters: URLSearchParams, response: ServerResponse): void {
    const orgUrl = parameters.get('orgUrl');
    const token = parameters.get('nextToken');
    const limit = Number(parameters.get('limit') ?? 1000);
    if (orgUrl === null) return invalid(response, 'orgUrl', 'field required', 'value_error.missing');
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      return invalid(response, 'limit', 'ensure this value is between 1 and 1000', 'value_error.number');
    }
    for (const [name, values] of Object.entries(enums)) {
      const value = parameters.get(name);
      if (value !== null && !values.includes(value)) {
        return invalid(response, name, 'value is not a valid enumeration member', 'type_error.enum');
      }
    }
    if (token !== null && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(token)) {
      return invalid(response, 'nextToken', 'value is not a valid uuid', 'type_error.uuid');
    }
    if (token !== null && expired.has(token)) return invalid(response, 'nextToken', 'token expired', 'value_error');
    const log = logs.get(orgUrl);
    if (log === undefined) return sendJson(response, 403, '{"detail":"Not authorized for org"}');

    const after =
      token === null ? (stored: Stored) => stored.at >= now() - hour : (stored: Stored) => stored.token > token;
    const page = log.filter((stored) => after(stored) && matches(stored, parameters)).slice(0, limit);
    const next = page.at(-1)?.token ?? token;
    const events = page.map((stored) => stored.text).join(',');
    const query = new URLSearchParams({ orgUrl, nextToken: next ?? '' }).toString();
    const link = `${vendor.origin}/logs/v1/orgLogs?${query}`;
    const ends =
      next === null ? '"next":null,"nextToken":null' : `"next":${JSON.stringify(link)},"nextToken":"${next}"`;
    return sendJson(
      response,
      200,
      `{"ref":"${tokenOf(now(), 0)}",${ends},"count":${page.length},"logEvents":[${events}]}`,
    );
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    url: `${vendor.origin}/logs/v1`,
    add(records: readonly string[], stored: { readonly orgUrl?: string; readonly at?: number } = {}) {
      const at = stored.at ?? now();
      for (const text of records) {
        const value = JSON.parse(text) as Stored['value'];
        logs.get(stored.orgUrl ?? orgUrls[0] ?? '')?.push({ text, value, at, token: tokenOf(at, (serial += 1)) });
      }
      for (const log of logs.values()) log.sort((a, b) => (a.token < b.token ? -1 : 1));
    },
    expireTokens() {
      for (const log of logs.values()) for (const { token } of log) expired.add(token);
    },
    limitRate(requests: number, retryAfter: string) {
      Object.assign(limited, { requests, retryAfter });
    },
  });
}

const filters = ['service', 'logType', 'logSubtype', 'tenant'];

function matches({ value }: Stored, parameters: URLSearchParams): boolean {
  return filters.every((name) => !parameters.has(name) || value[name] === parameters.get(name));
}

/** A UUID of version 7: 48 bits of milliseconds, then what keeps the order. */
function tokenOf(at: number, serial: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${serial.toString(16).padStart(12, '0')}`;
}

function invalid(response: ServerResponse, name: string, message: string, type: string): void {
  sendJson(response, 422, JSON.stringify({ detail: [{ loc: ['query', name], msg: message, type }] }));
}
