/** What became of the records of a batch: noted for each as replies come in, and sorted at the end. */
import type { Hint } from '../hint.ts';
import type { Packed } from '../batch.ts';
import type { EncodedRecord, Ledger } from '../types.ts';

/** What became of a batch; the numbers are ledger entries, in the order of the batch. */
export interface Delivered {
  readonly kept: readonly number[];
  /** Sent, with the acknowledgement still to come, by its name. */
  readonly awaited: readonly { readonly pending: string; readonly entries: readonly number[] }[];
  readonly refused: readonly Refused[];
  /** How many of those that were kept were diverted. */
  readonly diverted: number;
}

/** A record that the sink will not take. */
export interface Refused {
  readonly entry: number;
  readonly record: EncodedRecord;
  readonly reason: string;
  /** As in Reply. */
  readonly doubt: Hint | undefined;
}

/** A refused record with its branch, while it is not known whether the refusal was about the record. */
export interface Doubted extends Refused {
  readonly branch: string;
  readonly ledger: Ledger;
}

export const nothingDelivered: Delivered = { kept: [], awaited: [], refused: [], diverted: 0 };

/**
 * The final outcome of one record, undefined until it is known; `kept` may carry the name of an acknowledgement. All records
 * that one reply has kept share one object, because they are many.
 */
export type Fate = undefined | Kept | { readonly refused: string; readonly doubt: Hint | undefined };
export type Kept = { readonly kept: string | undefined; readonly diverted?: true };

/** All of a batch was taken; `pending` names the acknowledgement that is still to come, if any is. */
export function keptWhole(entries: readonly number[], pending: string | undefined): Delivered {
  if (pending === undefined) return { ...nothingDelivered, kept: entries };
  return { ...nothingDelivered, awaited: [{ pending, entries }] };
}

/** Sorts the records by their fate, in the order of the batch; those without one are left out. */
export function sortFates(packed: Packed, fates: readonly Fate[]): Delivered {
  const kept: number[] = [];
  const awaited = new Map<string, number[]>();
  const refused: Refused[] = [];
  let diverted = 0;
  for (let index = 0; index < packed.entries.length; index++) {
    const fate = fates[index];
    const entry = packed.entries[index];
    if (fate === undefined || entry === undefined) continue;
    if ('diverted' in fate) diverted += 1;
    if ('refused' in fate) {
      refused.push({ entry, record: packed.batch.records[index]!, reason: fate.refused, doubt: fate.doubt });
    } else if (fate.kept === undefined) kept.push(entry);
    else {
      const entries = awaited.get(fate.kept);
      if (entries === undefined) awaited.set(fate.kept, [entry]);
      else entries.push(entry);
    }
  }
  return { kept, awaited: [...awaited].map(([pending, entries]) => ({ pending, entries })), refused, diverted };
}
