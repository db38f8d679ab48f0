/** The count of a run: every record that was pulled ends in exactly one of these numbers. */
import type { Summary } from './types.ts';

export function emptySummary(): Summary {
  return {
    fetched: 0,
    delivered: 0,
    seen: 0,
    conflicts: 0,
    outside: 0,
    unmatched: 0,
    quarantined: 0,
    awaited: 0,
    future: 0,
    bytes: 0,
    gaps: [],
  };
}

/** Throws when records are unaccounted for: that is a bug, and the position must not move over it. */
export function checkSums(summary: Summary): void {
  const { fetched, delivered, seen, conflicts, outside, quarantined, awaited } = summary;
  const accounted = delivered + seen + conflicts + outside + quarantined + awaited;
  if (fetched !== accounted) throw new Error(`${fetched} records were pulled but ${accounted} are accounted for`);
}
