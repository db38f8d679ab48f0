/** Files that people write: settings, secrets, certificates, definitions. A path may lead anywhere, such as to /dev/zero. */
import { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, type Stats } from 'node:fs';
import { errorCode } from '../error-code.ts';

/** No file that a person writes is longer; the roots of a whole system are a quarter of a megabyte. */
const defaultMost = 16 * 1024 * 1024;
const blockSize = 64 * 1024;
/** How long the writer of a named pipe may be silent, in milliseconds: it may ask a person first. */
const defaultPatience = 60_000;
/** How often the pipe is looked at, in milliseconds. */
const nap = 20;
const stopSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

export interface SmallFile {
  readonly bytes: Buffer;
  /** Whose it is, and who may write it. */
  readonly stat: Stats;
}

/**
 * Reads the whole file. Throws the system's error, or one with the code EFBIG when it is longer than `most` bytes, or
 * ETIMEDOUT when it is a named pipe into which nobody writes for `patience` milliseconds.
 */
export function readSmallFile(path: string, most: number = defaultMost, patience: number = defaultPatience): SmallFile {
  const { descriptor, isNamed } = openThere(path);
  try {
    const bytes = isNamed
      ? unheard(() => readAll((block, size) => readPipe(descriptor, block, size > 0, patience), most))
      : readAll((block) => readSync(descriptor, block), most);
    return { bytes, stat: fstatSync(descriptor) };
  } finally {
    closeSync(descriptor);
  }
}

function readAll(readInto: (block: Buffer, size: number) => number, most: number): Buffer {
  const blocks: Buffer[] = [];
  for (let size = 0; ;) {
    const block = Buffer.alloc(blockSize);
    const read = readInto(block, size);
    if (read === 0) return Buffer.concat(blocks);
    size += read;
    if (size > most) throw Object.assign(new Error(`longer than ${most} bytes`), { code: 'EFBIG' });
    blocks.push(block.subarray(0, read));
  }
}

/**
 * Does work that blocks the event loop, so that a signal would be heard only after it. Until then a signal ends the program
 * at once, as it does when nobody listens: nothing has begun that would need a clean end.
 */
function unheard<T>(work: () => T): T {
  const heard = stopSignals.map((name) => [name, process.listeners(name)] as const);
  for (const name of stopSignals) process.removeAllListeners(name);
  try {
    return work();
  } finally {
    for (const [name, listeners] of heard) for (const each of listeners) process.on(name, each);
  }
}

const meanings: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ETIMEDOUT: 'nobody writes into this named pipe',
};

/** The code of what kept a file from being read, with what it means. */
export function whyUnread(error: unknown): string {
  const code = errorCode(error) || 'unknown error';
  const meaning = meanings[code];
  return meaning === undefined ? code : `${code}: ${meaning}`;
}

/**
 * Opens without blocking: a named pipe would block until it has a writer, and no signal would end the program meanwhile.
 * Whatever else may have to be waited for, such as a terminal, is then opened again, to block.
 */
function openThere(path: string): { readonly descriptor: number; readonly isNamed: boolean } {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let isTaken = false;
  try {
    const stat = fstatSync(descriptor);
    const isNamed = stat.isFIFO() && hasName(path);
    isTaken = isNamed || stat.isFile() || stat.isDirectory();
    if (isTaken) return { descriptor, isNamed };
  } finally {
    if (!isTaken) closeSync(descriptor);
  }
  return { descriptor: openSync(path, 'r'), isNamed: false };
}

/**
 * Whether a pipe has a name. One without, such as that of `<(…)`, has had its writer from the beginning: its end is an end.
 */
function hasName(path: string): boolean {
  try {
    return realpathSync.native(path) !== '';
  } catch {
    return false;
  }
}

/** Reads what is there, or waits for it. A pipe that seems to be at its end before its first byte has no writer yet. */
function readPipe(descriptor: number, block: Buffer, isBegun: boolean, patience: number): number {
  for (let waited = 0; waited < patience; waited += nap) {
    try {
      const read = readSync(descriptor, block);
      if (read > 0 || isBegun) return read;
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, nap);
  }
  throw Object.assign(new Error('nobody writes into it'), { code: 'ETIMEDOUT' });
}
