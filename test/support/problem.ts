/** What a Problem that is expected says. */
import assert from 'node:assert/strict';
import { Problem } from '../../src/core/problem.ts';

/** The whole text, or what must match it. */
type Expected = string | RegExp;

/**
 * For `assert.throws` and `assert.rejects`: a Problem with that status, message and hint. Any hint will do when none is given,
 * but there must be one, as every error ends with a next step; '' is for a Problem whose caller adds the hint.
 */
export function problem(status: number, message: Expected = /./, hint: Expected = /./) {
  return (error: unknown): true => {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.status, status, `${error.message} ${error.hint}`);
    fits(error.message, message);
    fits(error.hint ?? '', hint);
    return true;
  };
}

function fits(text: string, expected: Expected): void {
  if (typeof expected === 'string') assert.equal(text, expected);
  else assert.match(text, expected);
}
