/** What a definition asks of a reply, answered: whether a member is as it should be, and what a flag says. */
import type { Answers, EnvelopeTest } from '../definition.ts';
import { kindOf } from '../json/parsed.ts';
import { valueAt } from '../json/value-at.ts';
import { exit, Problem } from '../problem.ts';

/** Is the member there, not null, and as it should be? */
export function holds(test: EnvelopeTest, value: unknown): boolean {
  const found = valueAt(value, test.path);
  if (found === undefined && test.optional === true) return true;
  if (test.equals === undefined) return found !== undefined && found !== null;
  return [test.equals].flat().some((accepted) => accepted === found);
}

/** Whether a reply, by its HTTP status or its body, is one of these. */
export function isAmong(answers: Answers, status: number | undefined, value: unknown): boolean {
  return answers.some((each) => (typeof each === 'number' ? each === status : holds(each, value)));
}

/** The HTTP statuses among them. */
export function statusesOf(answers: Answers = []): readonly number[] {
  return answers.filter((each) => typeof each === 'number');
}

/** How vendors write a flag. */
const words = new Map<unknown, boolean>([
  ...[true, 'true', 1, '1'].map((word) => [word, true] as const),
  ...[false, 'false', 0, '0', null, ''].map((word) => [word, false] as const),
]);

/**
 * What the flag at a path of a parsed reply says. Throws Problem 76 when it is neither true nor false: taken for either, it
 * would lose records, or never end. `name` is what the definition calls it, `without` where a definition needs none.
 */
export function flagAt(
  reply: unknown,
  path: string,
  { source, name, without }: { readonly source: string; readonly name: string; readonly without: string },
): boolean | 'absent' {
  const value = valueAt(reply, path);
  const flag = value === undefined ? 'absent' : words.get(value);
  if (flag !== undefined) return flag;
  throw new Problem(exit.protocol, `${source}: ${path} (${name}) is ${kindOf(value)}, neither true nor false`, {
    hint: `check ${name} in the definition, and the vendor's API version, or leave it out ${without}`,
  });
}
