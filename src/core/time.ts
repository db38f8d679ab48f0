/**
 * The vendors' time spellings, both directions. Nanoseconds never pass through a floating-point number: an instant is
 * a bigint, a record's time is whole milliseconds and the nanoseconds below them.
 */
import { Buffer } from 'node:buffer';
import { readEpoch } from './clock/epoch.ts';
import { readIso, readRfc2822, readUsDate, type ReadTime } from './clock/iso.ts';
import type { Duration, Instant } from './types.ts';

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
export const timeFormats = [
  'epoch-s',
  'epoch-ms',
  'epoch-us',
  'epoch-ns',
  'iso',
  'iso-s',
  'iso-ms',
  'iso-us',
  'iso-ns',
  'iso-offset',
  'iso-naive',
  'sql',
  'date',
  'us-date',
  'rfc2822',
] as const;

export type TimeFormat = (typeof timeFormats)[number];

/** In nanoseconds, as every Duration. */
export const second: Duration = 1_000_000_000n;
const millisecond: Duration = 1_000_000n;

/** The instant as a vendor spells it, without quotes. */
export function writeTime(at: Instant, format: TimeFormat): string {
  switch (format) {
    case 'epoch-s':
      return String(floorDivide(at, second));
    case 'epoch-ms':
      return String(floorDivide(at, millisecond));
    case 'epoch-us':
      return String(floorDivide(at, 1000n));
    case 'epoch-ns':
      return String(at);
    case 'iso':
      return isoText(at);
    case 'iso-s':
      return `${toSeconds(at)}Z`;
    case 'iso-ms':
      return `${toSeconds(at)}.${fraction(at, 3)}Z`;
    case 'iso-us':
      return `${toSeconds(at)}.${fraction(at, 6)}Z`;
    case 'iso-ns':
      return `${toSeconds(at)}.${fraction(at, 9)}Z`;
    case 'iso-offset':
      return `${toSeconds(at)}+00:00`;
    case 'iso-naive':
      return toSeconds(at);
    case 'sql':
      return toSeconds(at).replace('T', ' ');
    case 'date':
      return toSeconds(at).slice(0, 10);
    case 'us-date': {
      const text = toSeconds(at);
      return `${text.slice(5, 7)}/${text.slice(8, 10)}/${text.slice(0, 4)}`;
    }
    case 'rfc2822':
      return new Date(toMillis(at)).toUTCString().replace('GMT', '+0000');
  }
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
