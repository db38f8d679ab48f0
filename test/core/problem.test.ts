import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, worst } from '../../src/core/problem.ts';

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
