import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changedCredentials,
  markCredentials,
  noteCredentials,
  refuseTurns,
} from '../../../src/core/run/credentials.ts';
import { firstPosition, writeDown } from '../../../src/core/run/position.ts';
import { emptySummary } from '../../../src/core/run/summary.ts';
import { exit, type Problem } from '../../../src/core/problem.ts';

test('the secret before the last one is refused for a day after the change, a third one never', () => {
  const [first, second, third] = ['one', 'two', 'three'].map((text) => markCredentials({ A_KEY: text }));
  const changed = Date.parse('2026-11-20T09:00:00Z');
  const position = firstPosition({ source: 's', sink: 'k' });
  for (const marks of [first, second, second]) {
    writeDown(position, { started: changed, ended: changed }, [], emptySummary());
    noteCredentials(position, marks);
  }
  const refused = (marks: typeof first, at: number): boolean => {
    try {
      refuseTurns(position, marks, at);
      return false;
    } catch (error) {
      assert.equal((error as Problem).status, exit.config);
      return true;
    }
  };
  const day = 24 * 3_600_000;
  assert.deepEqual([refused(first, changed + day), refused(first, changed + day + 1)], [true, false]);
  for (const marks of [second, third, undefined, {}]) assert.equal(refused(marks, changed), false);
});

test('a secret that is another one is told, by the name of its setting', () => {
  const [before, now] = [
    markCredentials({ A_KEY: 'one', A_TOKEN: 'x' }),
    markCredentials({ A_KEY: 'two', A_TOKEN: 'x' }),
  ];
  const told = changedCredentials(before, now);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /^A_KEY is not the one that this job used last/);
  assert.deepEqual(changedCredentials(now, now), []);
});

test('a secret that only one of the runs had is none that has changed, and has no mark where it is not set', () => {
  const [key, password] = [
    markCredentials({ A_KEY: 'one', A_PASSWORD: undefined }),
    markCredentials({ A_KEY: undefined, A_PASSWORD: 'two' }),
  ];
  assert.deepEqual([Object.keys(key), Object.keys(password)], [['A_KEY'], ['A_PASSWORD']]);
  assert.deepEqual([...changedCredentials(key, password), ...changedCredentials(undefined, key)], []);
});
