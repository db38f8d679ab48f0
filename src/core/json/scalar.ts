/** Numbers, true, false and null, by the grammar of RFC 8259. */
import { Buffer } from 'node:buffer';
import { isDigit } from './json.ts';

/** What a scan returns when the bytes end before the value surely does. */
export const incomplete = -1;

/**
 * The offset after the number or word that starts at `at`; `incomplete`; or, when it is malformed, the offset of the
 * first wrong byte made negative. (That is below -1: a member's value never starts before offset 4.)
 */
export function scanScalar(text: DataView, at: number, end: number): number {
  const first = text.getUint8(at);
  return first === minus || isDigit(first) ? scanNumber(text, at, end) : scanWord(text, at, end);
}

function scanNumber(text: DataView, at: number, end: number): number {
  if (text.getUint8(at) === minus) at = (at + 1) | 0;
  let after = at < end && text.getUint8(at) === zero ? (at + 1) | 0 : skipDigits(text, at, end);
  if (after > at && after < end && text.getUint8(after) === dot) {
    at = (after + 1) | 0;
    after = skipDigits(text, at, end);
  }
  if (after > at && after < end && (text.getUint8(after) | 0x20) === letterE) {
    at = (after + 1) | 0;
    if (at < end && (text.getUint8(at) === plus || text.getUint8(at) === minus)) at = (at + 1) | 0;
    after = skipDigits(text, at, end);
  }
  if (after >= end) return incomplete;
  return after > at ? after : -at; // each part needs a digit
}

function scanWord(text: DataView, at: number, end: number): number {
  const word = words.find((known) => known[0] === text.getUint8(at));
  if (word === undefined) return -at;
  for (let letter = 1; letter < word.length; letter++) {
    if (at + letter >= end) return incomplete;
    if (text.getUint8(at + letter) !== word[letter]) return -at;
  }
  return at + word.length;
}

const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;
const zero = 0x30;
const letterE = 0x65;
const words = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')];

function skipDigits(text: DataView, at: number, end: number): number {
  const last = (end - 4) | 0;
  for (; at <= last; at = (at + 4) | 0) {
    const four = text.getInt32(at, true);
    // All four have a high nibble of 3, and still have it with 6 added.
    if ((((four & 0xf0f0f0f0) ^ 0x30303030) | (((four + 0x06060606) & 0xf0f0f0f0) ^ 0x30303030)) !== 0) break;
  }
  while (at < end && isDigit(text.getUint8(at))) at = (at + 1) | 0;
  return at;
}
