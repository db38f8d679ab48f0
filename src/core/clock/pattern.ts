/**
 * Times written by a pattern, in the letters that Day.js and Moment use (https://day.js.org/docs/en/display/format):
 *
 *  YYYY  MM M  DD D     year, month, day
 *  HH H                 hour, 0 to 23
 *  hh h  A              hour, 1 to 12, and AM or PM
 *  mm  ss               minute, second
 *  SSS SSSSSS SSSSSSSSS the fraction of a second
 *  [text]               literal text; only letters need the brackets
 *
 * One letter stands for one or two digits.
 */
import { Buffer } from 'node:buffer';
import { readIso, type ReadTime } from './iso.ts';
import { second, writeTime } from '../time.ts';
import type { Instant } from '../types.ts';

type Part = 'year' | 'month' | 'day' | 'hour' | 'half' | 'minute' | 'second' | 'fraction';

interface Token {
  readonly part: Part;
  /** In nanoseconds. */
  readonly unit: bigint;
  /** The regular expression that it is read by. */
  readonly read: string;
  /** From 2026-11-20T09:00:00.123456789Z. */
  write(iso: string): string;
}

const minute = 60n * second;
const hour = 60n * minute;
const day = 24n * hour;

/** A part of one or two digits; `place` is where it begins in an ISO time. */
function number(part: Part, place: number, unit: bigint, count: 1 | 2, hours = 24): Token {
  const write = (iso: string): string => {
    const value = Number(iso.slice(place, place + 2));
    return String(hours === 12 ? ((value + 11) % 12) + 1 : value).padStart(count, '0');
  };
  return { part, unit, read: count === 1 ? '\\d{1,2}' : '\\d\\d', write };
}

function fraction(count: number): Token {
  const unit = 10n ** BigInt(9 - count);
  return { part: 'fraction', unit, read: `\\d{${count}}`, write: (iso) => iso.slice(20, 20 + count) };
}

function half(iso: string): string {
  return Number(iso.slice(11, 13)) < 12 ? 'AM' : 'PM';
}

const tokens: Readonly<Record<string, Token>> = {
  YYYY: { part: 'year', unit: day, read: '\\d{4}', write: (iso) => iso.slice(0, 4) },
  MM: number('month', 5, day, 2),
  M: number('month', 5, day, 1),
  DD: number('day', 8, day, 2),
  D: number('day', 8, day, 1),
  HH: number('hour', 11, hour, 2),
  H: number('hour', 11, hour, 1),
  hh: number('hour', 11, hour, 2, 12),
  h: number('hour', 11, hour, 1, 12),
  A: { part: 'half', unit: day, read: '[AaPp][Mm]', write: half },
  mm: number('minute', 14, minute, 2),
  ss: number('second', 17, second, 2),
  SSS: fraction(3),
  SSSSSS: fraction(6),
  SSSSSSSSS: fraction(9),
};

export interface Pattern {
  /** The smallest difference that it can write, in nanoseconds. */
  readonly unit: bigint;
  /** Cut off, never rounded. */
  write(at: Instant): string;
  /**
   * Reads the JSON value in `bytes[start, end)` into `into`, whatever its range; does nothing when it does not match.
   */
  read(bytes: Buffer, start: number, end: number, into: ReadTime): void;
}

/** The pattern must be sound: see `patternProblem`. */
export function patternOf(text: string): Pattern {
  const pieces = piecesOf(text).map((piece) => tokens[piece] ?? literal(piece));
  const parts = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece]));
  const whole = new RegExp(
    `^${pieces.map((piece) => (typeof piece === 'string' ? escaped(piece) : `(${piece.read})`)).join('')}$`,
  );
  const isHalved = parts.some(({ part }) => part === 'half');

  function read(bytes: Buffer, start: number, end: number, into: ReadTime): void {
    const lexeme = bytes.toString('utf8', start, end);
    const match = whole.exec(lexeme.startsWith('"') ? String(JSON.parse(lexeme)) : lexeme);
    if (!match) return;
    const found: Partial<Record<Part, string>> = {};
    for (const [index, { part }] of parts.entries()) found[part] = match[index + 1] ?? '';
    const hours = isHalved ? hourOf(Number(found.hour), found.half ?? '') : Number(found.hour ?? 0);
    const two = (value: string | number = '0'): string => String(value).padStart(2, '0');
    const date = `${found.year}-${two(found.month)}-${two(found.day)}`;
    const iso = `${date}T${two(hours)}:${two(found.minute)}:${two(found.second)}.${found.fraction ?? '0'}`;
    readIso(Buffer.from(iso), 0, iso.length, into);
  }

  return {
    unit: parts.reduce((finest, { unit }) => (unit < finest ? unit : finest), day),
    write(at) {
      const iso = writeTime(at, 'iso-ns');
      return pieces.map((piece) => (typeof piece === 'string' ? piece : piece.write(iso))).join('');
    },
    read,
  };
}

/** What is wrong with a pattern, to be appended to where it stands; undefined when nothing is. */
export function patternProblem(text: string): string | undefined {
  const pieces = piecesOf(text);
  const unknown = pieces.find((piece) => /^[a-z]/i.test(piece) && !(piece in tokens));
  if (unknown !== undefined) {
    return `${unknown} is none of ${Object.keys(tokens).join(', ')}; letters that stand for themselves go in brackets, as [T]`;
  }
  const parts = pieces.flatMap((piece) => tokens[piece]?.part ?? []);
  const twice = parts.find((part, index) => parts.indexOf(part) !== index);
  if (twice !== undefined) return `it has the ${nameOf(twice)} twice`;
  const missing = needed(parts).find((part) => !parts.includes(part));
  if (missing !== undefined) return `it has no ${nameOf(missing)}`;
  const halved = pieces.some((piece) => piece.startsWith('h'));
  if (halved !== parts.includes('half')) return 'hh and A, for AM or PM, go together; HH is the hour of 24';
  const open = pieces.find((piece, index) => /^[MDHh]$/.test(piece) && (pieces[index + 1] ?? '') in tokens);
  return open === undefined ? undefined : `${open} may be one digit or two, so something must stand after it`;
}

/** The parts that a pattern must have: the date, and those between it and the finest part of the time. */
function needed(parts: readonly Part[]): readonly Part[] {
  const clock: readonly Part[] = ['hour', 'minute', 'second', 'fraction'];
  const finest = clock.findLastIndex((part) => parts.includes(part));
  return ['year', 'month', 'day', ...clock.slice(0, finest + 1)];
}

function nameOf(part: Part): string {
  return { half: 'AM or PM', fraction: 'fraction of a second' }[part as string] ?? part;
}

/** Runs of one letter, text in brackets, and each character that is no letter. */
function piecesOf(text: string): string[] {
  return text.match(/\[[^[\]]*\]|([A-Za-z])\1*|[^A-Za-z]/g) ?? [];
}

function literal(piece: string): string {
  return piece.length === 1 ? piece : piece.slice(1, -1); // without its brackets
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** 12 AM is the hour 0. What no 12-hour clock shows becomes an hour that no day has, so that it is refused. */
function hourOf(shown: number, half: string): number {
  if (shown < 1 || shown > 12) return 99;
  return (shown % 12) + (/p/i.test(half) ? 12 : 0);
}
