import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { bulkVerdict } from '../../../../src/core/wire/elastic/bulk-verdict.ts';

/** `sent`: documents that the command was given. */
function objection(text: string, sent: number, size = Infinity): string | undefined {
  const verdict = bulkVerdict();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) verdict.push(bytes.subarray(at, Math.min(at + size, bytes.length)));
  return verdict.objection(sent)?.replace(/; the first: x: "errors":true$/, '');
}

const item = (status: number, action = 'create'): string =>
  `{"${action}":{"_index":"a","status":${status},"error":{"type":"x","reason":"\\"errors\\":true"}}}`;
const answer = (errors: boolean, ...items: string[]): string =>
  `{"took":3,"errors":${errors},"items":[${items.join(',')}]}`;

const torn = 'an answer is not whole';

const cases: readonly (readonly [what: string, text: string, expected: string | undefined])[] = [
  ['all created', answer(false, item(201), item(201)), undefined],
  ['a mapping error', answer(true, item(201), item(400), item(400), item(429)), '2 with status 400, 1 with status 429'],
  ['created by an earlier run', answer(true, item(201), item(409)), undefined],
  ['one that was there and one that failed', answer(true, item(409), item(400)), '1 with status 400'],
  ['a conflict of another action', answer(true, item(409, 'index')), '1 with status 409'],
  ['an update that found none', answer(true, item(404, 'update')), '1 with status 404'],
  ['a deletion that found none', answer(true, item(404, 'delete')), '1 with status 404'],
  ['errors before and after items', `{"items":[${item(503)}],"errors" :\n true}`, '1 with status 503'],
  ['errors without items', '{"errors": true}', 'it does not say which'],
  ['no errors, filtered', '{"errors":false}', undefined],
  [
    'the request as a whole',
    '{"error":{"type":"security_exception","reason":"no"},"status":401}',
    'security_exception: no',
  ],
  ['headers around it', `HTTP/1.1 200 OK\r\n\r\n${answer(true)}`, 'it does not say which'],
  ['headers around a good one', `HTTP/1.1 200 OK\r\n\r\n${answer(false, item(201))}`, undefined],
  ['one answer after another', answer(false, item(201)) + answer(true, item(201), item(429)), '1 with status 429'],
  [
    'a line each, the first with what was there already',
    `${answer(true, item(409))}\n${answer(true, item(201), item(429))}\n`,
    '1 with status 429',
  ],
  ['a later one without items', `${answer(true, item(409))}\r\n{"errors":true}`, 'it does not say which'],
  [
    'failures of several',
    `${answer(true, item(400))} ${answer(true, item(400), item(503))}`,
    '2 with status 400, 1 with status 503',
  ],
  ['an error after a good one', `${answer(false, item(201))}\n{"error":"no","status":503}`, 'no'],
  ['good ones only', `${answer(false, item(201))}${answer(true, item(409))}\n\n${answer(false)}\n`, undefined],
  ['answers in an array', `[${answer(false, item(201))}, ${answer(true, item(429))}]`, '1 with status 429'],
  [
    'headers around each',
    `HTTP/1.1 200 OK\r\nNEL: {"a":1}\r\n\r\n${answer(false)}HTTP/1.1 200 OK\r\n\r\n{"errors":true}`,
    'it does not say which',
  ],
  ['a failed item that errors does not tell of', answer(false, item(201), item(404)), '1 with status 404'],
  [
    'items without a status',
    '{"items":[{"create":{"error":{"type":"mapper_parsing_exception"}}}]}',
    '1 with mapper_parsing_exception',
  ],
  [
    'a conflict without a status',
    '{"items":[{"create":{"error":{"type":"version_conflict_engine_exception"}}}]}',
    undefined,
  ],
  [
    'a conflict without a status, beside the flag',
    '{"errors":true,"items":[{"create":{"error":{"type":"version_conflict_engine_exception"}}}]}',
    undefined,
  ],
  ['an answer that closes its brackets and is no JSON', '{"took":3,"errors":false,"items":[x]}', torn],
  ['an item that cannot be read', '{"errors":false,"items":[{"create":{"status":2O1}}]}', torn],
  ['an answer cut inside an item', answer(false, item(201), item(201)).slice(0, 60), torn],
  ['an answer cut behind its first brace', '{', torn],
  ['an answer cut inside its first key', '{"to', torn],
  ['an answer cut after a good one', `${answer(false, item(201))}\n${answer(false, item(201)).slice(0, -1)}`, torn],
  ['an answer cut before another', answer(false, item(201)).slice(0, 40) + answer(false, item(201)), torn],
  [
    'an answer cut in a text before another',
    `${answer(false, item(201)).slice(0, 37)}\n${answer(false, item(201))}`,
    torn,
  ],
  ['only the flag, by grep', '  "errors": true\n', 'it does not say which'],
  ['braces in other words', 'sent {3} of {x}, { [5 bytes data]\n{}\n', undefined],
  ["another program's lines", '{"level":"info","error":null}\n{"items":[1,{"a":2}]}\n', undefined],
  ['nothing', '', undefined],
  ['other words', 'done\n', undefined],
];

