/**
 * Plays Docusign Monitor: a token for an assertion that is made out to the login host, and a stream in the order of
 * storage. A cursor is a time, or what a reply gave; it looks a week ahead, and at the end the one that was sent comes back.
 */
import { Buffer } from 'node:buffer';
import { verify } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Docusign extends Vendor {
  readonly login: Vendor;
  readonly grants: TokenGrants;
  /** Stores events, now. */
  add(...texts: readonly string[]): void;
  /** From now on every cursor so far is refused. */
  expireCursors(): void;
}

export interface DocusignOptions extends ServerOptions {
  /** In PEM form. */
  readonly publicKey: string;
}

export const organization = '9dd9d6cd-7ad1-461a-a432-777777777777';
const week = 7 * 86_400_000;

export async function startDocusign(options: DocusignOptions): Promise<Docusign> {
  const now = options.now ?? Date.now;
  const events: { readonly stored: number; readonly text: string }[] = [];
  let age = 0;
  const grants = tokenGrants(({ form }) => {
    if (form['grant_type'] !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return 'unsupported_grant_type';
    return refusalOf(form['assertion'] ?? '', options.publicKey, now() / 1000);
  });
  const login = await serve(options, (request, response) => {
    if (request.target === '/oauth/token') grants.answer(request, response);
    else response.writeHead(404).end();
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.target, 'http://docusign');
    if (!grants.opens(request)) return sendJson(response, 401, '{"error":"Unauthorized"}');
    if (pathname !== `/v1/organizations/${organization}/stream`)
      return sendJson(response, 404, '{"error":"Not found"}');
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      sendJson(response, 400, JSON.stringify({ errorCode: 'INVALID_REQUEST_PARAMETER', message }));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, ['cursor', 'limit']);
    const limit = pageSize('limit', query.get('limit'), 1000, 2000);
    const sent = query.get('cursor') ?? '';
    const [at, from] = sent.includes('_') ? placeOf(sent) : [0, rfc3339('cursor', sent)];
    const end = Math.min(from + week, now());
    let next = at;
    const data: string[] = [];
    for (; next < events.length && data.length < limit; next++) {
      const { stored, text } = events[next] ?? { stored: 0, text: '' };
      if (stored > end) break;
      if (stored >= from) data.push(text);
    }
    const reached = data.length === limit ? from : end;
    const cursor = data.length === 0 && end === now() && sent.includes('_') ? sent : `${age}_${next}_${reached}`;
    return `{"endCursor":${JSON.stringify(cursor)},"data":[${data.join(',')}]}`;
  }

  function placeOf(cursor: string): readonly [at: number, from: number] {
    const [issued, at, from] = cursor.split('_').map(Number);
    if (issued !== age || at === undefined || from === undefined) throw new Error('The cursor is not valid.');
    return [at, from];
  }

  const vendor = await serve(options, answer);
  const close = vendor.close;
  return Object.assign(vendor, {
    login,
    grants,
    add: (...texts: readonly string[]) => void events.push(...texts.map((text) => ({ stored: now(), text }))),
    expireCursors: () => void age++,
    close: async () => void (await Promise.all([close(), login.close()])),
  });
}

/** Docusign knows no `jti`, and takes an assertion more than once. */
function refusalOf(assertion: string, publicKey: string, seconds: number): string | undefined {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const [header, claims] = [head, body].map(
    (part) => JSON.parse(Buffer.from(part, 'base64url').toString() || '{}') as Record<string, unknown>,
  );
  if (header?.['alg'] !== 'RS256' || header['typ'] !== 'JWT' || claims === undefined) return 'invalid_request';
  if (!verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))) {
    return 'invalid_grant';
  }
  if (claims['iss'] !== 'integration' || claims['aud'] !== 'account.docusign.com') return 'invalid_grant';
  if (claims['scope'] !== 'signature impersonation') return 'invalid_scope';
  const [issued, expires] = [Number(claims['iat']), Number(claims['exp'])];
  if (!(issued <= seconds + 1 && expires > seconds && expires - issued <= 3600)) return 'invalid_grant';
  return claims['sub'] === 'user' ? undefined : 'consent_required';
}
