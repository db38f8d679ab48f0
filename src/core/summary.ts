/** The count of a run: every record that was pulled ends in exactly one of these numbers. */
import type { Position, Summary } from './types.ts';

/** The count of a run that has pulled nothing yet. */
export function emptySummary(): Summary {
  return {
    fetched: 0,
    delivered: 0,
    seen: 0,
    alike: 0,
    conflicts: 0,
    changed: 0,
    diverted: 0,
    outside: 0,
    unmatched: 0,
    quarantined: 0,
    unreadable: 0,
    awaited: 0,
    future: 0,
    repeated: 0,
    bytes: 0,
    gaps: [],
  };
}

/** Whether the sink has taken anything of the run. */
export function isAnyAccepted({ delivered, awaited }: Summary): boolean {
  return delivered + awaited > 0;
}

/** Records that are for the sink, because no run delivered them before. */
export function fresh({ fetched, seen, conflicts, outside }: Summary): number {
  return fetched - seen - conflicts - outside;
}

/**
 * Refused records, without unreadable lines of a stream: those may be the same in many runs, and so must not count as too
 * many in a row.
 */
export function refusedAnew({ quarantined, unreadable }: Summary): number {
  return quarantined - unreadable;
}

/** What a run has delivered and set aside so far, in the form that a position keeps of runs that ended with 65. */
export function outcomeOf(summary: Summary): NonNullable<Position['stuck']> {
  return { delivered: summary.delivered + summary.awaited, quarantined: refusedAnew(summary) };
}

/** Records that were pulled and have no outcome yet; a slice that ends with more than it began with must not be committed. */
export function unaccounted(summary: Summary): number {
  const { delivered, quarantined, awaited } = summary;
  return fresh(summary) - (delivered + quarantined + awaited);
}
