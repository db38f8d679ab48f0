/** The address of a sink that appends a path of its own. */
import { check } from '../hint.ts';
import { exit, Problem } from '../problem.ts';

/**
 * The address without slashes at its end, and without the path that people copy along from an example (`pasted`). With a
 * query or a fragment, the sink's own path would become a part of that: Problem 78, without the text, which may hold a key.
 */
export function sinkBase(name: string, text: string, pasted?: RegExp): string {
  const address = text.replace(/\/+$/, '');
  const base = pasted === undefined ? address : address.replace(pasted, '');
  if (!/[?#]/.test(base)) return base;
  throw new Problem(exit.config, `${name} must end with its path`, {
    hint: check([name], ': leave out everything from the first ? or #'),
  });
}
