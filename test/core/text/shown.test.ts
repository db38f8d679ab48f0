import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine, quoted, serverText, visible } from '../../../src/core/text/shown.ts';

test('control characters, escape sequences and reordering marks are shown as JSON spells them', () => {
  const hostile = 'a\u001b]52;c;ZXZpbA==\u0007b\u007f\u009b31mc\u202ed\u2066e\u2028f\ud83dg\r';
  const shown = 'a\\u001b]52;c;ZXZpbA==\\u0007b\\u007f\\u009b31mc\\u202ed\\u2066e\\u2028f\\ud83dg\\u000d';
  assert.equal(visible(hostile), shown);
});

test('what is shown means the same inside JSON', () => {
  const record = { text: 'a\u009b\u007f\u202e\u2029 ü 😀 日本' };
  assert.deepEqual(JSON.parse(visible(JSON.stringify(record))), record);
});

test('tabs and line feeds stay, unless one line is wanted', () => {
  assert.equal(visible('a\tb\n'), 'a\tb\n');
  assert.equal(oneLine('a\tb\nc'), 'a\\tb\\nc');
});

test('what a server says is shown on one line of at most 300 characters, with a mark where it was cut', () => {
  assert.equal(serverText(' no\r\n\tway\u00a0 \u001b[31m '), 'no way \\u001b[31m');
  assert.equal(serverText('x'.repeat(300)), 'x'.repeat(300));
  assert.equal(serverText('x'.repeat(301)), `${'x'.repeat(299)}…`);
  assert.equal(serverText(`${'x'.repeat(298)}😀😀`), `${'x'.repeat(298)}…`, 'half a character is none');
});

test('a value is quoted as in JSON, and cut with the same mark', () => {
  assert.equal(quoted('a "b"\u009b'), '"a \\"b\\"\\u009b"');
  assert.equal(quoted({ a: [1, null] }), '{"a":[1,null]}');
  assert.equal(quoted(undefined), 'undefined');
  assert.equal(quoted('x'.repeat(100)), `"${'x'.repeat(58)}…`);
  assert.equal(quoted('x'.repeat(100), 200), `"${'x'.repeat(100)}"`);
});
