/** A record's ID as destinations know it. */
import type { Buffer } from 'node:buffer';
import { shownId } from '../content/record-id.ts';
import type { AuditRecord, ByteWriter } from '../types.ts';

/** Whether `appendId` only copies bytes. `isOnly`: and whether no other key leads to the same text. */
export function isPlainId(record: AuditRecord, isOnly: boolean): boolean {
  const kind = formOfKey(record.key, record.keyStart, record.keyEnd);
  return kind === 'quoted' || kind === 'bare' || (kind === 'numeric' && !isOnly);
}

/** Appends `shownId` of the record's key as the inside of a JSON string. Most keys need no string for it. */
export function appendId(record: AuditRecord, out: ByteWriter): void {
  const { key, keyStart, keyEnd } = record;
  const kind = formOfKey(key, keyStart, keyEnd);
  if (kind === 'quoted' || kind === 'numeric') out.bytes(key, keyStart + 1, keyEnd - 1);
  else if (kind === 'bare') out.bytes(key, keyStart, keyEnd);
  else out.text(JSON.stringify(shownId(key, keyStart, keyEnd)).slice(1, -1));
}

/**
 * quoted: a string without escapes that cannot be taken for a number, a hash or several values. numeric: a string of the
 * characters of numbers. bare: a number or a hash. intricate: anything else.
 */
function formOfKey(key: Buffer, start: number, end: number): 'quoted' | 'numeric' | 'bare' | 'intricate' {
  const quoted = key[start] === 0x22;
  const from = quoted ? start + 1 : start;
  const until = quoted ? end - 1 : end;
  const first = key[from];
  if (first === 0x5b || (quoted && first === 0x73)) return 'intricate'; // [ and s, as in sha256:
  let numeric = quoted;
  for (let at = from; at < until; at++) {
    const byte = key[at] ?? 0;
    if (byte === 0x5c || byte === 0x22 || byte < 0x20) return 'intricate';
    if (numeric && !isOfNumbers(byte)) numeric = false;
  }
  if (numeric) return 'numeric';
  return quoted ? 'quoted' : 'bare';
}

/** A digit, or one of `+-.eE`. */
function isOfNumbers(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || (byte | 0x20) === 0x65;
}
