/**
 * The ledger: which records were delivered. Exact keys, so that no crafted ID can hide a record, packed into about 56
 * bytes for an ID of 34 (a `Set` of strings takes 117).
 *
 * The arena is a list of 1 MiB segments, so that growing copies nothing. An entry is a head of 13 bytes and the key, and
 * its number is its place in the arena. The table that finds it has open addressing with linear probing; a slot is an
 * entry's number + 1, or 0.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { keyedHash } from './keyed-hash.ts';
import { longestHead, readLine, writeHead, type LedgerLine } from './ledger-line.ts';
import type { Ledger } from './types.ts';

/** What `Ledger.note` returns for a key that was noted before, and for one that was noted with another fingerprint. */
export const seen = -1;
export const conflict = -2;

/** Where the parts of an entry are: stamp 6 bytes, fingerprint 4, state 1, key length 2, key. */
const fingerprintAt = 6;
const stateAt = 10;
const lengthAt = 11;
const keyAt = 13;
/** The upper half of a length that no key has: the rest of the segment is empty. */
const endOfSegment = 0x80;

/** A forgotten entry stays in its place until the next prune. */
const noted = 0;
const kept = 1;
const awaited = 2;
const forgotten = 3;

const segmentBits = 20;
const segmentSize = 1 << segmentBits;
const latestStamp = 2 ** 48 - 1;
const blockSize = 256 * 1024;

/** A longer key is stored as its digest, and so is one that looks like a digest: the two cannot be mixed up. */
const longestKey = 1024;
const digestPrefix = 'key-sha256:';
const digestSize = digestPrefix.length + 64;

