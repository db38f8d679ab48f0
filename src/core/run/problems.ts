/** The Problems of a run that delivered less than the whole window: one line each, that says what is missing. */
import type { Doubted } from '../delivery/delivered.ts';
import { noneTaken, refusedBy } from '../delivery/refusal-limit.ts';
import { isOfJob, stepsOf } from '../hint.ts';
import { exit, Problem } from '../problem.ts';
import { counted } from '../text/counted.ts';
import type { Sink, Source } from '../types.ts';

/** Records that no sink will take. `reasons`: some of a dry run's, which writes none down. */
export function setAside(records: number, path: string, reasons?: readonly string[]): Problem {
  const what = counted(records);
  if (reasons !== undefined) {
    return new Problem(exit.partial, `${what} would be set aside: ${reasons.join('; ')}`, {
      hint: `without --dry-run they go to ${path}, each with its reason`,
    });
  }
  const were = records === 1 ? 'was' : 'were';
  return new Problem(exit.partial, `${what} ${were} not delivered but set aside in ${path}`, {
    hint: 'each line there says why, and holds the record; when that is fixed, deliver it again, as the README says',
  });
}

/** Records that are at the destination, but not where they are looked for. */
export function divertedBy(sinkName: string, records: number): Problem {
  const what = counted(records);
  const name = sinkName === 'command' ? 'Elasticsearch' : sinkName; // of which the command printed the answer
  return new Problem(exit.partial, `${name} put ${what} into its failure store, not into the index`, {
    hint: 'fix its mapping or pipeline, and reindex from the failure store',
  });
}

/** Lines of a stream that were taken for delivered ones on their content alone. */
export function leftOut(records: number): Problem {
  const one = records === 1;
  const message = `${counted(records)} without an ID and a time ${one ? 'equals one' : 'equal ones'} delivered before, and ${one ? 'was' : 'were'} left out: nobody can tell whether ${one ? 'it is' : 'they are'} new`;
  return new Problem(exit.partial, message, {
    hint: 'say where they are (--id-path or --time-path); or say with --dedupe content that what is equal is one record',
  });
}

/** A stream shows its records once: those of a batch whose acknowledgement will never come have to be put in again. */
export function neverAcknowledged(records: number, sinkName: string, sourceName: string): Problem {
  const what = counted(records);
  const message = `${what} of an earlier run were never acknowledged by ${sinkName}, and ${sourceName} cannot be asked for them again`;
  return new Problem(exit.partial, message, {
    hint: 'have the command before the pipe print them once more, with a longer --since there; what arrived is not repeated',
  });
}

/** The Problem that left records of a stream undelivered: whatever a destination says of the next run, it has them no more. */
export function notShownAgain(problem: Problem, sourceName: string): Problem {
  const what = `${sourceName} cannot be asked again: have the command before the pipe print once more what was not taken`;
  const kept = stepsOf(problem.steps).flatMap((step) =>
    isOfJob(step) && step.about === 'next run' ? (step.otherwise ?? []) : step,
  );
  return problem.with({ hint: [...kept, what] });
}

/** Records that the sink refused, and took none beside, are still to be delivered. */
export function inDoubt(
  doubted: readonly Doubted[],
  sink: Pick<Sink, 'name'>,
  source: Pick<Source, 'name' | 'stream'>,
): readonly Problem[] {
  const [first] = doubted;
  if (first?.doubt === undefined) return [];
  const problem = noneTaken(refusedBy(sink.name, first.record, first.reason), first.doubt);
  return [source.stream === undefined ? problem : notShownAgain(problem, source.name)];
}

/**
 * `guessed`: the page was full, or the rest of the window was not asked for. `stays`: the position does, because the
 * vendor has no cursor to go on from.
 */
export function stoppedEarly(guessed: boolean, stays = false): Problem {
  const message = `stopped after one API query, as asked; more records ${guessed ? 'may be' : 'are'} available`;
  const what = stays ? '; until then the position stays, and each run with -x asks for the same records again' : '';
  return new Problem(exit.partial, message, { hint: `run without -x (--single-query) to fetch them all${what}` });
}

/** What one query leaves of several branches. */
export function unasked(asked: number, branches: number): readonly Problem[] {
  if (asked === branches) return [];
  const message = `stopped after one API query, as asked; ${branches - asked} of ${branches} branches were not asked`;
  return [new Problem(exit.partial, message, { hint: 'run without -x (--single-query) to read them all' })];
}
