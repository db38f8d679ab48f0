/** Batches as JSON arrays: elements are encoded with a comma after each, so that any part of a batch can be sent. */
import { Buffer } from 'node:buffer';
import type { Batch } from '../types.ts';

export const comma = Buffer.from(',');

/** The batch with `before` and `after` around its elements, the last comma left out. */
export function enclosed(batch: Batch, before: string, after: string): Batch {
  const elements = batch.body.subarray(0, -1);
  return { ...batch, body: Buffer.concat([Buffer.from(before), elements, Buffer.from(after)]) };
}
