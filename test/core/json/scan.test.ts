import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { incomplete } from '../../../src/core/json/scalar.ts';
import { refused, scanner } from '../../../src/core/json/scan.ts';
import { change, changed, objectText, valueText } from '../../support/json-arbitrary.ts';

const paths = [['id'], ['a'], ['a', 'b'], ['a', 'b', 'id'], ['__proto__'], ['constructor', 'id'], [''], ['id']];

const { scan, spans } = scanner(paths, 512);

/** What JSON.parse finds at the paths of a text; the oracle. */
function valuesAt(value: unknown): unknown[] {
  return paths.map((path) => {
    let found = value;
    for (const name of path) {
      if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
      if (!Object.hasOwn(found, name)) return undefined;
      found = (found as Record<string, unknown>)[name];
    }
    return found;
  });
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Scans the text inside other bytes, and checks the outcome against JSON.parse. */
function agree(text: Buffer): void {
  const bytes = Buffer.concat([Buffer.from('[{'), text, Buffer.from(',')]);
  const end = text.length + 2;
  const after = scan(bytes, 2, end);
  const oracle = parsed(text.toString('latin1')); // UTF-8 is not the scanner's business
  const trimmed = text.toString('latin1').trimEnd().length + 2;
  assert.equal(after === trimmed, oracle !== undefined, `${JSON.stringify(text.toString('latin1'))}: ${after}`);
  if (oracle === undefined) return;
  const found = paths.map((_, field) => {
    const [from = 0, to = 0] = spans.subarray(2 * field, 2 * field + 2);
    return from === -1 ? undefined : (JSON.parse(bytes.toString('latin1', from, to)) as unknown);
  });
  assert.deepEqual(found, valuesAt(oracle.value));
}

test('an object is accepted, and its fields found, as by JSON.parse', () => {
  fc.assert(
    fc.property(objectText, (text) => agree(Buffer.from(text))),
    { numRuns: 2000 },
  );
});

test('a changed object is accepted or refused as by JSON.parse', () => {
  fc.assert(
    fc.property(objectText, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
      const bytes = changed(Buffer.from(text), changes);
      if (bytes[0] === 0x7b) agree(bytes);
    }),
    { numRuns: 5000 },
  );
});

test('random bytes are accepted or refused as by JSON.parse', () => {
  const byte = fc.constantFrom(...Buffer.from('{}[]":,\\u01e-.tnull '), 0xff);
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), (rest) => agree(Buffer.from([0x7b, ...rest]))),
    { numRuns: 5000 },
  );
});

test('an object cut anywhere is incomplete, never refused', () => {
  fc.assert(
    fc.property(objectText, (text) => {
      const bytes = Buffer.from(text);
      for (let end = 0; end < bytes.length; end++) assert.equal(scan(bytes, 0, end), incomplete, text.slice(0, end));
    }),
    { numRuns: 300 },
  );
});

test('every value of JSON may be a member', () => {
  fc.assert(
    fc.property(valueText, (text) => agree(Buffer.from(`{"id":${text}}`))),
    { numRuns: 1000 },
  );
});

test('every short spelling of a number, word and escape is judged as by JSON.parse', () => {
  for (const alphabet of ['0', '01-+.eE', 'truefalsn', '"\\ub0fGg/']) {
    const walk = (text: string): void => {
      agree(Buffer.from(`{"a":${text}}`));
      if (text.length < 5) for (const letter of alphabet) walk(text + letter);
    };
    for (const letter of alphabet) walk(letter);
  }
});

test('any byte at any place of a long number, string or key is judged as by JSON.parse', () => {
  for (const text of ['{"a":12345678901}', '{"a":-0.12345678e+901}', '{"a":"12345678901"}', '{"12345678901":1}']) {
    for (let place = 1; place < text.length - 1; place++) {
      for (let byte = 0; byte < 256; byte++) {
        const bytes = Buffer.from(text);
        bytes[place] = byte;
        agree(bytes);
      }
    }
  }
});

test('the depth is limited, and not by the stack', () => {
  const deep = (depth: number) => Buffer.from(`{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`);
  const { scan, reason } = scanner([], 512);
  assert.equal(scan(deep(512), 0, deep(512).length), deep(512).length);
  assert.equal(scan(deep(513), 0, deep(513).length), refused);
  assert.equal(reason(), 'nested deeper than 512');
  const deepest = deep(1_000_000);
  assert.equal(scanner([['a']], 1_000_000).scan(deepest, 0, deepest.length), deepest.length);
});

test('the reason says where, and what was expected', () => {
  const { scan, reason } = scanner([], 512);
  const why = (text: string): string => {
    assert.equal(scan(Buffer.from(`xy${text}`), 2, text.length + 2), refused);
    return reason();
  };
  assert.equal(why('{"a":1 "b":2}'), `not JSON: expected ',' or '}' at byte 7`);
  assert.equal(why('{"a":[1 2]}'), `not JSON: expected ',' or ']' at byte 8`);
  assert.equal(why('{"a" 1}'), `not JSON: expected ':' at byte 5`);
  assert.equal(why('{"a":1,}'), 'not JSON: expected a key at byte 7');
  assert.equal(why('{a:1}'), `not JSON: expected a key or '}' at byte 1`);
  assert.equal(why('{"a":}'), 'not JSON: expected a value at byte 5');
  assert.equal(why('{"a":NaN}'), 'not JSON: expected a value at byte 5');
  assert.equal(why('{"a":"\n"}'), 'not JSON: expected no control character in a string at byte 6');
  assert.equal(why('{"a":01}'), `not JSON: expected ',' or '}' at byte 6`);
});
