/** Files that people write: settings, secrets, certificates, definitions. A path may lead anywhere, such as to /dev/zero. */
import { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, type Stats } from 'node:fs';
import { errorCode } from '../error-code.ts';

/** No file that a person writes is longer; the roots of a whole system are a quarter of a megabyte. */
const defaultMost = 16 * 1024 * 1024;
const blockSize = 64 * 1024;
/** How long what is to write into a named pipe may say nothing, in milliseconds: it may ask a person first. */
const defaultPatience = 60_000;
/** How often is looked whether it did. */
const nap = 20;
const stopSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

export interface SmallFile {
  readonly bytes: Buffer;
  /** Whose it is, and who may write it. */
  readonly stat: Stats;
}

/**
 * The whole file. Throws what the system says, and an error with the code EFBIG when it is longer than `most` bytes, or
 * ETIMEDOUT when it is a named pipe into which nobody writes.
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
 * Does what lets nothing else go on, so that nobody would hear a signal before its end. Until then it ends the program at
 * once, as before anybody listened: nothing has begun that would have to be brought to an end.
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

/** The code of what kept a file from being read, with what the code does not say. */
export function unreadable(error: unknown): string {
  const code = errorCode(error) || 'unknown error';
  return code === 'ETIMEDOUT' ? `${code}: nobody writes into this named pipe` : code;
}

/**
 * Opens without waiting: a named pipe would wait for a writer, with nothing else going on meanwhile, so that no signal
 * would end the program. What else has to be waited for, such as a terminal, is then opened to wait.
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

/** A pipe without a name, as that of `<(…)`, has a writer from its beginning: its end is an end. */
function hasName(path: string): boolean {
  try {
    return realpathSync.native(path) !== '';
  } catch {
    return false;
  }
}

/** Reads what is there, or waits for it. Before its first byte, a pipe at its end has not been opened by its writer yet. */
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
