/** What a Problem says to whoever has no next run that goes on where this one stopped: a search, or a pipe. */
import { isOfJob, stepsOf } from '../../core/hint.ts';
import type { Problem } from '../../core/problem.ts';
import { notShownAgain } from '../../core/run/problems.ts';
import type { Source } from '../../core/types.ts';

const again = 'run it again, or with a later --since';

/** The same Problem for a search, which has no position either. */
export function ofSearch(problem: Problem): Problem {
  const steps = stepsOf(problem.steps);
  const ofJob = steps.filter(isOfJob);
  if (ofJob.length === 0) return problem;
  const kept = steps.flatMap((step) => (isOfJob(step) ? (step.otherwise ?? []) : step));
  const helps = ofJob.some(({ about, otherwise }) => about === 'next run' && otherwise === undefined);
  return problem.with({ hint: helps || kept.length === 0 ? [kept, again] : kept });
}

/** The same Problem for a check, which has got nowhere that the next run could go on from; the position is the job's own. */
export function ofCheck(problem: Problem): Problem {
  const steps = stepsOf(problem.steps);
  const hint = steps.map((step) =>
    isOfJob(step) && step.about === 'next run' ? (step.otherwise ?? 'run it again') : step,
  );
  return problem.with({ hint });
}

/** The same Problem where records are piped in, since a pipe is read once; of any other source as it is. */
export function ofStream(problem: Problem, { name, stream }: Pick<Source, 'name' | 'stream'>): Problem {
  const promises = stepsOf(problem.steps).some((step) => isOfJob(step) && step.about === 'next run');
  return stream !== undefined && promises ? notShownAgain(problem, name) : problem;
}