for (const [what, text, expected] of cases) {
  test(`${what}: ${expected ?? 'no objection'}`, () => {
    assert.equal(objection(text, 0), expected);
    assert.equal(objection(text, 0, 3), expected);
  });
}

const page = 'it printed a page of HTML';
const given: readonly (readonly [what: string, text: string, expected: string | undefined])[] = [
  ['an answer for each', answer(false, item(201), item(201)), undefined],
  ['an answer for each, in two requests', `${answer(false, item(201))}\n${answer(true, item(409))}`, undefined],
  ['more items, of a command that adds some', answer(false, item(201), item(201, 'index'), item(200)), undefined],
  ['an answer for none', answer(false), 'it answers for 0 of 2 documents'],
  ['an answer for one', answer(false, item(201)), 'it answers for 1 of 2 documents'],
  ['without the flag', `{"items":[${item(201)}]}`, 'it answers for 1 of 2 documents'],
  ['one request without documents', `${answer(false)}${answer(false, item(201))}`, 'it answers for 1 of 2 documents'],
  ['a failure and too few', answer(true, item(429)), '1 with status 429, it answers for 1 of 2 documents'],
  ['items that were filtered out of the answer', '{"took":3,"errors":false}', undefined],
  ['the same in one of several', `{"errors":false}${answer(false, item(201))}`, undefined],
  [
    'a conflict, without what went well and without a status',
    '{"items":[{"create":{"error":{"type":"version_conflict_engine_exception"}}}]}',
    undefined,
  ],
  ['no output at all', '', undefined],
  ['words', 'done\n', undefined],
  ['lines of another program', '{"items":[1]}\n{"items":[]}\n', undefined],
  ['a page', '<html>\r\n<head><title>401</title><style>b { c: d }</style></head>', page],
  ['a page with a type', '\n<!DOCTYPE html PUBLIC "x">', page],
  ['a page after an answer', `${answer(false, item(201), item(201))}<HTML lang="en">`, page],
];

for (const [what, text, expected] of given) {
  test(`for two documents, ${what}: ${expected ?? 'no objection'}`, () => {
    assert.equal(objection(text, 2), expected);
    assert.equal(objection(text, 2, 3), expected);
  });
}

test('why the first document was not taken is said, since the answer is not shown', () => {
  const error = {
    type: 'mapper_parsing_exception',
    reason: 'failed to parse',
    caused_by: { type: 'json_parse_exception', reason: 'Duplicate field \'Zoë\'\n at [Source: (byte[])"{"; line: 1]' },
  };
  const failed = (status: number, what: object): string => JSON.stringify({ create: { status, error: what } });
  assert.equal(
    objection(answer(true, item(201), item(409), failed(400, error), failed(429, { type: 'busy' })), 4),
    "1 with status 400, 1 with status 429; the first: mapper_parsing_exception: failed to parse: json_parse_exception: Duplicate field 'Zoë'",
  );
  assert.equal(objection(answer(true, '{"create":{"status":503}}'), 1), '1 with status 503');
});

test('what a command prints in place of an answer is shown, from its beginning, and nothing of it beside an answer', () => {
  const instead = (...printed: readonly string[]): string => {
    const verdict = bulkVerdict();
    for (const each of printed) verdict.push(Buffer.from(each));
    return verdict.instead();
  };
  assert.equal(instead(), '');
  assert.equal(instead('curl: (7) ', 'no connection\n'), 'curl: (7) no connection');
  assert.equal(instead('HTTP/1.1 200 OK\r\n\r\n', answer(false, item(201))), '');
});

test('documents that went into a failure store are counted, and no others', () => {
  const verdict = bulkVerdict();
  verdict.push(Buffer.from(answer(false, item(201), item(201))));
  assert.equal(verdict.diverted(), 0);
  for (const store of ['used', 'not_enabled', 'used'])
    verdict.push(Buffer.from(answer(false, `{"create":{"status":201,"failure_store":"${store}"}}`)));
  assert.equal(verdict.diverted(), 2);
});
