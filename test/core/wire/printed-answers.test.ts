import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { printedVerdict } from '../../../src/core/wire/printed-answers.ts';

function objection(form: string, text: string, sent: number, size: number): string | undefined {
  const verdict = printedVerdict(form);
  assert.ok(verdict !== undefined);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) verdict.push(bytes.subarray(at, at + size));
  return verdict.objection(sent);
}

/** Each is the answer to three events. */
const cases: readonly (readonly [form: string, text: string, expected: string | undefined])[] = [
  ['splunk', '{"text":"Success","code":0}', undefined],
  ['splunk', '{"text":"Success","code":0,"ackId":4}\n{"text":"ack queue nearly full","code":25}', undefined],
  ['splunk', '{"text":"Invalid token","code":4}', 'Invalid token (code 4)'],
  [
    'splunk',
    'HTTP/1.1 403\r\n\r\n{"text":"Success","code":0}{"text":"Server\\n is busy","code":9}',
    'Server is busy (code 9)',
  ],
  ['splunk', '{"code":"E_OK"} {"text":"hello"} {"code":7} <html>{"a":', undefined],
  ['sekoia', '{"event_ids":["a","b","c"]}', undefined],
  ['sekoia', '{"event_ids":["a","b"]}\n{"event_id":"c"}', undefined],
  ['sekoia', '{"event_ids":["a",null,"c"]}', 'it answers for 2 of 3 events'],
  ['sekoia', '{"event_ids":[]}', 'it answers for 0 of 3 events'],
  ['sekoia', '{"error":"unknown intake key"}', 'unknown intake key'],
  ['sekoia', '{"error":{"code":401,"message":"unknown intake key"}}', 'unknown intake key'],
  ['sekoia', '{"error":null} {"error":""} done', undefined],
];

for (const [form, text, expected] of cases) {
  test(`${form}: ${text.replaceAll(/\s/g, ' ')}`, () => {
    for (const size of [1, 7, Infinity]) assert.equal(objection(form, text, 3, size), expected);
  });
}

test('of other forms nothing is known', () => {
  assert.equal(printedVerdict('elastic'), undefined);
});
