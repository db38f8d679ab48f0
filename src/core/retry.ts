/**
 * When to try again, and how long to wait. Pure arithmetic over an attempt, the reply's headers and the clock, and one
 * small driver. Full jitter is from the AWS Architecture Blog, "Exponential Backoff And Jitter"; Retry-After is RFC 9110
 * section 10.2.3. It is never clipped: a vendor that says two minutes means two minutes.
 */
import { Buffer } from 'node:buffer';
import { parseHttpDate } from './clock/http-date.ts';
import { readIso } from './clock/iso.ts';
import { exit, Problem, type ExitStatus } from './problem.ts';
import type { Tools } from './types.ts';

/** Attempts in all, the first one included, that may get nowhere before the run gives up. */
export const attempts = 5;

/** Longest wait after the first attempt, in milliseconds; doubles with each further one. */
const base = 500;
/** Longest wait of all, in milliseconds. */
const cap = 30_000;

/** What the names of headers about the rate begin with. */
const ratePrefixes = ['x-ratelimit', 'ratelimit', 'x-rate-limit'];

const minute = 60_000;
const day = 24 * 60 * minute;

/** Without a deadline, a run does not sit out a longer wait than this: the next run will. */
const longestWait = 15 * minute;

/** Milliseconds to wait after the given failed attempt (1 is the first); `random` is in [0, 1). */
export function backoff(attempt: number, random: number): number {
  return Math.floor(random * Math.min(cap, base * 2 ** (attempt - 1)));
}

/**
 * How long the server asked to wait, in milliseconds: Retry-After in seconds or as a date; without one, the reset
 * headers that many vendors send with their limit. Undefined when it asked for nothing, or for nothing sensible (zero, the
 * past, more than a day, garbage): the caller's own backoff applies then. A moment is one of the server's clock, which its
 * reply tells; `now` is ours, for a reply that does not.
 */
export function retryAfter(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const date = parseHttpDate(headers['date'] ?? '');
  const told = date === undefined ? now : date + (seconds(headers['age'] ?? '') ?? 0); // a cache may have kept the reply
  const clock = now >= told && now < told + 1000 ? now : told; // whole seconds are told
  const asked = headers['retry-after'];
  if (asked !== undefined) {
    const until = moment(asked);
    return sensible(until === undefined ? seconds(asked) : until - clock);
  }
  for (const prefix of ratePrefixes) {
    const text = headers[`${prefix}-reset`] ?? '';
    const until = moment(text);
    if (until !== undefined) return sensible(until - clock);
    const reset = seconds(text);
    if (reset === undefined) continue;
    // Vendors mean milliseconds since 1970, seconds since 1970 or seconds from now; only the size tells which.
    if (reset >= 1e15) return sensible(reset / 1000 - clock);
    if (reset >= 1e12) return sensible(reset - clock);
    return sensible(reset);
  }
  return undefined;
}

/** What was asked of whom, for messages: `sycope`, `the login`; `hint` replaces the hint on refused credentials. */
export interface Asked {
  readonly who: string;
  readonly what: string;
  /** The address, told when there is nothing (404). */
  readonly at?: string | undefined;
  readonly hint?: string;
  /** By HTTP status, before all other hints. */
  readonly hints?: Readonly<Record<number, string | undefined>>;
  /** Why, in the words of the reply, fit for a message. */
  readonly said?: string | undefined;
  /** The HTTP status that what is in the reply stands for. */
  readonly meant?: number | undefined;
}

/** The Problem behind an HTTP status that is not the one hoped for. Transient ones carry `again`. */
export function httpProblem(
  status: number,
  headers: Readonly<Record<string, string>>,
  asked: Asked,
  now: number,
): Problem {
  const meant = asked.meant ?? (status === 403 && tellsLimit(headers) ? 429 : status); // the latter as GitHub says it
  const [code, verb, standardHint] = meaning(meant);
  const hint = asked.hints?.[meant] ?? (code === exit.noperm ? asked.hint : undefined) ?? standardHint;
  const did = meant === 404 && asked.at !== undefined ? `has nothing at ${asked.at} for` : verb;
  const message = `${asked.who} ${did} ${asked.what} (HTTP ${status})${asked.said ? `: ${asked.said}` : ''}`;
  return new Problem(code, message, { hint, again: worthAnother(meant, headers, now) });
}

/**
 * Runs `action` until it succeeds, throws something that carries no `again`, or has been tried often enough; the last
 * Problem is thrown then. A wait that the server asked for and that does not fit into the run ends it with Problem 75.
 */
