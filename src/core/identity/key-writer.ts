/** Keys that are not a part of a record's bytes, and so need bytes of their own. */
import { Buffer } from 'node:buffer';

/** A key: the bytes `[keyStart, keyEnd)`, to be copied out of this object before the next call. */
export interface Key {
  key: Buffer;
  keyStart: number;
  keyEnd: number;
}

const blockSize = 16 * 1024;

/**
 * Puts texts into a block of bytes that is never written twice, since records keep referring to their keys; a full
 * block is left to the records and another one begun.
 */
export function keyWriter(result: Key): (text: string) => Key {
  let block = Buffer.alloc(0);
  let used = 0;
  return (text) => {
    if (used + text.length * 3 > block.length) {
      block = Buffer.allocUnsafe(blockSize);
      used = 0;
    }
    result.key = block;
    result.keyStart = used;
    used += block.write(text, used, 'utf8');
    result.keyEnd = used;
    return result;
  };
}
