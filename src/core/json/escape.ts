/** The escapes of JSON strings (RFC 8259 §7). */
import { Buffer } from 'node:buffer';

/** By the byte after the backslash: the length of the escape, 0 for none. */
export const escapes = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) escapes[byte] = 2;
escapes[0x75] = 6;

/** May it stand in a `\u` escape? */
export function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
