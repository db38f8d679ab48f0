/**
 * The vendors' time spellings, both directions. Nanoseconds never pass through a floating-point number: an instant is
 * a bigint, a record's time is whole milliseconds and the nanoseconds below them.
 */
import { Buffer } from 'node:buffer';
import { exit, Problem } from './problem.ts';
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

const second = 1_000_000_000n;
const millisecond = 1_000_000n;

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

export function fromMillis(milliseconds: number): Instant {
  return BigInt(Math.floor(milliseconds)) * millisecond;
}

/** Whole milliseconds since 1970, rounded down. */
export function toMillis(at: Instant): number {
  return Number(floorDivide(at, millisecond));
}

// ---------------------------------------------------------------------------------------------------- from records

/** A record's time: whole milliseconds since 1970 (NaN when unreadable) and 0 to 999999 nanoseconds below. */
export interface ReadTime {
  time: number;
  nanos: number;
}

const latest = Date.UTC(2200, 0, 1);

/**
 * Reads the JSON value in `bytes[start, end)`, a number or a string with its quotes, into `into`.
 *
 * ISO times may have any precision (cut at nanoseconds), any offset or none (UTC), a space for the T, lower-case letters
 * and a leap second. What cannot be read, and what lies outside 1970 to 2199, is NaN: such a value is no time but a
 * unit mistaken, a placeholder like year 9999, or junk.
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
  if (!(into.time >= 0 && into.time < latest)) {
    into.time = Number.NaN;
    into.nanos = 0;
  }
}

/** A string with escapes: rare, so it may cost a copy. */
function readEscaped(bytes: Buffer, start: number, end: number, format: TimeFormat, into: ReadTime): void {
  const decoded = Buffer.from(String(JSON.parse(bytes.toString('utf8', start, end))));
  if (!decoded.includes(0x5c)) readTime(decoded, 0, decoded.length, format, into);
}

/**
 * A run of digits, with or without a fraction, of a unit that has `places` digits below the second. The digits up to
 * the third decimal place of the second are the milliseconds, the six after them the nanoseconds; so 19 stay exact.
 */
function readEpoch(bytes: Buffer, start: number, end: number, places: number, into: ReadTime): void {
  let point = start;
  while (point < end && isDigit(bytes[point]!)) point += 1;
  const boundary = point - start + 3 - places; // so many digits make up the milliseconds
  let time = 0;
  let nanos = 0;
  let seen = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if (at === point && byte === 0x2e && at > start && at + 1 < end) continue;
    if (!isDigit(byte)) return readScientific(bytes, start, end, places, into);
    if (seen < boundary) time = time * 10 + byte - zero;
    else if (seen < boundary + 6) nanos = nanos * 10 + byte - zero;
    seen += 1;
  }
  if (seen === 0) return;
  for (; seen < boundary; seen += 1) time *= 10;
  for (seen = Math.max(seen, boundary); seen < boundary + 6; seen += 1) nanos *= 10;
  into.time = time;
  into.nanos = nanos;
}

/** 1.7324766e12: some serialisers write large numbers so. */
function readScientific(bytes: Buffer, start: number, end: number, places: number, into: ReadTime): void {
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?[eE]\+?(\d{1,2})$/.exec(bytes.toString('latin1', start, end));
  if (!match) return;
  const decimals = match[2] ?? '';
  const digits = (match[1] ?? '') + decimals.padEnd(Number(match[3]), '0');
  const whole = digits.length - Math.max(0, decimals.length - Number(match[3]));
  const plain = whole < digits.length ? `${digits.slice(0, whole)}.${digits.slice(whole)}` : digits;
  readEpoch(Buffer.from(plain), 0, plain.length, places, into);
}

const zero = 0x30;

/** ISO 8601 into `into`, without a look at the range; leaves NaN when it is not one. */
function readIso(bytes: Buffer, start: number, end: number, into: ReadTime): void {
  const year = digits(bytes, start, 4, end);
  const month = digits(bytes, start + 5, 2, end);
  const day = digits(bytes, start + 8, 2, end);
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d || !isDay(year, month, day)) return;
  const midnight = daysTo(year, month, day) * 86_400_000;
  let at = start + 10;
  if (at === end) {
    into.time = midnight;
    return;
  }
  const separator = bytes[at];
  if (separator !== 0x54 && separator !== 0x74 && separator !== 0x20) return; // T, t, space
  const hour = digits(bytes, at + 1, 2, end);
  const minute = digits(bytes, at + 4, 2, end);
  if (bytes[at + 3] !== 0x3a || hour < 0 || hour > 23 || minute < 0 || minute > 59) return;
  at += 6;
  let seconds = 0;
  let milliseconds = 0;
  let nanos = 0;
  if (bytes[at] === 0x3a && at < end) {
    seconds = digits(bytes, at + 1, 2, end);
    if (seconds < 0 || seconds > 60) return; // 60 is a leap second: the first moment of the next minute
    at += 3;
    if (at < end && (bytes[at] === 0x2e || bytes[at] === 0x2c)) {
      let place = 0;
      for (at += 1; at < end && isDigit(bytes[at]!); at += 1, place += 1) {
        const digit = bytes[at]! - zero;
        if (place < 3) milliseconds = milliseconds * 10 + digit;
        else if (place < 9) nanos = nanos * 10 + digit;
      }
      if (place === 0) return;
      for (let missing = place; missing < 3; missing += 1) milliseconds *= 10;
      for (let missing = Math.max(place, 3); missing < 9; missing += 1) nanos *= 10;
    }
  }
  const offset = readOffset(bytes, at, end);
  into.time = midnight + ((hour * 60 + minute - offset) * 60 + seconds) * 1000 + milliseconds;
  into.nanos = nanos;
}

