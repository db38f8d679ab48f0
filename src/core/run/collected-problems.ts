/** The Problems of a run: each is told once, with the branches that it met. */
import { firstOf } from '../text/listed.ts';
import { Problem } from '../problem.ts';
import { serverText } from '../text/shown.ts';

export interface Collected {
  readonly problems: Problem[];
  /** The branches that each Problem was met in. */
  readonly metIn: Map<Problem, string[]>;
}

/** Runs a step and writes down its Problem. */
export async function collectProblem(
  into: Collected,
  step: () => Promise<void> | void,
  branch?: string,
): Promise<void> {
  try {
    await step();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    addProblem(into, problem, branch);
  }
}

/** Writes down a Problem, and the branch that met it. A full disk, say, is met at every step; once is enough to say it. */
export function addProblem({ problems, metIn }: Collected, problem: Problem, branch?: string): void {
  const isSame = ({ status, message }: Problem): boolean => status === problem.status && message === problem.message;
  const known = problems.find(isSame);
  if (known === undefined) problems.push(problem);
  if (branch === undefined) return;
  const met = metIn.get(known ?? problem);
  if (met === undefined) metIn.set(known ?? problem, [branch]);
  else if (!met.includes(branch)) met.push(branch);
}

/** A Problem that only some branches met says which. */
export function nameBranches({ problems, metIn }: Collected, branches: number): void {
  for (const [at, problem] of problems.entries()) {
    const met = metIn.get(problem) ?? [];
    if (met.length === 0 || met.length === branches) continue;
    problems[at] = problem.with({ message: `${firstOf(met.map(serverText))}: ${problem.message}` });
  }
}
