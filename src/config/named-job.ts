/** What flags alone say of a job: whether it has a position, and whether it has a name. */
import type { Flags } from '../cli/flags.ts';
import { exit, Problem } from '../core/problem.ts';

/** An ad-hoc search neither reads nor saves a position, unless it is asked to. */
export function usesPosition({ position, since, until, query, singleQuery, continue: goOn }: Flags): boolean {
  const adHoc = [since, until, query, singleQuery].some((flag) => flag !== undefined);
  return position !== false && (!adHoc || goOn === true);
}

/** `--job`. Throws Problem (64) for what cannot be a file name. */
export function namedJob({ job }: Pick<Flags, 'job'>): string | undefined {
  if (job === undefined || (/^[A-Za-z0-9._-]{1,100}$/.test(job) && !/^\.+$/.test(job))) return job;
  throw new Problem(exit.usage, `--job ${JSON.stringify(job)} is not a name`, {
    hint: 'use up to 100 letters, digits, dots, dashes and underscores: it becomes a file name',
  });
}
