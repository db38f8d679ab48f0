/** Counts records with the very same content, so that each occurrence in a window gets a number of its own. */

export interface Twins {
  /**
   * The number of this occurrence, from 1. At the first one, `taken` says how many numbers earlier windows used up.
   */
  next(name: string, taken: () => number): number;
  /** A page begins; `again`: it is the last one once more, and what it counted is taken back. */
  startPage(again: boolean): void;
  clear(): void;
}

/** An empty count. It holds each name until it is cleared. */
export function twins(): Twins {
  const counts = new Map<string, number>();
  const bases = new Map<string, number>(); // only where it is not 0
  let page: string[] = [];

  return {
    next(name, taken) {
      let count = counts.get(name);
      if (count === undefined) {
        const base = taken();
        if (base > 0) bases.set(name, base);
        count = 0;
      }
      counts.set(name, count + 1);
      page.push(name);
      return (bases.get(name) ?? 0) + count + 1;
    },
    startPage(again) {
      // A count that falls to 0 stays: its base must not be taken anew, now that the first attempt may be remembered.
      if (again) for (const name of page) counts.set(name, (counts.get(name) ?? 1) - 1);
      page = [];
    },
    clear() {
      counts.clear();
      bases.clear();
      page = [];
    },
  };
}
