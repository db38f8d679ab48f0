import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { isAction } from '../../../../src/core/wire/elastic/form.ts';

const lines: readonly (readonly [what: string, line: string, expected: boolean])[] = [
  ['an action', '{"create":{"_id":"acme:1"}}\n', true],
  ['a record that ends like one', '{"actor":{"name":"x"}}\n', false],
  ['a record that begins like one', '{"create":{"_id":"acme:1"},"at":1}\n', false],
  ['an action behind something else', ' {"create":{"_id":"acme:1"}}\n', false],
  ['an action that is not whole', '{"create":{"_id":"acme:1"}}', false],
];

for (const [what, line, expected] of lines) {
  test(`${what} is ${expected ? 'the first line' : 'not the first line'} of a record's two`, () => {
    assert.equal(isAction(Buffer.from(line)), expected);
  });
}
