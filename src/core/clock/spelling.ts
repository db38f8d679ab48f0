/**
 * How a definition writes times: in a format, by the clock of a time zone.
 *
 * A text stands for several moments where it is coarser than a moment, or where the clock showed it twice. Nothing may be
 * lost by that: a window is written so that it is no narrower, whichever of them the vendor takes; and a record's time is
 * read as the earliest of them. So a record before `until` is never read as one at or after it; and `earliest` says how far
 * before `from` a record of the window may be read.
 */
import { Buffer } from 'node:buffer';
import { isNaive, type ReadTime } from './iso.ts';
import { patternOf } from './pattern.ts';
import { doubtfulFrom, doubtOf, earliestOf, localOf, type Zone, zoneOf } from './zone.ts';
import { dropImpossible, fromMillis, readTime, second, toMillis, unitOf, writeTime, type TimeFormat } from '../time.ts';
import type { Duration, Instant } from '../types.ts';

export interface TimeRule {
  /** See core/time.ts and core/clock/pattern.ts. */
  readonly format: TimeFormat | { readonly pattern: string };
  /** Of times that name none themselves; UTC when left out. A name of IANA, or an offset such as +02:00. */
  readonly zone?: string;
}

/** How a window is written. */
export interface WindowRule extends TimeRule {
  /**
   * A whole day that is named as the end belongs to the window: the day of the window's last moment is named, and not
   * the one after, which may be refused because it is still to come.
   */
  readonly inclusive?: boolean;
  /** The vendor leaves out the beginning that is named: so the moment before it is named, or the day before. */
  readonly exclusive?: boolean;
}

export interface Spelling {
  /** The latest text that no reader takes for a moment after `at`; with `exclusive`, not for `at` either. */
  from(at: Instant): string;
  /**
   * The earliest text that no reader takes for a moment before `at`; with `inclusive`, for a day that ends before it.
   */
  until(at: Instant): string;
  /** The earliest moment that the time of a record from `at` on is read as. */
  earliest(at: Instant): Instant;
  /** The last moment up to `at` that can be named: the beginning of its unit, or of an hour that the clock shows twice. */
  named(at: Instant): Instant;
  /** The earliest time that a vendor may show when it is asked for `from(at)`: it may know finer times. */
  shown(at: Instant): Instant;
  /**
   * What the vendor is asked for instead of this window, where that is wider because a clock shows an hour twice; undefined
   * where it is not.
   */
  widened?(from: Instant, until: Instant): { readonly from: Instant; readonly until: Instant } | undefined;
  /** Reads the JSON value in `bytes[start, end)`, see core/time.ts. */
  read(bytes: Buffer, start: number, end: number, into: ReadTime): void;
}

/** Whether it names whole days and nothing smaller. */
export function isByDay(rule: TimeRule): boolean {
  return smallest(rule) === day;
}

/** The smallest difference that can be written, in nanoseconds. */
export function smallest({ format }: TimeRule): Duration {
  return (typeof format === 'string' ? namedForm(format) : patternForm(format.pattern)).unit;
}

/** A format, whatever the zone: local times are written and read as if they were UTC. */
interface Form {
  /** The smallest difference that it can write, in nanoseconds. */
  readonly unit: bigint;
  write(at: Instant): string;
  read(bytes: Buffer, start: number, end: number, into: ReadTime): void;
  /** Whether the text names no zone. */
  naive(bytes: Buffer, start: number, end: number): boolean;
}

const day = 86_400n * second;

/** The rule must be sound: the check of a definition sees to that. */
export function spellingOf({ format, zone: name, inclusive = false, exclusive = false }: WindowRule): Spelling {
  const form = typeof format === 'string' ? namedForm(format) : patternForm(format.pattern);
  const { unit, write, read } = form;
  const zone = name === undefined ? undefined : zoneOf(name);
  const before = exclusive ? unit : 0n;
  const back = inclusive ? unit : 0n;
  if (zone !== undefined) return localSpelling(form, zone, before, back);
  const earliest = (at: Instant): Instant => downTo(at, unit);
  return {
    from: (at) => write(at - before),
    until: (at) => write(upTo(at, unit) - back),
    earliest,
    named: earliest,
    shown: (at) => earliest(at) - before,
    read,
  };
}

function namedForm(format: TimeFormat): Form {
  return {
    unit: unitOf(format),
    write: (at) => writeTime(at, format),
    read: (bytes, start, end, into) => readTime(bytes, start, end, format, into),
    naive(bytes, start, end) {
      if (!bytes.subarray(start, end).includes(0x5c)) return isNaive(bytes, start, end);
      const decoded = Buffer.from(String(JSON.parse(bytes.toString('utf8', start, end))));
      return isNaive(decoded, 0, decoded.length);
    },
  };
}

function patternForm(text: string): Form {
  const { unit, write, read } = patternOf(text);
  return {
    unit,
    write,
    read(bytes, start, end, into) {
      into.time = Number.NaN;
      read(bytes, start, end, into);
      dropImpossible(into);
    },
    naive: () => true,
  };
}

function localSpelling({ unit, write, read, naive }: Form, zone: Zone, before: bigint, back: bigint): Spelling {
  function start(at: Instant): Instant {
    const local = downTo(localOf(zone, at), unit) - before;
    const doubt = doubtOf(zone, local);
    return doubt === undefined || doubt.latest <= at - before ? local : downTo(doubt.start - 1n, unit);
  }

  function end(at: Instant): Instant {
    const local = upTo(localOf(zone, at), unit);
    const doubt = doubtOf(zone, local);
    return doubt === undefined || doubt.earliest >= at ? local : upTo(doubt.end, unit);
  }

  function earliest(at: Instant): Instant {
    return earliestReading(downTo(localOf(zone, doubtfulFrom(zone, at)), unit));
  }

  /** The hour that is skipped in spring hides no moment: what comes before and after it has its own name. */
  function named(at: Instant): Instant {
    const local = downTo(localOf(zone, at), unit);
    return doubtOf(zone, local) === undefined ? earliestReading(local) : earliest(at);
  }

  function earliestReading(local: Instant): Instant {
    const time = toMillis(local);
    return local - fromMillis(time - earliestOf(zone, time));
  }

  return {
    from: (at) => write(start(at)),
    until: (at) => write(end(at) - back),
    earliest,
    named,
    shown: (at) => earliest(earliest(at) - before),
    widened(from, until) {
      const [first, last] = [start(from), end(until)];
      const isWider = last > upTo(localOf(zone, until), unit) || first < downTo(localOf(zone, from), unit) - before;
      return isWider ? { from: earliestReading(first), until: earliestReading(last) } : undefined;
    },
    read(bytes, from, to, into) {
      read(bytes, from, to, into);
      if (Number.isNaN(into.time) || !naive(bytes, from, to)) return;
      into.time = earliestOf(zone, into.time);
      dropImpossible(into);
    },
  };
}

function downTo(at: Instant, unit: bigint): Instant {
  const beyond = at % unit;
  return at - (beyond < 0n ? beyond + unit : beyond);
}

function upTo(at: Instant, unit: bigint): Instant {
  return downTo(at + unit - 1n, unit);
}
