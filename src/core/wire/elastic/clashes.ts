/**
 * Two documents that bring the same new field at the same moment, one as a whole number, say, and one as a fraction, clash:
 * each would map the field in its own way, and the second is refused although it fits the mapping that the first has made. So
 * it is sent once more; a document that clashes with itself is then refused for good.
 */
import type { Batch } from '../../types.ts';

/** Whether the document at that place is one to send once more. */
export function clashes(): (batch: Pick<Batch, 'body' | 'ends'>, at: number) => boolean {
  const seen = new Set<string>();
  return ({ body, ends }, at) => {
    const start = ends[at - 1] ?? 0;
    const action = body.toString('latin1', start, body.indexOf('\n', start));
    if (seen.delete(action)) return false;
    seen.add(action);
    return true;
  };
}
