/** The token endpoint of a vendor that plays OAuth 2 (RFC 6749 section 4.4), on the same server as its API. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { sendJson, type LoggedRequest } from './server.ts';

/** Why no token is granted. */
export interface TokenRefusal {
  readonly status: number;
  readonly error: string;
  readonly description: string;
}

export interface TokenDesk {
  /** Answers a request for a token; false for any other request. */
  answers(request: LoggedRequest, response: ServerResponse): boolean;
  /** Whether a request carries a token that was granted here. */
  admits(request: LoggedRequest): boolean;
  /** From now on, no token is any good that was granted until now. */
  revoke(): void;
}

/** `judge` looks at the form; `grant` is what is sent with a token. */
export function tokenDesk(
  path: string,
  judge: (form: URLSearchParams) => TokenRefusal | undefined,
  grant: Readonly<Record<string, unknown>> = { token_type: 'Bearer', expires_in: 3599 },
): TokenDesk {
  const granted = new Set<string>();
  return {
    answers(request, response) {
      if (request.target !== path) return false;
      const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded';
      const refusal =
        request.method === 'POST' && isForm
          ? judge(new URLSearchParams(request.body))
          : { status: 400, error: 'invalid_request', description: 'A form is needed.' };
      if (refusal !== undefined) {
        const { status, error, description } = refusal;
        sendJson(response, status, JSON.stringify({ error, error_description: description }));
        return true;
      }
      const token = `token-${randomUUID()}`;
      granted.add(token);
      sendJson(response, 200, JSON.stringify({ ...grant, access_token: token }));
      return true;
    },
    admits: ({ headers }) => granted.has(/^Bearer (.+)$/.exec(headers.authorization?.toString() ?? '')?.[1] ?? ''),
    revoke: () => granted.clear(),
  };
}

/** What Microsoft's endpoint asks of client credentials: those of the tests, and `scope`. */
export function judgeOfMicrosoft(scope: () => string): (form: URLSearchParams) => TokenRefusal | undefined {
  return (form) => {
    const { grant_type: grant, client_id: id, client_secret: secret, scope: asked, ...odd } = Object.fromEntries(form);
    if (grant !== 'client_credentials' || Object.keys(odd).length > 0) {
      return { status: 400, error: 'unsupported_grant_type', description: 'AADSTS70003: unsupported grant type.' };
    }
    if (id !== 'client' || secret !== 'secret') {
      return { status: 401, error: 'invalid_client', description: 'AADSTS7000215: Invalid client secret provided.' };
    }
    return asked === scope()
      ? undefined
      : { status: 400, error: 'invalid_scope', description: `AADSTS1002012: The scope ${asked} is not valid.` };
  };
}
