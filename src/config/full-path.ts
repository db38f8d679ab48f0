/** The full spelling of a path. */
import { resolve } from 'node:path';
import { exit, Problem } from '../core/problem.ts';

/** Throws Problem (78) for a relative path when the current directory has been removed. */
export function fullPath(path: string): string {
  try {
    return resolve(path);
  } catch {
    throw new Problem(exit.config, `${path} begins in the current directory, which is no longer there`, {
      hint: 'give its full path, or start in another directory',
    });
  }
}
