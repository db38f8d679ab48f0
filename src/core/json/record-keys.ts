/** The keys of an object whose values are the records: nobody needs them, but they must be JSON. */
import { type Buffer, isUtf8 } from 'node:buffer';
import { byteBuffer } from '../bytes.ts';
import { notJson } from './reply-problems.ts';
import { skipper, unfinished } from './skip.ts';

/** Checks keys of at most `limit` bytes, in as many pieces as they come in; returns the offset after the key, or `unfinished`. */
export function keyReader(limit: number): (chunk: Buffer, at: number) => number {
  const text = byteBuffer(256);
  const { skip } = skipper();
  return (chunk, at) => {
    const after = skip(chunk, at, chunk.length);
    const end = after === unfinished ? chunk.length : after;
    if (text.length() + end - at > limit) throw notJson(`a key is larger than ${limit} bytes`);
    text.bytes(chunk, at, end);
    if (after !== unfinished) {
      if (!isJson(text.view())) throw notJson('a key is malformed');
      text.truncate(0);
    }
    return after;
  };
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return isUtf8(bytes);
  } catch {
    return false;
  }
}
