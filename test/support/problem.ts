/** What a Problem that is expected says. */
import assert from 'node:assert/strict';
import { Problem } from '../../src/core/problem.ts';

/** For `assert.rejects`: a Problem with that status, message and hint; with any hint when none is given. */
export function problem(status: number, message: RegExp, hint: RegExp = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Problem, String(error));
    assert.deepEqual(
      [error.status, message.test(error.message), hint.test(error.hint ?? '')],
      [status, true, true],
      `${error.message} ${error.hint}`,
    );
    return true;
  };
}
