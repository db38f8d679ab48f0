/** A growing buffer: what sinks encode records into. */
import { Buffer } from 'node:buffer';
import type { ByteWriter } from './types.ts';

export interface ByteBuffer extends ByteWriter {
  /** The bytes written so far; valid until the next write. */
  view(): Buffer;
  /** The bytes written so far, handed over: the writer starts again with an empty buffer. */
  take(): Buffer;
  /** Forgets everything after `length`. */
  truncate(length: number): void;
}

/** A writer whose buffer starts at `capacity` bytes and doubles when full. */
export function byteBuffer(capacity = 64 * 1024): ByteBuffer {
  let buffer = Buffer.allocUnsafe(capacity);
  let length = 0;

  function reserve(more: number): void {
    if (length + more <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + more));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  }

  return {
    get length() {
      return length;
    },
    bytes(source, start, end) {
      reserve(end - start);
      source.copy(buffer, length, start, end);
      length += end - start;
    },
    text(value) {
      reserve(value.length * 3); // UTF-8 needs at most three bytes for a UTF-16 unit
      length += buffer.write(value, length, 'utf8');
    },
    view: () => buffer.subarray(0, length),
    take() {
      const taken = buffer.subarray(0, length);
      buffer = Buffer.allocUnsafe(capacity);
      length = 0;
      return taken;
    },
    truncate(to) {
      length = Math.min(length, to);
    },
  };
}
