/** For destinations that limit the size of a record before it is escaped, of which its encoded size says little. */
import type { Buffer } from 'node:buffer';
import type { Batch, Reply } from '../types.ts';

/**
 * The reply to a batch with records of more than `most` bytes, which `size` tells from their encoded form (never the shorter
 * of the two): they are refused, and the others are to be sent at once. Undefined when there is none.
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
