/** What a Problem says to whoever pipes records in: no run goes on where this one stopped, since a pipe is read once. */
import { isOfJob, stepsOf } from '../../core/hint.ts';
import type { Problem } from '../../core/problem.ts';
import { notShownAgain } from '../../core/run/problems.ts';
import type { Source } from '../../core/types.ts';

/** The same Problem without what its hint promises of the next run. */
export function ofStream(problem: Problem, { name, stream }: Pick<Source, 'name' | 'stream'>): Problem {
  const promises = stepsOf(problem.steps).some((step) => isOfJob(step) && step.about === 'next run');
  return stream !== undefined && promises ? notShownAgain(problem, name) : problem;
}
