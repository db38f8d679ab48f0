/** What an unsuccessful HTTP status means: an exit status, words for a person, and whether to ask again. */
import { atAddress, nextRun, type Hint } from './hint.ts';
import { gone, headersTooLarge, notAllowed, notFound, tooLarge, uriTooLong } from './http-status.ts';
import { exit, Problem, type ExitStatus } from './problem.ts';
import { retryAfter, tellsLimit } from './retry.ts';
import type { HttpReply } from './tools.ts';

/** The hint for a request that is refused for what it asks. */
export const askingFlags = 'check the settings and flags that ask for this';

/** Hints for replies that something other than the service has sent. */
export const wrongService = atAddress((url) => `check ${url}: something else may be answering there`);
export const wrongPage = atAddress(
  (url) => `check ${url}: a proxy, a single sign-on page or another service may be answering there`,
);

/** Hints for `Asked.hints`, where nothing takes such a request at the address. */
export function whereNothingIs(hint: Hint): Readonly<Record<number, Hint>> {
  return { [notFound]: hint, [notAllowed]: hint, [gone]: hint };
}

/** What was asked of whom, for messages: `sycope`, `the login`; `hint` replaces the hint on refused credentials. */
export interface Asked {
  readonly who: string;
  readonly what: string;
  /** The address, named when nothing is there (404). */
  readonly at?: string | undefined;
  readonly hint?: Hint | undefined;
  /** By HTTP status, before all other hints. */
  readonly hints?: Readonly<Record<number, Hint | undefined>>;
  /** Why, in the words of the reply, fit for a message. */
  readonly said?: string | undefined;
  /** The HTTP status that the content of the reply stands for. */
  readonly meant?: number | undefined;
}

type Refused = Pick<HttpReply, 'status' | 'headers' | 'orProxy'>;

/** The Problem behind an unsuccessful HTTP status. Transient ones carry `again`. */
export function httpProblem({ status, headers, orProxy }: Refused, asked: Asked, now: number): Problem {
  const meant = asked.meant ?? (status === 403 && tellsLimit(headers) ? 429 : status); // GitHub limits the rate so
  const [code, verb, standardHint] = meaning(meant);
  const said = meant === 400 || meant === 422 ? asked.said : undefined;
  const standard = said ? ['see what it says', standardHint] : standardHint;
  const hint = asked.hints?.[meant] ?? (code === exit.noperm ? asked.hint : undefined) ?? standard;
  const did = meant === 404 && asked.at !== undefined ? `has nothing at ${asked.at} for` : verb;
  const message = `${asked.who} ${did} ${asked.what} (HTTP ${status})${asked.said ? `: ${asked.said}` : ''}`;
  const isProxys = status === 403 || status >= 500; // what proxies say of what they do not allow, or cannot reach
  const steps = isProxys ? [hint, orProxy] : hint;
  return new Problem(code, message, { hint: steps, again: worthAnother(meant, headers, now) });
}

/** Exit status, verb for the message and hint of an unsuccessful HTTP status. */
type Meaning = readonly [code: ExitStatus, verb: string, hint: Hint];

const tryAgain = nextRun('the next run tries again');
const refusedInput: Meaning = [exit.protocol, 'did not accept', askingFlags];
const notReady: Meaning = [exit.unavailable, 'was not ready for', tryAgain];

/** Of requests without records: whoever sends or asks for many knows what makes them smaller. */
const between = 'look for a limit in the proxies and gateways between here and the service';
const refusedBody: Meaning = [exit.protocol, 'refused the size of', ['this request is small', between]];
const refusedHead: Meaning = [
  exit.protocol,
  'refused the size of',
  ['check the settings that its address and headers are made of', between],
];

const unsupported: Meaning = [exit.protocol, 'does not support', wrongService];

const meanings: Readonly<Record<number, Meaning>> = {
  400: refusedInput,
  401: [exit.noperm, 'refused', 'check the credentials'],
  403: [exit.noperm, 'refused', 'check the role and the rights that belong to the credentials'],
  404: [exit.config, 'has no address for', atAddress((url) => `check ${url} and the names in the settings`)],
  408: notReady,
  409: [exit.unavailable, 'reported a conflict for', ['another client may be at work', tryAgain]],
  410: [
    exit.protocol,
    'no longer has',
    [
      'the address is no longer served, or the cursor in it has expired',
      atAddress((url) => `if this lasts, check ${url} and the vendor's API version`),
    ],
  ],
  [tooLarge]: refusedBody,
  [uriTooLong]: refusedHead,
  422: refusedInput,
  423: [exit.noperm, 'refused', ['it is locked', 'or the account that asks for it is']],
  425: notReady,
  429: [exit.tempfail, 'limits the rate of', 'run it less often, or ask for a higher rate limit'],
  [headersTooLarge]: refusedHead,
  501: unsupported,
  505: unsupported,
};

const failed: Meaning = [exit.unavailable, 'failed on', [tryAgain, 'see the status page of the service if this lasts']];
const unexpected: Meaning = [exit.protocol, 'gave an unexpected answer to', wrongService];

export function meaning(status: number): Meaning {
  return meanings[status] ?? (status >= 500 ? failed : unexpected);
}

function worthAnother(status: number, headers: HttpReply['headers'], now: number): Problem['again'] {
  if (status === 409) return { once: true };
  if (status !== 408 && status !== 425 && status !== 429 && (status < 500 || status === 501 || status === 505)) {
    return undefined;
  }
  // Many vendors send rate-limit headers with every reply: only when the rate was exceeded do they say when to come back.
  const { date = '', age = '', 'retry-after': asked = '' } = headers;
  const after = retryAfter(status === 429 ? headers : { date, age, 'retry-after': asked }, now);
  return { ...(after !== undefined && { after }), ...(status === 429 && { untaken: true }) };
}
