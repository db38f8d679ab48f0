/**
 * The splitter: turns a streamed body into records, each the span of bytes it came in, and the envelope around them.
 * Memory is bounded by one record and the envelope, however long the body.
 */
import { Buffer } from 'node:buffer';
import { csvSplitter } from './csv.ts';
import { elements } from './json/elements.ts';
import { envelope } from './json/envelope.ts';
import { notJson } from './json/reply-problems.ts';
import { ascii, isBlank, skipBlanks } from './json/json.ts';
import { lineSplitter } from './json/lines.ts';
import type { Problem } from './problem.ts';
import { keyReader } from './json/record-keys.ts';
import { skipper, unbalanced, unfinished } from './json/skip.ts';
import type { RefusedRecord } from './types.ts';
import { isUtf8Piece, markSkipper } from './json/utf8.ts';

export interface SplitterOptions {
  /**
   * `lines`: JSON Lines (CRLF, blank lines and lines that start with `#` are skipped, a torn last line is an error).
   * `csv`: see csv.ts. Otherwise the path of the records from the root, `[]` for the root itself.
   */
  readonly records: 'lines' | 'csv' | readonly string[];
  /** Columns that a CSV must have. */
  readonly columns?: readonly string[];
  /** What holds the records: an array (default), or an object whose values are the records. */
  readonly container?: 'array' | 'object';
  /** Paths inside a record whose value spans are wanted. */
  readonly fields: readonly (readonly string[])[];
  /** A larger record is refused in parts, streamed, never held whole. */
  readonly maxRecordBytes: number;
  /** Default 4 MiB; a larger envelope is a Problem (76). */
  readonly maxEnvelopeBytes?: number;
  /**
   * Called for each accepted record. `spans` holds two numbers a field, start and end of the value's lexeme in `bytes`
   * (strings with their quotes), -1 -1 when absent; it is reused after the call, `bytes` is not.
   */
  record(bytes: Buffer, start: number, end: number, spans: Int32Array): void;
  refused(record: RefusedRecord): void;
}

export interface Splitter {
  /**
   * Forgets everything and starts on another body. One splitter for all pages is more than twice as fast as one for each:
   * V8 throws away the machine code of functions that nobody holds any more.
   */
  begin(): void;
  /** Splits the next piece of the body, cut anywhere. Its bytes must not be changed afterwards. */
  push(chunk: Buffer): void;
  /**
   * The envelope: all outside the records, as text and parsed (undefined and '' for lines), the container being empty.
   * Throws Problem (76): with `again` when the body was cut, without when it is not JSON. So does `push`.
   */
  end(): { readonly value: unknown; readonly text: string };
  /** Elements so far, refused ones included. */
  found(): number;
  /** Whether there was a container of records. */
  containerSeen(): boolean;
}

export function splitter(options: SplitterOptions): Splitter {
  if (options.records === 'csv') return csvSplitter(options);
  return options.records === 'lines' ? lineSplitter(options) : pageSplitter(options, options.records);
}

/** What comes next while the container is open. */
type Next = 'first' | 'element' | 'rest' | 'separator' | 'key' | 'rest of key' | 'colon';

function pageSplitter(options: SplitterOptions, path: readonly string[]): Splitter {
  const keyed = options.container === 'object';
  const opening = keyed ? ascii.openBrace : ascii.openBracket;
  const closing = keyed ? ascii.closeBrace : ascii.closeBracket;
  const records = elements(options);
  const { skip, reset } = skipper();
  let around = envelope(path, opening, options.maxEnvelopeBytes);
  let readKey = keyReader(options.maxRecordBytes);
  let skipMark = markSkipper();
  let next: Next = 'first';
  /** Bytes before the current chunk, for messages. */
  let before = 0;

  function begin(): void {
    records.begin();
    reset();
    around = envelope(path, opening, options.maxEnvelopeBytes);
    readKey = keyReader(options.maxRecordBytes);
    skipMark = markSkipper();
    next = 'first';
    before = 0;
  }

  function push(piece: Buffer): void {
    const chunk = skipMark(piece);
    const utf8 = isUtf8Piece(chunk);
    let at = 0;
    while (at < chunk.length) at = around.open() ? inside(chunk, at, utf8) : around.read(chunk, at);
    before += chunk.length;
  }

  /** One step inside the container: each moves on, or settles what comes next, so that any input comes to an end. */
  function inside(chunk: Buffer, at: number, utf8: boolean): number {
    if (next === 'rest') return rest(chunk, at, utf8);
    if (next === 'rest of key') return key(chunk, at);
    const byte = chunk[at];
    if (isBlank(byte)) return skipBlanks(chunk, at, chunk.length);
    if (next === 'element') return element(chunk, at, utf8);
    if (next === 'key') {
      if (byte !== ascii.quote) throw misplaced(at, 'a key');
      return key(chunk, at);
    }
    if (next === 'first') {
      if (byte === closing) return close(at);
      next = keyed ? 'key' : 'element';
      return at;
    }
    if (next === 'colon') {
      if (byte !== ascii.colon) throw misplaced(at, "':'");
      next = 'element';
      return at + 1;
    }
    if (byte === closing) return close(at);
    if (byte !== ascii.comma) throw misplaced(at, "',' or the end of the records");
    next = keyed ? 'key' : 'element';
    return at + 1;
  }

  /** An element starts here. Sound ones that are whole are done with in one pass. */
  function element(chunk: Buffer, at: number, utf8: boolean): number {
    if (chunk[at] === ascii.openBrace) {
      const after = records.attempt(chunk, at, chunk.length, utf8);
      if (after !== -1) {
        next = 'separator';
        return after;
      }
    } else if (!firsts.includes(chunk[at] as number)) {
      throw misplaced(at, 'a record');
    }
    return rest(chunk, at, utf8);
  }

  /** The rest of an element that is not whole, or not sound: only its end is looked for before it is judged. */
  function rest(chunk: Buffer, at: number, utf8: boolean): number {
    const after = skip(chunk, at, chunk.length);
    if (after === unbalanced) throw notJson(`element ${records.count() + 1} closes a bracket that it never opened`);
    if (after === unfinished) {
      records.hold(chunk, at, chunk.length);
      next = 'rest';
      return chunk.length;
    }
    records.take(chunk, at, after, utf8);
    next = 'separator';
    return after;
  }

  function key(chunk: Buffer, at: number): number {
    const after = readKey(chunk, at);
    next = after === unfinished ? 'rest of key' : 'colon';
    return after === unfinished ? chunk.length : after;
  }

  function close(at: number): number {
    around.close();
    next = 'first';
    return at + 1;
  }

  function misplaced(at: number, what: string): Problem {
    return notJson(`expected ${what} at byte ${before + at}`);
  }

  return {
    begin,
    push,
    end: () => around.end(),
    found: () => records.count(),
    containerSeen: () => around.seen(),
  };
}

/** What a JSON value may start with. */
const firsts = Buffer.from('{["-0123456789tfn');
