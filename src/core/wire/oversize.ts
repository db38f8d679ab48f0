/** Destinations that measure a record before it was escaped: the limit of its encoded form says nothing about it. */
import type { Batch, Reply } from '../types.ts';

/**
 * The reply to a batch that holds records of more than `most` bytes: those are refused, and the others are to be sent at
 * once. Undefined when there is none.
 */
export function oversize({ records }: Batch, most: number, who: string): Reply | undefined {
  if (records.every(({ start, end }) => end - start <= most)) return undefined;
  const refused = { refused: `larger than the ${most} bytes that ${who} takes` };
  const again = { again: 'a record beside it was too large' };
  return { outcomes: records.map(({ start, end }) => (end - start > most ? refused : again)), after: 0 };
}
