/** A growing buffer: what sinks encode records into. */
import { Buffer } from 'node:buffer';
import type { ByteWriter } from './types.ts';

/**
 * Its length is a function and not a getter, as is all that changes on the way of a record: of several objects with a
 * getter, V8 keeps all but the first as dictionaries, and each use of one costs as much as copying a record's bytes.
 */
export interface ByteBuffer extends ByteWriter {
  /** Bytes written so far. */
  length(): number;
  /** The bytes written so far; valid until the next write. */
  view(): Buffer;
  /** The bytes written so far, handed over: the writer starts again with an empty buffer. */
  take(): Buffer;
  /** Gives back what was taken, to be written over: a new buffer each time would keep the kernel busy. */
  giveBack(taken: Buffer): void;
  /** Forgets everything after `length`. */
  truncate(length: number): void;
}

/** Beyond what is asked for, so that the line break after a record of 10 MB does not double its buffer. */
const slack = 64 * 1024;

/** A smaller buffer comes from Node's pool: one of its own would take 25 µs, once a page. */
const small = 4096;

/** A writer whose buffer starts at `capacity` bytes and doubles when full. */
export function byteBuffer(capacity = 64 * 1024): ByteBuffer {
  const spare: Buffer[] = [];
  let buffer: Buffer = capacity < small ? Buffer.allocUnsafe(capacity) : Buffer.allocUnsafeSlow(capacity);
  let length = 0;
  /** What the last bytes came from, and where its own memory begins: asking for that costs more than copying a record. */
  let lastSource: Buffer | undefined;
  let memory: ArrayBufferLike = buffer.buffer;
  let memoryStart = 0;

  function reserve(more: number): void {
    if (length + more <= buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, length + more + slack));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  }

  return {
    length: () => length,
    bytes(source, start, end) {
      reserve(end - start);
      if (source !== lastSource) {
        lastSource = source;
        memory = source.buffer;
        memoryStart = source.byteOffset;
      }
      buffer.set(new Uint8Array(memory, memoryStart + start, end - start), length);
      length += end - start;
    },
    byte(value) {
      reserve(1);
      buffer[length] = value;
      length += 1;
    },
    text(value) {
      reserve(value.length * 3); // UTF-8 needs at most three bytes for a UTF-16 unit
      length += buffer.write(value, length, 'utf8');
    },
    view: () => buffer.subarray(0, length),
    take() {
      const taken = buffer.subarray(0, length);
      buffer = spare.pop() ?? Buffer.allocUnsafeSlow(capacity);
      length = 0;
      return taken;
    },
    giveBack(taken) {
      // Whole and unshared: what comes from Node's pool is part of a larger one.
      if (taken.buffer.byteLength === capacity) spare.push(Buffer.from(taken.buffer));
    },
    truncate(to) {
      length = Math.min(length, to);
    },
  };
}
