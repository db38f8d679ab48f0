/** A file of records that is appended to: whole lines only, and what was never committed is cut off at the next start. */
import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exit, Problem } from '../core/problem.ts';
import type { AppendFile } from '../core/types.ts';
import { fileProblem, orFileProblem, syncDirectory, writeFully } from './durable.ts';
import { reached } from './failpoint.ts';

const openToAppend = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
const newline = Buffer.from('\n');

/**
 * The file at `path`, to append to. A file with another inode than the saved one was rotated, a shorter one was emptied:
 * both are simply appended to.
 */
export function appendFile(path: string): AppendFile {
  let file: FileHandle | undefined;
  let size = 0;
  let inode = '';
  let isNew = false;

  function opened(): FileHandle {
    if (file === undefined) throw new Error(`${path} is not open`);
    return file;
  }

  async function prepare(saved: { readonly size: number; readonly inode: string } | undefined): Promise<void> {
    const handle = await open(path, openToAppend | constants.O_NONBLOCK, 0o600);
    file = handle;
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) {
      throw new Problem(exit.cantcreat, `${path} is not a regular file`, {
        hint: 'name a file; for a pipe or a device use the stdout sink with a redirection',
      });
    }
    size = Number(stat.size);
    inode = String(stat.ino);
    isNew = size === 0;
    if (saved !== undefined && saved.inode === inode && size > saved.size && (await endsLine(handle, saved.size))) {
      await handle.truncate(saved.size);
      size = saved.size;
      reached('append: cut back');
    }
    if (await endsLine(handle, size)) return;
    await writeFully(handle, newline, null); // somebody's torn line must not swallow our first record
    size += 1;
  }

  return {
    async open(saved) {
      try {
        await prepare(saved);
      } catch (error) {
        await file?.close().catch(() => undefined); // what went wrong first is what matters
        file = undefined;
        throw fileProblem(error, 'open', path);
      }
      reached('append: opened');
    },
    async append(bytes) {
      const handle = opened();
      try {
        await writeFully(handle, bytes, null);
        size += bytes.length;
        reached('append: written');
      } catch (error) {
        await handle.truncate(size).catch(() => undefined); // no half record for whoever reads the file now
        throw fileProblem(error, 'write to', path);
      }
    },
    async sync() {
      const handle = opened();
      try {
        await handle.sync();
        if (isNew) await syncDirectory(dirname(path));
        isNew = false;
        if ((await handle.stat()).nlink === 0) {
          throw new Problem(exit.ioerr, `${path} was removed while it was written to`, {
            hint: 'let log rotation rename the file instead; the next run delivers these records again',
          });
        }
        reached('append: synced');
      } catch (error) {
        throw fileProblem(error, 'write to', path);
      }
    },
    saved: () => ({ size, inode }),
    close: () =>
      orFileProblem('close', path, async () => {
        await file?.close();
        file = undefined;
      }),
  };
}

/** Whether a line ends at `size`, as it does at the beginning. */
async function endsLine(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] === newline[0];
}
