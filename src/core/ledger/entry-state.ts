/** What the ledger knows of an entry. */

/** Pulled, and not delivered yet. */
export const noted = 0;
export const kept = 1;
export const awaited = 2;
/** To be delivered again; it stays in its place until the next prune. */
export const forgotten = 3;

/** Whether a later run has to know the entry. */
export function isLive(state: number): boolean {
  return state === kept || state === awaited;
}
