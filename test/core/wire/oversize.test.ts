import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { packer } from '../../../src/core/batch.ts';
import { jsonLine } from '../../../src/core/wire/json-line.ts';
import { oversize } from '../../../src/core/wire/oversize.ts';
import type { Batch } from '../../../src/core/types.ts';
import { auditRecord } from '../../support/records.ts';

/** A batch of lines, a line break at the end of each. */
function batchOf(...texts: readonly string[]): Batch {
  const packing = packer({ limits: () => ({ records: 100, bytes: 1000, record: 1000 }), encode: jsonLine }, '');
  for (const [entry, text] of texts.entries()) packing.add(auditRecord(text, `"${entry}"`), entry);
  const packed = packing.take();
  assert.ok(packed);
  return packed.batch;
}

const withoutBreak = (encoded: Buffer): number => encoded.length - 1;
const again = { again: 'a record beside it was too large' };
const refused = { refused: 'larger than the 4 bytes that acme takes' };

test('a record of as many bytes as are taken is sent, and of a batch with larger ones the others, at once', () => {
  assert.equal(oversize(batchOf('1', '1234'), 4, withoutBreak, 'acme'), undefined);
  const batch = batchOf('12345', '1', '1234', '123456');
  assert.deepEqual(oversize(batch, 4, withoutBreak, 'acme'), {
    outcomes: [refused, again, again, refused],
    after: 0,
  });
});

test('a record is as large as it was before it was escaped', () => {
  assert.equal(
    oversize(batchOf('123456789'), 4, () => 4, 'acme'),
    undefined,
  );
});
