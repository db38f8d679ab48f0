/** A row of CSV (RFC 4180, section 2), taken apart: its values as JSON strings, with the vendor's own bytes. */
import type { Buffer } from 'node:buffer';
import { jsonString } from '../json/json-string.ts';
import { ascii } from '../json/json.ts';

/** How many values a row has, and the first `most` as JSON strings; undefined when something follows a closing quote. */
export function cellsOf(
  bytes: Buffer,
  start: number,
  rowEnd: number,
  most = Infinity,
): { readonly values: readonly Buffer[]; readonly count: number } | undefined {
  const end = bytes[rowEnd - 1] === ascii.carriageReturn ? rowEnd - 1 : rowEnd;
  const values: Buffer[] = [];
  for (let at = start, count = 1; ; at += 1, count += 1) {
    const isQuoted = bytes[at] === ascii.quote && at < end;
    const after = isQuoted ? endOfQuoted(bytes, at, end) : endOfPlain(bytes, at, end);
    if (after < end && bytes[after] !== ascii.comma) return undefined;
    const value = isQuoted ? ([at + 1, after - 1] as const) : ([at, after] as const);
    if (count <= most) values.push(jsonString(bytes, ...value, isQuoted)); // a row of commas alone has millions
    at = after;
    if (at >= end) return { values, count };
  }
}

/** The offset after the closing quote. */
function endOfQuoted(bytes: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at += 1) {
    if (bytes[at] !== ascii.quote) continue;
    if (bytes[at + 1] !== ascii.quote) return at + 1;
    at += 1;
  }
  return end;
}

function endOfPlain(bytes: Buffer, start: number, end: number): number {
  const at = bytes.indexOf(ascii.comma, start);
  return at === -1 || at > end ? end : at;
}
