/**
 * Counts records with the very same content, so that each occurrence in a window gets a number of its own. A content is
 * known by 128 bits of its SHA-256, about 30 bytes of memory, since a window may hold millions.
 */
import type { Buffer } from 'node:buffer';

export interface Twins {
  /** The number of this occurrence of the content with that SHA-256, from 1. */
  next(digest: Buffer): number;
  /** A page begins; `again`: it is the last one once more, and what it counted is taken back. */
  startPage(again: boolean): void;
  /** The last occurrence was none: it was counted before. */
  takeBack(): void;
  /** A part of the window begins, and a page; `again`: what was counted since the last one began is taken back. */
  startPart(again: boolean): void;
  /** Forgets what did not occur since the last call. A page begins as well. */
  forgetOlder(): void;
  /** Forgets everything. */
  clear(): void;
}

const words = 4;
const startSize = 1024;

/** Nothing is counted yet. */
export function twins(): Twins {
  let recent = countTable();
  let older = countTable(); // what occurs again moves on to the recent ones
  let page: number[] = []; // what the page counted, by entry
  let part: number[] | undefined; // what its pages before counted; nobody asks for it where windows have no parts

  function undo(entries: readonly number[] = []): void {
    for (const entry of entries) recent.count(entry, -1);
  }

  function begin(): void {
    page = [];
    part &&= [];
  }

  const wanted = new Uint32Array(words);
  return {
    next(digest) {
      for (let word = 0; word < words; word += 1) wanted[word] = digest.readUInt32LE(4 * word);
      let entry = recent.entryOf(wanted);
      if (entry === -1) {
        const known = older.entryOf(wanted);
        entry = recent.add(wanted, known === -1 ? 0 : older.count(known, 0));
      }
      page.push(entry);
      return recent.count(entry, 1);
    },
    startPage(again) {
      if (again) undo(page);
      else if (part !== undefined) for (const entry of page) part.push(entry);
      page = [];
    },
    takeBack: () => undo(page.splice(-1)),
    startPart(again) {
      if (again) {
        undo(part);
        undo(page);
      }
      part = [];
      page = [];
    },
    forgetOlder() {
      older = recent;
      recent = countTable();
      begin();
    },
    clear() {
      recent = countTable();
      older = countTable();
      begin();
    },
  };
}

interface CountTable {
  /** The entry of a content, or -1. */
  entryOf(content: Uint32Array): number;
  /** Adds a content that is not there; it begins to count after `base`. */
  add(content: Uint32Array, base: number): number;
  /** Counts on by `more`; returns what that comes to, the base included. */
  count(entry: number, more: number): number;
}

function countTable(): CountTable {
  let slots = new Uint32Array(0); // entry number + 1, or 0; at most half of them are taken
  let contents = new Uint32Array(0);
  let counts = new Uint32Array(0);
  let size = 0;
  const bases = new Map<number, number>(); // by entry, only where it is not 0

  /** The slot that holds the content, or the free one where it belongs. */
  function find(source: Uint32Array, at: number): number {
    const mask = slots.length - 1;
    for (let slot = source[at]! & mask; ; slot = (slot + 1) & mask) {
      const other = (slots[slot]! - 1) * words;
      if (other < 0) return slot;
      let same = 0;
      while (same < words && source[at + same] === contents[other + same]) same += 1;
      if (same === words) return slot;
    }
  }

  function grow(): void {
    const capacity = Math.max(startSize, counts.length * 2);
    contents = enlarged(contents, capacity * words);
    counts = enlarged(counts, capacity);
    slots = new Uint32Array(capacity * 2);
    for (let entry = 0; entry < size; entry += 1) slots[find(contents, entry * words)] = entry + 1;
  }

  return {
    entryOf: (content) => (size === 0 ? -1 : slots[find(content, 0)]! - 1),
    add(content, base) {
      if (size === counts.length) grow();
      const entry = size;
      if (base > 0) bases.set(entry, base);
      contents.set(content, entry * words);
      slots[find(content, 0)] = entry + 1;
      size += 1;
      return entry;
    },
    count(entry, more) {
      counts[entry]! += more;
      return (bases.get(entry) ?? 0) + counts[entry]!;
    },
  };
}

function enlarged(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(array);
  return larger;
}
