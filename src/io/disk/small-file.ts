/** Files that people write: settings, secrets, certificates, definitions. A path may lead anywhere, such as to /dev/zero. */
import { Buffer } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** No file that a person writes is longer; the roots of a whole system are a quarter of a megabyte. */
const defaultMost = 16 * 1024 * 1024;
const blockSize = 64 * 1024;

export interface SmallFile {
  readonly bytes: Buffer;
  /** Whose it is, and who may write it. */
  readonly stat: Stats;
}

/** The whole file. Throws what the system says, and an error with the code EFBIG when it is longer than `most` bytes. */
export function readSmallFile(path: string, most: number = defaultMost): SmallFile {
  const descriptor = openSync(path, 'r');
  try {
    const blocks: Buffer[] = [];
    for (let size = 0; ;) {
      const block = Buffer.alloc(blockSize);
      const read = readSync(descriptor, block);
      if (read === 0) break;
      size += read;
      if (size > most) throw Object.assign(new Error(`longer than ${most} bytes`), { code: 'EFBIG' });
      blocks.push(block.subarray(0, read));
    }
    return { bytes: Buffer.concat(blocks), stat: fstatSync(descriptor) };
  } finally {
    closeSync(descriptor);
  }
}
