/**
 * Plays the Reports API of Google Workspace: tokens for assertions that the key of a service account has signed, one
 * list an application, newest first, with page tokens that belong to a query, and no list where there is nothing. What
 * begins more than 180 days ago is refused.
 */
import { Buffer } from 'node:buffer';
import { generateKeyPairSync, verify } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants, type TokenRefusal, type TokenRequest } from './token-grants.ts';

export interface GoogleWorkspace extends Vendor {
  readonly grants: TokenGrants;
  /** In PEM form. */
  readonly privateKey: string;
  /** The assertion in each request for a token, its claims. */
  readonly assertions: Readonly<Record<string, unknown>>[];
  /** Stores activities: JSON texts. */
  add(...texts: readonly string[]): void;
}

interface Activity {
  readonly id: { readonly time: string; readonly applicationName: string; readonly customerId: string };
  readonly ipAddress: string;
  readonly events: readonly { readonly name: string }[];
}

interface Stored {
  readonly text: string;
  readonly value: Activity;
  readonly time: number;
}

const base = '/admin/reports/v1/activity/users/all/applications/';
const parameters = ['startTime', 'endTime', 'maxResults', 'pageToken', 'customerId', 'eventName', 'actorIpAddress'];

const keeps = 180 * 86_400_000;

/** Of every service account that is played in a process: keys take long to make. */
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

export async function startGoogleWorkspace(options: ServerOptions = {}): Promise<GoogleWorkspace> {
  const now = options.now ?? Date.now;
  const log: Stored[] = [];
  const assertions: Record<string, unknown>[] = [];
  const grants = tokenGrants(refusal);

  function refusal({ form }: TokenRequest): TokenRefusal | undefined {
    if (form['grant_type'] !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      return { error: 'unsupported_grant_type', description: 'Invalid grant_type' };
    }
    const invalid = (description: string): TokenRefusal => ({ error: 'invalid_grant', description });
    const [head = '', body = '', signature = ''] = (form['assertion'] ?? '').split('.');
    if (!verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))) {
      return invalid('Invalid JWT Signature.');
    }
    const [header, claims] = [head, body].map(
      (part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>,
    );
    assertions.push(claims ?? {});
    const { iss, sub, scope, aud, iat, exp } = claims ?? {};
    const [from, until] = [Number(iat) * 1000, Number(exp) * 1000];
    if (!(from <= now() && now() < until && until - from <= 3_600_000)) {
      return invalid('Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.');
    }
    if (header?.['alg'] !== 'RS256' || aud !== `${vendor.origin}/token`) return invalid('Invalid JWT.');
    const known = iss === 'reader@project.iam.example' && sub === 'admin@example.com';
    if (known && scope === 'https://www.googleapis.com/auth/admin.reports.audit.readonly') return undefined;
    return { status: 401, error: 'unauthorized_client', description: 'Client is unauthorized to retrieve tokens.' };
  }

  function answer(request: LoggedRequest, response: ServerResponse): void {
    if (request.target === '/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'Request had invalid authentication credentials.');
    const url = new URL(request.target, vendor.origin);
    if (!url.pathname.startsWith(base)) return failure(response, 404, 'Not Found');
    try {
      page(url.pathname.slice(base.length), url.searchParams, response);
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(application: string, query: URLSearchParams, response: ServerResponse): void {
    if (!/^(?:admin|drive|groups|login|mobile|saml|token|user_accounts|calendar)$/.test(application)) {
      throw new Error(`Invalid value at 'application_name': ${application}`);
    }
    const odd = [...query.keys()].find((name) => !parameters.includes(name));
    if (odd !== undefined) throw new Error(`Unknown name "${odd}"`);
    const most = Number(query.get('maxResults') ?? 1000);
    if (!(most >= 1 && most <= 1000)) throw new Error('maxResults must be between 1 and 1000');
    const [from, until] = ['startTime', 'endTime'].map((name) => Date.parse(query.get(name) ?? ''));
    if (!(Number(from) < Number(until) && Number(until) <= now() && Number(from) >= now() - keeps)) {
      throw new Error('Invalid request: Start time and end time should be within last 180 days.');
    }
    const found = log
      .filter(({ value, time }) => value.id.applicationName === application && time >= Number(from))
      .filter(({ time }) => time < Number(until))
      .filter(wanted(query))
      .toSorted((a, b) => b.time - a.time);
    const [begin, of = ''] = (query.get('pageToken') ?? '0').split(' of ');
    query.delete('pageToken');
    if (of !== '' && of !== query.toString()) throw new Error('The page token belongs to another query');
    const end = Number(begin) + most;
    const shown = found.slice(Number(begin), end).map(({ text }) => text);
    const items = shown.length === 0 ? '' : `,"items":[${shown.join(',')}]`;
    const next = end < found.length ? `,"nextPageToken":${JSON.stringify(`${end} of ${query.toString()}`)}` : '';
    sendJson(response, 200, `{"kind":"admin#reports#activities","etag":"\\"e\\""${next}${items}}`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    assertions,
    grants,
    add(...texts: readonly string[]) {
      for (const text of texts) {
        const value = JSON.parse(text) as Activity;
        log.push({ text, value, time: Date.parse(value.id.time) });
      }
    },
  });
}

function wanted(query: URLSearchParams): (activity: Stored) => boolean {
  const [event, address, customer] = ['eventName', 'actorIpAddress', 'customerId'].map((name) => query.get(name));
  return ({ value }) =>
    (event === null || value.events.some(({ name }) => name === event)) &&
    (address === null || value.ipAddress === address) &&
    (customer === null || value.id.customerId === customer);
}

function failure(response: ServerResponse, code: number, message: string): void {
  const errors = [{ message, domain: 'global', reason: 'invalid' }];
  sendJson(response, code, JSON.stringify({ error: { code, message, errors } }));
}
