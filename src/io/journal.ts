/**
 * The journal: what was delivered since the position was saved, so that a killed run repeats one batch at most.
 *
 *     audit-export journal 1 <first line of the position file that it belongs to, or "none">
 *     <sha256 of the rest of the entry> {"branch": …, "bytes": <of the lines>, "saved": …}
 *     <remembered IDs, a line each>
 *
 * It counts only beside exactly that position. Its end may be torn; what is torn was not promised to anybody.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Saved } from '../core/types.ts';
import { errorCode, fileProblem, orFileProblem, removeFile, syncDirectory, writeFully } from './durable.ts';
import { reached } from './failpoint.ts';
import { inTurns } from './turns.ts';

const firstLine = /^audit-export journal 1 (.*)\n/;
const digestSize = 64;

interface JournalEntry {
  readonly branch: string;
  readonly lines: Buffer;
  /** What the sink keeps, as of this entry. */
  readonly saved: Saved | undefined;
}

/** What a journal file holds. */
export interface JournalContent {
  /** First line of the position that it belongs to, without its line break; '' when the journal is empty or torn there. */
  readonly base: string;
  readonly entries: readonly JournalEntry[];
  /** Bytes up to the end of the last whole entry. */
  readonly size: number;
}

export interface Journal {
  /** Everything in the file that is whole. */
  read(): Promise<JournalContent>;
  /** Adds an entry durably. `base` is the position it belongs to; entries that belong to another are dropped. */
  add(base: string, entry: JournalEntry): Promise<void>;
  /** Forgets everything: it is in the position now. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** The journal at `path`; it comes into being with the first entry. */
export function openJournal(path: string): Journal {
  let file: FileHandle | undefined;
  let base = '';
  let size = 0;
  let isReady = false;
  const turn = inTurns();

  /** Opens the file for writing, after what is whole if that belongs to the same position. */
  async function prepare(wanted: string): Promise<FileHandle> {
    if (file !== undefined && isReady && base === wanted) return file;
    isReady = false;
    const found = await readJournal(path);
    file ??= await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    reached('journal: opened');
    base = wanted;
    size = found.base === wanted ? found.size : 0;
    await file.truncate(size);
    reached('journal: cut back');
    if (size === 0) {
      const heading = Buffer.from(`audit-export journal 1 ${wanted}\n`);
      await writeFully(file, heading, 0);
      size = heading.length;
      reached('journal: heading written');
      await syncDirectory(dirname(path));
    }
    isReady = true;
    return file;
  }

  async function add(wanted: string, { branch, lines, saved }: JournalEntry): Promise<void> {
    try {
      const handle = await prepare(wanted);
      const body = Buffer.concat([Buffer.from(`${JSON.stringify({ branch, bytes: lines.length, saved })}\n`), lines]);
      const digest = Buffer.from(`${createHash('sha256').update(body).digest('hex')} `);
      await writeFully(handle, digest, size);
      reached('journal: half written');
      await writeFully(handle, body, size + digest.length);
      reached('journal: written');
      await handle.datasync();
      size += digest.length + body.length;
      reached('journal: synced');
    } catch (error) {
      await file?.truncate(size).catch(() => undefined); // a torn end would do no harm either
      throw fileProblem(error, 'write the journal', path);
    }
  }

  async function clear(): Promise<void> {
    base = '';
    if (file === undefined) await removeFile(path);
    else await file.truncate(0); // rather than removed: the next entry then costs no fsync of the directory
  }

  async function close(): Promise<void> {
    const opened = file;
    file = undefined;
    await opened?.close();
    if (opened !== undefined && base === '') await removeFile(path);
  }

  return {
    read: () => readJournal(path),
    add: (wanted, entry) => turn(() => add(wanted, entry)),
    clear: () => turn(clear),
    close: () => turn(() => orFileProblem('close the journal', path, close)),
  };
}

async function readJournal(path: string): Promise<JournalContent> {
  const bytes = await content(path);
  const first = firstLine.exec(bytes.toString('latin1', 0, 256));
  if (first === null) return { base: '', entries: [], size: 0 };
  const entries: JournalEntry[] = [];
  let size = first[0].length;
  for (;;) {
    const next = readEntry(bytes, size);
    if (next === undefined) return { base: first[1]!, entries, size };
    entries.push(next.entry);
    size = next.end;
  }
}

/** The entry at `start`, or undefined when there is no whole one. */
function readEntry(bytes: Buffer, start: number): { entry: JournalEntry; end: number } | undefined {
  const bodyStart = start + digestSize + 1;
  const line = bytes.indexOf('\n', bodyStart);
  if (line === -1) return undefined;
  const head = parseHead(bytes.toString('utf8', bodyStart, line));
  if (head === undefined) return undefined;
  const end = line + 1 + head.bytes;
  if (end > bytes.length) return undefined;
  const digest = createHash('sha256').update(bytes.subarray(bodyStart, end)).digest('hex');
  if (bytes.toString('latin1', start, bodyStart) !== `${digest} `) return undefined;
  return { entry: { branch: head.branch, lines: bytes.subarray(line + 1, end), saved: head.saved }, end };
}

interface EntryHead {
  readonly branch: string;
  readonly bytes: number;
  readonly saved?: Saved;
}

function parseHead(text: string): { branch: string; bytes: number; saved: Saved | undefined } | undefined {
  try {
    const { branch, bytes, saved } = JSON.parse(text) as EntryHead;
    return Number.isSafeInteger(bytes) && bytes >= 0 ? { branch, bytes, saved } : undefined;
  } catch {
    return undefined; // torn
  }
}

async function content(path: string): Promise<Buffer> {
  try {
    return await readFile(path, { flag: constants.O_RDONLY | constants.O_NOFOLLOW });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw fileProblem(error, 'read the journal', path);
  }
}
