import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteBuffer } from '../../../../src/core/bytes.ts';
import { otlpForm } from '../../../../src/core/wire/otlp/form.ts';
import { auditRecord } from '../../../support/records.ts';

test('a time has all its digits, also where few or none of them come after the millisecond', () => {
  const encode = otlpForm({ idSpace: () => 'acme', trustsIds: true, now: () => 1 });
  const timeOf = (nanos: number): unknown => {
    const out = byteBuffer();
    encode(auditRecord('{}', '"a"', 1_763_596_800_007, nanos), out, '');
    const [record] = JSON.parse(`[${out.view().toString('utf8', 0, out.length()).slice(0, -1)}]`);
    return record.timeUnixNano;
  };
  assert.deepEqual([0, 50, 120_000].map(timeOf), ['1763596800007000000', '1763596800007000050', '1763596800007120000']);
});
