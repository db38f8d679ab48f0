import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, decodeString, eachMember, hasTopLevelKey, lexemeAt, lexemesAt } from '../../../src/core/json/json.ts';
import { keyText, objectText, valueText } from '../../support/json-arbitrary.ts';

test('members come in order, with the spans of their texts', () => {
  const text = Buffer.from('xx { "a" : [1, "]" ] ,"\\u0061":{"b":"}"}, "c":-1.50e3 } xx');
  const members: string[][] = [];
  eachMember(text, 3, text.length - 3, (...spans) => {
    members.push([text.toString('utf8', spans[0], spans[1]), text.toString('utf8', spans[2], spans[3])]);
  });
  assert.deepEqual(members, [
    ['"a"', '[1, "]" ]'],
    ['"\\u0061"', '{"b":"}"}'],
    ['"c"', '-1.50e3'],
  ]);
});

test('members are visited until told to stop', () => {
  const text = Buffer.from('{"a":1,"b":2}');
  let visits = 0;
  eachMember(text, 0, text.length, () => {
    visits++;
    return false;
  });
  assert.equal(visits, 1);
});

test('a string is decoded as by JSON.parse', () => {
  fc.assert(
    fc.property(keyText, (key) => {
      const bytes = Buffer.from(`[${key}]`);
      assert.equal(decodeString(bytes, 1, bytes.length - 1), JSON.parse(key));
    }),
    { numRuns: 1000 },
  );
});

test('a top-level key is found exactly when JSON.parse finds it', () => {
  fc.assert(
    fc.property(objectText, fc.constantFrom('id', 'a', 'b', '__proto__', 'x', 'toString', ''), (text, key) => {
      const bytes = Buffer.from(`{"x":1}${text}{"id":1}`);
      const found = hasTopLevelKey(bytes, 7, bytes.length - 8, key);
      assert.equal(found, Object.hasOwn(JSON.parse(text) as object, key));
    }),
    { numRuns: 2000 },
  );
});

test('a lexeme keeps what a number would lose', () => {
  const text =
    '{"page":{"next":1,"next":1606322948648718268},"n\\u0065xt":-0.10,"list":[{"a":1}],"__proto__":{"x":null}}';
  assert.equal(lexemeAt(text, ['page', 'next']), '1606322948648718268');
  assert.equal(lexemeAt(Buffer.from(text), ['next']), '-0.10');
  assert.equal(lexemeAt(text, ['list']), '[{"a":1}]');
  assert.equal(lexemeAt(text, ['__proto__', 'x']), 'null');
  assert.equal(lexemeAt(' "é" ', []), '"é"');
  for (const path of [['page', 'missing'], ['list', '0'], ['next', 'x'], ['toString'], ['list', 'length']]) {
    assert.equal(lexemeAt(text, path), undefined);
  }
  assert.equal(lexemeAt('', ['x']), undefined);
});

test('a lexeme stands for the value that JSON.parse finds', () => {
  fc.assert(
    fc.property(objectText, fc.constantFrom(['id'], ['a'], ['a', 'b'], ['b', 'a', 'id']), (text, path) => {
      let expected: unknown = JSON.parse(text);
      for (const name of path) {
        const isObject = typeof expected === 'object' && expected !== null && !Array.isArray(expected);
        expected =
          isObject && Object.hasOwn(expected as object, name) ? (expected as Record<string, unknown>)[name] : undefined;
      }
      const lexeme = lexemeAt(text, path);
      assert.deepEqual(lexeme === undefined ? undefined : JSON.parse(lexeme), expected);
    }),
    { numRuns: 2000 },
  );
});

test('the elements of a list come as they were written, in order', () => {
  assert.deepEqual(lexemesAt('{"a":[ 12345678901234567890 ,"]," ,[1,[2]],{"b":"}"}\n,null ] }', ['a']), [
    '12345678901234567890',
    '"],"',
    '[1,[2]]',
    '{"b":"}"}',
    'null',
  ]);
  assert.deepEqual([lexemesAt('[ ]', []), lexemesAt('{}', []), lexemesAt('{}', ['a'])], [[], undefined, undefined]);
  const list = fc.array(valueText, { maxLength: 5 }).map((texts) => `[${texts.join(' , ')}]`);
  fc.assert(
    fc.property(list, (text) => {
      assert.deepEqual(
        lexemesAt(text, [])?.map((each) => JSON.parse(each) as unknown),
        JSON.parse(text),
      );
    }),
  );
});

test('compacting removes line breaks between tokens and the blanks around them, and nothing else', () => {
  const pretty = '{ "a":  1 ,\r\n\t "b": "x\\n  y" \n\n ,\n"c": [\n1, 2\n]\r}';
  const bytes = Buffer.from(`..${pretty}..`);
  assert.equal(compact(bytes, 2, bytes.length - 2).toString(), '{ "a":  1 ,"b": "x\\n  y","c": [1, 2]}');
});

test('a compacted value is the same value, on one line, and stays as it is when compacted again', () => {
  fc.assert(
    fc.property(valueText, (text) => {
      const line = compact(Buffer.from(text), 0, Buffer.byteLength(text));
      assert.deepEqual(JSON.parse(line.toString()), JSON.parse(text));
      assert.doesNotMatch(line.toString(), /[\r\n]/);
      assert.deepEqual(compact(line, 0, line.length), line);
      if (!/[\r\n]/.test(text)) assert.equal(line.toString(), text);
    }),
    { numRuns: 1000 },
  );
});
