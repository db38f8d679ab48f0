/** Raw bytes as a JSON string (RFC 8259 §7): escaped once, never parsed. */
import { Buffer } from 'node:buffer';
import type { ByteWriter } from '../types.ts';

const quote = 0x22;
const backslash = 0x5c;
const longestEscape = 6;

let scratch = Buffer.allocUnsafe(64 * 1024);

/** Appends `bytes[start, end)`, which is valid UTF-8, as a JSON string with its quotes. */
export function appendJsonString(bytes: Buffer, start: number, end: number, out: ByteWriter): void {
  const most = longest(end - start);
  if (scratch.length < most) scratch = Buffer.allocUnsafe(most);
  out.bytes(scratch, 0, escapeInto(scratch, bytes, start, end, false));
}

/** The same as bytes of their own; `isDoubled`: of two quotes in a row, one stays. */
export function jsonString(bytes: Buffer, start: number, end: number, isDoubled: boolean): Buffer {
  const into = Buffer.allocUnsafe(longest(end - start));
  return into.subarray(0, escapeInto(into, bytes, start, end, isDoubled));
}

function longest(length: number): number {
  return length * longestEscape + 2;
}

/** Returns how many bytes it is. */
function escapeInto(into: Buffer, bytes: Buffer, start: number, end: number, isDoubled: boolean): number {
  let length = 0;
  into[length++] = quote;
  // Byte by byte: as fast as JSON.stringify of a decoded string, and without the two strings.
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20) {
      length += into.write(`\\u${byte.toString(16).padStart(4, '0')}`, length, 'latin1');
      continue;
    }
    if (byte === quote || byte === backslash) into[length++] = backslash;
    into[length++] = byte;
    if (byte === quote && isDoubled) at++;
  }
  into[length++] = quote;
  return length;
}
