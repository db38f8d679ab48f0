/**
 * Scrubs what goes to the disk. Apart from records, it may quote a vendor's reply, and a reply may quote the credentials of its
 * request: so position and quarantine pass the same scrubber as standard error.
 */
import type { PositionStore, Quarantine } from '../../core/stores.ts';

type Clean = (text: string) => string;

/** The store, with the last outcome scrubbed. */
export function scrubbedStore(store: PositionStore, clean: Clean): PositionStore {
  return {
    ...store,
    save(position) {
      const { last } = position;
      if (last !== undefined) {
        const hint = last.hint === undefined ? {} : { hint: clean(last.hint) };
        position.last = { ...last, outcome: clean(last.outcome), ...hint };
      }
      return store.save(position);
    },
  };
}

/** The quarantine, with the reasons scrubbed; the records stay as they are. */
export function scrubbedQuarantine(quarantine: Quarantine, clean: Clean): Quarantine {
  return { ...quarantine, add: (refused, by) => quarantine.add({ ...refused, reason: clean(refused.reason) }, by) };
}
