import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedCredentials, markCredentials } from '../../../src/core/position/credentials.ts';

test('a secret that has changed is reported, by the name of its setting', () => {
  const [before, now] = [
    markCredentials({ A_KEY: 'one', A_TOKEN: 'x' }),
    markCredentials({ A_KEY: 'two', A_TOKEN: 'x' }),
  ];
  const told = changedCredentials(before, now);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /^A_KEY is not the one that this job used last/);
  assert.deepEqual(changedCredentials(now, now), []);
});

test('a secret that only one of two runs had does not count as changed, and one that is not set has no mark', () => {
  const [key, password] = [
    markCredentials({ A_KEY: 'one', A_PASSWORD: undefined }),
    markCredentials({ A_KEY: undefined, A_PASSWORD: 'two' }),
  ];
  assert.deepEqual([Object.keys(key), Object.keys(password)], [['A_KEY'], ['A_PASSWORD']]);
  assert.deepEqual([...changedCredentials(key, password), ...changedCredentials(undefined, key)], []);
});

test('the mark of a secret is the same in every version, or each upgrade would warn, and too short to find the secret by', () => {
  assert.deepEqual(markCredentials({ A_KEY: 'one' }), { A_KEY: 'bd1c' });
});
