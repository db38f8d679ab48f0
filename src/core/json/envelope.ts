/**
 * What surrounds the records: read in pieces until the container at a path opens, and again from its end on. It is
 * small, and therefore kept, and parsed as JSON at the end; only as much is understood on the way as the path needs.
 */
import { type Buffer, isUtf8 } from 'node:buffer';
import { byteBuffer } from '../bytes.ts';
import { maxDepth } from './elements.ts';
import { ascii, decodeString, isBlank } from './json.ts';
import { isIntricate } from './parsed.ts';
import { cut, notJson, ofReply, refuseHtml, endedEarly } from './reply-problems.ts';

export interface Envelope {
  /** Reads on; returns the offset after the opening bracket of the container, else `bytes.length`. */
  read(bytes: Buffer, at: number): number;
  /** Goes on after the container. */
  close(): void;
  /** Is the container open? */
  open(): boolean;
  /** Was it ever? */
  seen(): boolean;
  /** All that was read, with an empty container. Throws Problem (76) when it was cut, or is not JSON. */
  end(): { readonly value: unknown; readonly text: string };
}

/** The envelope around the container at `path`, which opens with the byte `opening`; at most `limit` bytes. */
export function envelope(path: readonly string[], opening: number, limit = 4 * 1024 * 1024): Envelope {
  const text = byteBuffer(1024);
  let started = false;
  let done = false;
  let open = false;
  let seen = false;
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Open objects on the way to the container, the root included. */
  let entered = 0;
  /** How many keys of the path were met so far: each may come once. */
  let met = 0;
  /** The value at hand is on the path. */
  let matching = true;
  let expectKey = false;
  /** Where the key at hand starts in `text`, -1 when it is of no interest. */
  let keyStart = -1;

  function read(bytes: Buffer, from: number): number {
    const before = text.length() - from; // what makes an offset in `bytes` one in `text`
    let at = from;
    while (at < bytes.length && !open) {
      const byte = bytes[at++] as number;
      if (!inString) {
        if (!isBlank(byte)) token(byte, before + at - 1);
      } else if (escaped) {
        escaped = false;
      } else if (byte === ascii.backslash) {
        escaped = true;
      } else if (byte === ascii.quote) {
        inString = false;
        if (keyStart === -1) continue;
        keep(bytes, at, before);
        endKey();
      }
    }
    keep(bytes, at, before);
    return at;
  }

  /** Keeps the bytes up to `at`. */
  function keep(bytes: Buffer, at: number, before: number): void {
    if (before + at > limit) {
      throw ofReply(`has more than ${limit} bytes outside its records`, {
        hint: `check where the records are: expected them at ${path.join('.') || 'the root'}`,
      });
    }
    text.bytes(bytes, text.length() - before, at);
  }

  function token(byte: number, offset: number): void {
    if (done) throw notJson('it goes on after its end');
    if (!started) {
      refuseHtml(byte);
      started = true;
    }
    if (byte === ascii.quote) {
      inString = true;
      if (expectKey && depth === entered) keyStart = offset;
    } else if (byte === ascii.openBrace || byte === ascii.openBracket) {
      down(byte);
    } else if (byte === ascii.closeBrace || byte === ascii.closeBracket) {
      up();
    } else if (byte === ascii.comma && depth === entered) {
      expectKey = true;
      matching = false;
    }
  }

  function down(byte: number): void {
    const onPath = matching && depth === entered;
    if (onPath && entered === path.length && byte === opening) {
      open = seen = true;
      return;
    }
    // A text of brackets alone takes a hundred times its length in memory when it is parsed.
    if (depth === maxDepth) throw notJson(`it is nested deeper than ${maxDepth}`);
    depth++;
    if (onPath && entered < path.length && byte === ascii.openBrace) {
      entered++;
      expectKey = true;
    }
    matching = false;
  }

  function up(): void {
    if (depth === 0) throw notJson('a bracket is closed that was never opened');
    depth--;
    entered = Math.min(entered, depth);
    expectKey = matching = false;
    done = depth === 0;
  }

  function endKey(): void {
    const name = decodeKey(text.view(), keyStart, text.length());
    keyStart = -1;
    expectKey = false;
    matching = name === path[entered - 1];
    if (!matching) return;
    if (met >= entered) throw notJson(`the key '${path.slice(0, entered).join('.')}' comes twice`);
    met = entered;
  }

  function close(): void {
    open = matching = false;
    text.text(opening === ascii.openBracket ? ']' : '}');
    done = depth === 0;
  }

  function end(): { value: unknown; text: string } {
    if (!started) throw endedEarly('is empty');
    if (open || inString || depth > 0) throw cut('before its end');
    if (!isUtf8(text.view())) throw notJson('it is not UTF-8');
    const json = text.view().toString('utf8');
    return { value: parse(json), text: json };
  }

  return {
    read,
    close,
    end,
    open: () => open,
    seen: () => seen,
  };
}

function decodeKey(bytes: Buffer, start: number, end: number): string {
  try {
    return decodeString(bytes, start, end);
  } catch {
    throw notJson('a key is malformed');
  }
}

function parse(text: string): unknown {
  if (isIntricate(text)) throw notJson('what surrounds the records has too many values');
  try {
    return JSON.parse(text);
  } catch {
    throw notJson('what surrounds the records is malformed'); // the engine's own message would quote the text
  }
}
