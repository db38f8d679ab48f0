import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds } from '../../../src/core/definition/answers.ts';

test('a test may accept several values', () => {
  const done = { path: 'status', equals: ['done', 3, null] };
  const accepted = ['done', 3, null].map((status) => holds(done, { status }));
  assert.deepEqual(accepted, [true, true, true]);
  for (const reply of [{}, { status: '3' }, { status: ['done'] }, { status: 'running' }]) {
    assert.equal(holds(done, reply), false, JSON.stringify(reply));
  }
});
