/**
 * Finds the entries of an arena by their keys: open addressing with linear probing. A slot holds the hash of a key and
 * its entry's number: a million entries lie all over the memory, and the hash tells nearly always whether a look is worth
 * while; and a table that grows needs none. The hash is keyed, so that nobody can craft keys that share a slot.
 */
import { type Arena, formOf, keyAt, lengthOf, offsetOf } from './arena.ts';
import { keyedHash } from './keyed-hash.ts';
import type { StoredKey } from './ledger-key.ts';

export interface KeyTable {
  /** Never 0. */
  hashOf(key: StoredKey): number;
  /** Looks at the slots of so many keys, for `find` to have them at hand. */
  touch(hashes: Int32Array, count: number): void;
  /** The entry with that key, whose hash that is, or -1. */
  find(key: StoredKey, wanted: number): number;
  /** Puts in the entry whose key the last `find` looked for in vain. */
  insert(entry: number): void;
  /** Makes room for so many more entries. */
  reserve(more: number): void;
  /** Starts again with the entries that the arena has now; so many there are. */
  rebuild(entries: number): void;
}

/** An empty table. `seed`: an integer below 2^53 that nobody can guess. */
export function createKeyTable(arena: Arena, seed: number): KeyTable {
  const hashLow = seed | 0;
  const hashHigh = (seed / 2 ** 32) | 0;
  // Side by side, not in pairs: a search in vain, which is the usual one, looks at nothing but hashes.
  let hashes = new Int32Array(smallest); // 0 for a slot that is free
  let entries = new Int32Array(smallest);
  let taken = 0;
  let vacant = 0; // the slot where the key belongs that was looked for last, and its hash
  let vacantHash = 0;
  let _touched = 0;

  function find({ bytes, start, end, form }: StoredKey, wanted: number): number {
    const last = hashes.length - 1;
    const length = end - start;
    let slot = wanted & last;
    for (let hash = hashes[slot]!; hash !== 0; hash = hashes[slot]!) {
      if (hash === wanted) {
        const entry = entries[slot]! >>> 0;
        const segment = arena.segmentOf(entry);
        const head = offsetOf(entry);
        if (lengthOf(segment, head) === length && formOf(segment, head) === form) {
          let at = length - 1; // from the end: IDs often share their beginning
          while (at >= 0 && segment.getUint8(head + keyAt + at) === bytes.getUint8(start + at)) at -= 1;
          if (at < 0) return entry;
        }
      }
      slot = (slot + 1) & last;
    }
    vacant = slot;
    vacantHash = wanted;
    return -1;
  }

  function hashOf(bytes: DataView, start: number, end: number): number {
    return keyedHash(bytes, start, end, hashLow, hashHigh) || 1;
  }

  /** Puts in an entry that is not there. */
  function place(hash: number, entry: number): void {
    const last = hashes.length - 1;
    let slot = hash & last;
    while (hashes[slot] !== 0) slot = (slot + 1) & last;
    hashes[slot] = hash;
    entries[slot] = entry;
  }

  function grow(size: number): void {
    const [hashesBefore, entriesBefore] = [hashes, entries];
    hashes = new Int32Array(size);
    entries = new Int32Array(size);
    for (let slot = 0; slot < hashesBefore.length; slot += 1) {
      if (hashesBefore[slot] !== 0) place(hashesBefore[slot]!, entriesBefore[slot]!);
    }
  }

  return {
    hashOf: ({ bytes, start, end }) => hashOf(bytes, start, end),
    touch(wanted, count) {
      const last = hashes.length - 1;
      let sum = 0;
      for (let index = 0; index < count; index += 1) sum ^= hashes[wanted[index]! & last]!;
      _touched = sum; // or V8 would see that nobody needs it
    },
    find,
    insert(entry) {
      hashes[vacant] = vacantHash;
      entries[vacant] = entry;
      taken += 1;
      if (taken * 2 > hashes.length) grow(hashes.length * 2);
    },
    reserve(more) {
      const size = sizeFor(taken + more);
      if (size > hashes.length) grow(size);
    },
    rebuild(count) {
      const size = sizeFor(count);
      if (size === hashes.length) hashes.fill(0);
      else {
        hashes = new Int32Array(size);
        entries = new Int32Array(size);
      }
      taken = 0;
      for (const entry of arena.walk()) {
        const segment = arena.segmentOf(entry);
        const start = offsetOf(entry) + keyAt;
        place(hashOf(segment, start, start + lengthOf(segment, start - keyAt)), entry);
        taken += 1;
      }
    },
  };
}

const smallest = 1024;

/** Slots for a table that is at most half full, so that a search is short. */
function sizeFor(entries: number): number {
  let size = smallest;
  while (entries * 2 > size) size *= 2;
  return size;
}
