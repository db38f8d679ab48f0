/**
 * Volatile members of a record: they change from one reading to the next and say nothing about what happened, as a cursor
 * in each record does. Comparisons of contents leave them out; the record is delivered as it came.
 */
import { Buffer } from 'node:buffer';
import { ascii, isBlank } from '../json/json.ts';
import type { AuditRecord } from '../types.ts';

type Text = Pick<AuditRecord, 'bytes' | 'start' | 'end'>;

/**
 * The members whose values a scanner found: `values` holds start and end of each, from the pair number `first` on, -1
 * where there is none. Returns start and end of each member, with its key and one comma, in their order.
 */
export function volatileSpans(bytes: Buffer, values: Int32Array, first: number, count: number): readonly number[] {
  const found: number[] = [];
  for (let pair = first; pair < first + count; pair += 1) {
    const start = values[2 * pair] ?? -1;
    const end = values[2 * pair + 1] ?? -1;
    if (start >= 0 && end >= 0) insert(found, memberStart(bytes, start), end);
  }
  for (let at = 0; at < found.length; at += 2) takeComma(bytes, found, at);
  return found;
}

/** The text that is the record's content: its own, or a copy without what is volatile, valid until the next call. */
export function contentOf(record: Text & Pick<AuditRecord, 'volatile'>): Text {
  const { bytes, start, end, volatile } = record;
  if (volatile === undefined || volatile.length === 0) return record;
  if (content.bytes.length < end - start) content.bytes = Buffer.allocUnsafe(Math.max(4096, end - start));
  let length = 0;
  let from = start;
  for (let at = 0; at < volatile.length; at += 2) {
    const until = volatile[at] ?? end;
    if (until > from) length += bytes.copy(content.bytes, length, from, until);
    from = Math.max(from, volatile[at + 1] ?? end);
  }
  content.end = length + bytes.copy(content.bytes, length, from, end);
  return content;
}

/** The length of that text, without a copy of it. */
export function contentLength({ start, end, volatile = [] }: Pick<AuditRecord, 'start' | 'end' | 'volatile'>): number {
  let length = end - start;
  let from = start;
  for (let at = 0; at < volatile.length; at += 2) {
    const until = Math.max(from, volatile[at + 1] ?? end);
    length -= until - Math.max(from, volatile[at] ?? end);
    from = until;
  }
  return length;
}

const content = { bytes: Buffer.alloc(0), start: 0, end: 0 };

/** Keeps the spans in their order; there are hardly ever two. */
function insert(found: number[], start: number, end: number): void {
  let at = found.length;
  while (at > 0 && (found[at - 2] ?? 0) > start) at -= 2;
  found.splice(at, 0, start, end);
}

/** The quote that opens the key before a value: what lies between is sound JSON. */
function memberStart(bytes: Buffer, value: number): number {
  let at = value - 1;
  while (bytes[at] !== ascii.quote) at -= 1; // blanks and the colon
  do at -= 1;
  while (bytes[at] !== ascii.quote || isEscaped(bytes, at));
  return at;
}

/** Whether an odd number of backslashes precedes the byte. */
function isEscaped(bytes: Buffer, at: number): boolean {
  let backslashes = 0;
  while (bytes[at - 1 - backslashes] === ascii.backslash) backslashes += 1;
  return backslashes % 2 === 1;
}

/** Widens the span by the comma before it, or after it where it is the first member. */
function takeComma(bytes: Buffer, spans: number[], at: number): void {
  let before = (spans[at] ?? 0) - 1;
  while (isBlank(bytes[before])) before -= 1;
  if (bytes[before] === ascii.comma) {
    spans[at] = before;
    return;
  }
  let after = spans[at + 1] ?? 0;
  while (isBlank(bytes[after])) after += 1;
  if (bytes[after] === ascii.comma) spans[at + 1] = after + 1;
}
