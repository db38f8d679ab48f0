/**
 * The ledger: which records were delivered. It has exact keys, so that no crafted ID can hide a record, in about 56 bytes for
 * an ID of 34 (a `Set` of strings takes 117).
 *
 * The entries lie in an arena (core/ledger/arena.ts); a table finds them by their keys (core/ledger/key-table.ts).
 */
import { Buffer } from 'node:buffer';
import {
  createArena,
  fingerprintAt,
  formOf,
  keyAt,
  lengthOf,
  offsetOf,
  readStamp,
  stateAt,
  writeStamp,
} from './ledger/arena.ts';
import { coming } from './ledger/coming.ts';
import { createKeyTable } from './ledger/key-table.ts';
import { keyPacker, type StoredKey, textLength, writeKey } from './ledger/ledger-key.ts';
import { longestHead, readLine, writeHead, type LedgerLine } from './ledger/ledger-line.ts';
import { awaited, forgotten, isLive, kept, noted } from './ledger/entry-state.ts';
import type { Ledger } from './types.ts';

/** What `Ledger.note` returns for a key that was noted before, and for one that was noted with another fingerprint. */
export const seen = -1;
export const conflict = -2;

const blockSize = 256 * 1024;

/** An empty ledger. `seed`: an integer that nobody can guess, so that nobody can craft IDs that share a slot. */
export function createLedger(seed: number): Ledger {
  const arena = createArena();
  const { segmentOf } = arena;
  const table = createKeyTable(arena, seed);
  const packed = keyPacker();
  const next = coming(table, packed);
  let size = 0;
  let newest = -1;
  let lost = 0;
  let marked = 0; // entries below were there at the last mark
  const pendingOf = new Map<number, string>();
  const entriesOf = new Map<string, number[]>();

  function note(key: StoredKey, hash: number, stamp: number, fingerprint: number): number {
    const entry = table.find(key, hash);
    if (entry === -1) return add(key, stamp, fingerprint);
    const segment = segmentOf(entry);
    const head = offsetOf(entry);
    if (segment.getUint8(head + stateAt) === forgotten) {
      writeStamp(segment, head, stamp);
      segment.setUint32(head + fingerprintAt, fingerprint, true);
      segment.setUint8(head + stateAt, noted);
      lost -= 1;
      return entry;
    }
    if (stamp > readStamp(segment, head)) writeStamp(segment, head, stamp); // a later window may show it once more
    const known = segment.getUint32(head + fingerprintAt, true);
    return known !== 0 && fingerprint !== 0 && known !== fingerprint >>> 0 ? conflict : seen;
  }

  function add(key: StoredKey, stamp: number, fingerprint: number): number {
    const entry = arena.add(key);
    newest = entry;
    const segment = segmentOf(entry);
    const head = offsetOf(entry);
    writeStamp(segment, head, stamp);
    segment.setUint32(head + fingerprintAt, fingerprint, true);
    segment.setUint8(head + stateAt, noted);
    table.insert(entry);
    return entry;
  }

  function become(entry: number, state: number): void {
    const segment = segmentOf(entry);
    const at = offsetOf(entry) + stateAt;
    const before = segment.getUint8(at);
    size += Number(isLive(state)) - Number(isLive(before));
    if (before === awaited) pendingOf.delete(entry);
    segment.setUint8(at, state);
  }

  function wait(entry: number, pending: string): void {
    become(entry, awaited);
    pendingOf.set(entry, pending);
    const entries = entriesOf.get(pending);
    if (entries === undefined) entriesOf.set(pending, [entry]);
    else entries.push(entry);
  }

  function prune(before: number): void {
    const stillAwaited: [entry: number, pending: string][] = [];
    function stays(entry: number): boolean {
      const segment = segmentOf(entry);
      const state = segment.getUint8(offsetOf(entry) + stateAt);
      return state === awaited || (state === kept && readStamp(segment, offsetOf(entry)) >= before);
    }
    const old = marked;
    size = 0;
    marked = 0;
    newest = -1;
    arena.compact(stays, (from, to) => {
      newest = to;
      if (from < old) marked = to + 1;
      const pending = pendingOf.get(from);
      if (pending !== undefined) stillAwaited.push([to, pending]);
      size += 1;
    });
    pendingOf.clear();
    entriesOf.clear();
    for (const [entry, pending] of stillAwaited) {
      segmentOf(entry).setUint8(offsetOf(entry) + stateAt, kept); // counted already; wait makes it awaited under its new number
      wait(entry, pending);
    }
    table.rebuild(size);
  }

  /** The lines of core/ledger/ledger-line.ts. */
  function* lines(only: Iterable<number> = arena.walk()): Generator<Buffer> {
    let block = Buffer.allocUnsafe(Array.isArray(only) ? Math.min(blockSize, 128 * only.length + 128) : blockSize);
    let used = 0;
    for (const entry of only) {
      const segment = segmentOf(entry);
      const head = offsetOf(entry);
      if (!isLive(segment.getUint8(head + stateAt))) continue;
      const pending = segment.getUint8(head + stateAt) === awaited ? encodeURIComponent(pendingOf.get(entry)!) : '';
      const length = lengthOf(segment, head);
      const form = formOf(segment, head);
      const longest = longestHead + pending.length + textLength(length, form) + 1;
      if (used + longest > block.length) {
        if (used > 0) yield block.subarray(0, used);
        block = Buffer.allocUnsafe(Math.max(blockSize, longest));
        used = 0;
      }
      const fingerprint = segment.getUint32(head + fingerprintAt, true);
      used = writeHead(block, used, readStamp(segment, head), fingerprint, pending, entry < marked);
      used = writeKey(block, used, segment, head + keyAt, head + keyAt + length, form);
      block[used] = 0x0a;
      used += 1;
    }
    if (used > 0) yield block.subarray(0, used);
  }

  function read(bytes: Buffer): void {
    const line: LedgerLine = { stamp: 0, fingerprint: 0, pending: undefined, marked: false, keyStart: 0 };
    for (let start = 0; start < bytes.length;) {
      const newline = bytes.indexOf(0x0a, start);
      const end = newline === -1 ? bytes.length : newline;
      readLine(bytes, start, end, line);
      const key = packed(bytes, line.keyStart, end, true);
      const hash = table.hashOf(key);
      let entry = note(key, hash, line.stamp, line.fingerprint);
      if (entry < 0) entry = table.find(key, hash);
      if (line.pending === undefined) become(entry, kept);
      else wait(entry, line.pending);
      if (line.marked) marked = Math.max(marked, entry + 1);
      start = end + 1;
    }
  }

  return {
    size: () => size,
    expect: next.expect,
    note(key, start, end, stamp, fingerprint) {
      const stored = packed(key, start, end);
      return note(stored, next.hashOf(key, start, end) || table.hashOf(stored), stamp, fingerprint);
    },
    marked() {
      const end = marked;
      return (...key) => {
        const stored = packed(...key);
        const entry = table.find(stored, table.hashOf(stored));
        return entry !== -1 && entry < end && isLive(segmentOf(entry).getUint8(offsetOf(entry) + stateAt));
      };
    },
    mark() {
      marked = newest + 1;
    },
    keep: (entry) => become(entry, kept),
    wait,
    settle(pending, arrived) {
      const settled = (entriesOf.get(pending) ?? []).filter((entry) => pendingOf.get(entry) === pending);
      for (const entry of settled) become(entry, arrived ? kept : forgotten);
      if (!arrived) lost += settled.length;
      entriesOf.delete(pending);
      return settled;
    },
    pending() {
      // In a journal, a record may be awaited in one line and kept in a later one.
      const waits = ([name, entries]: [string, number[]]): boolean => entries.some((at) => pendingOf.get(at) === name);
      return [...entriesOf].filter(waits).map(([name]) => name);
    },
    lost: () => lost,
    prune,
    lines,
    reserve: table.reserve,
    read,
  };
}
