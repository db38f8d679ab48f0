/**
 * A record's fingerprint: 32 bits of its bytes, to notice that a record with a known ID has another content.
 *
 * XXH32 (the xxHash specification, version 0.1.1): four lanes that a processor works on side by side, and no
 * object for each record, which `zlib.crc32` would need.
 */
import type { Buffer } from 'node:buffer';

const prime1 = 0x9e3779b1 | 0;
const prime2 = 0x85ebca77 | 0;
const prime3 = 0xc2b2ae3d | 0;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;

let viewed: Buffer | undefined;
let view: DataView;

/** The fingerprint of `bytes[start, end)`, an unsigned integer. With that of another text as `seed`, that of both. */
export function fingerprint(bytes: Buffer, start: number, end: number, seed = 0): number {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  const data = view;
  let at = start;
  let hash = (seed + prime5) | 0;
  if (end - start >= 16) {
    let lane1 = (seed + prime1 + prime2) | 0;
    let lane2 = (seed + prime2) | 0;
    let lane3 = seed | 0;
    let lane4 = (seed - prime1) | 0;
    for (const last = end - 16; at <= last; at += 16) {
      lane1 = round(lane1, data.getInt32(at, true));
      lane2 = round(lane2, data.getInt32(at + 4, true));
      lane3 = round(lane3, data.getInt32(at + 8, true));
      lane4 = round(lane4, data.getInt32(at + 12, true));
    }
    hash = (rotate(lane1, 1) + rotate(lane2, 7) + rotate(lane3, 12) + rotate(lane4, 18)) | 0;
  }
  hash = (hash + end - start) | 0;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(data.getInt32(at, true), prime3)) | 0, 17), prime4);
  }
  for (; at < end; at += 1) hash = Math.imul(rotate((hash + Math.imul(data.getUint8(at), prime5)) | 0, 11), prime1);
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, prime2)) | 0, 13), prime1);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
