import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hintText } from '../../../../src/core/hint.ts';
import { hecGreeting, hecReply, integer, upTo } from '../../../../src/core/wire/splunk/reply.ts';

const bad = (number: unknown, code = 6): string =>
  JSON.stringify({ text: 'Invalid data format', code, 'invalid-event-number': number });

const large = 5 * 1024 * 1024;

const cases: readonly (readonly [what: string, status: number, text: string, bytes: number, kind: string])[] = [
  ['the first of three is bad', 400, bad(0), 100, 'bad'],
  ['the last of three is bad', 400, bad(2), 100, 'bad'],
  ['a number that no event has', 400, bad(3), 100, 'spoilt'],
  ['no number', 400, bad(undefined), 100, 'spoilt'],
  ['a number that is a text', 400, bad('1'), 100, 'spoilt'],
  ['a code that does not name events', 400, bad(1, 5), 100, 'spoilt'],
  ['the first of a body of 5 MiB', 400, bad(0), large, 'bad'],
  ['the first of a larger body', 400, bad(0), large + 1, 'tooLarge'],
  ['another one of a larger body', 400, bad(1), large + 1, 'bad'],
  ['success', 200, '{"text":"Success","code":0}', 100, 'taken'],
  ['success without a code', 200, '{"text":"Success"}', 100, 'other'],
  ['success by its status alone', 200, 'ok', 100, 'other'],
  ['a code beside 500', 500, bad(0), 100, 'other'],
  ['a page with 400', 400, '<html>', 100, 'other'],
  ['a text without a code', 400, '{"text":"no"}', 100, 'other'],
  ['a code without a text', 400, '{"code":6,"invalid-event-number":0}', 100, 'other'],
  ['no acknowledgements', 400, '{"text":"ACK is disabled","code":14}', 100, 'noAck'],
  ['an index that is not there', 400, '{"text":"Incorrect index","code":7,"invalid-event-number":0}', 100, 'setting'],
];

for (const [what, status, text, bytes, kind] of cases) {
  test(`of three events, ${what}: ${kind}`, () => {
    assert.equal(hecReply(status, text, 3, bytes).kind, kind);
  });
}

test('a busy queue is a success that asks to slow down', () => {
  for (const [code, slow] of [
    [0, false],
    [24, true],
    [25, true],
  ] as const) {
    assert.deepEqual(hecReply(200, `{"code":${code},"ackId":7}`, 3, 100), { kind: 'taken', slow, ackId: 7 });
  }
});

test('the number of an acknowledgement may be a text of digits', () => {
  for (const [ackId, expected] of [
    ['7', 7],
    ['', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['9007199254740993', undefined],
  ] as const) {
    const answer = hecReply(200, JSON.stringify({ code: 0, ackId }), 3, 100);
    assert.deepEqual(answer, { kind: 'taken', slow: false, ackId: expected });
  }
});

test('a number of an event or acknowledgement is whole, exact and not negative', () => {
  for (const value of [0, 7, 2 ** 53 - 1]) assert.equal(integer(value), value);
  for (const value of [-1, 1.5, 2 ** 53, NaN, Infinity, '7', null, undefined, [7]])
    assert.equal(integer(value), undefined);
});

test('events before the bad one are kept, and those after it are sent again', () => {
  const again = { again: 'an event before these was refused' };
  assert.deepEqual(upTo(1, 4, 'no'), ['kept', { refused: 'no' }, again, again]);
});

test('a setting that is wrong, or a header that is lost on the way, is no fault of an event, and is named', () => {
  const hints: readonly (readonly [code: number, hint: RegExp])[] = [
    [7, /^set SPLUNK_INDEX/],
    [10, /X-Splunk-Request-Channel is lost/],
    [11, /X-Splunk-Request-Channel is changed/],
    [16, /Authorization header is lost/],
    [28, /X-Splunk-Request-Channel is lost/],
  ];
  for (const [code, hint] of hints) {
    const answer = hecReply(400, JSON.stringify({ text: 'It says why', code, 'invalid-event-number': 0 }), 3, 100);
    assert.ok(answer.kind === 'setting', `${code}: ${answer.kind}`);
    assert.equal(answer.reason, `It says why (code ${code})`);
    assert.match(hintText(answer.hint) ?? '', hint);
  }
});

test('an empty request is greeted with no data, or taken as one; what else is said with 400 is shown, and the rest is not Splunk', () => {
  assert.equal(hecGreeting(400, '{"text":"No data","code":5}'), 'good');
  assert.equal(hecGreeting(200, '{"text":"Success","code":0}'), 'good');
  const index = hecGreeting(400, '{"text":"Incorrect index","code":7}');
  assert.ok(index !== undefined && index !== 'good');
  assert.equal(index.refused, 'Incorrect index');
  assert.equal(hintText(index.hint), 'set SPLUNK_INDEX to an index that the token may write to');
  for (const answer of ['', '{}', '{"text":"ok"}', 'error: no payload found\n']) {
    assert.equal(hecGreeting(200, answer), undefined);
  }
  assert.equal(hecGreeting(503, '{"text":"Success","code":0}'), undefined);
  assert.equal(hecGreeting(403, '{"text":"Token disabled","code":1}'), undefined);
});

test('Fluent Bit, which has looked at the token by then, greets an empty request with words of its own', () => {
  assert.equal(hecGreeting(400, 'error: no payload found\n'), 'good');
  for (const words of [
    'error: invalid HTTP endpoint\n',
    '',
    '<html>no payload',
    'Client sent an HTTP request to an HTTPS server.',
  ]) {
    assert.equal(hecGreeting(400, words), undefined);
  }
  assert.equal(hecGreeting(401, 'error: unauthroized\n'), undefined);
});
