/**
 * Time zones, by the rules that Node brings along. In autumn a zone's clock shows an hour twice, and in spring it leaves
 * one out: a time in such an hour has two meanings, and no reader can tell which is right. So nothing here says which
 * moment a local time is, only the earliest and the latest that it can be.
 *
 * Local times are written as if they were UTC: nanoseconds from 1970 by that clock.
 */
import { fromMillis, toMillis } from '../time.ts';
import type { Instant } from '../types.ts';

/** A zone's offsets from UTC, in milliseconds east of it, a day before and a day after a day; and when they change. */
interface Turn {
  readonly before: number;
  readonly after: number;
  /** Milliseconds since 1970 of the first moment with `after`; NaN when nothing changes. */
  readonly at: number;
}

export interface Zone {
  /**
   * The day, in whole days since 1970 of UTC or of local time. No zone has changed twice within four days since 1970.
   */
  around(day: number): Turn;
}

/** A local time that a clock shows twice, or leaves out. */
export interface DoubtfulTime {
  /** All such times: `[start, end)`, local. */
  readonly start: Instant;
  readonly end: Instant;
  readonly earliest: Instant;
  readonly latest: Instant;
}

const dayLength = 86_400_000;
/** How many days are remembered. A backlog comes in order, so a few would do. */
const mostDays = 1000;

/** A zone by its IANA name, such as Europe/Warsaw, or an offset such as +02:00; undefined when there is none. */
export function zoneOf(name: string): Zone | undefined {
  const offset = fixedOffset(name);
  if (offset !== undefined) {
    const turn = { before: offset, after: offset, at: Number.NaN };
    return { around: () => turn };
  }
  const offsetAt = offsets(name);
  if (offsetAt === undefined) return undefined;
  const turns = new Map<number, Turn>();
  return {
    around(day) {
      let turn = turns.get(day);
      if (turn === undefined) {
        turn = turnBetween((day - 1) * dayLength, (day + 2) * dayLength, offsetAt);
        if (turns.size >= mostDays) turns.clear();
        turns.set(day, turn);
      }
      return turn;
    },
  };
}

/** The earliest moment that a local time can be, both in milliseconds. */
export function earliestOf(zone: Zone, local: number): number {
  const { before, after, at } = zone.around(Math.floor(local / dayLength));
  if (local < at + Math.min(before, after)) return local - before;
  return local - (local < at + Math.max(before, after) ? Math.max(before, after) : after);
}

/** What the zone's clock shows. */
export function localOf(zone: Zone, at: Instant): Instant {
  const time = toMillis(at);
  const turn = zone.around(Math.floor(time / dayLength));
  return at + fromMillis(time >= turn.at ? turn.after : turn.before);
}

/** What makes a local time doubtful; undefined when it is one moment and no other. */
export function doubtOf(zone: Zone, local: Instant): DoubtfulTime | undefined {
  const time = toMillis(local);
  const { before, after, at } = zone.around(Math.floor(time / dayLength));
  const [low, high] = [Math.min(before, after), Math.max(before, after)];
  if (!(time >= at + low && time < at + high)) return undefined; // nor where nothing changes (NaN)
  return {
    start: fromMillis(at + low),
    end: fromMillis(at + high),
    earliest: local - fromMillis(high),
    latest: local - fromMillis(low),
  };
}

/**
 * The earliest moment that may be meant by a time that the clock shows at or after `at`: the beginning of the doubtful time
 * if `at` is in it, else `at` itself.
 */
export function doubtfulFrom(zone: Zone, at: Instant): Instant {
  const time = toMillis(at);
  const turn = zone.around(Math.floor(time / dayLength));
  const shift = Math.abs(turn.after - turn.before);
  return time >= turn.at - shift && time < turn.at + shift ? fromMillis(turn.at - shift) : at;
}

/** `+02:00`, in milliseconds. */
function fixedOffset(name: string): number | undefined {
  const match = /^([+-])(0\d|1[0-4]):([0-5]\d)$/.exec(name);
  if (!match) return undefined;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}

/** Gives the offset at a moment; both in milliseconds. Slow: about a microsecond a call. */
function offsets(name: string): ((time: number) => number) | undefined {
  let clock: Intl.DateTimeFormat;
  try {
    clock = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return undefined; // a RangeError: no such zone
  }
  return (time) => {
    const [, sign, hours = 0, minutes = 0, seconds = 0] =
      /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(clock.format(time)) ?? [];
    return (sign === '-' ? -1 : 1) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  };
}

function turnBetween(start: number, end: number, offsetAt: (time: number) => number): Turn {
  const before = offsetAt(start);
  const after = offsetAt(end);
  if (before === after) return { before, after, at: Number.NaN };
  let [earlier, later] = [start, end];
  while (later - earlier > 1000) {
    const middle = earlier + Math.floor((later - earlier) / 2000) * 1000;
    if (offsetAt(middle) === before) earlier = middle;
    else later = middle;
  }
  return { before, after, at: later };
}
