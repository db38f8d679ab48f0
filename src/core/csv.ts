/**
 * CSV (RFC 4180) with the names of its columns in the first line: a row becomes an object whose values are strings, with
 * the vendor's own bytes, blanks included. A value in quotes may have commas, line breaks and, doubled, quotes. Blank
 * lines are skipped. A row with another number of values than there are columns is refused; two columns of one name are
 * an error, since a reader of the object would see one of them only.
 */
import { Buffer } from 'node:buffer';
import { inDefinition } from './hint.ts';
import { cellsOf } from './csv/csv-row.ts';
import { type ElementOptions, elements } from './json/elements.ts';
import { cut, ofReply, refuseHtml } from './json/reply-problems.ts';
import { ascii } from './json/json.ts';
import { markSkipper } from './json/utf8.ts';
import type { Problem } from './problem.ts';
import type { Splitter } from './split.ts';

export interface CsvOptions extends ElementOptions {
  /** Columns that there must be: without them, what came is something else, such as an error in plain text. */
  readonly columns?: readonly string[];
}

/** Where the current byte is: at a value's start, in a plain value, in quotes, or after a quote inside them. */
type Place = 'start' | 'plain' | 'quoted' | 'after quote';

const longestHeader = 1024 * 1024;

/** A splitter for CSV: see split.ts. */
export function csvSplitter(options: CsvOptions): Splitter {
  /** `"name":` of each column. */
  let keys: readonly Buffer[] | undefined;
  let header: Buffer[] = [];
  let headerLength = 0;
  let place: Place = 'start';
  /** Values of the current row so far. */
  let values = 1;
  let skipMark = markSkipper();
  const rows = elements({ ...options, shape: (bytes, start, end) => objectOf(bytes, start, end, keys ?? []) });

  function begin(): void {
    rows.begin();
    keys = undefined;
    header = [];
    headerLength = 0;
    place = 'start';
    values = 1;
    skipMark = markSkipper();
  }

  function push(piece: Buffer): void {
    const chunk = skipMark(piece);
    let at = 0;
    while (at < chunk.length) {
      if (!rows.pending() && header.length === 0 && isLineBreak(chunk[at])) {
        at += 1;
        continue;
      }
      const end = endOfRow(chunk, at);
      if (keys === undefined) hold(chunk.subarray(at, end === -1 ? chunk.length : end));
      else if (end === -1) rows.hold(chunk, at, chunk.length);
      else rows.take(chunk, at, end, false);
      if (end === -1) return;
      if (keys === undefined) name();
      place = 'start';
      values = 1;
      at = end + 1;
    }
  }

  /** The offset of the line feed that ends the row, or -1 when the row goes on. */
  function endOfRow(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (place === 'quoted') {
        if (byte === ascii.quote) place = 'after quote';
      } else if (byte === ascii.lineFeed) {
        return at;
      } else if (byte === ascii.comma) {
        place = 'start';
        values += 1;
      } else if (byte === ascii.quote && place !== 'plain') {
        place = 'quoted';
      } else {
        place = 'plain';
      }
    }
    return -1;
  }

  function hold(piece: Buffer): void {
    if (header.length === 0) {
      refuseHtml(piece[0]);
      if (piece[0] === ascii.openBrace || piece[0] === ascii.openBracket) throw notCsv('it is JSON');
    }
    header.push(piece);
    headerLength += piece.length;
    if (headerLength > longestHeader) throw notCsv('its first line has no end');
  }

  /** The first line is whole. */
  function name(): void {
    const line = Buffer.concat(header);
    header = [];
    if (hasLoneReturn(line)) throw notCsv('its lines end with a carriage return alone'); // so all of it would be names
    const names = cellsOf(line, 0, line.length)?.values;
    if (names === undefined) throw notCsv('its first line has text after a closing quote');
    const texts = names.map((value) => String(JSON.parse(value.toString('utf8'))));
    const met = new Set<string>();
    const twice = texts.find((text) => met.size === met.add(text).size);
    if (twice !== undefined) throw notCsv(`the column ${JSON.stringify(twice)} comes twice`);
    const missing = options.columns?.find((column) => !texts.includes(column));
    if (missing !== undefined) throw notCsv(`its first line names no column ${JSON.stringify(missing)}`);
    keys = names.map((value) => Buffer.concat([value, colon]));
  }

  function end(): { value: unknown; text: string } {
    const torn = place === 'quoted' || (keys !== undefined && values < keys.length);
    if ((header.length > 0 || rows.pending()) && torn) throw cut('in its last line');
    if (header.length > 0) name();
    else if (rows.pending()) rows.take(Buffer.alloc(0), 0, 0, false);
    return { value: undefined, text: '' };
  }

  return { begin, push, end, found: () => rows.count(), containerSeen: () => keys !== undefined };
}

/** The row as a JSON object, or why it cannot be one. */
function objectOf(bytes: Buffer, start: number, end: number, keys: readonly Buffer[]): Buffer | string {
  const { values, count } = cellsOf(bytes, start, end, keys.length) ?? {};
  if (values === undefined) return 'not CSV: text after a closing quote';
  if (count !== keys.length) return `${count} values for ${keys.length} columns`;
  const pieces = values.flatMap((value, index) => [index === 0 ? openBrace : comma, keys[index] ?? comma, value]);
  return Buffer.concat([...pieces, closeBrace]);
}

/** Outside quotes, and not before the line feed. */
function hasLoneReturn(line: Buffer): boolean {
  const plain = line.toString('latin1').replaceAll(/"[^"]*"/g, '');
  return plain.slice(0, -1).includes('\r');
}

function isLineBreak(byte: number | undefined): boolean {
  return byte === ascii.lineFeed || byte === ascii.carriageReturn;
}

function notCsv(what: string): Problem {
  return ofReply(`is not the CSV that was expected: ${what}`, {
    hint: inDefinition((there) => `check the URL, what answers there, and the columns that are named ${there}`),
  });
}

const openBrace = Buffer.from('{');
const closeBrace = Buffer.from('}');
const comma = Buffer.from(',');
const colon = Buffer.from(':');
