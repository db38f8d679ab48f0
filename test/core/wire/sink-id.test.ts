import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteBuffer } from '../../../src/core/bytes.ts';
import { documentId } from '../../../src/core/wire/document-id.ts';
import { elasticForm } from '../../../src/core/wire/elastic/form.ts';
import { shownId } from '../../../src/core/content/record-id.ts';
import { appendId } from '../../../src/core/wire/sink-id.ts';
import { auditRecord } from '../../support/records.ts';

const keys = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"1"', '"-1.5e+3"', '"1-2"', '"e"', '"sha256:00"', '"s"', '"[1]"', '"\\u0041"', '"é"', '"a\\ud83d"'),
  fc.integer().map(String),
  fc.integer().map((value) => `"${value}"`), // another ID than the number
  fc.nat(9).map((digit) => `"${digit}"`),
  fc.constantFrom('1.50', '-2e9', '["a",1]', `sha256:${'a'.repeat(64)}`, `sha256:${'a'.repeat(64)}#2`),
  fc.array(fc.string(), { minLength: 2 }).map((parts) => JSON.stringify(parts)),
);

test('an ID is written as the inside of a JSON string, as its text says, whatever its kind', () => {
  fc.assert(
    fc.property(keys, (key) => {
      const record = auditRecord('{}', key);
      const out = byteBuffer();
      appendId(record, out);
      assert.equal(JSON.parse(`"${out.view().toString()}"`), shownId(record.key, record.keyStart, record.keyEnd));
    }),
    { numRuns: 1000 },
  );
});

test('an ID that is a text of digits is shown without quotes, where only a document ID tells it from the number', () => {
  for (const [key, shown, document] of [
    ['"12345"', '12345', 'acme:"12345"'],
    ['12345', '12345', 'acme:12345'],
    ['"1e5"', '1e5', 'acme:"1e5"'],
    ['"-1.50"', '-1.50', 'acme:"-1.50"'],
    ['"1.2.3"', '1.2.3', 'acme:1.2.3'],
    ['"abc"', 'abc', 'acme:abc'],
    ['"sha256:00"', '"sha256:00"', 'acme:"sha256:00"'],
    ['["1",2]', '["1",2]', 'acme:["1",2]'],
  ] as const) {
    const record = auditRecord('{}', key);
    const out = byteBuffer();
    appendId(record, out);
    assert.equal(JSON.parse(`"${out.view().toString()}"`), shown);
    assert.equal(shownId(record.key, record.keyStart, record.keyEnd), shown);
    assert.equal(documentId('acme', record, true), document);
    assert.equal(documentId('acme', record, false), `acme:18473489:${shown}`);
  }
});

test('the action line carries the document ID, at most 512 bytes of it, whatever source, key and content', () => {
  const sources = fc.oneof(fc.constantFrom('acme', 'sha256', 'a"b', 'é'.repeat(200)), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(sources, keys, fc.boolean(), fc.nat(0xffffffff), (source, key, trustsIds, content) => {
      const record = { ...auditRecord('{}', key), fingerprint: content };
      const out = byteBuffer();
      elasticForm({ idSpace: () => source, trustsIds, now: () => 0 })(record, out, '');
      const [action = ''] = out.view().toString().split('\n');
      const id = (JSON.parse(action) as { create: { _id: string } }).create._id;
      assert.equal(id, documentId(source, record, trustsIds));
      assert.ok(Buffer.byteLength(id) <= 512);
    }),
    { numRuns: 500 },
  );
});

test('@timestamp is found or not found right among neighbours in one buffer, in any order', () => {
  const texts = [
    '{"a":1}',
    '{"@timestamp":1}',
    '{"a":{"@timestamp":1}}',
    '{"\\u0040timestamp":1}',
    '{"a":"\\u0040timestamp"}',
  ];
  const joined = Buffer.from(texts.join(','));
  const neighbours = texts.map((text) => {
    const start = joined.indexOf(text);
    return { ...auditRecord(text), bytes: joined, start, end: start + Buffer.byteLength(text) };
  });
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 20 }), (order) => {
      const encode = elasticForm({ idSpace: () => 'acme', trustsIds: false, now: () => 0 });
      for (const index of order) {
        const record = neighbours[index];
        assert.ok(record);
        const out = byteBuffer();
        encode(record, out, '');
        const spliced = out.view().toString().includes('{"@timestamp":"1970-01-01T00:00:00.000Z",');
        assert.equal(spliced, [0, 2, 4].includes(index), texts[index]);
      }
    }),
    { numRuns: 200 },
  );
});
