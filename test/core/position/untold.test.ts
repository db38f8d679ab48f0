import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipped } from '../../../src/core/position/untold.ts';

test('the hint about a gap depends on its reason: the job paused too long, or --since asked for what is gone', () => {
  const gap = { from: 0n, until: 60_000_000_000n };
  assert.match(skipped(gap, 'acme').hint ?? '', /^this gap is reported once/);
  const asked = skipped({ ...gap, since: gap.from }, 'acme');
  assert.match(asked.message, /are gone: acme no longer keeps them$/);
  assert.equal(asked.hint, 'ask for no more than it keeps: a later --since');
});
