import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { cellsOf } from '../../../src/core/csv/csv-row.ts';

/** The values of a row in the middle of a buffer; undefined when it is not CSV. */
function valuesBefore(row: string, behind: string): readonly string[] | undefined {
  const bytes = Buffer.from(`,"${row}${behind}`);
  return cellsOf(bytes, 2, 2 + Buffer.byteLength(row))?.values.map(String);
}

test('a row ends where it should, whatever comes after it in the buffer', () => {
  for (const behind of ['', '"', '",', 'x', ',x']) {
    assert.deepEqual(valuesBefore('1,"a"', behind), ['"1"', '"a"'], behind);
    assert.deepEqual(valuesBefore('1,a', behind), ['"1"', '"a"'], behind);
    assert.deepEqual(valuesBefore('1,', behind), ['"1"', '""'], behind);
    assert.equal(valuesBefore('1,"a"x', behind), undefined, behind);
  }
});

test('values after the first few that are wanted are counted, and not made', () => {
  const bytes = Buffer.from('1,2,3');
  const { values = [], count } = cellsOf(bytes, 0, bytes.length, 2) ?? {};
  assert.deepEqual([values.map(String), count], [['"1"', '"2"'], 3]);
});
