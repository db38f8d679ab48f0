/** A stray word on the command line, where it is the name of a source or a sink. */
import { exit, Problem } from '../core/problem.ts';
import { readyMadeNames } from '../io/ready-made.ts';
import { sinks } from '../sinks/index.ts';
import { sources } from '../sources/index.ts';

/** The Problem with the flag that is missing, where the word is such a name. Any other word may be a secret, and is not shown. */
export function explained({ stray, problem }: { readonly stray: string; readonly problem: Problem }): Problem {
  const kind = sourceOrSink(stray);
  if (kind === undefined) return problem;
  return new Problem(exit.usage, `${stray} is a ${kind}, and nothing says that it is meant`, {
    hint: `write audit-export --${kind} ${stray}`,
  });
}

/** What a name is the name of. */
export function sourceOrSink(name: string): 'source' | 'sink' | undefined {
  if (Object.hasOwn(sinks, name)) return 'sink';
  return Object.hasOwn(sources, name) || readyMadeNames().includes(name) ? 'source' : undefined;
}
