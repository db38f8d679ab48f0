/** Keys that are too long for the ledger are held as digests. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** A longer key is stored as its digest, and so is one that looks like a digest: the two cannot be mixed up. */
const longestKey = 1024;
const digestPrefix = 'key-sha256:';
export const digestSize = digestPrefix.length + 64;

/** Whether the ledger holds the digest of the key instead. */
export function needsDigest(key: Buffer, start: number, end: number): boolean {
  if (end - start > longestKey) return true;
  return end - start === digestSize && key.toString('latin1', start, start + digestPrefix.length) === digestPrefix;
}

/** What the ledger holds instead of the key, `digestSize` bytes. */
export function digest(key: Buffer, start: number, end: number): Buffer {
  return Buffer.from(digestPrefix + createHash('sha256').update(key.subarray(start, end)).digest('hex'), 'latin1');
}
