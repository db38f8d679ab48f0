/**
 * Which records of a slice go on to the sink: those inside the bounds that were asked for, and not delivered before.
 */
import { seen } from '../dedupe.ts';
import { fromMillis, toMillis } from '../time.ts';
import { stamper } from '../window.ts';
import { isByContent } from '../content/record-id.ts';
import type { AuditRecord, DatedJob, Instant, Ledger, Summary, Window, WindowRules } from '../types.ts';

export interface SieveParts {
  readonly ledger: Ledger;
  readonly window: Window;
  readonly slice: Window;
  readonly filter: WindowRules['filter'];
  readonly job: Pick<DatedJob, 'since' | 'until' | 'usePosition' | 'dedupe'>;
  readonly summary: Summary;
  /** Each record is shown once, see `Source.stream`. */
  readonly isStream: boolean;
  /** See `Source.earliest`. */
  earliest(at: Instant): Instant;
  /** Called for a record from long before the window, which the vendor shows all the same; milliseconds since 1970. */
  stale(time: number): void;
  /** Called for a record that belongs to a later run, because `until` leaves it out. */
  tooLate(): void;
}

/** A filter by the day, of another time zone, shows records of this long before the window, in milliseconds. */
const coarsest = 38 * 3_600_000;

/** Whether a vendor that was asked for what happened from `begin` on should not have shown this; milliseconds since 1970. */
export function isLongBefore(time: number, begin: number): boolean {
  return time < begin - coarsest;
}

export interface Sieve {
  /** The ledger's entry number of a record that goes on; or `seen`, or `conflict` for another content under a known ID. */
  unseen(record: AuditRecord): number;
  /** The same for a record in conflict, whose key now names its content as well. */
  changed(record: AuditRecord): number;
  /** What follows may be shown by windows until then, whatever the slice. */
  extend(until: Instant): void;
}

/**
 * Sorts records, and keeps the count.
 *
 * A vendor that cannot filter by time, or pays no heed to it, is filtered here, by the record's own time; records without
 * one always pass. Where the vendor goes by the time of ingestion, an old event time means nothing, but in a search the
 * user's bounds are about the event.
 */
export function sieve(parts: SieveParts): Sieve {
  const { ledger, slice, filter, job, summary, isStream } = parts;
  const asked = filter === 'none' || !job.usePosition;
  // The window may begin a little earlier than was asked for, at an edge.
  const since = job.since ?? parts.window.from;
  const begin = since > parts.window.from ? since : parts.window.from;
  const start = filter === 'event' ? begin : asked ? job.since : undefined;
  const lower = bound(start === undefined ? undefined : parts.earliest(start));
  const upper = filter === 'event' || asked ? bound(job.until) : undefined;
  const end = bound(parts.window.until);
  let stampOf = stamper(slice, filter);

  function unseen(record: AuditRecord): number {
    summary.fetched += 1;
    if (lower !== undefined && before(record, lower)) {
      if (filter === 'event' && isLongBefore(record.time, lower.time)) parts.stale(record.time);
      return outside();
    }
    if (upper !== undefined && !before(record, upper) && !Number.isNaN(record.time)) {
      parts.tooLate();
      return outside();
    }
    const stamp = stampOf(record.time);
    const entry = ledger.note(record.key, record.keyStart, record.keyEnd, stamp, record.fingerprint);
    if (entry >= 0) {
      summary.bytes += record.end - record.start;
      if (end !== undefined && record.time >= end.time && !before(record, end)) summary.future += 1;
    } else if (entry === seen) {
      summary.seen += 1;
      // Equal lines of one run are numbered, so this one equals a line of an earlier run. It may be that line or a new one,
      // unless the user says that what is equal is one record.
      if (isStream && Number.isNaN(record.time) && isByContent(record) && job.dedupe !== 'content') summary.alike += 1;
    } else if (job.dedupe !== 'changes') summary.conflicts += 1;
    return entry;
  }

  function changed(record: AuditRecord): number {
    const entry = ledger.note(record.key, record.keyStart, record.keyEnd, stampOf(record.time), 0);
    if (entry < 0) summary.seen += 1;
    else {
      summary.changed += 1;
      summary.bytes += record.end - record.start;
    }
    return entry;
  }

  function outside(): number {
    summary.outside += 1;
    return seen;
  }

  return {
    unseen,
    changed,
    extend: (until) => void (stampOf = stamper({ from: slice.from, until }, filter)),
  };
}

interface Bound {
  readonly time: number;
  readonly nanos: number;
}

function bound(at: Instant | undefined): Bound | undefined {
  if (at === undefined) return undefined;
  const time = toMillis(at);
  return { time, nanos: Number(at - fromMillis(time)) };
}

function before(record: AuditRecord, { time, nanos }: Bound): boolean {
  return record.time < time || (record.time === time && record.nanos < nanos);
}
