/** A position store that keeps what a disk would keep: only bytes that were saved survive `restart`. */
import { Buffer } from 'node:buffer';
import { createLedger } from '../../src/core/dedupe.ts';
import { Problem } from '../../src/core/problem.ts';
import type { BranchPosition, Position, PositionStore, Quarantine, Saved } from '../../src/core/types.ts';

export interface MemoryStore extends PositionStore {
  /** Saves so far. */
  saves: number;
  journals: number;
  /** Throws instead of saving. */
  failSave: Problem | undefined;
  locked: boolean;
  readonly disk: {
    saved: string | undefined;
    /** The generation before, which is gone on from when the last one is damaged. */
    previous?: string | undefined;
    readonly journal: { branch: string; lines: string; saved: Saved | undefined }[];
  };
}

interface SavedBranch {
  readonly name: string;
  readonly watermark: string | undefined;
  readonly begin: { readonly from: string; readonly firstRun: string } | undefined;
  readonly bookmark: string | undefined;
  readonly slice: number | undefined;
  readonly settled: { readonly until: string; readonly overlap: string } | undefined;
  readonly listed: boolean;
  readonly lines: string;
}

export function memoryStore(disk: MemoryStore['disk'] = { saved: undefined, journal: [] }): MemoryStore {
  const store: MemoryStore = {
    path: '/memory/position',
    warnings: [],
    disk,
    saves: 0,
    journals: 0,
    failSave: undefined,
    locked: false,
    async lock() {
      store.locked = true;
    },
    async load() {
      if (disk.saved === undefined) return undefined;
      const { branches, ...rest } = JSON.parse(disk.saved) as Omit<Position, 'branches'> & { branches: SavedBranch[] };
      const position: Position = { ...rest, branches: new Map(branches.map(revived)) };
      for (const { branch, lines, saved } of disk.journal) {
        position.branches.get(branch)?.ledger.read(Buffer.from(lines));
        position.saved = saved ?? position.saved;
      }
      return position;
    },
    async save(position) {
      store.saves += 1;
      if (store.failSave !== undefined) throw store.failSave;
      const branches = [...position.branches].map(([name, { watermark, begin, settled, ...place }]) => ({
        ...place,
        name,
        watermark: watermark?.toString(),
        begin: begin && { from: begin.from.toString(), firstRun: begin.firstRun.toString() },
        settled: settled && { until: settled.until.toString(), overlap: settled.overlap.toString() },
        lines: text(place.ledger.lines()),
      }));
      disk.previous = disk.saved;
      disk.saved = JSON.stringify({ ...position, branches });
      disk.journal.length = 0;
    },
    async journal(branch, lines, saved) {
      store.journals += 1;
      disk.journal.push({ branch, lines: text(lines), saved });
    },
    async close() {
      store.locked = false;
    },
  };
  return store;
}

function revived({
  name,
  watermark,
  begin: begun,
  bookmark,
  slice,
  settled: stored,
  listed,
  lines,
}: SavedBranch): [string, BranchPosition] {
  const ledger = createLedger();
  ledger.read(Buffer.from(lines));
  const at = watermark === undefined ? undefined : BigInt(watermark);
  const begin = begun && { from: BigInt(begun.from), firstRun: BigInt(begun.firstRun) };
  const settled = stored && { until: BigInt(stored.until), overlap: BigInt(stored.overlap) };
  return [name, { watermark: at, begin, bookmark, slice, settled, listed, ledger }];
}

function text(blocks: Iterable<Buffer>): string {
  return Buffer.concat([...blocks]).toString();
}

/** A quarantine that keeps the texts. */
export function memoryQuarantine(): Quarantine & { readonly added: { text: string; reason: string }[] } {
  const added: { text: string; reason: string }[] = [];
  return {
    path: '/memory/quarantine',
    added,
    async add({ text: bytes, reason }) {
      added.push({ text: bytes.toString(), reason });
    },
    flush: async () => {},
    close: async () => {},
  };
}
