/** The answer of a token endpoint (RFC 6749 sections 5.1 and 5.2): a token, or why there is none. */
import { clockHint } from '../../clock/vendor-clock.ts';
import type { OAuthDefinition } from '../../definition.ts';
import { check, inDefinition } from '../../hint.ts';
import { isSuccessful } from '../../http-status.ts';
import { exit, Problem } from '../../problem.ts';
import { quoted } from '../../text/shown.ts';
import { settingsOf } from '../address.ts';
import { tokenAt, valueAt } from '../../json/value-at.ts';
import { saying } from '../reply.ts';
import { httpProblem, whereNothingIs } from '../../http-problem.ts';
import { credentialsHint, type CredentialOwner } from './credentials.ts';
import type { HttpReply } from '../../tools.ts';

/** What was answered, and by our clock when: milliseconds since 1970. */
interface TokenReply {
  readonly reply: Pick<HttpReply, 'status' | 'headers' | 'date' | 'url'>;
  readonly text: string;
  /** The text as JSON; undefined when it is none. */
  readonly value: unknown;
  readonly now: number;
}

interface Grant {
  readonly token: string;
  /** How long it lasts, in milliseconds; Infinity when nothing is said. */
  readonly lifetime: number;
}

/**
 * Errors that are about the credentials, the grant or its scope: those of the RFC, consent_required and its like (OpenID
 * Connect Core section 3.1.2.6), and similar ones of other vendors. invalid_request and unsupported_grant_type are about the
 * definition.
 */
const refusal =
  /^(?:access_denied|(?:consent|interaction|login)_required|(?:unauthorized|invalid|incorrect|inactive|bad)_(?!request))/;

/** Errors that pass. The RFC has them for another endpoint; vendors tell them here, too, and not with a 5xx. */
const passing = /^(?:server_error|temporarily_unavailable)$/;

/** HTTP statuses that speak for themselves: one who asks too often is refused with access_denied as well. */
const passingStatuses: readonly number[] = [408, 425, 429];

/** The token. Throws Problem 77 when it is refused, 76 when the answer is not one, else what the HTTP status means. */
export function grantIn(owner: CredentialOwner, auth: OAuthDefinition, answer: TokenReply): Grant {
  const { reply, text, value, now } = answer;
  const { origin } = new URL(reply.url);
  const said = words(owner, value);
  const error = valueAt(value, 'error');
  const clock = auth.assertion === undefined ? undefined : clockHint(reply, now);
  const hint = [credentialsHint(owner, [], ', and that this client may have what it asks for'), clock];
  const settings = settingsOf(auth.url);
  const answers = 'and what is asked for: something else may be answering there';
  const address =
    settings.length === 0
      ? inDefinition((there) => `check auth.url ${there}, ${answers}`)
      : check(settings, `, ${answers}`);
  const what = `the request for a token at ${origin}`;
  const asked = { who: owner.name, what, hint, hints: whereNothingIs(address) };
  const mayRefuse = reply.status < 500 && !passingStatuses.includes(reply.status);
  if (mayRefuse && typeof error === 'string' && refusal.test(error)) {
    throw new Problem(exit.noperm, `${asked.who} refused ${asked.what}${said}`, { hint });
  }
  if (!isSuccessful(reply.status)) {
    const meant = mayRefuse && typeof error === 'string' && passing.test(error) ? 503 : undefined;
    const problem = httpProblem(reply, { ...asked, meant }, now);
    throw problem.with({ message: problem.message + said });
  }
  const unusable = (how: string): Problem =>
    new Problem(exit.protocol, `${asked.who} answered ${asked.what} ${how}`, { hint: address });
  if (typeof value !== 'object' || value === null) throw unusable('with something other than JSON');
  const found = tokenAt(text, auth.token?.path ?? 'access_token');
  if (found === undefined || (typeof error === 'string' && error !== '')) throw unusable(`without a token${said}`);
  const token = String(found);
  if (!/^[\x21-\x7e]+$/.test(token)) throw unusable('with a token that no header can carry');
  const type = valueAt(value, 'token_type') ?? 'bearer';
  if (auth.token?.headers === undefined && !(typeof type === 'string' && /^bearer$/i.test(type))) {
    throw unusable(`with a token of the type ${quoted(type)}, which needs auth.token.headers`);
  }
  return { token, lifetime: lifetimeIn(value) };
}

/** `: invalid_client: what the vendor says of it`. */
function words(owner: CredentialOwner, value: unknown): string {
  const [error, description] = [valueAt(value, 'error'), valueAt(value, 'error_description')];
  if (typeof error !== 'string' || typeof description !== 'string') return saying(owner, value);
  return saying(owner, { error: `${error}: ${description}` });
}

/** In milliseconds. Vendors tell it in seconds, some of them as a text; zero or less counts as not told. */
function lifetimeIn(value: unknown): number {
  const said = String(valueAt(value, 'expires_in'));
  return /^[1-9]\d*(?:\.\d+)?$/.test(said) ? Number(said) * 1000 : Infinity;
}
