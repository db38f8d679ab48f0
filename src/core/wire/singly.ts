/** Batches for destinations that take one record a request. */
import { batchOf } from '../batch.ts';
import { Problem } from '../problem.ts';
import type { Batch, Outcome, Reply } from '../types.ts';

/**
 * Sends each record as a batch of its own. When one meets a Problem, what was taken before it is told, and the others are
 * to be sent again: the Problem is thrown once it meets the first of them.
 */
export async function singly(batch: Batch, send: (single: Batch) => Promise<Reply>): Promise<Reply> {
  const outcomes: Outcome[] = [];
  for (const single of singles(batch)) {
    let reply: Reply;
    try {
      reply = await send(single);
    } catch (error) {
      if (!(error instanceof Problem) || outcomes.length === 0) throw error;
      return rest(outcomes, batch, error.message, error.again === undefined ? 0 : error.again.after);
    }
    if ('outcomes' in reply) outcomes.push(...reply.outcomes);
    else if ('split' in reply) outcomes.push({ refused: reply.split });
    else if (outcomes.length === 0) return reply;
    else return rest(outcomes, batch, reply.again, reply.after);
  }
  return { outcomes };
}

function rest(known: readonly Outcome[], batch: Batch, reason: string, after: number | undefined): Reply {
  const outcomes = Array.from({ length: batch.count }, (_, at) => known[at] ?? { again: reason });
  return after === undefined ? { outcomes } : { outcomes, after };
}

function* singles(batch: Batch): Generator<Batch> {
  let start = 0;
  for (const [at, end] of batch.ends.entries()) {
    yield batchOf(1, () => batch.records[at]!, batch.body.subarray(start, end), [end - start]);
    start = end;
  }
}
