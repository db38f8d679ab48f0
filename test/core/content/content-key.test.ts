import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { withContentKey } from '../../../src/core/content/content-key.ts';
import { identifier } from '../../../src/core/identity.ts';
import type { AuditRecord } from '../../../src/core/types.ts';

/** The record with that ID, as JSON text, and that content, keyed as `--dedupe content` keys it. */
function keyOf(id: string | undefined, content: string): string {
  const identify = identifier({ paths: [['id']] }, () => false, false);
  const bytes = Buffer.from(`{${id === undefined ? '' : `"id":${id},`}"content":"${content}"}`);
  const spans = id === undefined ? [-1, -1] : [6, 6 + Buffer.byteLength(id)];
  const { key, keyStart, keyEnd } = identify.key(bytes, 0, bytes.length, Int32Array.from(spans));
  const end = bytes.length;
  const record: AuditRecord = { bytes, start: 0, end, key, keyStart, keyEnd, time: 0, nanos: 0, fingerprint: 0 };
  const made = withContentKey(record);
  return made.key.toString('utf8', made.keyStart, made.keyEnd);
}

test('a changed record has another key, however long its ID is', () => {
  for (const id of ['"a"', '7', `"${'x'.repeat(250)}"`, `"${'é'.repeat(150)}"`]) {
    assert.equal(keyOf(id, 'same'), keyOf(id, 'same'), id);
    assert.notEqual(keyOf(id, 'before'), keyOf(id, 'after'), id);
    assert.notEqual(keyOf(id, 'same'), keyOf('"another"', 'same'), id);
  }
});

test('a record without an ID is known by its content already', () => {
  assert.match(keyOf(undefined, 'same'), /^sha256:[0-9a-f]{64}$/);
});
