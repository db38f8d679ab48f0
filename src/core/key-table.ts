/**
 * Finds the entries of an arena by their keys: open addressing with linear probing. A slot is an entry's number + 1, or
 * 0. The hash is keyed, so that nobody can craft keys that share a slot.
 */
import type { Buffer } from 'node:buffer';
import { type Arena, keyAt, lengthOf, offsetOf } from './arena.ts';
import { keyedHash } from './keyed-hash.ts';

export interface KeyTable {
  /** The entry with that key, or -1. */
  find(key: Buffer, start: number, end: number): number;
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
  let taken = 0;
  let vacant = 0; // the slot where the key belongs that was looked for last

  function find(key: Buffer, start: number, end: number): number {
    const mask = table.length - 1;
    const length = end - start;
    let slot = keyedHash(key, start, end, hashLow, hashHigh) & mask;
    for (let found = table[slot]!; found !== 0; found = table[slot]!) {
      const segment = arena.segmentOf(found - 1);
      const head = offsetOf(found - 1);
      if (lengthOf(segment, head) === length) {
        let at = length - 1; // from the end: IDs often share their beginning
        while (at >= 0 && segment[head + keyAt + at] === key[start + at]) at -= 1;
        if (at < 0) return found - 1;
      }
      slot = (slot + 1) & mask;
    }
    vacant = slot;
    return -1;
  }

  function fill(slots: number): void {
    const mask = slots - 1;
    table = new Uint32Array(slots);
    taken = 0;
    for (const entry of arena.walk()) {
      const segment = arena.segmentOf(entry);
      const start = offsetOf(entry) + keyAt;
      const end = start + lengthOf(segment, start - keyAt);
      let slot = keyedHash(segment, start, end, hashLow, hashHigh) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = entry + 1;
      taken += 1;
    }
  }

  return {
    find,
    insert(entry) {
      table[vacant] = entry + 1;
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

/** A table at most half full: every slot that is tried in vain costs a look into the arena. */
function slotsFor(entries: number): number {
  let slots = 1024;
  while (entries * 2 > slots) slots *= 2;
  return slots;
}
