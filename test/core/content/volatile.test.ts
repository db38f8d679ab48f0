import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { withContentKey } from '../../../src/core/content/content-key.ts';
import { scanner } from '../../../src/core/json/scan.ts';
import type { AuditRecord } from '../../../src/core/types.ts';
import { contentLength, contentOf, volatileSpans } from '../../../src/core/content/volatile.ts';

/** The record `text` in the middle of a buffer, as a source with these volatile members gives it out. */
function recordOf(text: string, ...paths: readonly string[]): AuditRecord {
  const bytes = Buffer.from(`[7,${text},{"c":1}]`);
  const start = 3;
  const { scan, spans } = scanner([['id'], ...paths.map((path) => path.split('.'))], 512);
  const end = scan(bytes, start, bytes.length);
  assert.equal(end, start + Buffer.byteLength(text));
  const [keyStart = -1, keyEnd = -1] = spans;
  const volatile = volatileSpans(bytes, spans, 1, paths.length);
  return { bytes, start, end, key: bytes, keyStart, keyEnd, time: 0, nanos: 0, fingerprint: 0, volatile };
}

function content(text: string, ...paths: readonly string[]): string {
  const { bytes, start, end } = contentOf(recordOf(text, ...paths));
  return bytes.toString('utf8', start, end);
}

const cases: readonly (readonly [what: string, text: string, paths: readonly string[], content: string])[] = [
  ['in the middle', '{"a":1,"c":"x","b":2}', ['c'], '{"a":1,"b":2}'],
  ['at the end', '{"a":1,"c":"x"}', ['c'], '{"a":1}'],
  ['at the beginning', '{"c":"x","a":1}', ['c'], '{"a":1}'],
  ['all alone', '{"c":"x"}', ['c'], '{}'],
  ['between blanks', '{ "c" : "x" , "a" : 1 , "d" : 2 }', ['c', 'd'], '{  "a" : 1  }'],
  ['not there', '{"a":1}', ['c'], '{"a":1}'],
  ['of the same name elsewhere', '{"a":{"c":1},"c":2}', ['c'], '{"a":{"c":1}}'],
  ['inside another one', '{"m":{"c":1,"h":2},"a":1}', ['m.c'], '{"m":{"h":2},"a":1}'],
  ['an object with braces in its texts', '{"a":1,"c":{"d":"}\\""},"b":2}', ['c'], '{"a":1,"b":2}'],
  ['two of them, named in another order', '{"c":1,"a":2,"d":3,"b":4}', ['d', 'c'], '{"a":2,"b":4}'],
  ['one inside the other', '{"a":1,"m":{"c":1},"b":2}', ['m.c', 'm'], '{"a":1,"b":2}'],
  ['with an escape in its key', '{"a":1,"\\u0063":2,"b":3}', ['c'], '{"a":1,"b":3}'],
  ['with a quote in its key', '{"a":1,"c\\"\\\\":2,"b":3}', ['c"\\'], '{"a":1,"b":3}'],
];
for (const [what, text, paths, expected] of cases) {
  test(`a volatile member ${what} is no content: ${text}`, () => {
    assert.equal(content(text, ...paths), expected);
  });
}

test('content is what is left when the member is deleted, whatever its value', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (others, value) => {
      const { c: _, __proto__: __, ...rest } = others as Record<string, unknown>;
      const text = JSON.stringify({ ...rest, c: value });
      assert.deepEqual(JSON.parse(content(text, 'c')), JSON.parse(JSON.stringify(rest)));
    }),
  );
});

test('the length of a content is known without a copy of it', () => {
  for (const [what, text, paths] of cases) {
    const record = recordOf(text, ...paths);
    const { start, end } = contentOf(record);
    assert.equal(contentLength(record), end - start, what);
  }
});

test('a record without volatile members is its own content, without a copy', () => {
  const { volatile: _, ...plain } = recordOf('{"a":1}');
  assert.equal(contentOf(plain), plain);
});

test('a key that names the content is the same whatever is volatile, and that of a plain record without it', () => {
  const key = (text: string, ...paths: readonly string[]): string => {
    const made = withContentKey(recordOf(text, ...paths));
    return made.key.toString('utf8', made.keyStart, made.keyEnd);
  };
  const plain = key('{"id":"r","a":1}');
  assert.match(plain, /^\["r","sha256:[0-9a-f]{64}"\]$/);
  assert.equal(key('{"id":"r","c":"x","a":1}', 'c'), plain);
  assert.equal(key('{"id":"r","c":"yy","a":1}', 'c'), plain);
  assert.notEqual(key('{"id":"r","c":"yy","a":2}', 'c'), plain);
});
