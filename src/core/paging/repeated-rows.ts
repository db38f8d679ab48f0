/**
 * Rows that a page repeats from the page before. Where rows shift while they are read page by page, each repeated row
 * stands in the place of one that was skipped: counted twice, it would hide that loss from whoever compares with the total.
 *
 * Only the last keys of the page before are kept, as 53-bit hashes: rows shift at the edge between two pages.
 */
import { fingerprint } from '../content/fingerprint.ts';
import type { Identifier } from '../identity.ts';

export interface RowIdentity extends Identifier {
  /** How many rows of the current page were on the page before. A row that one page shows twice does not count. */
  repeated(): number;
}

/** How many keys of a page are kept at least; at most, twice as many. */
const kept = 64 * 1024;

/** Gives the keys of `identity`, and notices repeated rows. */
export function noticingRepeats(identity: Identifier): RowIdentity {
  /** The keys of the current page: the latest, and those before them where it is long. */
  let page = new Set<number>();
  let earlier = new Set<number>();
  let before: readonly ReadonlySet<number>[] = [];
  let repeated = 0;
  let last = 0;
  let wasBefore = false;

  return {
    ...identity,
    key(bytes, start, end, spans) {
      const found = identity.key(bytes, start, end, spans);
      const low = fingerprint(found.key, found.keyStart, found.keyEnd);
      const high = fingerprint(found.key, found.keyStart, found.keyEnd, low);
      const hash = low * 2 ** 21 + (high >>> 11);
      last = hash;
      wasBefore = before.some((rows) => rows.has(hash));
      if (wasBefore) repeated += 1;
      page.add(hash);
      if (page.size === kept) [earlier, page] = [page, new Set()];
      return found;
    },
    startPage(again = false) {
      if (!again) before = [page, earlier];
      [page, earlier] = [new Set(), new Set()];
      repeated = 0;
      identity.startPage(again);
    },
    takeBack(byContent) {
      if (wasBefore) repeated -= 1;
      page.delete(last);
      identity.takeBack(byContent);
    },
    repeated: () => repeated,
  };
}
