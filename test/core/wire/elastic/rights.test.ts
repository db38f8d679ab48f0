import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rightsOf } from '../../../../src/core/wire/elastic/rights.ts';

test('an answer that leaves out one of the rights says nothing of the others', () => {
  const rights = (granted: unknown) => rightsOf(JSON.stringify({ index: { audit: granted } }), 'audit');
  const all = { create_doc: true, auto_configure: false, read: true };
  assert.deepEqual(rights(all), { write: true, create: false, read: true });
  for (const granted of [
    { create_doc: true, auto_configure: true },
    { create_doc: true, read: true },
    { auto_configure: true, read: true },
    { ...all, create_doc: 1 },
    true,
  ]) {
    assert.equal(rights(granted), undefined);
  }
  assert.equal(rightsOf(JSON.stringify({ index: { other: all } }), 'audit'), undefined);
});
