/**
 * A ledger that is not parsed before it is asked about a record. A run that finds nothing new never asks: it only passes the
 * lines on from one position file to the next, and 100,000 of them cost a few milliseconds instead of a hundred.
 */
import type { Buffer } from 'node:buffer';
import { createLedger } from '../dedupe.ts';
import { exit, Problem } from '../problem.ts';
import type { Ask, Ledger } from '../types.ts';

/**
 * The ledger with the entries of `blocks`, which are whole lines of core/ledger/ledger-line.ts, `count` of them. A checksum
 * has shown that they are as they were written; what is wrong with them nevertheless is thrown when they are parsed, as the
 * Problem (78) that `unusable` makes of it. `seed`: see createLedger.
 */
export function dormantLedger(
  blocks: readonly Buffer[],
  count: number,
  seed: number,
  unusable: (damage: string) => Problem,
): Ledger {
  const lines = [...blocks];
  let awake: Ledger | undefined;
  let awaits: boolean | undefined;
  let failure: unknown;
  const isDormant = (): boolean => awake === undefined && failure === undefined;

  function ledger(): Ledger {
    if (failure !== undefined) throw failure;
    return (awake ??= read());
  }

  /** Lets go of each block when it has been read: both forms of a million IDs at once would be 100 MB. */
  function read(): Ledger {
    try {
      const made = createLedger(seed);
      made.reserve(count);
      lines.reverse();
      for (let block = lines.pop(); block !== undefined; block = lines.pop()) made.read(block);
      if (made.size() === count) return made;
      throw new Problem(exit.config, `it remembers ${made.size()} IDs, not ${count}`);
    } catch (error) {
      // Thrown again at each use: lines that were let go must not be missing from the next position file.
      failure = error instanceof Problem ? unusable(error.message) : error;
      throw failure;
    }
  }

  return {
    size: () => awake?.size() ?? count,
    expect: (records) => awake?.expect(records),
    note: (key, start, end, stamp, fingerprint) => (awake ?? ledger()).note(key, start, end, stamp, fingerprint),
    mark: () => ledger().mark(),
    marked() {
      let asked: Ask['remembers'] | undefined; // made at the first question: what is noted before it is not marked
      return (...key) => (asked ??= ledger().marked())(...key);
    },
    keep: (entry) => (awake ?? ledger()).keep(entry),
    wait: (entry, pending) => ledger().wait(entry, pending),
    settle: (pending, kept) => ledger().settle(pending, kept),
    pending() {
      return isDormant() && !(awaits ??= lines.some(mayAwait)) ? [] : ledger().pending();
    },
    lost: () => awake?.lost() ?? 0,
    prune(before) {
      if (!isDormant() || isMostlyOld(lines, before)) ledger().prune(before);
    },
    lines: (only) => (isDormant() && only === undefined ? [...lines] : ledger().lines(only)),
    reserve: (more) => ledger().reserve(more),
    read: (more) => ledger().read(more),
  };
}

/** Whether a line of the block may be about a record whose acknowledgement is still to come. */
function mayAwait(block: Buffer): boolean {
  return block.includes(' ?');
}

const samples = 64;

/**
 * Whether more than a quarter of the lines, judged by a sample, are older than that: to forget fewer is not worth parsing them
 * all, and to remember an ID for longer does no harm.
 */
function isMostlyOld(blocks: readonly Buffer[], before: number): boolean {
  let old = 0;
  let seen = 0;
  for (const block of blocks) {
    const step = Math.ceil((block.length * blocks.length) / samples);
    for (let at = 0; at < block.length; at += step) {
      const start = at === 0 ? 0 : block.indexOf(0x0a, at) + 1;
      if (start === block.length) break;
      seen += 1;
      if (Number.parseInt(block.toString('latin1', start, start + 15), 10) < before) old += 1;
    }
  }
  return old * 4 > seen;
}
