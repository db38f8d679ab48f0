/**
 * Files that survive a crash: write beside, fsync, rename, fsync the directory. Libraries for it were tried and commit
 * truncated files on a full disk, because they ignore how many bytes a write took.
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nextRun } from '../../core/hint.ts';
import { exit, Problem } from '../../core/problem.ts';
import { errorCode } from '../error-code.ts';
import { reached } from '../failpoint.ts';
import { orFileProblem } from './file-problem.ts';
import { writeFully } from './write-fully.ts';

/** How a file's temp files are named: `<path>.<12 hexadecimal digits>.temp`. */
export const tempName = /\.[0-9a-f]{12}\.temp$/;

/** How many bytes are tried at least: a position without remembered IDs has less. */
const leastTried = 4096;

/** A name for a temp file beside `path`. */
export function tempBeside(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.temp`;
}

export interface Replacement {
  /** Writes the content and returns its size in bytes. */
  write(file: FileHandle): Promise<number>;
  /** The last moment to object, or to keep what is replaced; `temp` holds what replaces it. */
  beforeRename(temp: string): Promise<void>;
  /** The new content is in place, durable or not: from now on it is what others find there. */
  renamed(): void;
}

/**
 * Replaces `path` with new content (0600), durably: after it returns, a power cut cannot bring the old content back.
 * On failure the old file is as it was, and no temp file is left.
 */
export async function replaceFile(path: string, replacement: Replacement): Promise<void> {
  const temp = tempBeside(path);
  const file = await open(temp, 'wx', 0o600); // a new file only, never through a symbolic link that somebody planted
  try {
    try {
      reached('position: temp opened');
      const size = await replacement.write(file);
      await file.sync();
      reached('position: temp synced');
      const onDisk = (await file.stat()).size;
      if (onDisk !== size) {
        throw new Problem(exit.ioerr, `${temp} has ${onDisk} bytes after ${size} were written`, {
          hint: [
            'see whether the disk is full or failing (dmesg)',
            nextRun('the next run goes on where this one stopped'),
          ],
        });
      }
    } finally {
      await file.close();
    }
    await replacement.beforeRename(temp);
    await rename(temp, path);
  } catch (error) {
    await removeFile(temp).catch(() => undefined); // what went wrong first is what matters
    throw error;
  }
  replacement.renamed();
  reached('position: renamed');
  await syncDirectory(dirname(path));
  reached('position: directory synced');
}

/** Whether there is room beside `path` for what would replace it, as large as what is there; nothing of it is left. */
export async function tryReplacing(path: string): Promise<void> {
  const size = await stat(path).then(
    (there) => there.size,
    () => 0,
  );
  const temp = tempBeside(path);
  const file = await open(temp, 'wx', 0o600);
  try {
    await writeFully(file, Buffer.alloc(Math.max(size, leastTried)), 0);
    await file.sync();
  } finally {
    await file.close();
    await removeFile(temp);
  }
}

/** Makes `to` the same file as `from`, at once; a copy of it where there are no hard links. `from` stays in its place. */
export async function linkOver(from: string, to: string): Promise<void> {
  await putOver(to, (temp) => linkOrCopy(from, temp));
}

/** Makes `to` a copy of `from`, at once and durably: what befalls one of the two does not befall the other. */
export async function copyOver(from: string, to: string): Promise<void> {
  await putOver(to, (temp) => copyDurably(from, temp));
  await syncDirectory(dirname(to));
}

async function putOver(to: string, make: (temp: string) => Promise<void>): Promise<void> {
  const temp = tempBeside(to);
  try {
    await make(temp);
    reached('link: beside');
    await rename(temp, to);
    reached('link: renamed');
  } catch (error) {
    await removeFile(temp).catch(() => undefined); // what went wrong first is what matters
    throw error;
  }
  await removeFile(temp); // rename leaves it when both names are the same file already
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'].includes(errorCode(error))) throw error;
    await copyDurably(from, to);
  }
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL);
  const copy = await open(to, constants.O_RDWR);
  try {
    await copy.sync();
  } finally {
    await copy.close();
  }
}

/**
 * Creates a directory and those above it, durably and for their owner alone; one that is there is fine. Node's own way does
 * not end in places like /proc, where a directory exists and nothing can be made in it.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (errorCode(error) !== 'ENOENT') throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, { mode: 0o700 }).catch((again: unknown) => {
      if (errorCode(again) !== 'EEXIST') throw again; // another run was faster
    });
  }
  await syncDirectory(dirname(path)).catch((error: unknown) => {
    // Who may make a directory there may be unable to read it.
    if (!(error instanceof Problem) || error.status !== exit.cantcreat) throw error;
  });
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Who may make files in it may be unable to read it, and nothing would be wrong with the file.
  const handle = await orFileProblem('open the directory', directory, () => open(directory, constants.O_RDONLY));
  try {
    await handle.sync();
  } catch (error) {
    // some network file systems cannot, and need not
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errorCode(error))) throw error;
  } finally {
    await handle.close();
  }
}

/** Removes a file; one that is not there is fine. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
