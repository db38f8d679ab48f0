/**
 * A remembered ID as a line of text, so that a person can read, search and compare what was delivered:
 *
 *     1763629200000 8f14e45f + 0198c5d2-7f3a-7c41                  kept:    stamp, fingerprint, +, key
 *     1763629200000 8f14e45f = 0198c5d2-7f3a-7c41                  kept before the last mark (see Ledger.mark)
 *     1763629200000 8f14e45f ?0a1b2c3d%3A7 0198c5d2-7f3a-7c41      awaited: ? and the acknowledgement, URI-encoded
 *
 * The stamp is in milliseconds since 1970, the fingerprint 8 hexadecimal digits (00000000 when unknown), the key the
 * rest of the line.
 */
import type { Buffer } from 'node:buffer';
import { exit, Problem } from '../problem.ts';

/** The most that can stand before the key of a line, but for the name of an acknowledgement. */
export const longestHead = 15 + 1 + 8 + 1 + 1 + 1;

/** One parsed line; the same object is filled again and again, because there may be a million of them. */
export interface LedgerLine {
  stamp: number;
  fingerprint: number;
  pending: string | undefined;
  marked: boolean;
  keyStart: number;
}

/** Writes everything before the key at `out[at]`, and returns the end. There must be room for it. */
export function writeHead(
  out: Buffer,
  at: number,
  stamp: number,
  fingerprint: number,
  pending: string,
  marked: boolean,
): number {
  let end = writeDecimal(out, at, stamp);
  out[end] = 0x20;
  end += 1;
  for (let shift = 28; shift >= 0; shift -= 4, end += 1) {
    const digit = (fingerprint >>> shift) & 15;
    out[end] = digit < 10 ? 0x30 + digit : 0x57 + digit;
  }
  out[end] = 0x20;
  out[end + 1] = pending !== '' ? 0x3f : marked ? 0x3d : 0x2b;
  end += 2;
  if (pending !== '') end += out.write(pending, end, 'latin1');
  out[end] = 0x20;
  return end + 1;
}

/** Reads the line `[start, end)` into `line`. Throws Problem (78) when it is not one; who knows the file adds the hint. */
export function readLine(bytes: Buffer, start: number, end: number, line: LedgerLine): void {
  let at = start;
  let stamp = 0;
  for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9 && at < end; digit = bytes[at]! - 0x30) {
    stamp = stamp * 10 + digit;
    at += 1;
  }
  let valid = at > start && at - start <= 15 && bytes[at] === 0x20;
  at += 1;
  let fingerprint = 0;
  for (const stop = at + 8; at < stop; at += 1) {
    const digit = hexDigit(bytes[at]!);
    valid &&= digit >= 0;
    fingerprint = (fingerprint << 4) | digit;
  }
  valid &&= bytes[at] === 0x20;
  const mark = bytes[at + 1];
  let space = at + 2;
  line.pending = undefined;
  if (mark === 0x3f) {
    while (space < end && bytes[space] !== 0x20) space += 1;
    line.pending = acknowledgement(bytes.toString('latin1', at + 2, space));
    valid &&= line.pending !== undefined;
  } else valid &&= mark === 0x2b || mark === 0x3d;
  line.marked = mark === 0x3d;
  if (!valid || space >= end || bytes[space] !== 0x20) throw malformed(bytes, start, end);
  line.stamp = stamp;
  line.fingerprint = fingerprint;
  line.keyStart = space + 1;
}

/** In two halves that fit 32 bits. A million and more milliseconds are the rule: anything less is padded with zeroes. */
function writeDecimal(out: Buffer, at: number, value: number): number {
  const high = Math.floor(value / 1e6);
  let end = at + 1;
  for (let rest = high; rest >= 10; rest = (rest / 10) | 0) end += 1;
  writeDigits(out, at, end, high);
  writeDigits(out, end, end + 6, value - high * 1e6);
  return end + 6;
}

function writeDigits(out: Buffer, start: number, end: number, value: number): void {
  let rest = value | 0;
  for (let at = end - 1; at >= start; at -= 1) {
    const next = (rest / 10) | 0;
    out[at] = 0x30 + rest - next * 10;
    rest = next;
  }
}

/** The value of a digit; negative for anything else, upper case among it. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}

function acknowledgement(encoded: string): string | undefined {
  try {
    return encoded === '' ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function malformed(bytes: Buffer, start: number, end: number): Problem {
  const text = JSON.stringify(bytes.toString('latin1', start, Math.min(end, start + 60)));
  return new Problem(exit.config, `remembered IDs: malformed line ${text}`);
}
