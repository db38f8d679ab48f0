/**
 * JSON text without JSON values: numbers keep their digits, keys their order, and nothing is re-serialised.
 *
 * All functions here expect valid JSON (RFC 8259) in UTF-8, which scan.ts makes sure of; on anything else they end, with
 * a result that means nothing.
 */
import { Buffer } from 'node:buffer';

/** The bytes that JSON is built from. */
export const ascii = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  hash: 0x23,
  comma: 0x2c,
  colon: 0x3a,
  lessThan: 0x3c,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** Is it one of the four blanks that JSON allows between tokens? */
export function isBlank(byte: number | undefined): boolean {
  return byte === ascii.space || byte === ascii.lineFeed || byte === ascii.carriageReturn || byte === ascii.tab;
}

/** Is it one of `0` to `9`? */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The offset of the first byte in `[at, end)` that is not a blank, else `end`. */
export function skipBlanks(bytes: Buffer, at: number, end: number): number {
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}

/** The string that a lexeme (quotes included) stands for. */
export function decodeString(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
}

/** The offset after the value that starts at `at`. */
function skipValue(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at];
  if (first === ascii.quote) return skipString(bytes, at, end);
  if (first !== ascii.openBrace && first !== ascii.openBracket) return skipScalar(bytes, at, end);
  let depth = 0;
  while (at < end) {
    const byte = bytes[at];
    if (byte === ascii.quote) {
      at = skipString(bytes, at, end);
      continue;
    }
    at++;
    if (byte === ascii.openBrace || byte === ascii.openBracket) depth++;
    else if ((byte === ascii.closeBrace || byte === ascii.closeBracket) && --depth === 0) return at;
  }
  return end;
}

/**
 * Calls `visit` with the spans of key and value (strings with their quotes) of each member of the object at `start`,
 * in order, duplicates included. Stops when it returns false.
 */
export function eachMember(
  bytes: Buffer,
  start: number,
  end: number,
  visit: (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => boolean | void,
): void {
  let at = skipBlanks(bytes, start + 1, end);
  while (at < end && bytes[at] === ascii.quote) {
    const keyEnd = skipString(bytes, at, end);
    const colon = skipBlanks(bytes, keyEnd, end);
    const valueStart = skipBlanks(bytes, colon + 1, end);
    const valueEnd = skipValue(bytes, valueStart, end);
    if (visit(at, keyEnd, valueStart, valueEnd) === false) return;
    const comma = skipBlanks(bytes, valueEnd, end);
    if (bytes[comma] !== ascii.comma) return;
    at = skipBlanks(bytes, comma + 1, end);
  }
}

/** Does the object `[start, end)` have a member of that name at its top level? Keys in the text may be escaped. */
export function hasTopLevelKey(bytes: Buffer, start: number, end: number, key: string): boolean {
  const text = bytes.subarray(start, end);
  // Most records settle it here: the key is nowhere in the text, and nothing is escaped either.
  if (!text.includes(`"${key}"`) && !text.includes(ascii.backslash)) return false;
  let found = false;
  eachMember(bytes, start, end, (keyStart, keyEnd) => {
    found = decodeString(bytes, keyStart, keyEnd) === key;
    return !found;
  });
  return found;
}

/**
 * The text of the value at a path of member names, as it was written (strings with their quotes), so that a 19-digit
 * cursor keeps its digits; undefined when there is none. The last of duplicate keys wins, as in JSON.parse.
 */
export function lexemeAt(text: string | Buffer, path: readonly string[]): string | undefined {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  let start = skipBlanks(bytes, 0, bytes.length);
  let end = skipValue(bytes, start, bytes.length);
  for (const name of path) {
    if (bytes[start] !== ascii.openBrace) return undefined;
    let found = -1;
    const objectStart = start;
    const objectEnd = end;
    eachMember(bytes, objectStart, objectEnd, (keyStart, keyEnd, valueStart, valueEnd) => {
      if (decodeString(bytes, keyStart, keyEnd) !== name) return;
      found = start = valueStart;
      end = valueEnd;
    });
    if (found === -1) return undefined;
  }
  return start === end ? undefined : bytes.toString('utf8', start, end);
}

/** The texts of the elements of the list at a path, in order; undefined when there is no list. */
export function lexemesAt(text: string, path: readonly string[]): readonly string[] | undefined {
  const list = lexemeAt(text, path);
  if (list === undefined || !list.startsWith('[')) return undefined;
  const bytes = Buffer.from(list);
  const found: string[] = [];
  let at = skipBlanks(bytes, 1, bytes.length);
  while (at < bytes.length && bytes[at] !== ascii.closeBracket) {
    const end = skipValue(bytes, at, bytes.length);
    found.push(bytes.toString('utf8', at, end));
    at = skipBlanks(bytes, skipBlanks(bytes, end, bytes.length) + 1, bytes.length); // past the comma, or the bracket
  }
  return found;
}

/**
 * A copy of the value `[start, end)` on one line: line breaks between tokens go, and with them the spaces and tabs
 * around them. All else stays byte for byte.
 */
export function compact(bytes: Buffer, start: number, end: number): Buffer {
  const line = Buffer.allocUnsafe(end - start);
  let length = 0;
  let at = start;
  while (at < end) {
    const from = at;
    if (bytes[at] === ascii.quote) {
      at = skipString(bytes, at, end);
    } else if (isBlank(bytes[at])) {
      let broken = false;
      for (; at < end && isBlank(bytes[at]); at++) {
        if (bytes[at] === ascii.lineFeed || bytes[at] === ascii.carriageReturn) broken = true;
      }
      if (broken) continue;
    } else {
      at++;
    }
    // Byte by byte: most tokens are too short to be worth a native call.
    for (let kept = from; kept < at; kept++) line[length++] = bytes[kept] as number;
  }
  return line.subarray(0, length);
}

/** The offset after the string that starts at `at`, else `end`. */
export function skipString(bytes: Buffer, at: number, end: number): number {
  for (at++; at < end; at++) {
    const byte = bytes[at];
    if (byte === ascii.quote) return at + 1;
    if (byte === ascii.backslash) at++;
  }
  return end;
}

function skipScalar(bytes: Buffer, at: number, end: number): number {
  while (at < end && !isDelimiter(bytes[at])) at++;
  return at;
}

/** Does it end a number, true, false or null? */
export function isDelimiter(byte: number | undefined): boolean {
  return (
    isBlank(byte) ||
    byte === ascii.comma ||
    byte === ascii.closeBrace ||
    byte === ascii.closeBracket ||
    byte === ascii.quote ||
    byte === ascii.colon ||
    byte === ascii.openBrace ||
    byte === ascii.openBracket
  );
}
