/** The tests that a definition puts to a reply: whether a member is as it should be, and what a flag says. */
import { inDefinition } from '../hint.ts';
import type { Answers, EnvelopeTest } from '../definition.ts';
import { kindOf } from '../json/parsed.ts';
import { valueAt } from '../json/value-at.ts';
import { exit, Problem } from '../problem.ts';

/** Whether the member is there, not null, and equal to what the test wants. */
export function holds(test: EnvelopeTest, value: unknown): boolean {
  const found = valueAt(value, test.path);
  if (found === undefined && test.optional === true) return true;
  if (test.equals === undefined) return found !== undefined && found !== null;
  return [test.equals].flat().some((accepted) => accepted === found);
}

/** Whether a reply is one of these answers, by its HTTP status or its body. */
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
 * What the flag at a path of a parsed reply says. Throws Problem 76 when it is neither true nor false: taken for one or the
 * other, it could lose records, or ask for pages for ever. `name` is what the definition calls it, `without` says for the hint
 * when a definition needs none.
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
    hint: inDefinition((there) => `check ${name} ${there}, and the vendor's API version, or leave it out ${without}`),
  });
}
