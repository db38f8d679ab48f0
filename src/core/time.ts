/**
 * The vendors' time spellings, both directions. Nanoseconds never pass through a floating-point number: an instant is
 * a bigint, a record's time is whole milliseconds and the nanoseconds below them.
 */
import { Buffer } from 'node:buffer';
import { readEpoch } from './clock/epoch.ts';
import { readIso, readRfc2822, readUsDate, type ReadTime } from './clock/iso.ts';
import type { Duration, Instant } from './types.ts';

/** In nanoseconds, as every Duration. */
export const second: Duration = 1_000_000_000n;
const millisecond: Duration = 1_000_000n;
const microsecond: Duration = 1000n;
const day: Duration = 86_400n * second;

/** A format: the smallest difference that it can write, and how it writes a moment. */
type Form = readonly [unit: Duration, write: (at: Instant) => string];

/**
 * How a vendor spells a time. All of them are written in UTC and cut off (never rounded) at their precision.
 *
 *  epoch-s -ms -us -ns   units since 1970, as digits; read from a number or a string, with or without a fraction
 *  iso                   2026-11-20T09:00:00Z, with 0, 3, 6 or 9 digits of fraction, as few as it takes
 *  iso-s -ms -us -ns     the same with exactly 0, 3, 6 or 9 digits
 *  iso-offset            2026-11-20T09:00:00+00:00
 *  iso-naive             2026-11-20T09:00:00
 *  sql                   2026-11-20 09:00:00
 *  date                  2026-11-20
 *  us-date               11/20/2026
 *  rfc2822               Fri, 20 Nov 2026 09:00:00 +0000
 *
 * Reading makes no difference between `iso`, its variants, `sql` and `date`: see {@link readTime}.
 */
const forms = {
  'epoch-s': [second, (at) => String(floorDivide(at, second))],
  'epoch-ms': [millisecond, (at) => String(floorDivide(at, millisecond))],
  'epoch-us': [microsecond, (at) => String(floorDivide(at, microsecond))],
  'epoch-ns': [1n, String],
  iso: [1n, isoText],
  'iso-s': [second, (at) => `${toSeconds(at)}Z`],
  'iso-ms': [millisecond, (at) => `${toSeconds(at)}.${fraction(at, 3)}Z`],
  'iso-us': [microsecond, (at) => `${toSeconds(at)}.${fraction(at, 6)}Z`],
  'iso-ns': [1n, (at) => `${toSeconds(at)}.${fraction(at, 9)}Z`],
  'iso-offset': [second, (at) => `${toSeconds(at)}+00:00`],
  'iso-naive': [second, toSeconds],
  sql: [second, (at) => toSeconds(at).replace('T', ' ')],
  date: [day, (at) => toSeconds(at).slice(0, 10)],
  'us-date': [day, (at) => toSeconds(at).replace(/^(.{4})-(..)-(..).*$/, '$2/$3/$1')],
  rfc2822: [second, (at) => new Date(toMillis(at)).toUTCString().replace('GMT', '+0000')],
} as const satisfies Readonly<Record<string, Form>>;

export type TimeFormat = keyof typeof forms;

export const timeFormats = Object.keys(forms) as readonly TimeFormat[];

/** The instant as a vendor spells it, without quotes. */
export function writeTime(at: Instant, format: TimeFormat): string {
  return forms[format][1](at);
}

/** The smallest difference that the format can write. */
export function unitOf(format: TimeFormat): Duration {
  return forms[format][0];
}

/** ISO 8601 in UTC with the shortest of 0, 3, 6 or 9 digits of fraction that loses nothing. */
export function isoText(at: Instant): string {
  const digits = fraction(at, 9);
  const kept = [0, 3, 6].find((places) => /^0*$/.test(digits.slice(places))) ?? 9;
  return kept === 0 ? `${toSeconds(at)}Z` : `${toSeconds(at)}.${digits.slice(0, kept)}Z`;
}

/** The instant of a record's time: whole milliseconds and the nanoseconds below. */
export function instantOf(time: number, nanos: number): Instant {
  return BigInt(time) * millisecond + BigInt(nanos);
}

/** The earlier of two moments, or the shorter of two lengths of time. */
export function earlier(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}

/** The later of two moments, or the longer of two lengths of time. */
export function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}

/** Milliseconds since 1970, or of a length of time; what is below one is cut off. */
export function fromMillis(milliseconds: number): Instant {
  return BigInt(Math.floor(milliseconds)) * millisecond;
}

/** Whole milliseconds since 1970, rounded down. */
export function toMillis(at: Instant): number {
  return Number(floorDivide(at, millisecond));
}

// ---------------------------------------------------------------------------------------------------- from records

const latest = Date.UTC(2200, 0, 1);

/**
 * Reads the JSON value in `bytes[start, end)`, a number or a string with its quotes, into `into`.
 *
 * ISO times may have any precision (cut at nanoseconds), any offset or none (UTC), a space for the T, lower-case letters,
 * a leap second, the hour 24, no dashes and colons (20261120T090000Z), and the zone apart (` UTC`, ` +0000`). What cannot
 * be read, and what lies outside 1970 to 2199, is NaN: such a value is no time but a unit mistaken, a placeholder like
 * year 9999, or junk.
 */
export function readTime(bytes: Buffer, start: number, end: number, format: TimeFormat, into: ReadTime): void {
  into.time = Number.NaN;
  into.nanos = 0;
  let from = start;
  let to = end;
  if (bytes[start] === 0x22) {
    for (let at = start; at < end; at += 1) {
      if (bytes[at] === 0x5c) return readEscaped(bytes, start, end, format, into);
    }
    from += 1;
    to -= 1;
  }
  if (format === 'epoch-ns') readEpoch(bytes, from, to, 9, into);
  else if (format === 'epoch-ms') readEpoch(bytes, from, to, 3, into);
  else if (format === 'epoch-s') readEpoch(bytes, from, to, 0, into);
  else if (format === 'epoch-us') readEpoch(bytes, from, to, 6, into);
  else if (format === 'rfc2822') readRfc2822(bytes.toString('latin1', from, to), into);
  else if (format === 'us-date') readUsDate(bytes.toString('latin1', from, to), into);
  else readIso(bytes, from, to, into);
  dropImpossible(into);
}

/** What lies outside 1970 to 2199 is no time. */
export function dropImpossible(into: ReadTime): void {
  if (into.time >= 0 && into.time < latest) return;
  into.time = Number.NaN;
  into.nanos = 0;
}

/** A string with escapes: rare, so it may cost a copy. */
function readEscaped(bytes: Buffer, start: number, end: number, format: TimeFormat, into: ReadTime): void {
  const decoded = Buffer.from(String(JSON.parse(bytes.toString('utf8', start, end))));
  if (!decoded.includes(0x5c)) readTime(decoded, 0, decoded.length, format, into);
}

/** 2026-11-20T09:00:00 */
function toSeconds(at: Instant): string {
  return new Date(Number(floorDivide(at, second)) * 1000).toISOString().slice(0, -5);
}

/** The first digits of the second's fraction. */
function fraction(at: Instant, count: number): string {
  return String(at - floorDivide(at, second) * second)
    .padStart(9, '0')
    .slice(0, count);
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}
