import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rightsOf } from '../../../../src/core/wire/elastic/rights.ts';

test('an answer that leaves out one of the rights says nothing of either', () => {
  const rights = (granted: unknown) => rightsOf(JSON.stringify({ index: { audit: granted } }), 'audit');
  const none = { create_doc: false, auto_configure: false, create_index: false };
  assert.deepEqual(rights(none), { write: false, create: false });
  assert.deepEqual(rights({ ...none, create_doc: true }), { write: true, create: false });
  assert.deepEqual(rights({ ...none, auto_configure: true }), { write: false, create: true });
  assert.deepEqual(rights({ ...none, create_index: true }), { write: false, create: true });
  for (const granted of [
    { create_doc: true, auto_configure: true },
    { create_doc: true, create_index: true },
    { auto_configure: true, create_index: true },
    { ...none, create_doc: 1 },
    true,
  ]) {
    assert.equal(rights(granted), undefined);
  }
  assert.equal(rightsOf(JSON.stringify({ index: { other: none } }), 'audit'), undefined);
});
