/**
 * When to try again, and how long to wait. Pure arithmetic over an attempt, the reply's headers and the clock, and one
 * small driver. Full jitter is from the AWS Architecture Blog, "Exponential Backoff And Jitter"; Retry-After is RFC 9110
 * section 10.2.3. It is never clipped: a vendor that says two minutes means two minutes.
 */
import { Buffer } from 'node:buffer';
import { nextRun } from './hint.ts';
import { parseHttpDate } from './clock/http-date.ts';
import { readIso } from './clock/iso.ts';
import { exit, Problem } from './problem.ts';
import type { Tools } from './tools.ts';

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

/**
 * Runs `action` until it succeeds, throws something that carries no `again`, or has been tried often enough; the last
 * Problem is thrown then. A wait that the server asked for and that does not fit into the run ends it with Problem 75.
 */
export async function retrying<T>(
  action: () => Promise<T>,
  tools: Pick<Tools, 'wait' | 'random' | 'now' | 'deadline' | 'debug'>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
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
  const deadline = tools.deadline();
  if (end < deadline && (deadline !== Infinity || milliseconds <= longestWait)) return milliseconds;
  throw notAwaited(problem, tools.now());
}

/** What is told of a Problem that nobody waits out: until when it lasts, if the other side said so. */
export function notAwaited(problem: Problem, now: number): Problem {
  const after = problem.again?.after;
  if (after === undefined) return problem;
  return new Problem(exit.tempfail, `${problem.message}: rate-limited until ${new Date(now + after).toISOString()}`, {
    hint: [nextRun('progress is kept, and the next run continues from here'), 'run it less often if this repeats'],
    cause: problem,
  });
}

/** Whether the reply says that it was the rate. */
export function tellsLimit(headers: Readonly<Record<string, string>>): boolean {
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
