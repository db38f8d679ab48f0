import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteBuffer } from '../../../src/core/bytes.ts';
import { jsonLine } from '../../../src/core/wire/json-line.ts';
import { parseFields, withFields, type Field } from '../../../src/core/json/splice.ts';
import type { AuditRecord } from '../../../src/core/types.ts';
import { memorySink } from '../../support/memory.ts';

function added(text: string, fields: readonly Field[], warnings: string[] = []): string {
  const bytes = Buffer.from(`before${text}after`);
  const [start, end] = [6, 6 + Buffer.byteLength(text)];
  const key = { key: bytes, keyStart: 0, keyEnd: 6 };
  const record: AuditRecord = { bytes, start, end, ...key, time: Number.NaN, nanos: 0, fingerprint: 0 };
  const sink = withFields({ ...memorySink(), encode: jsonLine }, fields, { warn: (line) => warnings.push(line) });
  const out = byteBuffer();
  sink.encode(record, out, '');
  assert.equal(bytes.toString(), `before${text}after`, 'the record itself stays');
  return out.take().toString().trimEnd();
}

test('fields come last, and not a byte of the record changes', () => {
  const text = '{ "id" : 1e400, "b":"\\u0041", "b":1.10 }';
  assert.equal(added(text, [['site', 'Köln "1"']]), `${text.slice(0, -1)},"site":"Köln \\"1\\""}`);
  assert.equal(
    added('{"a":{}}', [
      ['x', '1'],
      ['y', ''],
    ]),
    '{"a":{},"x":"1","y":""}',
  );
});

test('an empty object gets no comma', () => {
  assert.equal(added('{}', [['a', 'b']]), '{"a":"b"}');
  assert.equal(added('{ }', [['a', 'b']]), '{ "a":"b"}');
});

test('a member that the record has stays its own, and that is said', () => {
  const warnings: string[] = [];
  assert.equal(
    added(
      '{"site":1}',
      [
        ['site', 'x'],
        ['b', 'c'],
      ],
      warnings,
    ),
    '{"site":1,"b":"c"}',
  );
  assert.equal(added('{"s\\u0069te":1}', [['site', 'x']], warnings), '{"s\\u0069te":1}');
  assert.deepEqual([...new Set(warnings)], ['--add site: records that have site already keep their own']);
  assert.equal(added('{"a":{"site":1}}', [['site', 'x']]), '{"a":{"site":1},"site":"x"}', 'deeper ones do not count');
});

test('whatever the record and the field: both are in what comes out, as JSON sees it', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string({ minLength: 1 }),
      fc.string(),
      (value, key, text) => {
        const result = JSON.parse(added(JSON.stringify(value), [[key, text]])) as Record<string, unknown>;
        const before = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
        const expected = Object.hasOwn(before, key)
          ? before
          : Object.fromEntries([...Object.entries(before), [key, text]]);
        assert.deepEqual(new Map(Object.entries(result)), new Map(Object.entries(expected)));
      },
    ),
    { numRuns: 300 },
  );
});

test('limits that the sink lowers later are seen through the fields', () => {
  let bytes = 10;
  const sink = withFields({ ...memorySink(), limits: () => ({ records: 1, bytes, record: 1 }) }, [['a', 'b']], {
    warn: () => {},
  });
  bytes = 5;
  assert.equal(sink.limits().bytes, 5);
});

test('--add is key=value, each key once', () => {
  assert.deepEqual(parseFields(['a=b=c', 'd=']), [
    ['a', 'b=c'],
    ['d', ''],
  ]);
  for (const wrong of [['a'], ['=b'], ['a=1', 'a=2']]) assert.throws(() => parseFields(wrong), { status: 64 });
});
