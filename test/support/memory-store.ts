/** A position store that keeps what a disk would keep: only bytes that were saved survive `restart`. */
import { Buffer } from 'node:buffer';
import { Problem } from '../../src/core/problem.ts';
import type { PositionStore, Quarantine } from '../../src/core/stores.ts';
import type { Saved } from '../../src/core/types.ts';
import { documentText, positionOf, type StoredDocument } from '../../src/io/position-file/document.ts';

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

/** What `saved` holds, as JSON: the document, and the remembered IDs of each branch. */
interface Stored {
  readonly document: StoredDocument;
  readonly lines: readonly string[];
}

export function memoryStore(disk: MemoryStore['disk'] = { saved: undefined, journal: [] }): MemoryStore {
  const store: MemoryStore = {
    path: '/memory/position',
    warnings: [],
    beginAgain: 'begin again: rm -f /memory/position',
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
      const { document, lines: remembered } = JSON.parse(disk.saved) as Stored;
      const position = positionOf(document, 1);
      [...position.branches.values()].forEach(({ ledger }, at) => ledger.read(Buffer.from(remembered[at] ?? '')));
      for (const { branch, lines, saved } of disk.journal) {
        position.branches.get(branch)?.ledger.read(Buffer.from(lines));
        position.saved = saved ?? position.saved;
      }
      return position;
    },
    async save(position) {
      store.saves += 1;
      if (store.failSave !== undefined) throw store.failSave;
      const lines = [...position.branches.values()].map(({ ledger }) => text(ledger.lines()));
      const document = JSON.parse(documentText('memory', store.saves, position)) as StoredDocument;
      disk.previous = disk.saved;
      disk.saved = JSON.stringify({ document, lines } satisfies Stored);
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
