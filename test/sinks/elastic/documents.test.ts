/** What a record becomes: its document, and the ID of that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withContentKey } from '../../../src/core/content/content-key.ts';
import { encoded, idOf, start } from '../../support/elastic-sink.ts';
import { auditRecord } from '../../support/records.ts';
import { testNow } from '../../support/sink-tools.ts';
import { withoutMark } from '../../support/sinks/elastic.ts';

test('the ID is namespaced by source, and @timestamp is put in front with the full precision of the record', () => {
  assert.deepEqual(encoded(auditRecord('{"a":1.10,"b":1e400}', '"abc"', 1_763_596_800_123, 456_789)), [
    '{"create":{"_id":"acme:c7f72172:abc"}}',
    '{"@timestamp":"2025-11-20T00:00:00.123456789Z","a":1.10,"b":1e400}',
    '',
  ]);
  assert.equal(encoded(auditRecord('{}', '123', 0))[1], '{"@timestamp":"1970-01-01T00:00:00.000Z"}');
  assert.equal(encoded(auditRecord('{ }', '123', 999, 1))[1], '{"@timestamp":"1970-01-01T00:00:00.999000001Z" }');
});

test('a record that has @timestamp is not touched, and one that has it deeper down gets its own', () => {
  assert.equal(encoded(auditRecord('{"a":1,"@timestamp":"x"}', '1', 5))[1], '{"a":1,"@timestamp":"x"}');
  assert.match(encoded(auditRecord('{"a":{"@timestamp":"x"}}', '1', 5))[1] ?? '', /^\{"@timestamp":"1970-/);
});

test('a record without a time that can be read gets the time of reading', () => {
  const now = new Date(testNow).toISOString();
  assert.equal(encoded(auditRecord('{"a":1}', '1', NaN))[1], `{"@timestamp":"${now}","a":1}`);
});

test('an ID is at most 512 bytes of UTF-8, and no vendor can make one that meets a hashed one', () => {
  const id = (key: string): string => idOf(auditRecord('{}', key));
  assert.match(id(`"${'x'.repeat(498)}"`), /^acme:[0-9a-f]{8}:x{498}$/);
  assert.match(id(`"${'x'.repeat(499)}"`), /^sha256:[0-9a-f]{64}$/);
  assert.match(id(`"${'é'.repeat(250)}"`), /^sha256:[0-9a-f]{64}$/);
  assert.equal(withoutMark(id(`"sha256:${'0'.repeat(64)}"`)), `acme:"sha256:${'0'.repeat(64)}"`);
  assert.equal(withoutMark(id('"a\\"b\\\\c"')), 'acme:a"b\\c');
});

test('an ID names the content, too: an ID that is used again and a changed record are documents of their own', () => {
  const [before, after] = [auditRecord('{"a":10000000000000000001}'), auditRecord('{"a":10000000000000000002}')];
  assert.notEqual(idOf(before), idOf(after));
  assert.equal(idOf(before), idOf(auditRecord('{"a":10000000000000000001}')));
  const changed = withContentKey(after);
  assert.equal(idOf(changed), idOf(after), 'whether this run knew that it is a changed one or not');
  assert.notEqual(idOf(auditRecord('{"id":1}', '1')), idOf(auditRecord('{"id":"1"}', '"1"')));
});

test('an ID that hashes the content has no mark, and none has one where IDs are trusted', () => {
  const byContent = `sha256:${'a'.repeat(64)}`;
  assert.equal(idOf(auditRecord('{"a":1}', byContent)), `acme:${byContent}`);
  assert.equal(idOf(auditRecord('{"a":1}', '"x"'), true), 'acme:x');
  assert.notEqual(idOf(auditRecord('{}', '1'), true), idOf(auditRecord('{}', '"1"'), true));
});

test('a record with a member _id, which Elasticsearch takes in no document, goes whole into a member record', async () => {
  const { server, send } = await start();
  const texts = [
    '{"_id":"5a1","date":5,"big":9007199254740993}',
    '{"\\u005fid":"5a2"}',
    '{"_id":"5a3","@timestamp":"2026-11-20T09:00:00Z"}',
    '{"member":{"_id":"5a4"}}',
  ];
  await send(texts.map((text, number) => auditRecord(text, String(number), 1_763_596_800_123, 456_789)));
  const time = '"@timestamp":"2025-11-20T00:00:00.123456789Z"';
  assert.deepEqual(
    [...server.documents.values()],
    [
      `{${time},"record":${texts[0]}}`,
      `{${time},"record":${texts[1]}}`,
      `{${time},"record":${texts[2]}}`,
      `{${time},"member":{"_id":"5a4"}}`,
    ],
  );
});

test('a record with a member that has the name of another metadata field goes whole into a member record, too', async () => {
  const { server, send } = await start();
  const texts = [
    '{"id":1,"_source":"web"}',
    '{"_version":1.10,"id":2}',
    '{"_index":null}',
    '{"_routing":{"a":1}}',
    '{"_seq_no":1}',
    '{"_field_names":[]}',
    '{"_ignored":"x"}',
    '{"_ignored_source":"x"}',
    '{"_nested_path":"x"}',
    '{"_data_stream_timestamp":"x"}',
    '{"_index_mode":"x"}',
    '{"_tier":"free"}',
    '{"\\u005ftier":"free"}',
    '{"_doc_count":5}',
  ];
  const plain = [
    '{"_links":{"_source":1},"_accountId":"x","n":"_tier","v":"\\"_source\\":"}',
    '{"source":"_index","_sources":1}',
  ];
  await send([...texts, ...plain].map((text, number) => auditRecord(text, String(number), 1_763_596_800_000)));
  const time = '"@timestamp":"2025-11-20T00:00:00.000Z"';
  assert.deepEqual(
    [...server.documents.values()],
    [...texts.map((text) => `{${time},"record":${text}}`), ...plain.map((text) => `{${time},${text.slice(1)}`)],
  );
});

test('a record with a name that Elasticsearch takes nowhere, because it has nothing before or between dots, goes as text into message', async () => {
  const { server, send } = await start();
  const dotted = [
    '{"event_type":{".tag":"login","n":9007199254740993}}',
    '{"a":["\\".x",{"b":1, ".tag" :"é\\"}"}]}',
    '{"_id":"5a","c":{".":1}}',
    '{"body":{"":"x"}}',
    '{"body":{"" : 1}}',
    '{"body":{""  :1}}',
    '{"body":{""\t:1}}',
    '{"a..b":1}',
    '{"a":"..","b":[{"c...d":{}}]}',
  ];
  const plain = [
    '{"a":"","b":"..","c.":1,"d..":2,"e":"\\"\\":","f":["",".."]}',
    '{"file":".tag","names":[".a",".b"],"s":"\\".tag\\":1","n":1}',
    '{"a.b":1}',
  ];
  await send([...dotted, ...plain].map((text, number) => auditRecord(text, String(number), 1_763_596_800_000)));
  const time = '"@timestamp":"2025-11-20T00:00:00.000Z"';
  assert.deepEqual(
    [...server.documents.values()],
    [
      ...dotted.map((text) => `{${time},"message":${JSON.stringify(text).replaceAll('\\t', '\\u0009')}}`),
      ...plain.map((text) => `{${time},${text.slice(1)}`),
    ],
  );
});
