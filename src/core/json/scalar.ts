/** Numbers, true, false and null, by the grammar of RFC 8259. */
import { Buffer } from 'node:buffer';
import { isDigit } from './json.ts';

/** What a scan returns when the bytes end before the value surely does. */
export const incomplete = -1;

/**
 * The offset after the number or word that starts at `at`; `incomplete`; or, when it is malformed, the offset of the
 * first wrong byte made negative. (That is below -1: a member's value never starts before offset 4.)
 */
export function scanScalar(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] as number;
  return first === minus || isDigit(first) ? scanNumber(bytes, at, end) : scanWord(bytes, at, end);
}

function scanNumber(bytes: Buffer, at: number, end: number): number {
  if (bytes[at] === minus) at++;
  let after = at < end && bytes[at] === zero ? at + 1 : skipDigits(bytes, at, end);
  if (after > at && after < end && bytes[after] === dot) {
    at = after + 1;
    after = skipDigits(bytes, at, end);
  }
  if (after > at && after < end && ((bytes[after] as number) | 0x20) === letterE) {
    at = after + 1;
    if (at < end && (bytes[at] === plus || bytes[at] === minus)) at++;
    after = skipDigits(bytes, at, end);
  }
  if (after >= end) return incomplete;
  return after > at ? after : -at; // each part needs a digit
}

function scanWord(bytes: Buffer, at: number, end: number): number {
  const word = words.find((known) => known[0] === bytes[at]);
  if (word === undefined) return -at;
  for (let letter = 1; letter < word.length; letter++) {
    if (at + letter >= end) return incomplete;
    if (bytes[at + letter] !== word[letter]) return -at;
  }
  return at + word.length;
}

const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;
const zero = 0x30;
const letterE = 0x65;
const words = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')];

function skipDigits(bytes: Buffer, at: number, end: number): number {
  while (at < end && isDigit(bytes[at] as number)) at++;
  return at;
}
