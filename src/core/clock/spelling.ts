/**
 * How a definition spells a time: a form, and the zone whose clock it is of.
 *
 * A time that is coarser than a moment, or that a clock showed twice, stands for several. Nothing may be lost by that:
 * a window is written so that it is no narrower, whichever of them the vendor takes; and a record's time is read as the
 * earliest of them. So it is never at `until` or later unless the record is; and `earliest` tells how much earlier than
 * `from` it can be read, though the record is not.
 */
import { Buffer } from 'node:buffer';
import { isNaive, type ReadTime } from './iso.ts';
import { doubtfulFrom, doubtOf, earliestOf, localOf, type Zone, zoneOf } from './zone.ts';
import { fromMillis, readTime, toMillis, writeTime, type TimeFormat } from '../time.ts';
import type { Instant } from '../types.ts';

export interface TimeRule {
  readonly format: TimeFormat;
  /** Of times that name none themselves; UTC when left out. A name of IANA, or an offset such as +02:00. */
  readonly zone?: string;
}

export interface Spelling {
  /** The latest text that no reader takes for a moment after `at`. */
  from(at: Instant): string;
  /** The earliest text that no reader takes for a moment before `at`. */
  until(at: Instant): string;
  /** The earliest that a time from `at` on is read as. */
  earliest(at: Instant): Instant;
  /** Reads the JSON value in `bytes[start, end)`, see core/time.ts. */
  read(bytes: Buffer, start: number, end: number, into: ReadTime): void;
}

/** `rule.zone` must be one: the check of a definition sees to that. */
export function spellingOf({ format, zone: name }: TimeRule): Spelling {
  const unit = unitOf(format);
  const zone = name === undefined ? undefined : zoneOf(name);
  if (zone !== undefined) return localSpelling(format, unit, zone);
  return {
    from: (at) => writeTime(at, format),
    until: (at) => writeTime(upTo(at, unit), format),
    earliest: (at) => downTo(at, unit),
    read: (bytes, start, end, into) => readTime(bytes, start, end, format, into),
  };
}

function localSpelling(format: TimeFormat, unit: bigint, zone: Zone): Spelling {
  function start(at: Instant): Instant {
    const local = downTo(localOf(zone, at), unit);
    const doubt = doubtOf(zone, local);
    return doubt === undefined || doubt.latest <= at ? local : downTo(doubt.start - 1n, unit);
  }

  function end(at: Instant): Instant {
    const local = upTo(localOf(zone, at), unit);
    const doubt = doubtOf(zone, local);
    return doubt === undefined || doubt.earliest >= at ? local : upTo(doubt.end, unit);
  }

  function read(bytes: Buffer, from: number, to: number, into: ReadTime): void {
    into.time = Number.NaN;
    into.nanos = 0;
    if (bytes[from] === 0x22 && bytes.subarray(from, to).includes(0x5c)) {
      const decoded = Buffer.from(String(JSON.parse(bytes.toString('utf8', from, to))));
      if (decoded[0] !== 0x22) read(decoded, 0, decoded.length, into);
      return;
    }
    readTime(bytes, from, to, format, into);
    if (Number.isNaN(into.time) || !isNaive(bytes, from, to)) return;
    into.time = earliestOf(zone, into.time);
    if (into.time < 0) into.time = Number.NaN; // as all times before 1970
  }

  return {
    from: (at) => writeTime(start(at), format),
    until: (at) => writeTime(end(at), format),
    earliest(at) {
      const local = downTo(localOf(zone, doubtfulFrom(zone, at)), unit);
      const time = toMillis(local);
      return local - fromMillis(time - earliestOf(zone, time));
    },
    read,
  };
}

function downTo(at: Instant, unit: bigint): Instant {
  const beyond = at % unit;
  return at - (beyond < 0n ? beyond + unit : beyond);
}

function upTo(at: Instant, unit: bigint): Instant {
  return downTo(at + unit - 1n, unit);
}

/** The smallest difference that a format can write, in nanoseconds. */
function unitOf(format: TimeFormat): bigint {
  switch (format) {
    case 'epoch-ns':
    case 'iso-ns':
    case 'iso':
      return 1n;
    case 'epoch-us':
    case 'iso-us':
      return 1000n;
    case 'epoch-ms':
    case 'iso-ms':
      return 1_000_000n;
    case 'date':
    case 'us-date':
      return 86_400_000_000_000n;
    default:
      return 1_000_000_000n;
  }
}
