/** A flag that takes one of a few words. */
import { exit, Problem } from '../core/problem.ts';
import { listed } from '../core/text/listed.ts';

/** The flag's value if it is one of `values`; Problem (64) if it is another. */
export function oneOf<const T extends string>(
  text: string | undefined,
  flag: string,
  values: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw new Problem(exit.usage, `${flag} cannot be ${text}`, { hint: `use ${listed(values, 'or')}` });
}
