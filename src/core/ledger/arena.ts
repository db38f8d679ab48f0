/**
 * Where the ledger keeps its entries: a list of 1 MiB segments, so that growing copies nothing. An entry is a head of 13
 * bytes and the key; its number is its place in the arena, and it never lies across two segments.
 */
import { plain, type StoredKey } from './ledger-key.ts';

/** Where the parts of an entry are: stamp 6 bytes, fingerprint 4, state 1, the key's form and length 2, key. */
export const fingerprintAt = 6;
export const stateAt = 10;
const lengthAt = 11;
export const keyAt = 13;
/** The bits of a length; the key's form is above them. */
const lengthBits = 12;
const lengthMask = (1 << lengthBits) - 1;
/** The upper half of a length and form that no key has: the rest of the segment is empty. */
const endOfSegment = 0x80;

const segmentBits = 20;
const segmentSize = 1 << segmentBits;
const latestStamp = 2 ** 48 - 1;

export interface Arena {
  segmentOf(entry: number): DataView;
  /** Adds an entry with that key; the rest of its head is the caller's to write. */
  add(key: StoredKey): number;
  /** All entries in the order of their arrival. */
  walk(): Generator<number>;
  /** Moves the entries that stay to the front, in place; `moved` is called with the old and the new number of each. */
  compact(stays: (entry: number) => boolean, moved: (from: number, to: number) => void): void;
}

/** An empty one. Its `add` throws RangeError beyond 4 GiB. */
export function createArena(): Arena {
  const segments: DataView[] = [];
  let arenaEnd = 0;

  const segmentOf = (entry: number): DataView => segments[entry >>> segmentBits]!;

  /** Where an entry of that length goes that follows `from`: into the next segment if this one is too short. */
  function place(from: number, length: number): number {
    const room = segmentSize - offsetOf(from);
    if (length <= room) return from;
    if (room >= keyAt) segmentOf(from).setUint8(offsetOf(from) + lengthAt + 1, endOfSegment);
    if (from + room >= 2 ** 32) throw new RangeError('more than 4 GiB of record IDs');
    return from + room;
  }

  /** All entries in the order of their arrival. */
  function* walk(): Generator<number> {
    let entry = 0;
    while (entry < arenaEnd) {
      const segment = segmentOf(entry);
      const head = offsetOf(entry);
      if (head > segmentSize - keyAt || segment.getUint8(head + lengthAt + 1) === endOfSegment) {
        entry += segmentSize - head;
        continue;
      }
      const next = entry + keyAt + lengthOf(segment, head);
      yield entry;
      entry = next;
    }
  }

  return {
    segmentOf,
    walk,
    add({ bytes, start, end, form }) {
      const entry = place(arenaEnd, keyAt + end - start);
      if (entry >>> segmentBits === segments.length) segments.push(new DataView(new ArrayBuffer(segmentSize)));
      const segment = segmentOf(entry);
      const head = offsetOf(entry);
      segment.setUint16(head + lengthAt, (form << lengthBits) | (end - start), true);
      let from = start;
      let to = head + keyAt;
      if (form === plain) {
        for (; from < end; from += 1, to += 1) {
          const byte = bytes.getUint8(from);
          // A line break would forge an entry in the file, where each has a line.
          if (byte === 0x0a) throw new Error('a record key contains a line break');
          segment.setUint8(to, byte);
        }
      } else {
        for (; from + 4 <= end; from += 4, to += 4) segment.setInt32(to, bytes.getInt32(from, true), true);
        for (; from < end; from += 1, to += 1) segment.setUint8(to, bytes.getUint8(from));
      }
      arenaEnd = entry + keyAt + end - start;
      return entry;
    },
    compact(stays, moved) {
      let end = 0;
      for (const entry of walk()) {
        if (!stays(entry)) continue;
        const segment = segmentOf(entry);
        const head = offsetOf(entry);
        const length = keyAt + lengthOf(segment, head);
        const to = place(end, length); // never later than before: entries only move to the front
        new Uint8Array(segmentOf(to).buffer).set(new Uint8Array(segment.buffer, head, length), offsetOf(to));
        moved(entry, to);
        end = to + length;
      }
      arenaEnd = end;
      segments.length = Math.ceil(end / segmentSize);
    },
  };
}

/** Where an entry's head is in its segment. */
export function offsetOf(entry: number): number {
  return entry & (segmentSize - 1);
}

/** The length of its key, as it is stored. */
export function lengthOf(segment: DataView, head: number): number {
  return segment.getUint16(head + lengthAt, true) & lengthMask;
}

/** The form of its key. */
export function formOf(segment: DataView, head: number): number {
  return segment.getUint16(head + lengthAt, true) >>> lengthBits;
}

/** The stamp of the entry whose head that is, in milliseconds since 1970. */
export function readStamp(segment: DataView, head: number): number {
  return segment.getUint32(head, true) + segment.getUint16(head + 4, true) * 2 ** 32;
}

/** Clamped to what six bytes hold: 1970 to the year 10889. */
export function writeStamp(segment: DataView, head: number, stamp: number): void {
  const clamped = stamp > 0 ? Math.min(Math.floor(stamp), latestStamp) : 0;
  const high = Math.floor(clamped / 2 ** 32);
  segment.setUint32(head, clamped - high * 2 ** 32, true);
  segment.setUint16(head + 4, high, true);
}