/** Minutes east of Greenwich: Z, +hh:mm, +hhmm, +hh or nothing; NaN when it is none of these. */
function readOffset(bytes: Buffer, start: number, end: number): number {
  if (start === end) return 0;
  const sign = bytes[start];
  if ((sign === 0x5a || sign === 0x7a) && start + 1 === end) return 0;
  if (sign !== 0x2b && sign !== 0x2d) return Number.NaN;
  const hours = digits(bytes, start + 1, 2, end);
  let at = start + 3;
  let minutes = 0;
  if (at < end) {
    if (bytes[at] === 0x3a) at += 1;
    minutes = digits(bytes, at, 2, end);
    at += 2;
  }
  if (at !== end || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN;
  return (sign === 0x2b ? 1 : -1) * (hours * 60 + minutes);
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** RFC 2822 section 3.3; the zone is an offset, GMT, UT, UTC or Z. */
function readRfc2822(text: string, into: ReadTime): void {
  const match =
    /^(?:[a-z]{3}, *)?(\d{1,2}) ([a-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? (?:([+-]\d{4})|GMT|UTC?|Z)(?: \([^()]*\))?$/i.exec(
      text.trim(),
    );
  if (!match) return;
  const month = String(months.indexOf((match[2] ?? '').toLowerCase()) + 1).padStart(2, '0');
  const iso = `${match[3]}-${month}-${match[1]?.padStart(2, '0')}T${match[4]}:${match[5]}:${match[6] ?? '00'}${match[7] ?? 'Z'}`;
  readIso(Buffer.from(iso), 0, iso.length, into);
}

function readUsDate(text: string, into: ReadTime): void {
  const match = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  if (!match) return;
  const iso = `${match[3]}-${match[1]?.padStart(2, '0')}-${match[2]?.padStart(2, '0')}`;
  readIso(Buffer.from(iso), 0, iso.length, into);
}

// ---------------------------------------------------------------------------------------------------- from people

/**
 * A moment as a person writes it: ISO 8601 with an offset, or a duration back from `now`. `name` is the flag, for the
 * Problem (64). Strict on purpose: `Date.parse` takes 65 for the year 1965 and 30 February for 2 March.
 */
export function parseSince(text: string, now: Instant, name: string): Instant {
  const back = durationOf(text);
  const at = back === undefined ? isoInstant(text) : now - back;
  if (at === undefined) {
    throw new Problem(exit.usage, `${name} is not a time: ${shown(text)}`, {
      hint: `write a moment with its offset, as 2026-11-20T09:00:00Z, or a duration back from now, as 65m, 7d or 1h30m`,
    });
  }
  if (at < 0n) {
    throw new Problem(exit.usage, `${name} lies before 1970: ${shown(text)}`, { hint: 'choose a later moment' });
  }
  return at;
}

/** A duration as a person writes it; 0s is allowed. `name` is the flag or setting, for the Problem (64). */
export function parseDuration(text: string, name: string): Duration {
  const duration = durationOf(text);
  if (duration === undefined) {
    throw new Problem(exit.usage, `${name} is not a duration: ${shown(text)}`, {
      hint: 'write whole numbers with the units w, d, h, m, s, largest first, as 65m, 7d or 1h30m',
    });
  }
  return duration;
}

/** The duration, or undefined when the text is none: whole numbers with units, largest first, each unit once. */
export function durationOf(text: string): Duration | undefined {
  const match = /^(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text);
  if (!match || text === '') return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((digits) => BigInt(digits ?? 0));
  return (
    (((((weeks ?? 0n) * 7n + (days ?? 0n)) * 24n + (hours ?? 0n)) * 60n + (minutes ?? 0n)) * 60n + (seconds ?? 0n)) *
    second
  );
}

function isoInstant(text: string): Instant | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/i.test(text)) return undefined;
  const read: ReadTime = { time: Number.NaN, nanos: 0 };
  readIso(Buffer.from(text), 0, text.length, read);
  return Number.isNaN(read.time) ? undefined : instantOf(read.time, read.nanos);
}

/** The value as it may be shown: quoted, control characters escaped, cut off. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

// ---------------------------------------------------------------------------------------------------- arithmetic

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

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The number that so many digits spell, or -1. */
function digits(bytes: Buffer, start: number, count: number, end: number): number {
  if (start + count > end) return -1;
  let value = 0;
  for (let at = start; at < start + count; at += 1) {
    const digit = bytes[at]! - zero;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Days from 1970 to a day of the Gregorian calendar, counted in years that begin in March. */
function daysTo(year: number, month: number, day: number): number {
  const march = month > 2 ? year : year - 1;
  const leaps = Math.floor(march / 4) - Math.floor(march / 100) + Math.floor(march / 400);
  return march * 365 + leaps + Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 719_469;
}

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDay(year: number, month: number, day: number): boolean {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return year >= 0 && day >= 1 && day <= (monthLengths[month - 1] ?? 0) + (leap ? 1 : 0);
}
