import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import test from 'node:test';
import fc from 'fast-check';
import { idText } from '../../src/core/content/record-id.ts';
import { identifier, type Identifier, type IdentityRule } from '../../src/core/identity.ts';

const hashed = /^sha256:[0-9a-f]{64}$/;

test('an ID is its JSON value, byte for byte, and lies in the record’s own bytes', () => {
  const identify = identifier({ paths: [['id']] }, forgets, false);
  for (const id of ['"abc"', '"Zoë 🤖"', '1', '1.0', '9223372036854775808', '-5', '1e3', '"1"', '"\u2028"']) {
    const { bytes, spans } = recordWith([id]);
    const { key, keyStart, keyEnd } = identify.key(bytes, 0, bytes.length, spans);
    assert.equal(key, bytes);
    assert.equal(key.toString('utf8', keyStart, keyEnd), id);
  }
});

test('spellings of one string are one ID; letter case and Unicode forms are not', () => {
  const rule = { paths: [['id']] };
  assert.equal(keyOf(rule, ['"\\u0061\\/b\\n"']), keyOf(rule, ['"a/b\\u000a"']));
  assert.equal(keyOf(rule, ['"\\u0061"']), '"a"');
  assert.equal(keyOf(rule, ['"\\ud800"']), '"\\ud800"');
  assert.equal(keyOf(rule, ['"e\\u0301"']), '"e\u0301"', 'as it is without the escape, and not as one character');
  assert.equal(keyOf(rule, ['"\\u00e9\\u0041"']), '"\u00e9A"');
  const distinct = ['"\u00e9"', '"e\u0301"', '"A"', '"a"', '1', '"1"', '1.0', '"\\ud800"', '"\ufffd"'];
  assert.equal(new Set(distinct.map((id) => keyOf(rule, [id]))).size, distinct.length);
});

test('a record whose ID is missing, null, empty, a boolean or a structure goes by its content', () => {
  for (const id of [undefined, 'null', '""', 'true', 'false', '{}', '[1]', '{"a":1}']) {
    assert.match(keyOf({ paths: [['id']] }, [id]), hashed, id);
  }
  assert.match(keyOf({ paths: [['id'], ['at']] }, ['"a"', undefined]), hashed);
});

test('several values are joined so that no two combinations meet', () => {
  const rule = { paths: [['a'], ['b']] };
  assert.equal(keyOf(rule, ['"x"', '1606322948648718268']), '["x",1606322948648718268]');
  assert.notEqual(keyOf(rule, ['"a,"', '"b"']), keyOf(rule, ['"a"', '",b"']));
  assert.notEqual(keyOf(rule, ['"a\\",\\"b"', '"c"']), keyOf(rule, ['"a"', '"b\\",\\"c"']));
});

test('of several paths the first that the record has is the ID, where the rule says so', () => {
  const rule = { paths: [['a'], ['b'], ['c']], first: true };
  assert.equal(keyOf(rule, ['"x"', '"y"', undefined]), '"x"');
  assert.equal(keyOf(rule, [undefined, '7', '8']), '7');
  assert.equal(keyOf(rule, [undefined, undefined, '"\\u0061"']), '"a"');
  assert.match(keyOf(rule, [undefined, undefined, undefined]), hashed);
  assert.match(keyOf(rule, ['null', '"y"', undefined]), hashed, 'what is there is its ID, or none is');
});

test('a long ID becomes a hash, the same for every spelling of it', () => {
  const rule = { paths: [['id']] };
  const long = 'é'.repeat(100);
  assert.match(keyOf(rule, [`"${long}"`]), /^sha256-of-id:[0-9a-f]{64}$/);
  assert.equal(keyOf(rule, [`"${long}"`]), keyOf(rule, [`"\\u00e9${long.slice(1)}"`]));
  assert.notEqual(keyOf(rule, [`"${long}"`]), keyOf(rule, [`"${long}x"`]));
  assert.equal(keyOf(rule, [`"${'x'.repeat(198)}"`]).length, 200);
});

