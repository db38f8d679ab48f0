/** Reads ISO 8601 times, and the spellings that are an ISO time in another order, straight from bytes. */
import { Buffer } from 'node:buffer';
import { isDigit } from '../json/json.ts';
import { months } from './http-date.ts';

/** A record's time: whole milliseconds since 1970 (NaN when unreadable) and 0 to 999999 nanoseconds below. */
export interface ReadTime {
  time: number;
  nanos: number;
}

const zero = 0x30;

/** Reads ISO 8601 into `into`, whatever its range; leaves NaN there when it is none. */
export function readIso(bytes: Buffer, start: number, end: number, into: ReadTime): void {
  if (start + 8 < end && bytes[start + 8] === 0x54) return readBasic(bytes, start, end, into);
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
  if (bytes[at + 3] !== 0x3a || hour < 0 || hour > 24 || minute < 0 || minute > 59) return;
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
  if (hour === 24 && minute + seconds + milliseconds + nanos > 0) return; // the end of a day, and nothing after it
  const offset = readOffset(bytes, at, end);
  into.time = midnight + ((hour * 60 + minute - offset) * 60 + seconds) * 1000 + milliseconds;
  into.nanos = nanos;
}

/** RFC 2822 section 3.3, into `into`; the zone is an offset, GMT, UT, UTC or Z. */
export function readRfc2822(text: string, into: ReadTime): void {
  const match =
    /^(?:[a-z]{3}, *)?(\d{1,2}) ([a-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? (?:([+-]\d{4})|GMT|UTC?|Z)(?: \([^()]*\))?$/i.exec(
      text.trim(),
    );
  if (!match) return;
  const month = String(months.indexOf((match[2] ?? '').toLowerCase()) + 1).padStart(2, '0');
  const iso = `${match[3]}-${month}-${match[1]?.padStart(2, '0')}T${match[4]}:${match[5]}:${match[6] ?? '00'}${match[7] ?? 'Z'}`;
  readIso(Buffer.from(iso), 0, iso.length, into);
}

/** 11/20/2026 into `into`; leaves NaN when it is not one. */
export function readUsDate(text: string, into: ReadTime): void {
  const match = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  if (!match) return;
  const iso = `${match[3]}-${match[1]?.padStart(2, '0')}-${match[2]?.padStart(2, '0')}`;
  readIso(Buffer.from(iso), 0, iso.length, into);
}

/** 20261120T090000Z, the basic format: rare, so it may cost a copy. */
function readBasic(bytes: Buffer, start: number, end: number, into: ReadTime): void {
  const text = bytes.toString('latin1', start, end);
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(?:(\d\d)([.,]\d+)?)?((?:Z|[+-]\d{2,4})?)$/.exec(text);
  if (!match) return;
  const [, year, month, day, hour, minute, second = '00', fraction = '', zone] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${zone}`;
  readIso(Buffer.from(iso), 0, iso.length, into);
}

/** Whether a time that could be read, in `bytes[start, end)` with quotes or without, names no zone. */
export function isNaive(bytes: Buffer, start: number, end: number): boolean {
  const quotes = bytes[start] === 0x22 ? 1 : 0;
  for (let at = start + quotes + 9; at < end; at += 1) if (bytes[at] === 0x2b || bytes[at] === 0x2d) return false;
  return isDigit(bytes[end - quotes - 1]!); // a letter at its end is Z, UTC or the like
}

/** Minutes east of Greenwich: Z, +hh:mm, +hhmm, +hh or nothing; NaN when it is none of these. */
function readOffset(bytes: Buffer, start: number, end: number): number {
  if (start === end) return 0;
  const sign = bytes[start];
  if ((sign === 0x5a || sign === 0x7a) && start + 1 === end) return 0;
  if (sign !== 0x2b && sign !== 0x2d) return readZone(bytes, start, end);
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

/**
 * A zone as Go and Ruby write it: ` UTC`, ` +0000`, ` +0200 CEST`. Of names alone, only UTC, GMT and Z are understood.
 */
function readZone(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString('latin1', start, end);
  if (/^ ?(?:UTC|GMT|Z)$/.test(text)) return 0;
  const length = /^ ([+-]\d\d:?\d\d)(?: [A-Z]{1,5})?$/.exec(text)?.[1]?.length;
  return length === undefined ? Number.NaN : readOffset(bytes, start + 1, start + 1 + length);
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
