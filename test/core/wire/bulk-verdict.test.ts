import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { bulkVerdict } from '../../../src/core/wire/bulk-verdict.ts';

function objection(text: string, size = Infinity): string | undefined {
  const verdict = bulkVerdict();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) verdict.push(bytes.subarray(at, Math.min(at + size, bytes.length)));
  return verdict.objection();
}

const item = (status: number, action = 'create'): string =>
  `{"${action}":{"_index":"a","status":${status},"error":{"type":"x","reason":"\\"errors\\":true"}}}`;
const answer = (errors: boolean, ...items: string[]): string =>
  `{"took":3,"errors":${errors},"items":[${items.join(',')}]}`;

const cases: readonly (readonly [what: string, text: string, expected: string | undefined])[] = [
  ['all created', answer(false, item(201), item(201)), undefined],
  ['a mapping error', answer(true, item(201), item(400), item(400), item(429)), '2 with status 400, 1 with status 429'],
  ['created by an earlier run', answer(true, item(201), item(409)), undefined],
  ['a conflict of another action', answer(true, item(409, 'index')), '1 with status 409'],
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
  ['nothing', '', undefined],
  ['other words', 'done\n', undefined],
];

for (const [what, text, expected] of cases) {
  test(`${what}: ${expected ?? 'no objection'}`, () => {
    assert.equal(objection(text), expected);
    assert.equal(objection(text, 3), expected);
  });
}
