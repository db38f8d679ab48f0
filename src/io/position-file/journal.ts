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
import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeFile, syncDirectory } from '../disk/durable.ts';
import { fileProblem, orFileProblem } from '../disk/file-problem.ts';
import { reached } from '../failpoint.ts';
import { type JournalEntry, type JournalExtent, readJournal } from './journal-read.ts';
import { mutex } from '../disk/mutex.ts';
import { writeFully } from '../disk/write-fully.ts';

export interface Journal {
  /** Hands every whole entry to `take`, in order, if they belong to the position `base`; returns which one they belong to. */
  read(base: string, take: (entry: JournalEntry) => void): Promise<JournalExtent>;
  /** Adds an entry durably. `base` is the position it belongs to; entries that belong to another are dropped. */
  add(base: string, entry: JournalEntry): Promise<void>;
  /** Forgets everything: it is in the position now. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** The journal at `path`; it comes into being with the first entry. */
export function openJournal(path: string): Journal {
  let file: FileHandle | undefined;
  /** The file once its name is durable. */
  let named: FileHandle | undefined;
  let base = '';
  let size = 0;
  let isReady = false;
  /** What the last reading has found; undefined before that, and once the journal was written to. */
  let known: JournalExtent | undefined;
  const turn = mutex();

  /** Opens the file for writing, after what is whole if that belongs to the same position. */
  async function prepare(wanted: string): Promise<FileHandle> {
    const seen = known;
    known = undefined;
    if (file !== undefined && isReady && base === wanted) return file;
    isReady = false;
    const found = seen ?? (await readJournal(path, wanted, () => undefined));
    file ??= await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    reached('journal: opened');
    base = wanted;
    size = found.base === wanted ? found.size : 0;
    await file.truncate(size);
    reached('journal: cut back');
    if (size === 0) {
      if (named !== file) await syncDirectory(dirname(path)); // first: a heading says that it has been done
      named = file;
      const heading = Buffer.from(`audit-export journal 1 ${wanted}\n`);
      await writeFully(file, heading, 0);
      size = heading.length;
      reached('journal: heading written');
    }
    isReady = true;
    return file;
  }

  async function add(wanted: string, { branch, lines, saved }: JournalEntry): Promise<void> {
    try {
      const handle = await prepare(wanted);
      const body = Buffer.concat([Buffer.from(`${JSON.stringify({ branch, bytes: lines.length, saved })}\n`), lines]);
      const digest = Buffer.from(`${hash('sha256', body)} `);
      await writeFully(handle, digest, size);
      reached('journal: half written');
      await writeFully(handle, body, size + digest.length);
      reached('journal: written');
      await handle.datasync();
      size += digest.length + body.length;
      reached('journal: synced');
    } catch (error) {
      await file?.truncate(size).catch(() => undefined); // a torn end would do no harm, but takes space
      throw fileProblem(error, 'write the journal', path);
    }
  }

  async function clear(): Promise<void> {
    base = '';
    known = undefined;
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
    read: (wanted, take) => turn(async () => (known = await readJournal(path, wanted, take))),
    add: (wanted, entry) => turn(() => add(wanted, entry)),
    clear: () => turn(clear),
    close: () => turn(() => orFileProblem('close the journal', path, close)),
  };
}
