/** What a Problem says to whoever searches: a search has no position, and no run goes on from where it stopped. */
import { isOfJob, stepsOf } from '../../core/hint.ts';
import type { Problem } from '../../core/problem.ts';

const again = 'run it again, or with a later --since';

/** The same Problem without what its hint promises of the position and of the next run. */
export function ofSearch(problem: Problem): Problem {
  const steps = stepsOf(problem.steps);
  const ofJob = steps.filter(isOfJob);
  if (ofJob.length === 0) return problem;
  const kept = steps.flatMap((step) => (isOfJob(step) ? (step.otherwise ?? []) : step));
  const helps = ofJob.some(({ about, otherwise }) => about === 'next run' && otherwise === undefined);
  return problem.with({ hint: helps || kept.length === 0 ? [kept, again] : kept });
}
