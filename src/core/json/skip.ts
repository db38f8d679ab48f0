/**
 * Finds where a value ends by its strings and brackets alone, in as many pieces as it comes in. Its whole state is a
 * few numbers, so it can follow a value of any size and any depth; it checks nothing else.
 */
import type { Buffer } from 'node:buffer';
import { ascii, isDelimiter } from './json.ts';

/** What `skip` returns when the value goes on after the piece. */
export const unfinished = -1;
/** What `skip` returns when the value closes a bracket that it never opened. */
export const unbalanced = -2;

export interface Skipper {
  /** The offset after the value that starts, or goes on, at `from`; or `unfinished`, or `unbalanced`. */
  skip(bytes: Buffer, from: number, end: number): number;
  /** Forgets an unfinished value: the next piece starts another one. */
  reset(): void;
}

/** For one value after the other, each in as many pieces as it comes in. */
export function skipper(): Skipper {
  let started = false;
  let inString = false;
  let escaped = false;
  let braces = 0;
  let brackets = 0;

  function reset(): void {
    started = inString = escaped = false;
    braces = brackets = 0;
  }

  function skip(bytes: Buffer, from: number, end: number): number {
    const after = find(bytes, from, end);
    if (after !== unfinished) reset();
    return after;
  }

  function find(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end) {
      if (inString) {
        at = endOfString(bytes, at, end);
        if (inString) return unfinished;
        if (braces === 0 && brackets === 0) return at;
        continue;
      }
      const byte = bytes[at];
      if (started && braces === 0 && brackets === 0) {
        if (isDelimiter(byte)) return at; // the value is a number or a word
        at++;
        continue;
      }
      started = true;
      at++;
      if (byte === ascii.quote) inString = true;
      else if (byte === ascii.openBrace) braces++;
      else if (byte === ascii.openBracket) brackets++;
      else if (byte === ascii.closeBrace || byte === ascii.closeBracket) {
        if (byte === ascii.closeBrace) braces--;
        else brackets--;
        if (braces < 0 || brackets < 0) return unbalanced;
        if (braces === 0 && brackets === 0) return at;
      }
    }
    return unfinished;
  }

  function endOfString(bytes: Buffer, at: number, end: number): number {
    for (; at < end; at++) {
      if (escaped) {
        escaped = false;
      } else if (bytes[at] === ascii.backslash) {
        escaped = true;
      } else if (bytes[at] === ascii.quote) {
        inString = false;
        return at + 1;
      }
    }
    return at;
  }

  return { skip, reset };
}
