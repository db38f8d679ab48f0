import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { canonical } from '../../../src/core/json/canonical.ts';

test('keys are sorted, space is gone, strings have one spelling, numbers keep theirs', () => {
  assert.equal(
    canonical(' {"b" : [1, 2.10,\n{"z":"\\u0061","a":null}],"a":{"y":12345678901234567890,"x":1e400,"w":-0.0} }', []),
    '{"a":{"w":-0.0,"x":1e400,"y":12345678901234567890},"b":[1,2.10,{"a":null,"z":"a"}]}',
  );
  assert.equal(canonical('{"\\u0061\\/":"\\u2028\\ud83d\\ude00"}', []), '{"a/":"\u2028😀"}');
  for (const scalar of ['1', '"a"', 'null', '[]', '{}', '""']) assert.equal(canonical(scalar, []), scalar);
});

test('keys are sorted by code unit, and those of objects’ own members are keys like others', () => {
  const text = '{"é":1,"z":2,"10":3,"9":4,"😀":5,"\uffee":6,"__proto__":7,"constructor":8,"":9}';
  assert.equal(canonical(text, []), '{"":9,"10":3,"9":4,"__proto__":7,"constructor":8,"z":2,"é":1,"😀":5,"\uffee":6}');
});

test('the last of duplicate keys counts, however they are spelled', () => {
  assert.equal(canonical('{"a":1,"\\u0061":{"x":2},"b":3}', []), '{"a":{"x":2},"b":3}');
});

test('what looks like structure inside strings is text', () => {
  const text = JSON.stringify({ a: '{"b":[1,2]}', 'c,:"]\\': ['}', '\\', '\\"', '\\\\'] });
  assert.equal(canonical(text, []), text);
});

test('named paths are left out, of objects only', () => {
  const without = [['a', 'b'], ['c'], ['d', 'e', 'f']];
  assert.equal(
    canonical('{"a":{"b":1,"x":2},"c":[{}],"d":{"e":[{"f":1}],"g":{"f":2}},"h":{"c":3}}', without),
    '{"a":{"x":2},"d":{"e":[{"f":1}],"g":{"f":2}},"h":{"c":3}}',
  );
});

test('depth costs no stack, and neither depth nor length more than their share of time', () => {
  const deep = `${'[{"a":'.repeat(100_000)}1${'}]'.repeat(100_000)}`;
  assert.equal(canonical(deep, []), deep);
  const long = JSON.stringify([`${'\\"x'.repeat(1_000_000)}`, 'y'.repeat(5_000_000)]);
  assert.equal(canonical(long, []), long);
});

test('a text cut off is an error, and no text makes a loop', () => {
  for (const text of ['', ' ', '{', '[1', '"abc', '"abc\\"', ']', '{"a":1', ',', '{"a":']) {
    assert.throws(() => canonical(text, []), text);
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\ 1atu'.split('')), maxLength: 30 }), (text) => {
      try {
        canonical(text, []);
      } catch {
        // only the end matters here
      }
    }),
    { numRuns: 2000 },
  );
});

test('order of keys, space and escapes make no difference', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.infiniteStream(fc.nat()), (value, choices) => {
      const pick = (count: number): number => Number(choices.next().value) % count;
      const plain = JSON.stringify(value);
      assert.equal(canonical(spelled(JSON.parse(plain), pick), []), canonical(plain, []));
    }),
    { numRuns: 500 },
  );
});

test('any other change makes one', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
      const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
      assert.equal(canonical(one, []) === canonical(other, []), sorted(a) === sorted(b));
    }),
    { numRuns: 500 },
  );
  const base = '{"a":[1,"x",null,true],"b":{"c":1.10}}';
  for (const other of [
    '{"a":[1,"x",null,false],"b":{"c":1.10}}',
    '{"a":["x",1,null,true],"b":{"c":1.10}}',
    '{"a":[1,"x",null,true],"b":{"c":1.1}}',
    '{"a":[1,"x",null,true],"b":{"C":1.10}}',
    '{"a":["1","x",null,true],"b":{"c":1.10}}',
    '{"a":[1,"x",null,true,{}],"b":{"c":1.10}}',
    '{"a":[1,"x",[null,true]],"b":{"c":1.10}}',
    '{"a":[1,"x",null,true],"b":{},"c":1.10}',
  ]) {
    assert.notEqual(canonical(base, []), canonical(other, []), other);
  }
});

/** Another spelling of the same value: keys in another order, space anywhere, letters escaped. */
function spelled(value: unknown, pick: (count: number) => number): string {
  const space = (): string => ['', ' ', '\n', '\t '][pick(4)] ?? '';
  const around = (text: string): string => space() + text + space();
  if (typeof value === 'string') {
    const units = Array.from({ length: value.length }, (_, at) => {
      const code = value.charCodeAt(at);
      const plain = JSON.stringify(value.slice(at, at + 1)).slice(1, -1);
      const escaped = `\\u${code.toString(16).padStart(4, '0')}`;
      return code >= 0xd800 && code <= 0xdfff ? escaped : pick(4) === 0 ? escaped : plain;
    });
    return `"${units.join('')}"`;
  }
  if (Array.isArray(value)) return around(`[${value.map((item) => around(spelled(item, pick))).join(',')}]`);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, item]) => `${around(spelled(key, pick))}:${around(spelled(item, pick))}`,
  );
  for (let at = entries.length - 1; at > 0; at -= 1) {
    const other = pick(at + 1);
    [entries[at], entries[other]] = [entries[other] ?? '', entries[at] ?? ''];
  }
  return around(`{${entries.join(',')}}`);
}

/** The value with its keys in order: an oracle that may use JSON.parse, since fast-check's numbers survive it. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${sorted(item)}`).join(',')}}`;
}
