/** What a Problem says to whoever searches: a search has no position, and no run goes on from where it stopped. */
import type { Problem } from '../../core/problem.ts';

/** What a part of a hint, between semicolons, says of a position. */
const ofNextRun = /\bnext run\b/;
const ofPosition = /\bposition stays\b|^nothing is lost$/;
/** Where that is the reason for what the part says, the part is told without it. */
const reason = /, for the position stays$/;

const again = 'run it again, or with a later --since';

/** The same Problem without what its hint promises of the position and of the next run. */
export function ofSearch(problem: Problem): Problem {
  const { hint = '' } = problem;
  const parts = hint.split('; ').map((part) => part.replace(reason, ''));
  const kept = parts.filter((part) => !ofNextRun.test(part) && !ofPosition.test(part));
  if (kept.join('; ') === hint) return problem;
  if (kept.length === 0 || ofNextRun.test(hint)) kept.push(again);
  return problem.with({ hint: kept.join('; ') });
}
