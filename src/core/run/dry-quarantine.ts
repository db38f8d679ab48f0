/** The quarantine of a dry run: nothing is written, and the first different reasons are kept to be told. */
import type { Quarantine } from '../stores.ts';

export interface DryQuarantine extends Quarantine {
  reasons(): readonly string[];
}

const most = 3;

/** `path` is where a run would set aside. */
export function dryQuarantine(path: string): DryQuarantine {
  const reasons = new Set<string>();
  return {
    path,
    add({ reason }) {
      if (reasons.size < most) reasons.add(reason);
      return Promise.resolve();
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
    reasons: () => [...reasons],
  };
}
