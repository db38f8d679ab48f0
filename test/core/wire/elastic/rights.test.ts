import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rightsOf } from '../../../../src/core/wire/elastic/rights.ts';

test('an answer that leaves out one of two rights says nothing of either', () => {
  const rights = (granted: unknown) => rightsOf(JSON.stringify({ index: { audit: granted } }), 'audit');
  assert.deepEqual(rights({ create_doc: true, auto_configure: false }), { write: true, create: false });
  for (const granted of [
    { create_doc: true },
    { auto_configure: true },
    { create_doc: 1, auto_configure: true },
    true,
  ]) {
    assert.equal(rights(granted), undefined);
  }
  assert.equal(rightsOf('{"index":{"other":{"create_doc":true,"auto_configure":true}}}', 'audit'), undefined);
});
