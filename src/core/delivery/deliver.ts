/**
 * One batch, until every record of it has an outcome: what failed for now is sent again, alone; what cannot be sent as a
 * whole is taken apart (bisect.ts). Nothing is dropped and nothing is guessed: a record counts as kept only when a reply
 * says so.
 */
import { type Hint, nextRun } from '../hint.ts';
import { type Packed, part } from '../batch.ts';
import { type Split, type Task, worklist } from './bisect.ts';
import { sortFates, type Delivered, type Fate, type Kept, keptWhole } from './delivered.ts';
import { refusedBy } from './refusal-limit.ts';
import { exit, Problem } from '../problem.ts';
import { mostAttempts, pause } from '../retry.ts';
import type { Tools } from '../tools.ts';
import type { Batch, Reply, Sink } from '../types.ts';

type Clock = Pick<Tools, 'now' | 'wait' | 'random' | 'deadline' | 'debug'>;

/** The hint where a sink gives none. */
const nextStep: Hint = [nextRun('the next run tries again'), 'if this lasts, look at the destination'];

/** The longest rest, in milliseconds, that a sink gets which took all and asks for one: when it is full, it will say so. */
const longestRest = 60_000;

/** What is called while a batch is not taken as a whole. */
export interface Listeners {
  /** Called before a Problem is thrown, with what is certain: the next run must not send again what was taken. */
  soFar(delivered: Delivered): Promise<void> | void;
  /**
   * Given how many of the batch are refused so far, and why the first; and, while none is kept, whether there is a doubt
   * about one (see Reply). May throw a Problem: a sink that refuses everything need not be asked about every record.
   */
  mayRefuse(count: number, reason: string, doubt: Hint | undefined): void;
  /** Called for each request that is made again, unless the sink surely took nothing of it (see Outcome and Reply). */
  repeated(): void;
}

/**
 * Sends a batch. Throws Problem when records remain without an outcome: the sink's own, or 69 after too many attempts,
 * or 75 when the sink asks for a longer wait than the run has left.
 */
export async function deliver(
  sink: Pick<Sink, 'name' | 'send'>,
  packed: Packed,
  clock: Clock,
  listeners: Listeners,
): Promise<Delivered> {
  const first = await request(sink, packed.batch);
  if ('outcomes' in first && isAllKept(first, packed.batch)) {
    if (first.after !== undefined) await slowDown(first.after, clock);
    return keptWhole(packed.entries, first.pending);
  }
  const fates: Fate[] = [];
  const reasons: string[] = [];
  let doubted: Hint | undefined;
  const refuse = (index: number, { split: reason, doubt }: Split): void => {
    fates[index] = { refused: reason, doubt };
    doubted ??= doubt;
    const record = reasons.length === 0 ? packed.batch.records[index] : undefined; // messages name only the first
    reasons.push(record === undefined ? reason : refusedBy(sink.name, record, reason));
  };
  const work = worklist(packed.entries.length, refuse);
  try {
    let answered: Answer | undefined = first;
    for (let task = work.next(); task !== undefined; task = work.next()) {
      if (reasons[0] !== undefined) {
        listeners.mayRefuse(reasons.length, reasons[0], fates.some(isKept) ? undefined : doubted);
      }
      const reply = answered ?? (await request(sink, part(packed, task.indices).batch));
      answered = undefined;
      if ('outcomes' in reply) {
        const left = noteOutcomes(task, reply, { sink, fates, refuse });
        if (left.indices.length > 0) work.again(await again(left, clock, listeners));
        else if (reply.after !== undefined) await slowDown(reply.after, clock);
      } else if ('split' in reply) {
        if (reply.repeats === true && task.indices.length > 1) listeners.repeated();
        if (reply.tooLarge === true) work.tooLarge(task, reply);
        else work.spoilt(task, reply);
      } else {
        work.again(await again({ ...task, ...reply }, clock, listeners));
      }
    }
  } catch (error) {
    await listeners.soFar(sortFates(packed, fates));
    throw error;
  }
  return sortFates(packed, fates);
}

