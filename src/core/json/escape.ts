/** The escapes of JSON strings (RFC 8259 §7). */
import { Buffer } from 'node:buffer';
import { incomplete } from './scalar.ts';

/** By the byte after the backslash: the length of the escape, 0 for none. */
const escapes = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) escapes[byte] = 2;
escapes[0x75] = 6;

/** May it stand in a `\u` escape? */
function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

/** The offset after the escape whose backslash is at `at`; `incomplete`; or the offset of the first wrong byte made negative. */
export function escapeEnd(text: DataView, at: number, end: number): number {
  if (at + 1 >= end) return incomplete;
  const length = escapes[text.getUint8(at + 1)] as number;
  if (length === 0) return -(at + 1);
  for (let digit = at + 2; digit < at + length; digit++) {
    if (digit >= end) return incomplete;
    if (!isHex(text.getUint8(digit))) return -digit;
  }
  return at + length;
}
