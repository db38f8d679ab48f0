/** Whether a file that is open is still the one at its path. */
import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode } from '../error-code.ts';

const blockSize = 64 * 1024;

/**
 * Whether another file or none is at `path` by now. Some network file systems number a file anew at each look: it is another
 * one only if it does not end as ours does, too.
 */
export async function isGone(path: string, ours: FileHandle): Promise<boolean> {
  let there: FileHandle | undefined;
  try {
    there = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const [found, known] = [await there.stat({ bigint: true }), await ours.stat({ bigint: true })];
    if (found.ino === known.ino && found.dev === known.dev) return false;
    return found.size !== known.size || !(await endOf(there, found.size)).equals(await endOf(ours, known.size));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  } finally {
    await there?.close();
  }
}

async function endOf(file: FileHandle, size: bigint): Promise<Buffer> {
  const start = Math.max(0, Number(size) - blockSize);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(blockSize), 0, blockSize, start);
  return buffer.subarray(0, bytesRead);
}
