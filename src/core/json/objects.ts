/**
 * The JSON objects in what a program prints: as many as there are, with or without line breaks between them, among other
 * words. Each is followed only to its end, as it comes: whether it is sound is for others to judge.
 */
import { Buffer } from 'node:buffer';
import { ascii, isBlank } from './json.ts';
import { skipper, unbalanced, unfinished } from './skip.ts';

export interface Objects {
  push(bytes: Buffer): void;
  /** Is an object begun that never came to its end? Nothing after it can be told apart. */
  torn(): boolean;
}

/** Who is told. */
export interface Listener {
  /** Some of what is in no object. A brace that no key follows belongs to it. */
  words(bytes: Buffer): void;
  begin(): void;
  /** Some of the object. */
  piece(bytes: Buffer): void;
  end(): void;
}

const brace = Buffer.from('{');

/** Follows a text that is pushed in any pieces. */
export function objects(listener: Listener): Objects {
  const { skip } = skipper();
  let within: 'words' | 'brace' | 'object' | 'ruins' = 'words';

  function push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (within === 'words') at = words(bytes, at);
      else if (within === 'brace') at = opened(bytes, at);
      else if (within === 'object') at = object(bytes, at);
      else return;
    }
  }

  function words(bytes: Buffer, from: number): number {
    const at = bytes.indexOf(brace, from);
    const end = at === -1 ? bytes.length : at + 1;
    listener.words(bytes.subarray(from, end));
    if (at !== -1) within = 'brace';
    return end;
  }

  function opened(bytes: Buffer, at: number): number {
    if (isBlank(bytes[at])) return at + 1;
    within = 'words';
    if (bytes[at] !== ascii.quote) return at;
    within = 'object';
    skip(brace, 0, 1);
    listener.begin();
    listener.piece(brace);
    return at;
  }

  function object(bytes: Buffer, from: number): number {
    const after = skip(bytes, from, bytes.length);
    if (after === unbalanced) within = 'ruins';
    if (after === unbalanced || after === unfinished) {
      listener.piece(bytes.subarray(from));
      return bytes.length;
    }
    listener.piece(bytes.subarray(from, after));
    listener.end();
    within = 'words';
    return after;
  }

  return { push, torn: () => within !== 'words' };
}
