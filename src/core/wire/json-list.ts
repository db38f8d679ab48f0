/** Batches as JSON arrays: elements are encoded with a comma after each, so that any part of a batch can be sent. */
import { Buffer } from 'node:buffer';

export const comma = Buffer.from(',');

/** The elements with `before` and `after` around them, the last comma left out. */
export function enclosed(body: Buffer, before: string, after: string): Buffer {
  return Buffer.concat([Buffer.from(before), body.subarray(0, -1), Buffer.from(after)]);
}
