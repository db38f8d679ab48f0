import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Packed, packer, part } from '../../src/core/batch.ts';
import { jsonLine } from '../../src/core/wire/json-line.ts';
import type { AuditRecord, Limits } from '../../src/core/types.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';

const generous: Limits = { records: 1000, bytes: 1_000_000, record: 1_000_000 };

function packAll(records: readonly AuditRecord[], limits: Limits): { batches: Packed[]; tooLarge: number[] } {
  const packing = packer({ encode: jsonLine, limits: () => limits }, '');
  const batches: Packed[] = [];
  const tooLarge: number[] = [];
  for (const [entry, record] of records.entries()) {
    let answer = packing.add(record, entry);
    if (answer === 'full') {
      const packed = packing.take();
      assert.ok(packed !== undefined, 'full, but there is nothing to take');
      batches.push(packed);
      answer = packing.add(record, entry);
    }
    assert.notEqual(answer, 'full');
    if (answer === 'tooLarge') tooLarge.push(entry);
  }
  const last = packing.take();
  return { batches: last === undefined ? batches : [...batches, last], tooLarge };
}

function lines(packed: Packed): string[] {
  const { body, ends } = packed.batch;
  return ends.map((end, index) => body.toString('utf8', ends[index - 1] ?? 0, end));
}

test('a batch holds the encoded records, where each ends, and their entries', () => {
  const { batches } = packAll(auditRecords(3), generous);
  assert.equal(batches.length, 1);
  const [packed] = batches;
  assert.ok(packed);
  assert.deepEqual(lines(packed), ['{"id":"r0","n":0}\n', '{"id":"r1","n":1}\n', '{"id":"r2","n":2}\n']);
  assert.deepEqual(packed.entries, [0, 1, 2]);
});

test('an empty packer has no batch', () => {
  const packing = packer({ encode: jsonLine, limits: () => generous }, '');
  assert.equal(packing.take(), undefined);
  packing.add(auditRecord('{}'), 0);
  assert.ok(packing.take());
  assert.equal(packing.take(), undefined);
});

test('a batch that was taken keeps its bytes while the next one is filled', () => {
  const packing = packer({ encode: jsonLine, limits: () => generous }, '');
  packing.add(auditRecord('{"a":1}'), 0);
  const first = packing.take();
  packing.add(auditRecord('{"b":2}'), 1);
  assert.equal(first?.batch.body.toString(), '{"a":1}\n');
});

test('a record above its own limit is too large, and leaves no trace', () => {
  const { batches, tooLarge } = packAll(
    [auditRecord('{"a":1}'), auditRecord(`{"a":"${'x'.repeat(100)}"}`), auditRecord('{"b":2}')],
    { records: 10, bytes: 1000, record: 50 },
  );
  assert.deepEqual(tooLarge, [1]);
  assert.deepEqual(batches.map(lines), [['{"a":1}\n', '{"b":2}\n']]);
});

test('a record above the limit of a batch, but not above its own, travels alone', () => {
  const large = `{"a":"${'x'.repeat(100)}"}`;
  const { batches, tooLarge } = packAll([auditRecord('{"a":1}'), auditRecord(large), auditRecord('{"b":2}')], {
    records: 10,
    bytes: 50,
    record: 1000,
  });
  assert.deepEqual(tooLarge, []);
  assert.deepEqual(batches.map(lines), [['{"a":1}\n'], [`${large}\n`], ['{"b":2}\n']]);
});

test('limits that a sink lowers hold from the next record on', () => {
  let bytes = 1000;
  const packing = packer(
    {
      encode: jsonLine,
      limits: () => ({ records: 10, bytes, record: 1000 }),
    },
    '',
  );
  assert.equal(packing.add(auditRecord('{"a":1}'), 0), 'added');
  bytes = 10;
  assert.equal(packing.add(auditRecord('{"a":1}'), 1), 'full');
});

test('every record is in exactly one batch, in order, and no batch exceeds the limits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 5, max: 70 }),
      (sizes, records, bytes, record) => {
        const all = sizes.map((size) => auditRecord(`{"a":"${'é'.repeat(size)}"}`));
        const { batches, tooLarge } = packAll(all, { records, bytes, record });
        const entries = batches.flatMap((packed) => packed.entries);
        assert.deepEqual(
          [...entries, ...tooLarge].toSorted((a, b) => a - b),
          all.map((_, index) => index),
        );
        assert.deepEqual(
          entries,
          entries.toSorted((a, b) => a - b),
        );
        for (const packed of batches) {
          assert.ok(packed.entries.length <= records);
          assert.ok(packed.batch.body.length <= bytes || packed.entries.length === 1);
          assert.deepEqual(
            lines(packed),
            packed.entries.map((entry) => `${textOf(all[entry] ?? auditRecord(''))}\n`),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a part of a batch holds the chosen records, whether neighbours or not', () => {
  const [packed] = packAll(auditRecords(8), generous).batches;
  assert.ok(packed);
  fc.assert(
    fc.property(fc.subarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), (indices) => {
      const some = part(packed, indices);
      assert.deepEqual(some.entries, indices);
      assert.deepEqual(
        lines(some),
        indices.map((index) => lines(packed)[index]),
      );
      assert.equal(some.batch.body.length, some.batch.ends.at(-1));
      assert.deepEqual(
        some.batch.records,
        indices.map((index) => packed.batch.records[index]),
      );
    }),
    { numRuns: 100 },
  );
});

test('a part without gaps shares the bytes of its batch', () => {
  const [packed] = packAll(auditRecords(8), generous).batches;
  assert.ok(packed);
  assert.equal(part(packed, [2, 3, 4]).batch.body.buffer, packed.batch.body.buffer);
});

test('a batch that is given back makes room for another, whose records and keys are its own', () => {
  const packing = packer({ encode: jsonLine, limits: () => generous }, '');
  for (const [entry, record] of auditRecords(3).entries()) packing.add(record, entry);
  const first = packing.take();
  assert.ok(first);
  packing.giveBack(first);
  const later = auditRecords(8).slice(3);
  packing.add(later[0]!, 3);
  assert.ok(packing.take()); // the list that was taken up meanwhile
  for (const [index, record] of later.entries()) packing.add(record, index + 3);
  const { records } = packing.take()?.batch ?? { records: [] };
  assert.deepEqual(records.map(textOf), later.map(textOf));
  const keys = records.map(({ key, keyStart, keyEnd }) => key.toString('utf8', keyStart, keyEnd));
  assert.deepEqual(keys, ['"r3"', '"r4"', '"r5"', '"r6"', '"r7"']);
  assert.deepEqual(
    records.map(({ time }) => time),
    later.map(({ time }) => time),
  );
});

test('a record that fills its batch to the last byte is in it, and one byte more begins another', () => {
  const line = 18; // bytes of each record with its line break
  for (const [bytes, sizes] of [
    [3 * line, [3]],
    [3 * line - 1, [2, 1]],
  ] as const) {
    const { batches } = packAll(auditRecords(3), { ...generous, bytes });
    assert.deepEqual(
      batches.map(({ batch }) => batch.count),
      sizes,
    );
  }
});

test('a batch of a thousand records gives each of them as it was added', () => {
  const records = auditRecords(1000);
  const { batches } = packAll(records, generous);
  assert.deepEqual(
    batches.map(({ batch }) => batch.count),
    [1000],
  );
  const given = batches.flatMap(({ batch }) => batch.records);
  assert.deepEqual(given.map(textOf), records.map(textOf));
  assert.deepEqual(
    given.map(({ time, nanos }) => [time, nanos]),
    records.map(({ time, nanos }) => [time, nanos]),
  );
});
