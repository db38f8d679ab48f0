import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteBuffer } from '../../../../src/core/bytes.ts';
import { secopsForm } from '../../../../src/core/wire/secops/form.ts';
import { auditRecord } from '../../../support/records.ts';

test('a log of the last millisecond that has four digits for its year was collected at a time that has them, too', () => {
  const encode = secopsForm(undefined, () => Date.UTC(2026, 0));
  const collectedOf = (time: number): unknown => {
    const out = byteBuffer();
    encode(auditRecord('{}', '"a"', time), out, '');
    return JSON.parse(out.view().toString('utf8', 0, out.length() - 1)).collectionTime;
  };
  const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
  assert.deepEqual([last - 1, last].map(collectedOf), ['9999-12-31T23:59:59.999Z', '2026-01-01T00:00:00.001Z']);
});
