/** Plays the token endpoint of a vendor with OAuth 2 (RFC 6749 section 3.2), as a server of its own or a path of another. */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, type LoggedRequest } from './server.ts';

/** What a request for a token holds. */
export interface TokenRequest {
  /** Name and password of Basic authentication; undefined without it. */
  readonly client: readonly [name: string, password: string] | undefined;
  readonly form: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface TokenGrants {
  /** Answers a request for a token. */
  answer(request: LoggedRequest, response: ServerResponse): void;
  /** Whether the request carries a token that was granted and still holds. */
  opens(request: LoggedRequest): boolean;
  /** Ends all tokens so far. */
  revoke(): void;
}

/** `refusal` gives the error of RFC 6749 section 5.2 for a request that gets no token. */
export function tokenGrants(
  refusal: (request: TokenRequest) => string | undefined,
  { lifetime = 3600 }: { readonly lifetime?: number } = {},
): TokenGrants {
  let granted = 0;
  let revoked = 0;

  return {
    answer(request, response) {
      const json = request.headers['content-type'] !== 'application/x-www-form-urlencoded';
      const error = request.method !== 'POST' || json ? 'invalid_request' : refusal(read(request));
      if (error !== undefined) {
        const status = error === 'invalid_client' ? 401 : 400;
        return sendJson(response, status, JSON.stringify({ error, error_description: 'No token for you.' }));
      }
      granted += 1;
      const token = { access_token: `granted-${granted}`, token_type: 'bearer', expires_in: lifetime };
      sendJson(response, 200, JSON.stringify(token), { 'Cache-Control': 'no-store' });
    },
    opens({ headers }) {
      const number = Number(/^Bearer granted-(\d+)$/.exec(headers['authorization']?.toString() ?? '')?.[1] ?? 0);
      return number > revoked && number <= granted;
    },
    revoke() {
      revoked = granted;
    },
  };
}

function read({ headers, body, target }: LoggedRequest): TokenRequest {
  const [scheme, pair = ''] = String(headers['authorization']).split(' ');
  const [name = '', password = ''] = Buffer.from(pair, 'base64').toString().split(':').map(decodeURIComponent);
  return {
    client: scheme === 'Basic' ? [name, password] : undefined,
    form: Object.fromEntries(new URLSearchParams(body)),
    query: Object.fromEntries(new URL(target, 'http://login').searchParams),
  };
}
