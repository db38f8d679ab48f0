/**
 * How the ledger stores a key. Most IDs are hexadecimal digits, which take half the space as bytes; a million of them
 * are what a run remembers at worst. A key that is too long is stored as its digest.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { hexDigit } from './ledger-line.ts';

/** The bytes `[start, end)` in one of the forms below. Two keys are the same when both are. */
export interface StoredKey {
  bytes: DataView;
  start: number;
  end: number;
  form: number;
}

/** As it is; `"0af3…"`; `"0198c5d2-7f3a-7c41-8a2e-5b6f7a8b9c0d"`; `sha256:0af3…` (a record without an ID). */
export const plain = 0;
const hexadecimal = 1;
const uuid = 2;
const contentHash = 3;

/** What stands around the digits of each form. */
const before = ['', '"', '"', 'sha256:'].map((text) => Buffer.from(text));
const after = ['', '"', '"', ''].map((text) => Buffer.from(text));
const uuidLength = 38;
const contentHashLength = 7 + 64;

/** A longer key is stored as its digest, and so is one that looks like a digest: the two cannot be mixed up. */
const longestKey = 1024;
const digestPrefix = 'key-sha256:';
const digestSize = digestPrefix.length + 64;

/**
 * Gives keys as they are stored. The result is the same object at each call, and what it holds may be, too. `written`: the
 * key is as `writeKey` wrote it, so that what looks like a digest is one.
 */
export function keyPacker(): (key: Buffer, start: number, end: number, written?: boolean) => StoredKey {
  const digits = new DataView(new ArrayBuffer(longestKey / 2));
  const stored: StoredKey = { bytes: digits, start: 0, end: 0, form: plain };

  /**
   * Packs the digits of `key[start, end)`, in groups divided by dashes if it is a UUID; false when there is something else.
   * Four at a time: `values` has the value of each in a byte, if it is a digit, and `letters` a bit for each that is a letter.
   */
  function pack(key: Buffer, start: number, end: number, form: number): boolean {
    const text = viewOf(key);
    let wrong = 0;
    let size = 0;
    let word = 0; // what is written at once, because a word that was written in halves is read late
    let at = start;
    for (; at + 4 <= end; at += 4, size += 2) {
      if (form === uuid && (size === 4 || size === 6 || size === 8 || size === 10)) {
        if (text.getUint8(at) !== dash) return false;
        at += 1;
      }
      const four = text.getInt32(at, true);
      const values = (four & 0x0f0f0f0f) + Math.imul((four >>> 6) & 0x01010101, 9);
      const letters = ((values + 0x06060606) >>> 4) & 0x01010101;
      wrong |= ((values + 0x30303030 + Math.imul(letters, 0x27)) ^ four) | (values & 0xf0f0f0f0);
      const pairs = ((values << 4) | (values >>> 8)) & 0x00ff00ff;
      const half = (pairs | (pairs >>> 8)) & 0xffff;
      if ((size & 2) === 0) word = half;
      else digits.setInt32(size - 2, word | (half << 16), true);
    }
    if ((size & 2) !== 0) digits.setInt16(size - 2, word, true);
    if (at < end) {
      const pair = (hexDigit(text.getUint8(at)) << 4) | hexDigit(text.getUint8(at + 1));
      wrong |= pair & 0x80000000;
      digits.setUint8(size, pair);
      size += 1;
    }
    if (wrong !== 0) return false;
    stored.bytes = digits;
    stored.start = 0;
    stored.end = size;
    stored.form = form;
    return true;
  }

  return (key, start, end, written = false) => {
    const length = end - start;
    if (!written && needsDigest(key, start, end)) {
      stored.bytes = viewOf(digest(key, start, end));
      stored.start = 0;
      stored.end = digestSize;
      stored.form = plain;
      return stored;
    }
    if (key[start] === quote && key[end - 1] === quote) {
      if (length === uuidLength && pack(key, start + 1, end - 1, uuid)) return stored;
      if (length % 2 === 0 && pack(key, start + 1, end - 1, hexadecimal)) return stored;
    } else if (length === contentHashLength && startsWith(key, start, before[contentHash]!)) {
      if (pack(key, start + 7, end, contentHash)) return stored;
    }
    stored.bytes = viewOf(key);
    stored.start = start;
    stored.end = end;
    stored.form = plain;
    return stored;
  };
}

/** How long the key is that is stored in `length` bytes of that form. */
export function textLength(length: number, form: number): number {
  if (form === plain) return length;
  return before[form]!.length + 2 * length + (form === uuid ? 4 : 0) + after[form]!.length;
}

/** Writes the key that is stored in `bytes[start, end)` to `out[at]`; returns the end. */
export function writeKey(out: Buffer, at: number, bytes: DataView, start: number, end: number, form: number): number {
  let to = at;
  if (form === plain) {
    for (let from = start; from < end; from += 1, to += 1) out[to] = bytes.getUint8(from);
    return to;
  }
  for (const byte of before[form]!) out[to++] = byte;
  for (let from = start; from < end; from += 1) {
    const size = from - start;
    if (form === uuid && (size === 4 || size === 6 || size === 8 || size === 10)) out[to++] = dash;
    out[to] = characters[bytes.getUint8(from) >>> 4]!;
    out[to + 1] = characters[bytes.getUint8(from) & 15]!;
    to += 2;
  }
  for (const byte of after[form]!) out[to++] = byte;
  return to;
}

let viewed: Buffer | undefined;
let view: DataView;

/** A view of all its bytes, by the same offsets. That of the last buffer is kept: the records of a chunk come one after another. */
function viewOf(bytes: Buffer): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
}

const quote = 0x22;
const dash = 0x2d;
const characters = Buffer.from('0123456789abcdef');

function startsWith(key: Buffer, start: number, text: Buffer): boolean {
  return text.every((byte, at) => key[start + at] === byte);
}

function needsDigest(key: Buffer, start: number, end: number): boolean {
  if (end - start > longestKey) return true;
  return end - start === digestSize && key.toString('latin1', start, start + digestPrefix.length) === digestPrefix;
}

function digest(key: Buffer, start: number, end: number): Buffer {
  return Buffer.from(digestPrefix + createHash('sha256').update(key.subarray(start, end)).digest('hex'), 'latin1');
}