test('no key has a line break, and records keep their keys when others come', () => {
  const identify = identifier({ paths: [['id']] }, forgets, false);
  const keys: { key: Buffer; keyStart: number; keyEnd: number; text: string }[] = [];
  for (let number = 0; number < 2000; number += 1) {
    const { bytes, spans } = recordWith([number % 3 === 0 ? undefined : `"\\n\\u0041${number}"`], String(number));
    const found = { ...identify.key(bytes, 0, bytes.length, spans) };
    keys.push({ ...found, text: found.key.toString('utf8', found.keyStart, found.keyEnd) });
  }
  for (const { key, keyStart, keyEnd, text } of keys) {
    assert.equal(key.toString('utf8', keyStart, keyEnd), text);
    assert.doesNotMatch(text, /[\r\n]/);
  }
  assert.equal(new Set(keys.map(({ text }) => text)).size, keys.length);
});

test('volatile fields stay out of the content’s hash', () => {
  const rule = { paths: [], without: [['cursor'], ['meta', 'seen']] };
  const key = contentKey(rule, '{"a":1,"cursor":"x","meta":{"seen":1,"host":"h"}}');
  assert.equal(key, contentKey(rule, '{"meta":{"host":"h","seen":[2]},"a":1}'));
  assert.notEqual(key, contentKey(rule, '{"meta":{"host":"i","seen":1},"a":1}'));
  assert.notEqual(key, contentKey(rule, '{"a":1,"meta":{"host":"h"},"b":{"cursor":"x"}}'));
});

test('twins are numbered, and a window read again gives the same keys', () => {
  const identify = identifier({ paths: [] }, () => true, false);
  const first = [next(identify, 'a'), next(identify, 'b'), next(identify, 'a'), next(identify, 'a')];
  assert.deepEqual(
    first.map((key) => key.replace(/.*[0-9a-f]{64}/, '')),
    ['', '', '#2', '#3'],
  );
  identify.startWindow();
  assert.deepEqual(
    [next(identify, 'b'), next(identify, 'a'), next(identify, 'a'), next(identify, 'a')].sort(),
    first.sort(),
  );
});

test('a page that is fetched again counts its twins once', () => {
  for (const continued of [false, true]) {
    const identify = identifier({ paths: [] }, (...at) => at[0].toString('utf8', at[1], at[2]) === key('a'), continued);
    const read = (text: string): string => next(identify, text);
    identify.startPage();
    const before = read('a');
    identify.startPage();
    const attempt = [read('a'), read('b')];
    identify.startPage(true);
    assert.deepEqual([read('a'), read('b')], attempt);
    identify.startPage();
    assert.equal(new Set([before, ...attempt, read('a'), read('b')]).size, 5);
  }
});

test('after a bookmark a record with remembered content is a new twin', () => {
  const ledger = new Set<string>();
  const run = (...texts: string[]): number => {
    const known = new Set(ledger);
    const identify = identifier({ paths: [] }, (key, start, end) => known.has(key.toString('utf8', start, end)), true);
    identify.startWindow();
    const size = ledger.size;
    for (const text of texts) ledger.add(next(identify, text));
    return ledger.size - size;
  };
  assert.equal(run('a', 'a', 'b'), 3);
  assert.equal(run('a', 'b', 'a'), 3);
  assert.equal(run('a', 'c'), 2);
  assert.ok([...ledger].some((key) => key.endsWith('#5')));
});

test('a window that begins at a bookmark and is read again gives the same keys', () => {
  const known = new Set([key('a'), `${key('a')}#3`]);
  const identify = identifier({ paths: [] }, (...at) => known.has(at[0].toString('utf8', at[1], at[2])), true);
  const read = (): string[] => {
    identify.startWindow();
    return ['a', 'b', 'a', 'a'].map((text) => next(identify, text));
  };
  const expected = [`${key('a')}#2`, key('b'), `${key('a')}#4`, `${key('a')}#5`];
  assert.deepEqual([read(), read()], [expected, expected], 'the second of them was forgotten before the third');
});

