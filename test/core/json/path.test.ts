import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOfPath, mostNames, parsePath, plainPath, readingsOf } from '../../../src/core/json/path.ts';

test('a path without quotes is read with each of its dots as one between names and as part of one', () => {
  assert.deepEqual(readingsOf('a'), [['a']]);
  assert.deepEqual(readingsOf('a.b.c'), [['a', 'b', 'c'], ['a', 'b.c'], ['a.b', 'c'], ['a.b.c']]);
  const longest = Array.from({ length: mostNames }, (_, at) => `n${at}`).join('.');
  const readings = readingsOf(longest);
  assert.equal(readings.length, 2 ** (mostNames - 1));
  assert.equal(new Set(readings.map(String)).size, readings.length);
  assert.ok(readings.every((names) => names.join('.') === longest));
});

test('a path with quotes is read as it stands', () => {
  for (const path of ['labels."host.hostName"', '"a".b.c', '"a.b"'])
    assert.deepEqual(readingsOf(path), [parsePath(path)]);
});

const spellings: readonly (readonly [typed: string, plain: string | undefined])[] = [
  ['a.b', 'a.b'],
  ['a."b[0]"', 'a."b[0]"'],
  ['$.data', 'data'],
  ['/data/items', 'data.items'],
  ['labels["host.hostName"]', 'labels."host.hostName"'],
  ["labels['host.hostName'].x", 'labels."host.hostName".x'],
  ['labels[host.hostName]', 'labels."host.hostName"'],
  ['$["a.b"]["c"]', '"a.b"."c"'],
  ['data[0]', undefined],
  ['data["a"][0]', undefined],
  ['a["b', undefined],
];
for (const [typed, plain] of spellings) {
  test(`${typed} is ${plain === typed ? 'a path' : plain === undefined ? 'no path' : `no path, but ${plain} is`}`, () => {
    assert.equal(plainPath(typed), plain);
    const fault = faultOfPath(typed);
    if (plain === typed) assert.equal(fault, undefined);
    else assert.match(fault ?? '', plain === undefined ? /: a list cannot be looked into$/ : /\(Did you mean .+\?\)$/);
  });
}