/** An empty ledger. `seed`: an integer that nobody can guess, so that nobody can craft IDs that share a slot. */
export function createLedger(seed = 0): Ledger {
  const hashLow = seed | 0;
  const hashHigh = (seed / 2 ** 32) | 0;
  const segments: Buffer[] = [];
  let arenaEnd = 0;
  let table = new Uint32Array(1024);
  let taken = 0;
  let size = 0;
  const pendingOf = new Map<number, string>();
  const entriesOf = new Map<string, number[]>();

  const segmentOf = (entry: number): Buffer => segments[entry >>> segmentBits]!;

  /** The slot of the key, or the empty slot where it belongs. */
  function find(key: Buffer, start: number, end: number): number {
    const mask = table.length - 1;
    const length = end - start;
    let slot = keyedHash(key, start, end, hashLow, hashHigh) & mask;
    for (let found = table[slot]!; found !== 0; found = table[slot]!) {
      const segment = segmentOf(found - 1);
      const head = offsetOf(found - 1);
      if (lengthOf(segment, head) === length) {
        let at = length - 1; // from the end: IDs often share their beginning
        while (at >= 0 && segment[head + keyAt + at] === key[start + at]) at -= 1;
        if (at < 0) return slot;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  function note(key: Buffer, start: number, end: number, stamp: number, fingerprint: number): number {
    const slot = find(key, start, end);
    const found = table[slot]!;
    if (found === 0) return add(slot, key, start, end, stamp, fingerprint);
    const segment = segmentOf(found - 1);
    const head = offsetOf(found - 1);
    if (segment[head + stateAt] === forgotten) {
      writeStamp(segment, head, stamp);
      writeWord(segment, head + fingerprintAt, fingerprint);
      segment[head + stateAt] = noted;
      return found - 1;
    }
    const known = readWord(segment, head + fingerprintAt);
    if (known !== 0 && fingerprint !== 0 && known !== fingerprint >>> 0) return conflict;
    if (stamp > readStamp(segment, head)) writeStamp(segment, head, stamp); // a later window may show it once more
    return seen;
  }

  function add(slot: number, key: Buffer, start: number, end: number, stamp: number, fingerprint: number): number {
    const entry = place(arenaEnd, keyAt + end - start);
    if (entry >>> segmentBits === segments.length) segments.push(Buffer.allocUnsafeSlow(segmentSize));
    const segment = segmentOf(entry);
    const head = offsetOf(entry);
    writeStamp(segment, head, stamp);
    writeWord(segment, head + fingerprintAt, fingerprint);
    segment[head + stateAt] = noted;
    segment[head + lengthAt] = end - start;
    segment[head + lengthAt + 1] = (end - start) >>> 8;
    for (let from = start, to = head + keyAt; from < end; from += 1, to += 1) {
      if (key[from] === 0x0a) throw new Error('a record key contains a line break'); // would forge a line on disk
      segment[to] = key[from]!;
    }
    arenaEnd = entry + keyAt + end - start;
    table[slot] = entry + 1;
    taken += 1;
    if (taken * 2 > table.length) rebuild(table.length * 2);
    return entry;
  }

  /** Where an entry of that length goes that follows `from`: into the next segment if this one is too short. */
  function place(from: number, length: number): number {
    const room = segmentSize - offsetOf(from);
    if (length <= room) return from;
    if (room >= keyAt) segmentOf(from)[offsetOf(from) + lengthAt + 1] = endOfSegment;
    if (from + room >= 2 ** 32) throw new RangeError('more than 4 GiB of record IDs');
    return from + room;
  }

  /** All entries in the order of their arrival. */
  function* walk(): Generator<number> {
    let entry = 0;
    while (entry < arenaEnd) {
      const segment = segmentOf(entry);
      const head = offsetOf(entry);
      if (head > segmentSize - keyAt || segment[head + lengthAt + 1] === endOfSegment) {
        entry += segmentSize - head;
        continue;
      }
      const next = entry + keyAt + lengthOf(segment, head);
      yield entry;
      entry = next;
    }
  }

  function rebuild(slots: number): void {
    const mask = slots - 1;
    table = new Uint32Array(slots);
    taken = 0;
    for (const entry of walk()) {
      const segment = segmentOf(entry);
      const start = offsetOf(entry) + keyAt;
      const end = start + lengthOf(segment, start - keyAt);
      let slot = keyedHash(segment, start, end, hashLow, hashHigh) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = entry + 1;
      taken += 1;
    }
  }

  function become(entry: number, state: number): void {
    const segment = segmentOf(entry);
    const at = offsetOf(entry) + stateAt;
    size += Number(isLive(state)) - Number(isLive(segment[at]!));
    if (segment[at] === awaited) pendingOf.delete(entry);
    segment[at] = state;
  }

  function wait(entry: number, pending: string): void {
    become(entry, awaited);
    pendingOf.set(entry, pending);
    const entries = entriesOf.get(pending);
    if (entries === undefined) entriesOf.set(pending, [entry]);
    else entries.push(entry);
  }

  /** Moves what is still needed to the front, in place: without the others no entry comes to lie later than before. */
  function prune(before: number): void {
    const stillAwaited: [entry: number, pending: string][] = [];
    let end = 0;
    size = 0;
    for (const entry of walk()) {
      const segment = segmentOf(entry);
      const head = offsetOf(entry);
      const state = segment[head + stateAt]!;
      if (state !== awaited && (state !== kept || readStamp(segment, head) < before)) continue;
      const length = keyAt + lengthOf(segment, head);
      const to = place(end, length);
      segment.copy(segmentOf(to), offsetOf(to), head, head + length);
      if (state === awaited) stillAwaited.push([to, pendingOf.get(entry)!]);
      end = to + length;
      size += 1;
    }
    arenaEnd = end;
    segments.length = Math.ceil(end / segmentSize);
    pendingOf.clear();
    entriesOf.clear();
    for (const [entry, pending] of stillAwaited) {
      segmentOf(entry)[offsetOf(entry) + stateAt] = kept;
      wait(entry, pending);
    }
    rebuild(slotsFor(size));
  }

  /** The lines of core/ledger-line.ts. */
  function* lines(only: Iterable<number> = walk()): Generator<Buffer> {
    let block = Buffer.allocUnsafe(Array.isArray(only) ? Math.min(blockSize, 128 * only.length + 128) : blockSize);
    let used = 0;
    for (const entry of only) {
      const segment = segmentOf(entry);
      const head = offsetOf(entry);
      if (!isLive(segment[head + stateAt]!)) continue;
      const pending = segment[head + stateAt] === awaited ? encodeURIComponent(pendingOf.get(entry)!) : '';
      const length = lengthOf(segment, head);
      const longest = longestHead + pending.length + length + 1;
      if (used + longest > block.length) {
        if (used > 0) yield block.subarray(0, used);
        block = Buffer.allocUnsafe(Math.max(blockSize, longest));
        used = 0;
      }
      const fingerprint = readWord(segment, head + fingerprintAt);
      used = writeHead(block, used, readStamp(segment, head), fingerprint, pending);
      for (let at = head + keyAt; at < head + keyAt + length; at += 1, used += 1) block[used] = segment[at]!;
      block[used] = 0x0a;
      used += 1;
    }
    if (used > 0) yield block.subarray(0, used);
  }

  function read(bytes: Buffer): void {
    const line: LedgerLine = { stamp: 0, fingerprint: 0, pending: undefined, keyStart: 0 };
    const slots = slotsFor(taken + bytes.length / 56); // about right; growing by doubling would hash every key twice
    if (slots > table.length) rebuild(slots);
    for (let start = 0; start < bytes.length;) {
      const newline = bytes.indexOf(0x0a, start);
      const end = newline === -1 ? bytes.length : newline;
      readLine(bytes, start, end, line);
      let entry = note(bytes, line.keyStart, end, line.stamp, line.fingerprint);
      if (entry < 0) entry = table[find(bytes, line.keyStart, end)]! - 1;
      if (line.pending === undefined) become(entry, kept);
      else wait(entry, line.pending);
      start = end + 1;
    }
  }

  return {
    get size() {
      return size;
    },
    note(key, start, end, stamp, fingerprint) {
      if (!needsDigest(key, start, end)) return note(key, start, end, stamp, fingerprint);
      return note(digest(key, start, end), 0, digestSize, stamp, fingerprint);
    },
    has(key, start, end) {
      const long = needsDigest(key, start, end);
      const found = table[long ? find(digest(key, start, end), 0, digestSize) : find(key, start, end)]!;
      return found !== 0 && segmentOf(found - 1)[offsetOf(found - 1) + stateAt] !== forgotten;
    },
    keep: (entry) => become(entry, kept),
    wait,
    settle(pending, arrived) {
      let settled = 0;
      for (const entry of entriesOf.get(pending) ?? []) {
        if (pendingOf.get(entry) !== pending) continue;
        become(entry, arrived ? kept : forgotten);
        settled += 1;
      }
      entriesOf.delete(pending);
      return settled;
    },
    pending: () => [...entriesOf.keys()],
    prune,
    lines,
    read,
  };
}

function offsetOf(entry: number): number {
  return entry & (segmentSize - 1);
}

function lengthOf(segment: Buffer, head: number): number {
  return segment[head + lengthAt]! | (segment[head + lengthAt + 1]! << 8);
}

function isLive(state: number): boolean {
  return state === kept || state === awaited;
}

function readStamp(segment: Buffer, head: number): number {
  return readWord(segment, head) + (segment[head + 4]! | (segment[head + 5]! << 8)) * 2 ** 32;
}

/** Clamped to what six bytes hold: 1970 to the year 10889. */
function writeStamp(segment: Buffer, head: number, stamp: number): void {
  const clamped = stamp > 0 ? Math.min(Math.floor(stamp), latestStamp) : 0;
  const high = Math.floor(clamped / 2 ** 32);
  writeWord(segment, head, clamped - high * 2 ** 32);
  segment[head + 4] = high;
  segment[head + 5] = high >>> 8;
}

/** As readUInt32LE, whose argument checks would be a third of the time that a look-up takes. */
function readWord(segment: Buffer, at: number): number {
  return (segment[at]! | (segment[at + 1]! << 8) | (segment[at + 2]! << 16) | (segment[at + 3]! << 24)) >>> 0;
}

function writeWord(segment: Buffer, at: number, word: number): void {
  segment[at] = word;
  segment[at + 1] = word >>> 8;
  segment[at + 2] = word >>> 16;
  segment[at + 3] = word >>> 24;
}

/** A table at most half full: every slot that is tried in vain costs a look into the arena. */
function slotsFor(entries: number): number {
  let slots = 1024;
  while (entries * 2 > slots) slots *= 2;
  return slots;
}

function needsDigest(key: Buffer, start: number, end: number): boolean {
  if (end - start > longestKey) return true;
  return end - start === digestSize && key.toString('latin1', start, start + digestPrefix.length) === digestPrefix;
}

function digest(key: Buffer, start: number, end: number): Buffer {
  return Buffer.from(digestPrefix + createHash('sha256').update(key.subarray(start, end)).digest('hex'), 'latin1');
}
