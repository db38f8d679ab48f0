/**
 * What was delivered since the position was saved, and is not in the journal yet. It belongs to the run, not to a branch or a
 * slice: before anything else is sent it is made durable, so that a killed run repeats no more than what was in flight. If the
 * position is saved before that, no journal entry is needed.
 *
 * A full disk has to show before anything is sent, or every run would deliver the same again: so the position is saved once
 * more, unchanged, before a run sends for the first time. A sink that ignores repeats needs none of this.
 */
import type { Buffer } from 'node:buffer';
import type { PositionStore } from '../stores.ts';
import type { Ledger, Sink, Source } from '../types.ts';

export interface Unsaved {
  /** Entries that were just delivered, or durably set aside. Their numbers may change afterwards. */
  add(branch: string, ledger: Ledger, entries: readonly number[]): void;
  /** Throws Problem (74) when the position cannot be saved: before anything is sent. */
  prove(): Promise<void>;
  /** Makes them durable, first at the sink, then in the journal: before a branch sends, and when it has sent. */
  journal(): Promise<void>;
  /** What was added is in the position now. */
  forget(): void;
}

/** `store` is undefined when no position is kept; `save` saves it, and calls `forget`. */
export function unsaved(
  sink: Pick<Sink, 'repeats' | 'flush' | 'saved'>,
  { volatile = false }: Pick<Source, 'volatile'>,
  store: Pick<PositionStore, 'journal'> | undefined,
  save: () => Promise<void>,
): Unsaved {
  const isNoted = sink.repeats === 'visible' || (sink.repeats === 'found' && volatile);
  const linesOf = new Map<string, Buffer[]>();
  let isProven = store === undefined || sink.repeats === 'ignored';

  return {
    add(branch, ledger, entries) {
      if (store === undefined || !isNoted || entries.length === 0) return;
      const lines = linesOf.get(branch) ?? [];
      lines.push(...ledger.lines(entries));
      linesOf.set(branch, lines);
    },
    async prove() {
      if (!isProven) await save();
    },
    async journal() {
      const delivered = [...linesOf].map(([branch, lines]) => [branch, [...lines]] as const);
      if (delivered.length === 0) return;
      await sink.flush?.();
      for (const [branch, lines] of delivered) {
        await store?.journal(branch, lines, sink.saved?.());
        // What was delivered meanwhile stays, and so does all of it when that failed.
        const rest = linesOf.get(branch)?.slice(lines.length) ?? [];
        if (rest.length > 0) linesOf.set(branch, rest);
        else linesOf.delete(branch);
      }
    },
    forget() {
      isProven = true;
      linesOf.clear();
    },
  };
}
