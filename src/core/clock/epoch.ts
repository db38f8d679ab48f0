/** Reads times that are counted from 1970, exactly: 19 digits are more than a number holds. */
import { Buffer } from 'node:buffer';
import { isDigit } from '../json/json.ts';
import type { ReadTime } from './iso.ts';

const zero = 0x30;

/**
 * A run of digits, with or without a fraction, of a unit that has `places` digits below the second. The digits up to
 * the third decimal place of the second are the milliseconds, the six after them the nanoseconds; so 19 stay exact.
 */
export function readEpoch(bytes: Buffer, start: number, end: number, places: number, into: ReadTime): void {
  let point = start;
  while (point < end && isDigit(bytes[point]!)) point += 1;
  const boundary = point - start + 3 - places; // so many digits make up the milliseconds
  let time = 0;
  let nanos = 0;
  let seen = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if (at === point && byte === 0x2e && at > start && at + 1 < end) continue;
    if (!isDigit(byte)) return readScientific(bytes, start, end, places, into);
    if (seen < boundary) time = time * 10 + byte - zero;
    else if (seen < boundary + 6) nanos = nanos * 10 + byte - zero;
    seen += 1;
  }
  if (seen === 0) return;
  for (; seen < boundary; seen += 1) time *= 10;
  for (seen = Math.max(seen, boundary); seen < boundary + 6; seen += 1) nanos *= 10;
  into.time = time;
  into.nanos = nanos;
}

/** 1.7324766e12: some serialisers write large numbers so. */
function readScientific(bytes: Buffer, start: number, end: number, places: number, into: ReadTime): void {
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?[eE]\+?(\d{1,2})$/.exec(bytes.toString('latin1', start, end));
  if (!match) return;
  const decimals = match[2] ?? '';
  const digits = (match[1] ?? '') + decimals.padEnd(Number(match[3]), '0');
  const whole = digits.length - Math.max(0, decimals.length - Number(match[3]));
  const plain = whole < digits.length ? `${digits.slice(0, whole)}.${digits.slice(whole)}` : digits;
  readEpoch(Buffer.from(plain), 0, plain.length, places, into);
}