export async function retrying<T>(
  action: (attempt: number) => Promise<T>,
  tools: Pick<Tools, 'wait' | 'random' | 'now' | 'deadline' | 'debug'>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(attempt);
    } catch (error) {
      if (!(error instanceof Problem) || error.again === undefined) throw error;
      if (attempt >= mostAttempts(error)) throw error;
      const milliseconds = pause(error, attempt, tools);
      tools.debug('trying again', { problem: error.message, attempt, milliseconds });
      await tools.wait(milliseconds);
    }
  }
}

/** Attempts in all that are worth it with this Problem. */
export function mostAttempts({ again }: Problem): number {
  return again?.once === true ? 2 : attempts;
}

/** How long to wait after this Problem; throws when the run has no time for it, or should not be held up for so long. */
export function pause(problem: Problem, attempt: number, tools: Pick<Tools, 'random' | 'now' | 'deadline'>): number {
  const after = problem.again?.after;
  const milliseconds = after ?? backoff(attempt, tools.random());
  const end = tools.now() + milliseconds;
  if (end < tools.deadline && (tools.deadline !== Infinity || milliseconds <= longestWait)) return milliseconds;
  if (after === undefined) throw problem;
  throw new Problem(exit.tempfail, `${problem.message}: rate-limited until ${new Date(end).toISOString()}`, {
    hint: 'progress is kept, and the next run continues from here; run it less often if this repeats',
    cause: problem,
  });
}

/** Exit status, verb for the message and hint of an HTTP status that is not the one hoped for. */
export function meaning(status: number): readonly [code: ExitStatus, verb: string, hint: string] {
  switch (status) {
    case 400:
    case 422:
      return [exit.protocol, 'did not accept', 'see what it says; check the settings and flags that ask for this'];
    case 401:
      return [exit.noperm, 'refused', 'check the credentials'];
    case 403:
      return [exit.noperm, 'refused', 'check the role and the rights that belong to the credentials'];
    case 404:
      return [exit.config, 'has no address for', 'check the URL and the names in the settings'];
    case 408:
    case 425:
      return [exit.unavailable, 'was not ready for', 'the next run tries again'];
    case 409:
      return [exit.unavailable, 'saw a conflict in', 'another client may be at work; the next run tries again'];
    case 410:
      return [exit.protocol, 'no longer has', 'the address or the cursor in it has expired'];
    case 413:
    case 414:
    case 431:
      return [exit.protocol, 'found too large', 'ask for less at once: a lower --limit or a shorter window'];
    case 429:
      return [exit.tempfail, 'limits the rate of', 'run it less often, or ask for a higher rate limit'];
    case 501:
    case 505:
      return [exit.protocol, 'does not support', 'check the URL: something else may be answering there'];
    default:
  }
  return status >= 500
    ? [exit.unavailable, 'failed on', 'the next run tries again; see the status page of the service if this lasts']
    : [exit.protocol, 'gave an unexpected answer to', 'check the URL: something else may be answering there'];
}

function worthAnother(status: number, headers: Readonly<Record<string, string>>, now: number): Problem['again'] {
  if (status === 409) return { once: true };
  if (status !== 408 && status !== 425 && status !== 429 && (status < 500 || status === 501 || status === 505)) {
    return undefined;
  }
  // Many vendors send their rate-limit headers with every reply; they say when to come back only if the rate was it.
  const { date = '', age = '', 'retry-after': asked = '' } = headers;
  const after = retryAfter(status === 429 ? headers : { date, age, 'retry-after': asked }, now);
  return { ...(after !== undefined && { after }), ...(status === 429 && { untaken: true }) };
}

/** Whether the reply says that it was the rate. */
function tellsLimit(headers: Readonly<Record<string, string>>): boolean {
  const after = headers['retry-after'] ?? '';
  return after.trim() !== '' || ratePrefixes.some((prefix) => headers[`${prefix}-remaining`]?.trim() === '0');
}

/** A date of HTTP or ISO 8601 as milliseconds since 1970; undefined when it is neither. */
function moment(text: string): number | undefined {
  const read = { time: Number.NaN, nanos: 0 };
  const bytes = Buffer.from(text.trim());
  readIso(bytes, 0, bytes.length, read);
  return Number.isNaN(read.time) ? parseHttpDate(text) : read.time;
}

/** Decimal seconds as milliseconds; undefined when it is anything else. */
function seconds(text: string): number | undefined {
  return /^\s*\d+(\.\d+)?\s*$/.test(text) ? Math.ceil(Number(text) * 1000) : undefined;
}

function sensible(milliseconds: number | undefined): number | undefined {
  return milliseconds !== undefined && milliseconds > 0 && milliseconds <= day ? milliseconds : undefined;
}
