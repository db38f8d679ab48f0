/**
 * Rows that a page shows again from the page before it. Where rows shift while they are read page by page, each of them
 * stands in the place of one that was left out: it must not make up for that one when rows are counted.
 *
 * Of the page before only its last keys are kept, as 64 bits of their hashes: what shifts is at the edge of two pages.
 */
import { fingerprint } from '../fingerprint.ts';
import type { Identify } from '../identity.ts';

export interface RowIdentity extends Identify {
  /** Rows of the page at hand that were on the page before. One that a page shows twice is none of them. */
  repeated(): number;
}

const mostKept = 64 * 1024;

/** Gives the keys of `identity`, and notices repeated rows. */
export function noticingRepeats(identity: Identify): RowIdentity {
  /** Two words a key, in a ring once it is full. */
  let page = new Uint32Array(2 * 256);
  let noted = 0;
  let before = hashSet(page, 0);
  let repeated = 0;

  return {
    key(bytes, start, end, spans) {
      const found = identity.key(bytes, start, end, spans);
      const { key, keyStart, keyEnd } = found;
      const low = fingerprint(key, keyStart, keyEnd);
      const high = fingerprint(key, keyStart, keyEnd, low);
      if (before(low, high)) repeated += 1;
      if (2 * noted === page.length && noted < mostKept) page = twiceAsLong(page);
      const at = 2 * (noted % mostKept);
      page[at] = low;
      page[at + 1] = high;
      noted += 1;
      return found;
    },
    startPage(again = false) {
      if (!again) before = hashSet(page, Math.min(noted, mostKept));
      noted = repeated = 0;
      identity.startPage(again);
    },
    startWindow: identity.startWindow,
    forgetOlder: identity.forgetOlder,
    repeated: () => repeated,
  };
}

/** Whether a hash is among the first `count` of these. At most half of the slots are taken; a free one is 0 0. */
function hashSet(hashes: Uint32Array, count: number): (low: number, high: number) => boolean {
  let capacity = 2;
  while (capacity < 2 * count) capacity *= 2;
  const slots = new Uint32Array(2 * capacity);

  /** Where the hash is, or would be. */
  function find(low: number, high: number): number {
    for (let slot = low & (capacity - 1); ; slot = (slot + 1) & (capacity - 1)) {
      const at = 2 * slot;
      if ((slots[at] === low && slots[at + 1] === high) || (slots[at] === 0 && slots[at + 1] === 0)) return at;
    }
  }

  for (let index = 0; index < count; index += 1) {
    const low = hashes[2 * index] as number;
    const high = hashes[2 * index + 1] as number;
    const at = find(low, high);
    slots[at] = low;
    slots[at + 1] = high;
  }
  return (low, high) => {
    const at = find(low, high);
    return slots[at] !== 0 || slots[at + 1] !== 0;
  };
}

function twiceAsLong(words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(2 * words.length);
  longer.set(words);
  return longer;
}
