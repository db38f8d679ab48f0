import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { isNoAnswer, printedVerdict } from '../../../src/core/wire/printed-answers.ts';
import { printedSekoiaAnswer } from '../../../src/core/wire/sekoia/printed.ts';
import { printedHecAnswer } from '../../../src/core/wire/splunk/printed.ts';

const judges = { splunk: printedHecAnswer, sekoia: printedSekoiaAnswer };

function objection(form: keyof typeof judges, text: string, sent: number, size: number): string | undefined {
  const verdict = printedVerdict(judges[form]);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) verdict.push(bytes.subarray(at, at + size));
  return verdict.objection(sent);
}

const busy = '{"text":"Server is busy","code":9}';
const taken = '{"text":"Success","code":0}';
const notWhole = 'an answer is not whole';
const page = 'it printed a page of HTML';

/** Each is the answer to three events. */
const cases: readonly (readonly [form: keyof typeof judges, text: string, expected: string | undefined])[] = [
  ['splunk', taken, undefined],
  ['splunk', '{"text":"Success","code":0,"ackId":4}\n{"text":"ack queue nearly full","code":25}', undefined],
  ['splunk', '{"text":"Invalid token","code":4}', 'Invalid token (code 4)'],
  ['splunk', '{"text":"Invalid token","code":"4"}', 'Invalid token (code 4)'],
  ['splunk', '{"text":"Success","code":"0"}', undefined],
  [
    'splunk',
    'HTTP/1.1 403\r\n\r\n{"text":"Success","code":0}{"text":"Server\\n is busy","code":9}',
    'Server is busy (code 9)',
  ],
  ['splunk', '{"code":"E_OK"} {"text":"hello"} {"code":7} <3', undefined],
  ['splunk', `${taken}\n<html>log in`, page],
  ['splunk', '<!DOCTYPE html><title>log in', page],
  ['splunk', '{', notWhole],
  ['splunk', '{"text":"Success","co', notWhole],
  ['splunk', '{"text":"Success","code":0x}', notWhole],
  ['sekoia', '{"event_ids":["a","b","c"]}', undefined],
  ['sekoia', '{"event_ids":["a","b","c"],"message":"ok"}', undefined],
  ['sekoia', '{"event_ids":["a","b"]}\n{"event_id":"c"}', undefined],
  ['sekoia', '{"event_ids":["a",null,"c"]}', 'it answers for 2 of 3 events'],
  [
    'sekoia',
    '{"event_ids":["a","c"],"results":[{"status":200},{"status":413},{"status":200}]}',
    'it answers for 2 of 3 events',
  ],
  ['sekoia', '{"event_ids":[]}', 'it answers for 0 of 3 events'],
  ['sekoia', '{"error":"unknown intake key"}', 'unknown intake key'],
  ['sekoia', '{"error":{"code":401,"message":"unknown intake key"}}', 'unknown intake key'],
  ['sekoia', '{"error":{"code":401}}', 'it answers with an error'],
  ['sekoia', '{"message":"Invalid intake key"}', 'Invalid intake key'],
  ['sekoia', '{"error":null} {"error":""} {"message":""} done', undefined],
  ['sekoia', '{"event_ids":["a","b"', notWhole],
  ['sekoia', '<html><body>{"event_ids":["a","b","c"]}', page],
  ['sekoia', '{"message":"slow down"}{"event_ids":["a","b","c"]}', undefined],
  ['sekoia', '{"message":"slow down"}{"event_ids":["a","b"]}', 'it answers for 2 of 3 events'],
  ['sekoia', '{"event_ids":["a","b","c"]}{"message":"slow down"}', 'slow down'],
];

for (const [form, text, expected] of cases) {
  test(`${form}: ${text.replaceAll(/\s/g, ' ')}`, () => {
    for (const size of [1, 7, Infinity]) assert.equal(objection(form, text, 3, size), expected);
  });
}

test('no success of Splunk makes good a refusal: it may be that of another request', () => {
  for (let code = 1; code <= 28; code++) {
    const complaint = `{"text":"no","code":${code}}`;
    const expected = code === 24 || code === 25 ? undefined : `no (code ${code})`;
    assert.equal(objection('splunk', `${complaint}${complaint}${taken}`, 3, Infinity), expected);
    assert.equal(objection('splunk', `${taken}${complaint}`, 3, Infinity), expected);
    assert.equal(objection('splunk', `${taken}${complaint}${taken}`, 3, Infinity), expected);
  }
  assert.equal(objection('splunk', `${busy}{"text":"no","code":4}${taken}`, 3, Infinity), 'Server is busy (code 9)');
});

test('records that a command prints again are no answers of Sekoia, whatever members they have', () => {
  for (const record of [
    '{"id":"r1","event_id":"e1"}',
    '{"id":"r1","event_ids":["e1"]}',
    '{"event_id":"e1","error":"access denied","user":{"name":"u"}}',
    '{"id":7,"message":"login failed"}',
    '{"id":"r1","html":"<html>"}',
  ]) {
    assert.equal(objection('sekoia', `${record}\n`, 3, 7), undefined, record);
  }
});

test('an answer to a million events is read; one of nothing but brackets takes little memory, and is refused', () => {
  const ids = JSON.stringify({ event_ids: Array.from({ length: 1_000_000 }, (_, at) => `${at}`) });
  assert.equal(objection('sekoia', ids, 1_000_000, Infinity), undefined);
  const before = process.memoryUsage.rss();
  const brackets = `{"text":${'['.repeat(16_000_000)}${']'.repeat(16_000_000)}}`;
  assert.equal(objection('splunk', brackets, 1, Infinity), 'an answer is not whole');
  const grown = Math.round((process.memoryUsage.rss() - before) / 1024 / 1024);
  assert.ok(grown < 400, `${grown} MB`);
});

test('what a command prints is told from what it was given only once it is as long, or another text', () => {
  const given = Buffer.from('{"create":{"_id":"acme:1"}}');
  const verdict = (text: string): boolean | undefined => isNoAnswer(Buffer.from(text), given);
  assert.equal(verdict('{"'), undefined); // an answer may begin so, too
  assert.equal(verdict('{"took":1'), false);
  assert.equal(verdict('{"create":{"_id":"acme:1"}}'), true);
  assert.equal(verdict('{"create":{"_id":"acme:1"}}\n{"id":1}'), true);
  assert.equal(isNoAnswer(Buffer.from([0x1f, 0x8b, 8, 0]), given), true); // gzip
});
