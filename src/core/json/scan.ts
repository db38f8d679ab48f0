/**
 * The inner loop of the product: one pass over a record's bytes that checks every token (the same texts are accepted
 * as by JSON.parse; UTF-8 is checked elsewhere), and notes where the wanted fields are. No recursion, no allocation.
 *
 * Bytes are written as numbers, because names would cost 6 % of the speed: 0x22 " 0x2c , 0x3a : 0x5b [ 0x5c \ 0x5d ]
 * 0x7b { 0x7d }, and the blanks 0x20 space, 0x09 tab, 0x0a line feed, 0x0d carriage return. They are read through a
 * DataView, never from the Buffer, and offsets are kept to 32 bits with `| 0`: a third faster (test/bench/NOTES.md).
 */
import type { Buffer } from 'node:buffer';
import { escapeEnd } from './escape.ts';
import { beginField, childNode, endField, type FieldNode, fieldTree, namedNode } from './fields.ts';
import { decodeString } from './json.ts';
import { plainText } from './plain-text.ts';
import { incomplete, scanScalar } from './scalar.ts';

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
  let viewed: Buffer | undefined;
  let view: DataView = new DataView(new ArrayBuffer(0));
  let lineBreak = false;
  /** Did the last string contain an escape? */
  let escaped = false;
  let why = '';

  function scan(bytes: Buffer, start: number, end: number): number {
    for (let field = 0; field < spans.length; field++) spans[field] = -1; // `fill` would leave V8's code
    if (bytes !== viewed) {
      viewed = bytes;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    lineBreak = false;
    const text = view; // V8 reads a constant once, and a variable that closures share every time
    let at = start;
    let depth = 0;
    let inObject = false;
    /** The open container's place, if wanted fields are in it. */
    let place: FieldNode | undefined;
    /** The place of the value at hand. */
    let value: FieldNode | undefined = root;

    // Blanks are looked for only when there are some: there seldom are, and the call would cost as much as a token. So it
    // is with a string that holds more than plain text.
    for (;;) {
      // A value.
      if (at >= end) return incomplete;
      let byte = text.getUint8(at);
      if (byte <= 0x20) {
        at = blanks(text, at, end) | 0;
        if (at >= end) return incomplete;
        byte = text.getUint8(at);
      }
      if (value !== undefined) beginField(spans, value, at);
      let opened = false;
      if (byte === 0x22) {
        at = plainText(text, (at + 1) | 0, end);
        if (at < end && text.getUint8(at) === 0x22) at = (at + 1) | 0;
        else {
          at = string(text, at, end, start) | 0;
          if (at < 0) return at;
        }
      } else if (byte === 0x7b || byte === 0x5b) {
        if (depth === maxDepth) return refuse(`nested deeper than ${maxDepth}`);
        depth++;
        inObject = byte === 0x7b;
        objects[depth] = inObject ? 1 : 0;
        places[depth] = place = value;
        value = undefined;
        opened = true;
        at = (at + 1) | 0;
      } else {
        const after = scanScalar(text, at, end) | 0;
        if (after === incomplete) return incomplete;
        if (after < 0) return expected(-after - start, after === -at ? 'a value' : 'a digit');
        at = after;
      }

      // What follows it: closing brackets, and a comma unless something was just opened.
      for (;;) {
        if (value !== undefined) endField(spans, value, at);
        if (depth === 0) return at;
        if (at >= end) return incomplete;
        byte = text.getUint8(at);
        if (byte <= 0x20) {
          at = blanks(text, at, end) | 0;
          if (at >= end) return incomplete;
          byte = text.getUint8(at);
        }
        if (byte !== (inObject ? 0x7d : 0x5d)) break;
        value = places[depth];
        depth--;
        inObject = objects[depth] === 1;
        place = places[depth];
        opened = false;
        at = (at + 1) | 0;
      }
      value = undefined;
      if (!opened) {
        if (byte !== 0x2c) return expected(at - start, inObject ? "',' or '}'" : "',' or ']'");
        at = (at + 1) | 0;
      }
      if (!inObject) continue;

      // A key and its colon.
      if (at >= end) return incomplete;
      byte = text.getUint8(at);
      if (byte <= 0x20) {
        at = blanks(text, at, end) | 0;
        if (at >= end) return incomplete;
        byte = text.getUint8(at);
      }
      if (byte !== 0x22) return expected(at - start, opened ? "a key or '}'" : 'a key');
      const keyStart = (at + 1) | 0;
      escaped = false;
      at = plainText(text, keyStart, end);
      if (at < end && text.getUint8(at) === 0x22) at = (at + 1) | 0;
      else {
        at = string(text, at, end, start) | 0;
        if (at < 0) return at;
      }
      if (place !== undefined) {
        value = escaped
          ? namedNode(place, decodeString(bytes, keyStart - 1, at))
          : childNode(place, text, keyStart, at - 1);
      }
      if (at >= end) return incomplete;
      if (text.getUint8(at) !== 0x3a) {
        at = blanks(text, at, end) | 0;
        if (at >= end) return incomplete;
        if (text.getUint8(at) !== 0x3a) return expected(at - start, "':'");
      }
      at = (at + 1) | 0;
    }
  }

  /** The offset after the closing quote of the string whose text goes on at `at`. */
  function string(text: DataView, at: number, end: number, start: number): number {
    for (;;) {
      at = plainText(text, at, end);
      if (at >= end) return incomplete;
      if (text.getUint8(at) === 0x22) return (at + 1) | 0;
      if (text.getUint8(at) !== 0x5c) return expected(at - start, 'no control character in a string');
      escaped = true;
      const after = escapeEnd(text, at, end) | 0;
      if (after === incomplete) return incomplete;
      if (after < 0)
        return expected(-after - start, after === -at - 1 ? 'an escape that JSON knows' : 'four hexadecimal digits');
      at = after;
    }
  }

  /** The offset of the first byte that is no blank; notes line breaks. */
  function blanks(text: DataView, at: number, end: number): number {
    for (; at < end; at = (at + 1) | 0) {
      const byte = text.getUint8(at);
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
