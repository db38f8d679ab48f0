/**
 * The inner loop of the product: one pass over a record's bytes that checks every token (the same texts are accepted
 * as by JSON.parse; UTF-8 is checked elsewhere), and notes where the wanted fields are. No recursion, no allocation.
 */
import type { Buffer } from 'node:buffer';
import { childNode, type FieldNode, fieldTree } from './fields.ts';

/** What `scan` returns when the bytes end before the object does. */
export const incomplete = -1;
/** What `scan` returns when the object cannot be accepted; `reason()` says why. */
export const refused = -2;

export interface Scanner {
  /** Scans the object that starts at `start`; returns the offset after it, `incomplete` or `refused`. */
  scan(bytes: Buffer, start: number, end: number): number;
  /** Two numbers a field: start and end of the value's lexeme, -1 -1 when absent. Holds for the last scan. */
  readonly spans: Int32Array;
  /** Did the last scan meet a line break between tokens? */
  broken(): boolean;
  /** Why the last scan refused. */
  reason(): string;
}

/** A scanner for some field paths. Objects and arrays nested deeper than `maxDepth` are refused. */
export function scanner(fields: readonly (readonly string[])[], maxDepth: number): Scanner {
  const root = fieldTree(fields);
  const spans = new Int32Array(fields.length * 2);
  /** Per open object or array: is it an object, and which wanted place is it? */
  const objects = new Uint8Array(maxDepth + 1);
  const places: (FieldNode | undefined)[] = [undefined];
  let lineBreak = false;
  let backslash = false;
  let why = '';

  function scan(bytes: Buffer, start: number, end: number): number {
    spans.fill(-1);
    lineBreak = false;
    let at = start;
    let depth = 0;
    let inObject = false;
    /** The open container's place, if wanted fields are in it. */
    let place: FieldNode | undefined;
    /** The place of the value at hand. */
    let value: FieldNode | undefined = root;
    let byte = 0;

    for (;;) {
      // A value starts here, blanks skipped.
      if (at >= end) return incomplete;
      byte = bytes[at] as number;
      if (value !== undefined) begin(value, at);
      let opened = false;
      if (byte === 0x22) {
        at = string(bytes, at + 1, end, start);
        if (at < 0) return at;
      } else if (byte === 0x7b || byte === 0x5b) {
        if (depth === maxDepth) return refuse(`nested deeper than ${maxDepth}`);
        depth++;
        inObject = byte === 0x7b;
        objects[depth] = inObject ? 1 : 0;
        places[depth] = place = value;
        value = undefined;
        opened = true;
        at++;
      } else {
        at = byte === 0x2d || isDigit(byte) ? number(bytes, at, end, start) : literal(bytes, at, end, start);
        if (at < 0) return at;
      }

      // Then what follows it: closing brackets, and a comma unless something was just opened.
      for (;;) {
        if (!opened && value !== undefined) finish(value, at);
        if (depth === 0) return at;
        if (at >= end) return incomplete;
        byte = bytes[at] as number;
        if (byte <= 0x20) {
          at = blanks(bytes, at, end);
          if (at >= end) return incomplete;
          byte = bytes[at] as number;
        }
        if (byte === (inObject ? 0x7d : 0x5d)) {
          value = places[depth];
          depth--;
          inObject = objects[depth] === 1;
          place = places[depth];
          opened = false;
          at++;
          continue;
        }
        break;
      }
      if (!opened) {
        if (byte !== 0x2c) return expected(at - start, inObject ? "',' or '}'" : "',' or ']'");
        at = blanks(bytes, at + 1, end);
        if (at >= end) return incomplete;
        byte = bytes[at] as number;
      }
      value = undefined;
      if (!inObject) continue;

      // A key and its colon.
      if (byte !== 0x22) return expected(at - start, opened ? "a key or '}'" : 'a key');
      const keyStart = at + 1;
      backslash = false;
      at = string(bytes, keyStart, end, start);
      if (at < 0) return at;
      if (place !== undefined) value = childNode(place, bytes, keyStart, at - 1, backslash);
      at = blanks(bytes, at, end);
      if (at >= end) return incomplete;
      if (bytes[at] !== 0x3a) return expected(at - start, "':'");
      at = blanks(bytes, at + 1, end);
    }
  }

  /** A wanted value begins. What an earlier duplicate of its key had shown is void. */
  function begin(node: FieldNode, at: number): void {
    for (const field of node.subtree) spans[2 * field] = spans[2 * field + 1] = -1;
    for (const field of node.fields) spans[2 * field] = at;
  }

  function finish(node: FieldNode, at: number): void {
    for (const field of node.fields) spans[2 * field + 1] = at;
  }

  /** The offset after the closing quote of the string whose text starts at `at`. */
  function string(bytes: Buffer, at: number, end: number, start: number): number {
    for (;;) {
      while (at < end && plain[bytes[at] as number] === 1) at++;
      if (at >= end) return incomplete;
      if (bytes[at] === 0x22) return at + 1;
      if (bytes[at] !== 0x5c) return expected(at - start, 'no control character in a string');
      backslash = true;
      if (at + 1 >= end) return incomplete;
      const escape = escapes[bytes[at + 1] as number] as number;
      if (escape === 0) return expected(at + 1 - start, 'an escape that JSON knows');
      for (let digit = at + 2; digit < at + escape; digit++) {
        if (digit >= end) return incomplete;
        if (!isHex(bytes[digit] as number)) return expected(digit - start, 'four hexadecimal digits');
      }
      at += escape;
    }
  }

  /** The offset after the number that starts at `at`. */
  function number(bytes: Buffer, at: number, end: number, start: number): number {
    if (bytes[at] === 0x2d) at++;
    const whole = at;
    at = digits(bytes, at, end);
    if (at > whole + 1 && bytes[whole] === 0x30) return expected(whole + 1 - start, 'no digit after a leading 0');
    if (at < end && at > whole && bytes[at] === 0x2e) {
      const fraction = at + 1;
      at = digits(bytes, fraction, end);
      if (at < end && at === fraction) return expected(at - start, 'a digit');
    }
    if (at < end && at > whole && ((bytes[at] as number) | 0x20) === 0x65) {
      at++;
      if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++;
      const exponent = at;
      at = digits(bytes, at, end);
      if (at < end && at === exponent) return expected(at - start, 'a digit');
    }
    if (at >= end) return incomplete;
    return at === whole ? expected(at - start, 'a digit') : at;
  }

  /** The offset after true, false or null. */
  function literal(bytes: Buffer, at: number, end: number, start: number): number {
    const word = literals[bytes[at] as number];
    if (word === undefined) return expected(at - start, 'a value');
    for (let letter = 1; letter < word.length; letter++) {
      if (at + letter >= end) return incomplete;
      if (bytes[at + letter] !== word.charCodeAt(letter)) return expected(at - start, word);
    }
    return at + word.length;
  }

  /** The offset of the first byte that is no blank; notes line breaks. */
  function blanks(bytes: Buffer, at: number, end: number): number {
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === 0x0a || byte === 0x0d) lineBreak = true;
      else if (byte !== 0x20 && byte !== 0x09) break;
    }
    return at;
  }

  function expected(at: number, what: string): number {
    return refuse(`not JSON: expected ${what} at byte ${at}`);
  }

  function refuse(reason: string): number {
    why = reason;
    return refused;
  }

  return { scan, spans, broken: () => lineBreak, reason: () => why };
}

/** 1 for what may stand in a string as it is: neither a quote, nor a backslash, nor a control character. */
const plain = new Uint8Array(256).fill(1);
plain.fill(0, 0, 0x20);
plain[0x22] = plain[0x5c] = 0;

/** By the byte after a backslash: the length of the escape, 0 for none. */
const escapes = new Uint8Array(256);
for (const byte of '"\\/bfnrt') escapes[byte.charCodeAt(0)] = 2;
escapes[0x75] = 6;

const literals: (string | undefined)[] = [];
for (const word of ['true', 'false', 'null']) literals[word.charCodeAt(0)] = word;

function digits(bytes: Buffer, at: number, end: number): number {
  while (at < end && isDigit(bytes[at] as number)) at++;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
