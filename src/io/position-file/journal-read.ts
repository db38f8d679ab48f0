/** Reading a journal (journal.ts) from its beginning to the end of what is whole, an entry at a time. */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Saved } from '../../core/types.ts';
import { orFileProblem } from '../disk/file-problem.ts';
import { readTrusted } from '../state/own-file.ts';

export interface JournalEntry {
  readonly branch: string;
  readonly lines: Buffer;
  /** What the sink keeps, as of this entry. */
  readonly saved: Saved | undefined;
}

/** How far a journal goes. */
export interface JournalExtent {
  /** First line of the position that it belongs to, without its line break; '' when the journal is empty or torn there. */
  readonly base: string;
  /** Bytes up to the end of the last whole entry. Entries that belong to another position are not looked at. */
  readonly size: number;
}

const firstLine = /^audit-export journal 1 (.*)\n/;
const longestFirstLine = 256;
const digestSize = 64;
const chunkSize = 1024 * 1024;
/** No head of an entry is nearly as long, and no entry is read as a whole that is longer than a read may be. */
const longestHead = 16 * 1024 * 1024;
const longestRead = 2 ** 31 - 1;

/** Hands the whole entries to `take`, in order, if the journal belongs to `wanted`. */
export function readJournal(path: string, wanted: string, take: (entry: JournalEntry) => void): Promise<JournalExtent> {
  return orFileProblem('read the journal', path, async () => {
    const read = await readTrusted(path, 'journal', (file) => readEntries(bytesOf(file), wanted, take));
    return read ?? { base: '', size: 0 };
  });
}

async function readEntries(bytes: Bytes, wanted: string, take: (entry: JournalEntry) => void): Promise<JournalExtent> {
  const first = firstLine.exec((await bytes.ahead(longestFirstLine)).toString('latin1', 0, longestFirstLine));
  if (first === null) return { base: '', size: 0 };
  const base = first[1]!;
  let size = first[0].length;
  bytes.pass(size);
  while (base === wanted) {
    const next = await readEntry(bytes);
    if (next === undefined) break;
    take(next.entry);
    bytes.pass(next.size);
    size += next.size;
  }
  return { base, size };
}

/** The entry that begins here and its size, or undefined when there is no whole one. */
async function readEntry(bytes: Bytes): Promise<{ entry: JournalEntry; size: number } | undefined> {
  const bodyStart = digestSize + 1;
  const digest = (await bytes.ahead(bodyStart)).toString('latin1', 0, bodyStart);
  if (!/^[0-9a-f]{64} $/.test(digest)) return undefined;
  let held = await bytes.ahead(chunkSize);
  let line = held.indexOf('\n', bodyStart);
  if (line === -1 && held.length >= chunkSize) {
    held = await bytes.ahead(longestHead);
    line = held.indexOf('\n', bodyStart);
  }
  const head = line === -1 ? undefined : parseHead(held.toString('utf8', bodyStart, line));
  if (head === undefined) return undefined;
  const size = line + 1 + head.bytes;
  held = await bytes.ahead(size); // fewer, of a torn one, have another digest
  if (digest !== `${hash('sha256', held.subarray(bodyStart, size))} `) return undefined;
  return { entry: { branch: head.branch, lines: held.subarray(line + 1, size), saved: head.saved }, size };
}

interface EntryHead {
  readonly branch: string;
  readonly bytes: number;
  readonly saved?: Saved;
}

function parseHead(text: string): { branch: string; bytes: number; saved: Saved | undefined } | undefined {
  try {
    const { branch, bytes, saved } = JSON.parse(text) as EntryHead;
    const isSize = Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= longestRead;
    return isSize ? { branch, bytes, saved } : undefined;
  } catch {
    return undefined; // torn
  }
}

interface Bytes {
  /** What comes next: at least so many bytes, unless the file ends before; they stay ahead until they are passed. */
  ahead(count: number): Promise<Buffer>;
  pass(count: number): void;
}

function bytesOf(file: FileHandle): Bytes {
  let held: Buffer = Buffer.alloc(0);
  let end = 0; // where in the file they end
  return {
    async ahead(count) {
      while (held.length < count) {
        const wanted = Math.min(Math.max(count - held.length, chunkSize), longestRead);
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, end);
        if (bytesRead === 0) break;
        end += bytesRead;
        const chunk = buffer.subarray(0, bytesRead);
        held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      }
      return held;
    },
    pass(count) {
      held = held.subarray(count);
    },
  };
}
