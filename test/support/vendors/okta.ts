/**
 * Plays the Okta System Log, after the vendor's page "System Log query" and its OpenAPI document: an SSWS token, or one that
 * a service app was granted, bare arrays, Link headers, polling requests by the time of storage that always have a next
 * page, bounded ones by `published`.
 */
import { Buffer } from 'node:buffer';
import { verify } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants, type TokenRefusal, type TokenRequest } from './token-grants.ts';

export interface Okta extends Vendor {
  /** Of the service app. */
  readonly grants: TokenGrants;
  /** Stores events now: JSON texts with `published`. */
  add(...texts: readonly string[]): void;
}

export interface OktaOptions extends ServerOptions {
  /** Requests a minute; more are answered 429. */
  readonly perMinute?: number;
  /** Of the service app `client`, in PEM form; without it there is none. */
  readonly publicKey?: string;
}

interface Stored {
  readonly text: string;
  readonly stored: number;
  readonly published: number;
  readonly value: Readonly<Record<string, unknown>>;
}

const known = ['since', 'until', 'after', 'filter', 'q', 'limit', 'sortOrder'];

export async function startOkta(options: OktaOptions = {}): Promise<Okta> {
  const now = options.now ?? Date.now;
  const perMinute = options.perMinute ?? 120;
  const log: Stored[] = [];
  let recent: number[] = [];
  const grants = tokenGrants((request) => {
    const endpoint = `${vendor.origin}/oauth2/v1/token`;
    return refusalOf(request, { endpoint, publicKey: options.publicKey ?? '', seconds: now() / 1000 });
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    recent = recent.filter((at) => Math.floor(at / 60_000) === Math.floor(now() / 60_000));
    response.setHeader('X-Rate-Limit-Limit', String(perMinute));
    response.setHeader('X-Rate-Limit-Remaining', String(Math.max(0, perMinute - recent.length - 1)));
    response.setHeader('X-Rate-Limit-Reset', String((Math.floor(now() / 60_000) + 1) * 60));
    if (recent.length >= perMinute)
      return failure(response, 429, 'E0000047', 'API call exceeded rate limit due to too many requests.');
    recent.push(now());
    if (request.target === '/oauth2/v1/token') return grants.answer(request, response);
    if (request.headers.authorization !== 'SSWS token' && !grants.opens(request))
      return failure(response, 401, 'E0000011', 'Invalid token provided');
    const url = new URL(request.target, vendor.origin);
    if (url.pathname !== '/api/v1/logs') return failure(response, 404, 'E0000022', 'The endpoint does not exist');
    try {
      page(url, response);
    } catch (error) {
      failure(
        response,
        400,
        'E0000001',
        `Api validation failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  function page(url: URL, response: ServerResponse): void {
    const { searchParams } = url;
    const unknown = [...searchParams.keys()].find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Error(`'${unknown}': unknown parameter`);
    const limit = Number(searchParams.get('limit') ?? 100);
    if (!(limit >= 0 && limit <= 1000)) throw new Error("'limit': must be between 0 and 1000");
    const polls = !searchParams.has('until') && searchParams.get('sortOrder') === 'ASCENDING';
    const found = log
      .toSorted((a, b) => (polls ? a.stored - b.stored : a.published - b.published))
      .filter(wanted(searchParams, polls))
      .filter(filterOf(searchParams.get('filter')));
    const begin = Number(searchParams.get('after') ?? 0);
    const shown = found.slice(begin, begin + limit);
    const links = [`<${url.href}>; rel="self"`];
    if (polls || begin + limit < found.length) links.push(`<${nextOf(url, begin + shown.length)}>; rel="next"`);
    response.setHeader('Link', links); // two headers, as Okta sends them
    sendJson(response, 200, `[${shown.map(({ text }) => text).join(',')}]`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    grants,
    add(...texts: readonly string[]) {
      for (const text of texts) {
        const value = JSON.parse(text) as Record<string, unknown>;
        log.push({ text, stored: now(), published: Date.parse(String(value['published'])), value });
      }
    },
  });
}

/** What the token endpoint of an organization asks of a service app. */
function refusalOf(
  { client, form, query }: TokenRequest,
  app: { endpoint: string; publicKey: string; seconds: number },
): TokenRefusal | undefined {
  const { grant_type: grant, scope, client_assertion_type: type, client_assertion: assertion = '', ...odd } = form;
  const refused = (error: string, description: string): TokenRefusal => ({ error, description });
  if (client !== undefined || type !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') {
    const must = 'must use the private_key_jwt token_endpoint_auth_method.';
    return refused('invalid_client', `Client Credentials requests to the Org Authorization Server ${must}`);
  }
  if (grant !== 'client_credentials' || Object.keys({ ...odd, ...query }).length > 0)
    return refused('invalid_request', 'The request has what it should not.');
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const [header = {}, claims = {}] = [head, body].map(
    (part) => JSON.parse(Buffer.from(part, 'base64url').toString() || '{}') as Record<string, unknown>,
  );
  const isSigned = verify('sha256', Buffer.from(`${head}.${body}`), app.publicKey, Buffer.from(signature, 'base64url'));
  if (header['alg'] !== 'RS256' || (header['kid'] ?? 'key') !== 'key' || !isSigned)
    return refused('invalid_client', 'The client_assertion signature is invalid.');
  if (claims['iss'] !== 'client' || claims['sub'] !== 'client')
    return refused('invalid_client', "The client_assertion's issuer and subject must be the client_id.");
  if (claims['aud'] !== app.endpoint)
    return refused('invalid_client', `The audience claim for client_assertion must be the endpoint invoked.`);
  const [issued, expires] = [Number(claims['iat']), Number(claims['exp'])];
  if (!(issued <= app.seconds && expires > app.seconds && expires - issued <= 3600))
    return refused('invalid_client', 'The client_assertion token is expired or too long-lived.');
  return scope === 'okta.logs.read'
    ? undefined
    : refused('invalid_scope', 'One or more scopes are not configured for the authorization server resource.');
}

/** The window of a first page goes on with its cursor. */
function nextOf(url: URL, after: number): string {
  const next = new URL(url);
  next.searchParams.set('after', String(after));
  return next.href;
}

function wanted(parameters: URLSearchParams, polls: boolean): (event: Stored) => boolean {
  const [since, until] = ['since', 'until'].map((name) => {
    const text = parameters.get(name);
    const time = text === null ? undefined : Date.parse(text);
    if (Number.isNaN(time)) throw new Error(`'${name}': must be a valid date-time or empty.`);
    return time;
  });
  return ({ stored, published }) => {
    const time = polls ? stored : published;
    return time >= (since ?? 0) && time < (until ?? Infinity);
  };
}

/** `a eq "x" and (b eq "y" or …)`, in the fields that tests use. */
function filterOf(text: string | null): (event: Stored) => boolean {
  if (text === null) return () => true;
  const alternatives = text.split(' or ').map((each) => each.split(' and ').map(comparison));
  if (/^\(.*\) and /.test(text)) {
    const end = text.lastIndexOf(') and ');
    const [left, right] = [filterOf(text.slice(1, end)), filterOf(text.slice(end + 6))];
    return (event) => left(event) && right(event);
  }
  return (event) => alternatives.some((all) => all.every((each) => each(event)));
}

function comparison(text: string): (event: Stored) => boolean {
  const [, field = '', value = ''] = /^\(?([\w.]+) eq ("(?:[^"\\]|\\.)*")\)?$/.exec(text) ?? [];
  if (field === '') throw new Error(`Invalid filter '${text}'`);
  const names = field.split('.');
  const expected = JSON.parse(value) as unknown;
  return ({ value: event }) => valuesAt(event, names).includes(expected);
}

/** Lists are looked into, as Okta does for `target.id`. */
function valuesAt(value: unknown, [name, ...rest]: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((each) => valuesAt(each, name === undefined ? [] : [name, ...rest]));
  if (name === undefined) return [value];
  return typeof value === 'object' && value !== null ? valuesAt((value as Record<string, unknown>)[name], rest) : [];
}

function failure(response: ServerResponse, status: number, errorCode: string, errorSummary: string): void {
  sendJson(
    response,
    status,
    JSON.stringify({ errorCode, errorSummary, errorLink: errorCode, errorId: 'oae1', errorCauses: [] }),
  );
}
