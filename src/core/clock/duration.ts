/** Times and durations as people write them, on the command line and in settings. */
import { Buffer } from 'node:buffer';
import { boundHint } from './bound-hint.ts';
import { readIso, type ReadTime } from './iso.ts';
import { exit, Problem } from '../problem.ts';
import { quoted } from '../text/shown.ts';
import { instantOf, second } from '../time.ts';
import type { Bound, DatedJob, Duration, Instant, Job } from '../types.ts';

type Bounds = Pick<DatedJob, 'since' | 'until'>;

/**
 * A bound as a person writes it: a moment in ISO 8601 with an offset, or a duration back from now. `now` is ours, to refuse
 * what lies before 1970. `name` is the flag, for the Problem (64). Strict on purpose: `Date.parse` takes 65 for the year
 * 1965 and 30 February for 2 March.
 */
export function parseBound(text: string, now: Instant, name: string): Bound {
  const back = durationOf(text);
  const bound = back === undefined ? isoInstant(text) : { back };
  if (bound === undefined) {
    throw new Problem(exit.usage, `${name} is not a time: ${quoted(text)}`, {
      hint:
        boundHint(text, name) ??
        'write a moment with its offset, as 2026-11-20T09:00:00Z, or a duration back from now, as 65m, 7d or 1h30m',
    });
  }
  if (momentOf(bound, now) < 0n) {
    throw new Problem(exit.usage, `${name} lies before 1970: ${quoted(text)}`, { hint: 'choose a later moment' });
  }
  return bound;
}

/** The moment of a bound; before 1970 when the clock of `now` is far off. */
export function momentOf(bound: Bound, now: Instant): Instant {
  return typeof bound === 'bigint' ? bound : now - bound.back;
}

/** The job with its bounds by a clock. */
export function dated<AnyJob extends Pick<Job, 'since' | 'until'>>(job: AnyJob, now: Instant): AnyJob & Bounds {
  const moment = (bound: Bound | undefined): Instant | undefined => {
    if (bound === undefined) return undefined;
    const at = momentOf(bound, now);
    return at < 0n ? 0n : at;
  };
  return { ...job, since: moment(job.since), until: moment(job.until) };
}

/** A duration as a person writes it; 0s is allowed. `name` is the flag or setting, for the Problem (64). */
export function parseDuration(text: string, name: string): Duration {
  const duration = durationOf(text);
  if (duration === undefined) {
    throw new Problem(exit.usage, `${name} is not a duration: ${quoted(text)}`, {
      hint: 'write whole numbers with the units w, d, h, m, s, largest first, as 65m, 7d or 1h30m',
    });
  }
  return duration;
}

/** The duration, or undefined when the text is none: whole numbers with units, largest first, each unit once. */
export function durationOf(text: string): Duration | undefined {
  const match = /^(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text);
  if (!match || text === '') return undefined;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1);
  const inHours = (BigInt(weeks) * 7n + BigInt(days)) * 24n + BigInt(hours);
  return ((inHours * 60n + BigInt(minutes)) * 60n + BigInt(seconds)) * second;
}

/** The duration as `durationOf` reads it, in its two largest units. */
export function durationText(duration: Duration): string {
  const seconds = duration / second;
  const parts: readonly (readonly [count: bigint, unit: string])[] = [
    [seconds / 86_400n, 'd'],
    [(seconds / 3600n) % 24n, 'h'],
    [(seconds / 60n) % 60n, 'm'],
    [seconds % 60n, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0n);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0n)
    .map(([count, unit]) => `${count}${unit}`)
    .join('');
}

function isoInstant(text: string): Instant | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/i.test(text)) return undefined;
  const read: ReadTime = { time: Number.NaN, nanos: 0 };
  readIso(Buffer.from(text), 0, text.length, read);
  return Number.isNaN(read.time) ? undefined : instantOf(read.time, read.nanos);
}
