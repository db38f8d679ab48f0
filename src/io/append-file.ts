/**
 * A file of records that is appended to. Whole lines are never deleted, whoever wrote them: others may write there, too.
 * What a killed run wrote behind the saved place is found by reading it (io/disk/file-tail.ts), and not written again.
 */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nextRun } from '../core/hint.ts';
import { exit, Problem } from '../core/problem.ts';
import { shellWord } from '../core/text/shell-word.ts';
import type { AppendFile, FilePlace } from '../core/sink-tools.ts';
import { syncDirectory } from './disk/durable.ts';
import { fileProblem, orFileProblem } from './disk/file-problem.ts';
import { reached } from './failpoint.ts';
import { fileTail, type FileTail } from './disk/file-tail.ts';
import { irregular, isForbidden, lookAtOwn, openOwn, openToRewrite } from './disk/open-own.ts';
import { lastingFailure } from './disk/lasting-failure.ts';
import { writeFully } from './disk/write-fully.ts';

const newline = Buffer.from('\n');
/** How many unsettled ranges are saved with the position at most: records in further ones may be written again. */
const mostUnsettled = 100;

/**
 * The file at `path`, to append to. A file with another inode than the saved one was rotated, a shorter one was emptied:
 * both are simply appended to.
 */
export function appendFile(path: string): AppendFile {
  let file: FileHandle | undefined;
  /** Where it ends, as far as this run knows. */
  let size = 0;
  let inode = '';
  let isNew = false;
  /** The lines there that may be a killed run's; undefined when there are none. */
  let tail: FileTail | undefined;
  let tailFile: FileHandle | undefined;
  const lasting = lastingFailure();
  /** A write failed, and what it left cannot be told from what others wrote. */
  let isTorn = false;

  function opened(): FileHandle {
    if (file === undefined) throw new Error(`${path} is not open`);
    return file;
  }

  async function prepare(saved: FilePlace | undefined, begins?: (line: Buffer) => boolean): Promise<void> {
    const handle = await openOwn(path, saved?.inode);
    file = handle;
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw irregular(path);
    size = Number(stat.size);
    inode = String(stat.ino);
    isNew = size === 0;
    if (saved !== undefined && saved.inode === inode && size >= saved.size) {
      const finished = await lookBehind(handle, saved, begins);
      if (finished < size) {
        if ((await handle.stat()).size !== size) return; // somebody is writing just now, and finishes it
        await cutBack(handle, finished, begins === undefined);
      }
    }
    if (await endsLine(handle, size)) return;
    await writeFully(handle, newline, null); // somebody's torn line must not swallow our first record
    size += 1;
  }

  /**
   * Cuts off what is after `finished`; `mayStay`: where the file may only be appended to, it does no harm as a line of its
   * own.
   */
  async function cutBack(handle: FileHandle, finished: number, mayStay: boolean): Promise<void> {
    try {
      await handle.truncate(finished);
      size = finished;
      reached('append: cut back');
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (mayStay) return;
      throw new Problem(exit.cantcreat, `${path} ends in half a record, and may only be appended to`, {
        hint: nextRun(
          `let the next run cut it off: chattr -a ${shellWord(path)}`,
          `let a run cut it off: chattr -a ${shellWord(path)}`,
        ),
        cause: error,
      });
    }
  }

  /**
   * Takes up the lines that may be of a run that was killed, or whose fsync failed. Returns where the last finished record
   * ends.
   */
  async function lookBehind(handle: FileHandle, saved: FilePlace, begins?: (line: Buffer) => boolean): Promise<number> {
    const unsettled = saved.unsettled ?? [];
    if (size === saved.size && unsettled.length === 0) return size;
    tailFile = await openToRewrite(path);
    const found = tailFile ?? handle;
    if (String((await found.stat({ bigint: true })).ino) !== inode) return size; // it has just been rotated
    tail = fileTail(found, tailFile !== undefined, begins);
    for (const [from, until] of unsettled) await tail.add(from, until);
    const finished = size === saved.size ? size : await tail.add(saved.size, size);
    reached('append: tail read');
    return finished ?? size;
  }

  /**
   * Takes back what a failed write left, so that nobody reads half a record; but what others have written meanwhile stays.
   */
  async function takeBack(handle: FileHandle, bytes: Buffer): Promise<void> {
    isTorn = true;
    const left = (await handle.stat()).size - size;
    if (left > bytes.length) return;
    const found = Buffer.alloc(Math.max(left, 0));
    const { bytesRead } = await handle.read(found, 0, found.length, size);
    if (bytesRead !== left || !found.equals(bytes.subarray(0, left))) return;
    await handle.truncate(size);
    isTorn = false;
  }

  async function close(): Promise<void> {
    const opened = [file, tailFile];
    file = tailFile = undefined;
    for (const handle of opened) await handle?.close();
  }

  return {
    look: (saved) => orFileProblem('open', path, () => lookAtOwn(path, saved?.inode)),
    async open(saved, begins) {
      try {
        await prepare(saved, begins);
      } catch (error) {
        await close().catch(() => undefined); // what went wrong first is what matters
        throw fileProblem(error, 'open', path);
      }
      reached('append: opened');
    },
    async append(body, ends) {
      const handle = opened();
      let bytes = body.subarray(0, 0);
      try {
        bytes = tail === undefined ? body : await tail.missing(body, ends);
        // First: once something is in it, nobody syncs the directory any more, and neither would the run after a kill.
        if (isNew) await syncDirectory(dirname(path));
        isNew = false;
        await writeFully(handle, bytes, null);
        size += bytes.length;
        reached('append: written');
      } catch (error) {
        tail?.giveBack();
        await takeBack(handle, bytes).catch(() => undefined); // what went wrong first is what matters
        throw fileProblem(error, 'write to', path);
      }
    },
    async sync() {
      const handle = opened();
      try {
        await lasting(() => handle.sync());
        const stat = await handle.stat();
        if (stat.nlink === 0) {
          throw new Problem(exit.ioerr, `${path} was removed while it was written to`, {
            hint: [
              'let log rotation rename the file, and compress it a rotation later (delaycompress)',
              nextRun('the next run delivers these records again'),
            ],
          });
        }
        if (!isTorn) size = stat.size; // others may have written as well
        reached('append: synced');
      } catch (error) {
        throw fileProblem(error, 'write to', path);
      }
    },
    saved(settled) {
      const unsettled = settled === true ? [] : (tail?.left().slice(0, mostUnsettled) ?? []);
      return { size, inode, ...(unsettled.length > 0 && { unsettled }) };
    },
    close: () => orFileProblem('close', path, close),
  };
}

/** Whether a line ends at `size`, as it does at the beginning. */
async function endsLine(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] === newline[0];
}
