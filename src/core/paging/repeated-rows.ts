/**
 * Rows that a page shows again from the page before it. Where rows shift while they are read page by page, each of them
 * stands in the place of one that was left out: it must not make up for that one when rows are counted.
 *
 * Of the page before only its last keys are kept, as 53 bits of their hashes: what shifts is at the edge of two pages.
 */
import { fingerprint } from '../content/fingerprint.ts';
import type { Identifier } from '../identity.ts';

export interface RowIdentity extends Identifier {
  /** Rows of the page at hand that were on the page before. One that a page shows twice is none of them. */
  repeated(): number;
}

/** Keys of a page that are kept at least; at most twice as many. */
const kept = 64 * 1024;

/** Gives the keys of `identity`, and notices repeated rows. */
export function noticingRepeats(identity: Identifier): RowIdentity {
  /** Of the page at hand, and of its earlier part where it is long. */
  let page = new Set<number>();
  let earlier = new Set<number>();
  let before: readonly ReadonlySet<number>[] = [];
  let repeated = 0;
  let last = 0;
  let wasBefore = false;

  return {
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
    refused: identity.refused,
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
    startPart: identity.startPart,
    startWindow: identity.startWindow,
    forgetOlder: identity.forgetOlder,
    repeated: () => repeated,
  };
}