test('sinks see a string without its quotes, unless it reads like another kind of key', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['"abc"', 'abc'],
    ['"a\\"b\\u0000"', 'a"b\u0000'],
    ['12', '12'],
    ['"12"', '"12"'],
    ['"-1.5e+3"', '"-1.5e+3"'],
    ['"012"', '012'],
    ['"[1]"', '"[1]"'],
    ['"sha256:x"', '"sha256:x"'],
    ['"sha256-of-id:x"', '"sha256-of-id:x"'],
    ['"\\"12\\""', '"\\"12\\""'],
    ['"\\ud800"', '"\\ud800"'],
    ['["a",1]', '["a",1]'],
  ];
  for (const [key, text] of rows) {
    const bytes = Buffer.from(`x${key}y`);
    assert.equal(idText(bytes, 1, bytes.length - 1), text);
  }
});

test('different IDs have different texts', () => {
  const strings = fc.string({
    unit: fc.constantFrom('1', '-', '.', 'e', '"', '\\', '[', ']', 'a', '\ud800', 'é'),
    maxLength: 5,
  });
  const ids = fc.oneof(
    strings.filter((text) => text !== '').map((text) => JSON.stringify(text)),
    fc.integer().map(String),
  );
  fc.assert(
    fc.property(fc.uniqueArray(ids, { maxLength: 20 }), (list) => {
      const texts = list.map((id) => {
        const { bytes, spans } = recordWith([id]);
        const found = identifier({ paths: [['id']] }, forgets, false).key(bytes, 0, bytes.length, spans);
        return Buffer.from(idText(found.key, found.keyStart, found.keyEnd)).toString('hex'); // as it goes on the wire
      });
      assert.equal(new Set(texts).size, list.length);
    }),
    { numRuns: 500 },
  );
});

function forgets(): boolean {
  return false;
}

/** A record with a value for each path, and where those values are. */
function recordWith(values: readonly (string | undefined)[], rest = '0'): { bytes: Buffer; spans: Int32Array } {
  const spans = new Int32Array(values.length * 2).fill(-1);
  let bytes = Buffer.from('{');
  values.forEach((value, path) => {
    if (value === undefined) return;
    bytes = Buffer.concat([bytes, Buffer.from(`"p${path}":`)]);
    spans[2 * path] = bytes.length;
    bytes = Buffer.concat([bytes, Buffer.from(value)]);
    spans[2 * path + 1] = bytes.length;
    bytes = Buffer.concat([bytes, Buffer.from(',')]);
  });
  return { bytes: Buffer.concat([bytes, Buffer.from(`"rest":${rest}}`)]), spans };
}

function keyOf(rule: IdentityRule, values: readonly (string | undefined)[]): string {
  const { bytes, spans } = recordWith(values);
  const { key, keyStart, keyEnd } = identifier(rule, forgets, false).key(bytes, 0, bytes.length, spans);
  return key.toString('utf8', keyStart, keyEnd);
}

function contentKey(rule: IdentityRule, text: string): string {
  const bytes = Buffer.from(text);
  const { key, keyStart, keyEnd } = identifier(rule, forgets, false).key(bytes, 0, bytes.length, new Int32Array(0));
  return key.toString('utf8', keyStart, keyEnd);
}

/** The key of the record that holds this text only. */
function next(identify: Identifier, text: string): string {
  const bytes = Buffer.from(JSON.stringify({ text }));
  const { key, keyStart, keyEnd } = identify.key(bytes, 0, bytes.length, new Int32Array(0));
  return key.toString('utf8', keyStart, keyEnd);
}

/** The key of the first record that holds this text only. */
function key(text: string): string {
  return next(identifier({ paths: [] }, forgets, false), text);
}
