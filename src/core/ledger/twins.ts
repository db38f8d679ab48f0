/**
 * Counts records with the very same content, so that each occurrence in a window gets a number of its own. A content is
 * known by 128 bits of its SHA-256, about 30 bytes of memory, since a window may hold millions.
 */
import type { Buffer } from 'node:buffer';

export interface Twins {
  /**
   * The number of this occurrence of the content with that SHA-256, from 1. At the first one, `taken` says how many
   * numbers were used up before.
   */
  next(digest: Buffer, taken: () => number): number;
  /** A page begins; `again`: it is the last one once more, and what it counted is taken back. */
  startPage(again: boolean): void;
  /** Forgets everything. */
  clear(): void;
}

const words = 4;
const startSize = 1024;

export function twins(): Twins {
  let slots = new Uint32Array(0); // entry number + 1, or 0; at most half of them are taken
  let digests = new Uint32Array(0);
  let counts = new Uint32Array(0);
  let size = 0;
  const bases = new Map<number, number>(); // by entry, only where it is not 0
  let page: number[] = []; // what the page counted, by entry

  /** The slot that holds the content, or the free one where it belongs. */
  function find(source: Uint32Array, at: number): number {
    const mask = slots.length - 1;
    for (let slot = source[at]! & mask; ; slot = (slot + 1) & mask) {
      const other = (slots[slot]! - 1) * words;
      if (other < 0) return slot;
      let same = 0;
      while (same < words && source[at + same] === digests[other + same]) same += 1;
      if (same === words) return slot;
    }
  }

  function grow(): void {
    const capacity = Math.max(startSize, counts.length * 2);
    digests = enlarged(digests, capacity * words);
    counts = enlarged(counts, capacity);
    slots = new Uint32Array(capacity * 2);
    for (let entry = 0; entry < size; entry += 1) slots[find(digests, entry * words)] = entry + 1;
  }

  const wanted = new Uint32Array(words);
  return {
    next(digest, taken) {
      if (size === counts.length) grow();
      for (let word = 0; word < words; word += 1) wanted[word] = digest.readUInt32LE(4 * word);
      const slot = find(wanted, 0);
      let entry = slots[slot]! - 1;
      if (entry < 0) {
        const base = taken();
        entry = size;
        if (base > 0) bases.set(entry, base);
        digests.set(wanted, entry * words);
        counts[entry] = 0;
        slots[slot] = entry + 1;
        size += 1;
      }
      counts[entry]! += 1;
      page.push(entry);
      return (bases.get(entry) ?? 0) + counts[entry]!;
    },
    startPage(again) {
      // A count that falls to 0 stays: its base must not be taken anew, now that the first attempt may be remembered.
      if (again) for (const entry of page) counts[entry]! -= 1;
      page = [];
    },
    clear() {
      slots = digests = counts = new Uint32Array(0);
      size = 0;
      bases.clear();
      page = [];
    },
  };
}

function enlarged(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(array);
  return larger;
}
