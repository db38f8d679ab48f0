/**
 * What becomes of one element of the records: given out as a record, or refused with the reason. An element that
 * comes in pieces is held until it is whole; one that is too large to hold is refused piece by piece.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { ascii, compact, isBlank } from './json.ts';
import { incomplete } from './scalar.ts';
import { refused, scanner } from './scan.ts';
import type { RefusedRecord } from '../types.ts';

export interface ElementOptions {
  readonly fields: readonly (readonly string[])[];
  readonly maxRecordBytes: number;
  readonly maxDepth?: number;
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
  readonly pending: boolean;
  /** Elements given out or refused. */
  readonly count: number;
}

export function elements(options: ElementOptions): Elements {
  const { maxRecordBytes, maxDepth = 512 } = options;
  const { scan, spans, broken, reason } = scanner(options.fields, maxDepth);
  const tooLarge = `larger than ${maxRecordBytes} bytes`;
  let count = 0;
  let pending = false;
  /** The pending element is too large, and its pieces are passed on. */
  let streaming = false;
  /** Some of it was passed on. */
  let begun = false;
  let carry = Buffer.alloc(0);
  let carried = 0;

  function begin(): void {
    count = 0;
    pending = streaming = begun = false;
    carry = Buffer.alloc(0);
    carried = 0;
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
    while (isBlank(bytes[end - 1])) end--; // a line's CR
    const why = objection(bytes, start, end, utf8);
    if (why === undefined) giveOut(bytes, start, end);
    else refuse(bytes.subarray(start, end), false, why);
  }

  function takePending(bytes: Buffer, start: number, end: number): void {
    pending = false;
    if (streaming || carried + end - start > maxRecordBytes) {
      stream();
      streaming = false;
      refuse(bytes.subarray(start, end), false, tooLarge);
      return;
    }
    carryOn(bytes, start, end, carried + end - start);
    const whole = carry.subarray(0, carried);
    carried = 0;
    carry = Buffer.alloc(0); // whoever was given the record keeps it
    take(whole, 0, whole.length, false);
  }

  function hold(bytes: Buffer, start: number, end: number): void {
    pending = true;
    if (streaming || carried + end - start > maxRecordBytes) {
      stream();
      refuse(bytes.subarray(start, end), true, tooLarge);
    } else {
      carryOn(bytes, start, end, 2 * (carried + end - start));
    }
  }

  /** Passes on what was held so far, because the element turned out to be too large. */
  function stream(): void {
    streaming = true;
    if (carried > 0) refuse(carry.subarray(0, carried), true, tooLarge);
    carried = 0;
    carry = Buffer.alloc(0);
  }

  function carryOn(bytes: Buffer, start: number, end: number, capacity: number): void {
    if (carried + end - start > carry.length) {
      const larger = Buffer.allocUnsafe(capacity);
      carry.copy(larger, 0, 0, carried);
      carry = larger;
    }
    carried += bytes.copy(carry, carried, start, end);
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
    get pending() {
      return pending;
    },
    get count() {
      return count;
    },
  };
}
