/** Bytes through a DataView: several at a time, and without the checks that each look into a Buffer costs (test/bench/NOTES.md). */
import type { Buffer } from 'node:buffer';

let viewed: Buffer | undefined;
let view: DataView;

/** A view of all its bytes, by the same offsets. That of the last buffer is kept: the records of a chunk come one after another. */
export function viewOf(bytes: Buffer): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
}
