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

/** Why no token is granted. */
export interface TokenRefusal {
  /** Default: 401 for `invalid_client`, and 400 for all others. */
  readonly status?: number;
  /** RFC 6749 section 5.2 has the usual ones. */
  readonly error: string;
  readonly description?: string;
}

export interface TokenGrants {
  /** Answers a request for a token. */
  answer(request: LoggedRequest, response: ServerResponse): void;
  /** Whether the request carries a token that was granted and still holds. */
  opens(request: LoggedRequest): boolean;
  /** Ends all tokens so far. */
  revoke(): void;
  /** How many were granted. */
  granted(): number;
}

/** `refusal` gives the error for a request that gets no token; `grant` is what is sent with a token. */
export function tokenGrants(
  refusal: (request: TokenRequest) => string | TokenRefusal | undefined,
  grant: Readonly<Record<string, unknown>> = { token_type: 'bearer', expires_in: 3600 },
): TokenGrants {
  let granted = 0;
  let revoked = 0;

  return {
    answer(request, response) {
      const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded';
      const refused = request.method === 'POST' && isForm ? refusal(read(request)) : 'invalid_request';
      if (refused !== undefined) return refuse(response, typeof refused === 'string' ? { error: refused } : refused);
      granted += 1;
      const token = { ...grant, access_token: `granted-${granted}` };
      sendJson(response, 200, JSON.stringify(token), { 'Cache-Control': 'no-store' });
    },
    opens({ headers }) {
      const number = Number(/^Bearer granted-(\d+)$/.exec(headers['authorization']?.toString() ?? '')?.[1] ?? 0);
      return number > revoked && number <= granted;
    },
    revoke() {
      revoked = granted;
    },
    granted: () => granted,
  };
}

/** What Microsoft's endpoint asks of client credentials: those of the tests, and `scope`. */
export function refusalOfMicrosoft({ form }: TokenRequest, scope: string): TokenRefusal | undefined {
  const { grant_type: grant, client_id: id, client_secret: secret, scope: asked, ...odd } = form;
  if (grant !== 'client_credentials' || Object.keys(odd).length > 0) {
    return { error: 'unsupported_grant_type', description: 'AADSTS70003: unsupported grant type.' };
  }
  if (id !== 'client' || secret !== 'secret') {
    return { error: 'invalid_client', description: 'AADSTS7000215: Invalid client secret provided.' };
  }
  return asked === scope
    ? undefined
    : { error: 'invalid_scope', description: `AADSTS1002012: The scope ${asked} is not valid.` };
}

function refuse(response: ServerResponse, { status, error, description = 'No token for you.' }: TokenRefusal): void {
  const otherwise = error === 'invalid_client' ? 401 : 400;
  sendJson(response, status ?? otherwise, JSON.stringify({ error, error_description: description }));
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
