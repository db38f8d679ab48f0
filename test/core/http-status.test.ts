import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSuccessful } from '../../src/core/http-status.ts';

test('statuses from 200 to 299 are successful, and no others', () => {
  const all = Array.from({ length: 600 }, (_, status) => status).filter(isSuccessful);
  assert.deepEqual([all[0], all.at(-1), all.length], [200, 299, 100]);
});
