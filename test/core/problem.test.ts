import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem, worst } from '../../src/core/problem.ts';

test('of several statuses the one that needs a hand is reported, before those that the next run may cure', () => {
  const order = [70, 78, 77, 76, 65, 73, 74, 69, 75, 64, 3];
  for (const [at, status] of order.entries()) assert.equal(worst(order.slice(at).toReversed()), status);
  assert.equal(worst([exit.cantcreat, exit.tempfail]), exit.cantcreat);
  assert.equal(worst([exit.cantcreat, exit.unavailable]), exit.cantcreat);
});

test('a signal outranks everything, and nothing is 0', () => {
  for (const signal of [exit.hangup, exit.interrupt, exit.terminate]) {
    assert.equal(worst([exit.software, signal, exit.config]), signal);
  }
  assert.equal(worst([exit.ok, exit.partial, exit.ok]), exit.partial);
  assert.equal(worst([]), exit.ok);
});

test('a status that nobody knows is a bug here: it ranks with 70', () => {
  assert.equal(worst([1, exit.config]), 1);
  assert.equal(worst([exit.interrupt, 1]), exit.interrupt);
});

test('a Problem that is worded anew keeps what is not changed', () => {
  const cause = new Error('ECONNRESET');
  const problem = new Problem(exit.unavailable, 'it failed', {
    hint: 'wait',
    again: { once: true },
    httpStatus: 503,
    cause,
  });
  const {
    status,
    message,
    hint,
    again,
    httpStatus,
    cause: behind,
  } = problem.with({ message: 'it failed (5 attempts)' });
  const expected = [exit.unavailable, 'it failed (5 attempts)', 'wait', { once: true }, 503, cause];
  assert.deepEqual([status, message, hint, again, httpStatus, behind], expected);
});

test('what is changed to nothing is taken away from a Problem', () => {
  const problem = new Problem(exit.unavailable, 'it failed', { hint: 'wait', again: {}, httpStatus: 503, cause: 1 });
  const bare = problem.with({ status: exit.config, hint: undefined, again: undefined, httpStatus: undefined });
  assert.deepEqual(
    [bare.status, bare.hint, bare.again, bare.httpStatus, bare.cause],
    [78, undefined, undefined, undefined, 1],
  );
  assert.deepEqual(problem.again, {}, 'the other one stays as it was');
});
