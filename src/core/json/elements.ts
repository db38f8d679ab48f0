/**
 * What becomes of one element of the records: given out as a record, or refused with the reason. An element that
 * comes in pieces is held until it is whole; one that is too large to hold is refused piece by piece.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { ascii, compact, isBlank } from './json.ts';
import { incomplete } from './scalar.ts';
import { refused } from './scan.ts';
import { shapeScanner } from './shape-scan.ts';
import type { RefusedRecord } from '../types.ts';

export interface ElementOptions {
  readonly fields: readonly (readonly string[])[];
  readonly maxRecordBytes: number;
  /** Makes an element that is not JSON the object that it stands for; or says why it cannot. */
  shape?(bytes: Buffer, start: number, end: number): Buffer | string;
  record(bytes: Buffer, start: number, end: number, spans: Int32Array): void;
  refused(record: RefusedRecord): void;
}

export interface Elements {
  /** Forgets everything and starts on another body. */
  begin(): void;
  /**
   * Gives out the object that starts at `start` and returns the offset after it, if it is whole and sound; otherwise
   * does nothing and returns -1. `utf8`: the bytes are known to be UTF-8.
   */
  attempt(bytes: Buffer, start: number, end: number, utf8: boolean): number;
  /** Gives out or refuses the element `[start, end)`, or the held one that ends with it. */
  take(bytes: Buffer, start: number, end: number, utf8: boolean): void;
  /** Holds a piece of an element. */
  hold(bytes: Buffer, start: number, end: number): void;
  /** Is an element begun and not whole yet? */
  pending(): boolean;
  /** Elements given out or refused. */
  count(): number;
}

/** A record with objects and arrays nested deeper is refused, and so is a reply. */
export const maxDepth = 512;
const blockSize = 64 * 1024;
const none = Buffer.alloc(0);

/** For one body after the other. What is given out is a sound object in UTF-8 on one line. */
export function elements(options: ElementOptions): Elements {
  const { maxRecordBytes, shape } = options;
  const { scan, spans, broken, reason } = shapeScanner(options.fields, maxDepth);
  const tooLarge = `larger than ${maxRecordBytes} bytes`;
  let count = 0;
  let pending = false;
  /** The pending element is too large, and its pieces are passed on. */
  let streaming = false;
  /** Some of it was passed on. */
  let begun = false;
  let blocks: Buffer[] = [];
  /** The last of them, and how much of it is in use. */
  let block = none;
  let filled = 0;
  let carried = 0;

  function begin(): void {
    count = 0;
    pending = streaming = begun = false;
    blocks = [];
    block = none;
    carried = filled = 0;
  }

  function attempt(bytes: Buffer, start: number, end: number, utf8: boolean): number {
    const after = scan(bytes, start, end);
    if (after < 0 || after - start > maxRecordBytes) return -1;
    if (!utf8 && !isUtf8(bytes.subarray(start, after))) return -1;
    giveOut(bytes, start, after);
    return after;
  }

  function take(bytes: Buffer, start: number, end: number, utf8: boolean): void {
    if (pending) {
      takePending(bytes, start, end);
      return;
    }
    if (end - start > maxRecordBytes) {
      refuse(bytes.subarray(start, end), false, tooLarge);
      return;
    }
    if (shape !== undefined) {
      takeShaped(bytes, start, end, shape(bytes, start, end));
      return;
    }
    while (isBlank(bytes[end - 1])) end--; // a line's CR
    const why = objection(bytes, start, end, utf8);
    if (why === undefined) giveOut(bytes, start, end);
    else refuse(bytes.subarray(start, end), false, why);
  }

  function takeShaped(bytes: Buffer, start: number, end: number, made: Buffer | string): void {
    const text = bytes.subarray(start, end);
    if (typeof made === 'string') {
      refuse(text, false, made);
      return;
    }
    const why = made.length > maxRecordBytes ? tooLarge : objection(made, 0, made.length, false);
    if (why === undefined) giveOut(made, 0, made.length);
    else refuse(text, false, why);
  }

  function takePending(bytes: Buffer, start: number, end: number): void {
    pending = false;
    if (streaming || carried + end - start > maxRecordBytes) {
      stream();
      streaming = false;
      refuse(bytes.subarray(start, end), false, tooLarge);
      return;
    }
    carryOn(bytes, start, end);
    const whole = joined();
    take(whole, 0, whole.length, false);
  }

  function hold(bytes: Buffer, start: number, end: number): void {
    pending = true;
    if (streaming || carried + end - start > maxRecordBytes) {
      stream();
      refuse(bytes.subarray(start, end), true, tooLarge);
    } else {
      carryOn(bytes, start, end);
    }
  }

  /** Passes on what was held so far, because the element turned out to be too large. */
  function stream(): void {
    streaming = true;
    if (carried > 0) refuse(joined(), true, tooLarge);
  }

  /** What was held so far, handed over. */
  function joined(): Buffer {
    const whole = blocks.length === 1 ? block.subarray(0, carried) : Buffer.concat(blocks, carried);
    blocks = [];
    block = none;
    carried = filled = 0;
    return whole;
  }

  /**
   * Copies into blocks: one buffer would be copied as it grows, and a list have an object for each chunk of one byte.
   */
  function carryOn(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      if (filled === block.length) {
        block = Buffer.allocUnsafe(Math.min(blockSize, 2 * Math.max(carried, end - at)));
        blocks.push(block);
        filled = 0;
      }
      const copied = bytes.copy(block, filled, at, end);
      at += copied;
      filled += copied;
      carried += copied;
    }
  }

  /** Why the element cannot be a record. After undefined, the scanner holds its spans. */
  function objection(bytes: Buffer, start: number, end: number, utf8: boolean): string | undefined {
    if (bytes[start] !== ascii.openBrace) return 'not an object';
    const after = scan(bytes, start, end);
    if (after === refused) return reason();
    if (after === incomplete) return 'not JSON: it ends early';
    if (after !== end) return `not JSON: expected the end at byte ${after - start}`;
    return utf8 || isUtf8(bytes.subarray(start, end)) ? undefined : 'not UTF-8';
  }

  function giveOut(bytes: Buffer, start: number, end: number): void {
    count++;
    if (!broken()) {
      options.record(bytes, start, end, spans);
      return;
    }
    const line = compact(bytes, start, end);
    scan(line, 0, line.length); // for the spans
    options.record(line, 0, line.length, spans);
  }

  function refuse(text: Buffer, more: boolean, why: string): void {
    if (!more) count++;
    options.refused(begun ? { text, more, continued: true, reason: why } : { text, more, reason: why });
    begun = more;
  }

  return {
    begin,
    attempt,
    take,
    hold,
    pending: () => pending,
    count: () => count,
  };
}
