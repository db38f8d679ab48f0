/** JSON Lines: a record a line. Blank lines and lines that start with `#` are skipped; CRLF is accepted. */
import { Buffer } from 'node:buffer';
import { type ElementOptions, elements } from './elements.ts';
import { refuseHtml, cut } from './reply-problems.ts';
import { ascii, skipBlanks } from './json.ts';
import { skipper, unfinished } from './skip.ts';
import type { Splitter } from '../split.ts';
import { isUtf8Piece, markSkipper } from './utf8.ts';

/** A splitter for JSON Lines: see split.ts. */
export function lineSplitter(options: ElementOptions): Splitter {
  const records = elements(options);
  let skipMark = markSkipper();
  /** Follows a line that is not whole yet, to know at the end of the body whether it was torn. */
  const { skip, reset } = skipper();
  let torn = false;
  let started = false;
  let comment = false;

  function begin(): void {
    records.begin();
    reset();
    skipMark = markSkipper();
    torn = started = comment = false;
  }

  function push(piece: Buffer): void {
    const chunk = skipMark(piece);
    const utf8 = isUtf8Piece(chunk);
    let at = 0;
    while (at < chunk.length) {
      if (!comment && !records.pending()) {
        at = skipBlanks(chunk, at, chunk.length);
        if (at === chunk.length) return;
        if (!started) refuseHtml(chunk[at]);
        started = true;
        comment = chunk[at] === ascii.hash;
      }
      at = line(chunk, at, utf8);
    }
  }

  /** Reads on to the end of the line or of the chunk; returns the offset after it. */
  function line(chunk: Buffer, at: number, utf8: boolean): number {
    const feed = chunk.indexOf(ascii.lineFeed, at);
    if (comment) {
      comment = feed === -1;
    } else if (feed === -1) {
      if (!records.pending()) torn = true;
      if (torn) torn = skip(chunk, at, chunk.length) === unfinished;
      records.hold(chunk, at, chunk.length);
    } else {
      reset();
      records.take(chunk, at, feed, utf8);
    }
    return feed === -1 ? chunk.length : feed + 1;
  }

  function end(): { value: unknown; text: string } {
    if (records.pending()) {
      if (torn) throw cut('in its last line');
      records.take(Buffer.alloc(0), 0, 0, true);
    }
    return { value: undefined, text: '' };
  }

  return {
    begin,
    push,
    end,
    found: () => records.count(),
    containerSeen: () => true,
  };
}
