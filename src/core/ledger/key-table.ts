/**
 * Finds the entries of an arena by their keys: open addressing with linear probing. A slot holds an entry's number, and
 * beside it a byte of its hash: a million entries lie all over the memory, and that byte tells nearly always whether a
 * look is worth while. The hash is keyed, so that nobody can craft keys that share a slot.
 */
import { type Arena, formOf, keyAt, lengthOf, offsetOf } from './arena.ts';
import { keyedHash } from './keyed-hash.ts';
import type { StoredKey } from './ledger-key.ts';

export interface KeyTable {
  /** The entry with that key, or -1. */
  find(key: StoredKey): number;
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
  let table = new Uint32Array(1024);
  let tags = new Uint8Array(1024); // 0 for a slot that is free
  let taken = 0;
  let vacant = 0; // the slot where the key belongs that was looked for last, and its tag
  let vacantTag = 0;

  function find({ bytes, start, end, form }: StoredKey): number {
    const mask = table.length - 1;
    const length = end - start;
    const hash = keyedHash(bytes, start, end, hashLow, hashHigh);
    const wanted = tagOf(hash);
    let slot = hash & mask;
    for (let tag = tags[slot]!; tag !== 0; tag = tags[slot]!) {
      if (tag === wanted) {
        const entry = table[slot]!;
        const segment = arena.segmentOf(entry);
        const head = offsetOf(entry);
        if (lengthOf(segment, head) === length && formOf(segment, head) === form) {
          let at = length - 1; // from the end: IDs often share their beginning
          while (at >= 0 && segment[head + keyAt + at] === bytes[start + at]) at -= 1;
          if (at < 0) return entry;
        }
      }
      slot = (slot + 1) & mask;
    }
    vacant = slot;
    vacantTag = wanted;
    return -1;
  }

  function fill(slots: number): void {
    const mask = slots - 1;
    if (slots === table.length) {
      tags.fill(0);
    } else {
      table = new Uint32Array(slots);
      tags = new Uint8Array(slots);
    }
    taken = 0;
    for (const entry of arena.walk()) {
      const segment = arena.segmentOf(entry);
      const start = offsetOf(entry) + keyAt;
      const end = start + lengthOf(segment, start - keyAt);
      const hash = keyedHash(segment, start, end, hashLow, hashHigh);
      let slot = hash & mask;
      while (tags[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = entry;
      tags[slot] = tagOf(hash);
      taken += 1;
    }
  }

  return {
    find,
    insert(entry) {
      table[vacant] = entry;
      tags[vacant] = vacantTag;
      taken += 1;
      if (taken * 2 > table.length) fill(table.length * 2);
    },
    reserve(more) {
      const slots = slotsFor(taken + more);
      if (slots > table.length) fill(slots);
    },
    rebuild: (entries) => fill(slotsFor(entries)),
  };
}

/** The upper bits of a hash, which do not choose the slot; never 0. */
function tagOf(hash: number): number {
  return (hash >>> 24) | 1;
}

/** A table at most half full, so that a search is short. */
function slotsFor(entries: number): number {
  let slots = 1024;
  while (entries * 2 > slots) slots *= 2;
  return slots;
}