type Settled = Extract<Reply, { outcomes: unknown }>;

/** A reply; where it is worth another attempt, a Problem, whether the sink returned or threw that. */
type Answer = Exclude<Reply, { again: string }> | { readonly problem: Problem };

/** Records to send again, and why. */
type Failed = Task & { readonly problem: Problem };

/** One request. */
async function request(sink: Pick<Sink, 'send'>, batch: Batch): Promise<Answer> {
  try {
    const reply = await sink.send(batch);
    if (!('again' in reply)) return reply;
    return { problem: passing(reply.again, 0) };
  } catch (error) {
    if (error instanceof Problem && error.again !== undefined) return { problem: error };
    throw error;
  }
}

/** The Problem of what the sink says will pass. */
function passing(reason: string, after: number | undefined, untaken = false): Problem {
  const again = { ...(after !== undefined && { after }), ...(untaken && { untaken }) };
  return new Problem(exit.unavailable, reason, { hint: nextStep, again });
}

/** Whether the batch was taken as a whole. Nearly every one is, and then needs no account of each record. */
function isAllKept({ outcomes }: Settled, { count }: Batch): boolean {
  if (outcomes.length !== count) return false;
  for (const outcome of outcomes) if (outcome !== 'kept') return false;
  return true;
}

function isKept(fate: Fate): boolean {
  return fate !== undefined && 'kept' in fate;
}

/** Where outcomes are noted. */
interface Account {
  readonly sink: Pick<Sink, 'name'>;
  readonly fates: Fate[];
  refuse(index: number, why: Split): void;
}

/** Notes the outcomes; returns the records that failed for now, in their order. */
function noteOutcomes(task: Task, { outcomes, pending, after }: Settled, { sink, fates, refuse }: Account): Failed {
  if (outcomes.length !== task.indices.length) {
    throw new Error(`${sink.name} answered ${outcomes.length} outcomes for ${task.indices.length} records`);
  }
  const indices: number[] = [];
  const kept: Kept = { kept: pending };
  let reason = '';
  let untaken = true;
  for (let at = 0; at < outcomes.length; at++) {
    const outcome = outcomes[at];
    const index = task.indices[at];
    if (outcome === undefined || index === undefined) throw new Error(`${sink.name} left out an outcome`);
    if (outcome === 'kept') fates[index] = kept;
    else if (outcome === 'diverted') fates[index] = { ...kept, diverted: true };
    else if ('refused' in outcome) refuse(index, { split: outcome.refused });
    else {
      indices.push(index);
      reason ||= outcome.again;
      untaken &&= outcome.untaken === true;
    }
  }
  // Any outcome is progress: the count of fruitless attempts begins anew.
  const attempt = indices.length < outcomes.length ? 0 : task.attempt;
  return { indices, attempt, problem: passing(reason, after, untaken) };
}

/** Waits until the records may be sent again; throws the problem after too many attempts, or when the wait is too long. */
async function again({ indices, attempt, problem }: Failed, clock: Clock, listeners: Listeners): Promise<Task> {
  if (attempt >= mostAttempts(problem)) {
    const { message, steps = nextStep } = problem;
    throw problem.with({ message: `${message} (${attempt} attempts)`, hint: steps, again: undefined }); // that was often enough
  }
  const milliseconds = pause(problem, Math.max(attempt, 1), clock);
  clock.debug('sending again', { reason: problem.message, records: indices.length, milliseconds });
  if (milliseconds > 0) await clock.wait(milliseconds);
  if (problem.again?.after !== 0 && problem.again?.untaken !== true) listeners.repeated();
  return { indices, attempt: attempt + 1 };
}

/** Waits as asked, within limits; the batch is delivered, so a stop request does not matter here. */
async function slowDown(after: number, clock: Clock): Promise<void> {
  const milliseconds = Math.min(after, longestRest, clock.deadline() - clock.now());
  if (milliseconds <= 0) return;
  try {
    await clock.wait(milliseconds);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}
