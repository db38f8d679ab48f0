/** Destinations that measure a record before it was escaped: the limit of its encoded form says nothing about it. */
import type { Buffer } from 'node:buffer';
import type { Batch, Reply } from '../types.ts';

/**
 * The reply to a batch that holds records of more than `most` bytes, as `size` measures them in their encoded form, which
 * is never the shorter one: those are refused, and the others are to be sent at once. Undefined when there is none.
 */
export function oversize(
  batch: Batch,
  most: number,
  size: (encoded: Buffer) => number,
  who: string,
): Reply | undefined {
  const isTooLarge = batch.ends.map((end, at) => {
    const encoded = batch.body.subarray(batch.ends[at - 1] ?? 0, end);
    return encoded.length > most && size(encoded) > most;
  });
  if (!isTooLarge.includes(true)) return undefined;
  const refused = { refused: `larger than the ${most} bytes that ${who} takes` };
  const again = { again: 'a record beside it was too large' };
  return { outcomes: isTooLarge.map((is) => (is ? refused : again)), after: 0 };
}
