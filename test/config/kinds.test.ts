import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongKind } from '../../src/config/kinds.ts';
import type { Setting } from '../../src/core/setting.ts';

const kinds: readonly (readonly [
  kind: NonNullable<Setting['kind']>,
  sound: readonly string[],
  wrong: readonly string[],
  expects: RegExp,
])[] = [
  ['text', ['', 'any text', '12'], ['caf\ufffd'], /^in UTF-8$/],
  ['flag', ['true', 'false'], ['', 'maybe'], /^true or false$/],
  ['integer', ['0', '42', '999999999999999'], ['', '-1', '+1', '1.5', '1e3', '12 ', '1000000000000000'], /^a whole n/],
  ['path', ['./-', 'a', '--'], ['-'], /^a path \(/],
  ['duration', ['65m', '7d', '1h30m'], ['', '65', 'soon'], /^a duration such as /],
  [
    'url',
    ['http://siem.example', 'HTTPS://siem.example:8443/in?a=b', "https://siem.example/in?a='b'"],
    [
      'siem.example',
      'ftp://siem.example',
      'https://me@siem.example',
      'https://:pw@siem.example',
      'https://siem.example/ a',
      '“https://siem.example”',
      'https://siem.example”',
      'https://siem.example/in\u00a0',
      'https://\u200bsiem.example',
    ],
    /^an http:\/\/ or https:\/\/ URL without user name and password$/,
  ],
];

for (const [kind, sound, wrong, expects] of kinds) {
  test(`a setting that is a ${kind} takes no other text, and says what it expects`, () => {
    for (const text of sound) assert.equal(wrongKind({ summary: '', kind }, text), undefined, text);
    for (const text of wrong) assert.match(wrongKind({ summary: '', kind }, text) ?? '', expects, text);
  });
}
