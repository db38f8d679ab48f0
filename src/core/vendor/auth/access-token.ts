/** OAuth 2 (RFC 6749): a token that an endpoint grants, perhaps on another host, and that goes with every request. */
import { assertionSigner } from './assertion.ts';
import type { OAuthDefinition } from '../../definition.ts';
import { closeClient } from '../farewell.ts';
import { parseJson } from '../../json/parsed.ts';
import { headersOf, tokenRequest } from '../request.ts';
import { tokenUrl } from '../address.ts';
import type { CredentialOwner } from './credentials.ts';
import { retryingLogin } from './retrying-login.ts';
import type { Session } from './session.ts';
import type { TemplateValues } from '../../definition/template.ts';
import { grantIn } from './token-reply.ts';
import type { Http, Tools } from '../../tools.ts';

interface Token {
  readonly headers: Readonly<Record<string, string>>;
  /** When to ask for another, in milliseconds since 1970. */
  readonly until: number;
}

const bearer = { Authorization: 'Bearer {token}' };

/** How long before its end a token is renewed, in milliseconds, or halfway if short: requests take time, and clocks differ. */
const margin = 60_000;

/**
 * Keeps a token at hand. It is asked for with a client of its own, so that no cookie and no redirect takes the credentials
 * anywhere else. Throws Problem 78 when the address or the key cannot be used.
 */
export function accessToken(
  owner: CredentialOwner,
  auth: OAuthDefinition,
  values: TemplateValues,
  tools: Tools,
): Session {
  const address = tokenUrl(owner, auth, values);
  const sign = auth.assertion && assertionSigner(owner.name, auth.assertion, values);
  let client: Http | undefined = tools.http(address); // now, because it may refuse the address
  let token: Token | undefined;
  const hidden = new Map<string, string>();

  function hide(name: string, secret: string): void {
    tools.hide(secret, hidden.get(name));
    hidden.set(name, secret);
  }

  async function ask(): Promise<Token> {
    const started = tools.now();
    const assertion = sign?.(tools);
    const request = tokenRequest(address, auth, { ...values, assertion });
    if (assertion !== undefined) hide('assertion', assertion);
    const pair = request.headers?.['authorization'];
    if (pair !== undefined) hide('pair', pair.replace('Basic ', ''));
    client ??= tools.http(address);
    const reply = await client.send(request);
    const text = await reply.text();
    const value = parseJson(text);
    for (const [name, member] of Object.entries(value ?? {}) as [string, unknown][]) {
      if (name.endsWith('token') && typeof member === 'string') hide(name, member); // also refresh_token, id_token
    }
    const granted = grantIn(owner, auth, { reply, text, value, now: tools.now() });
    hide('', granted.token);
    tools.debug('got a token', granted.lifetime === Infinity ? {} : { milliseconds: granted.lifetime });
    return {
      headers: headersOf(auth.token?.headers ?? bearer, { ...values, token: granted.token }),
      until: started + granted.lifetime - Math.min(margin, granted.lifetime / 2),
    };
  }

  const isOpen = (): boolean => token !== undefined && tools.now() < token.until;

  return {
    isRenewable: () => true,
    isOpen,
    async open() {
      if (!isOpen()) token = await retryingLogin(ask, tools);
    },
    headers: () => token?.headers ?? {},
    async close() {
      const opened = client;
      [token, client] = [undefined, undefined];
      await closeClient(opened, tools);
    },
  };
}
