/** The count of a run: every record that was pulled ends in exactly one of these numbers. */
import type { Summary } from './types.ts';

export function emptySummary(): Summary {
  return {
    fetched: 0,
    delivered: 0,
    seen: 0,
    conflicts: 0,
    changed: 0,
    diverted: 0,
    outside: 0,
    unmatched: 0,
    quarantined: 0,
    awaited: 0,
    future: 0,
    bytes: 0,
    gaps: [],
  };
}

/** Records that were pulled and have no outcome yet; a slice that ends with more than it began with must not be committed. */
export function unaccounted(summary: Summary): number {
  const { fetched, delivered, seen, conflicts, outside, quarantined, awaited } = summary;
  return fetched - (delivered + seen + conflicts + outside + quarantined + awaited);
}
