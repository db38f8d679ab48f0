/** The strings and scalars that are values of an object, however deep. */
import type { Buffer } from 'node:buffer';
import { escapeEnd } from './escape.ts';
import { ascii, isDigit, skipBlanks } from './json.ts';
import { plainText } from './plain-text.ts';
import { incomplete, scanScalar } from './scalar.ts';

/** The kinds of what `valuesOf` gives; a scalar is the third. */
export const string = 1;
const scalar = 2;
export const nothing = 3;

/** The offset of the quote that closes the string whose text goes on at `at`; otherwise as `scanScalar`. */
export function stringEnd(text: DataView, at: number, end: number): number {
  for (;;) {
    at = plainText(text, at, end);
    if (at >= end) return incomplete;
    const byte = text.getUint8(at);
    if (byte === ascii.quote) return at;
    if (byte !== ascii.backslash) return -at;
    at = escapeEnd(text, at, end) | 0;
    if (at < 0) return at;
  }
}

/** As `scanScalar`, for a scalar that may not be there. */
export function scalarEnd(text: DataView, at: number, end: number): number {
  return at < end ? scanScalar(text, at, end) : incomplete;
}

/** Each value of a sound object that is a string (without its quotes) or a scalar: start, end and kind. `nothing` is at its end. */
export function* valuesOf(
  bytes: Buffer,
  text: DataView,
  start: number,
  end: number,
): Generator<[number, number, number]> {
  for (let at = start; at < end;) {
    const byte = text.getUint8(at);
    if (byte === ascii.quote) {
      const close = stringEnd(text, at + 1, end);
      const isKey = bytes[skipBlanks(bytes, close + 1, end)] === ascii.colon;
      if (!isKey) yield [at + 1, close, string];
      at = close + 1;
    } else if (isDigit(byte) || byte === 0x2d || (byte >= 0x61 && byte <= 0x7a)) {
      const after = scanScalar(text, at, end);
      yield [at, after, scalar];
      at = after;
    } else {
      at += 1;
    }
  }
  yield [end, end, nothing];
}
