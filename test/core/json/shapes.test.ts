import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanner } from '../../../src/core/json/scan.ts';
import { shapeScanner } from '../../../src/core/json/shape-scan.ts';
import { shapes } from '../../../src/core/json/shapes.ts';
import { change, changed, objectText } from '../../support/json-arbitrary.ts';

const paths = [['id'], ['a'], ['a', 'b'], ['a', 'b', 'id'], ['__proto__'], [''], ['id']];
const { scan, spans } = scanner(paths, 512);

/** Shapes learned from these texts. */
function knowing(...texts: readonly string[]): ReturnType<typeof shapes> {
  const known = shapes();
  for (const text of texts) {
    const bytes = Buffer.from(text);
    known.learn(bytes, 0, scan(bytes, 0, bytes.length), spans);
  }
  return known;
}

/** Where the object at the beginning of a text ends, and its fields, if its shape is known. */
function matched(
  known: ReturnType<typeof shapes>,
  text: string | Buffer,
): [after: number, spans: number[]] | undefined {
  const found = new Int32Array(2 * paths.length).fill(-7);
  const bytes = Buffer.from(text);
  const after = known.match(bytes, 0, bytes.length, found);
  return after === -1 ? undefined : [after, [...found]];
}

/** The same by looking through it. */
function scanned(text: string | Buffer): [after: number, spans: number[]] {
  const bytes = Buffer.from(text);
  return [scan(bytes, 0, bytes.length), [...spans]];
}

test('an object like an earlier one is known, whatever its strings and numbers are', () => {
  const known = knowing('{"id":"a","a":{"b":1,"c":["x","y"]},"t":[],"f":false}');
  for (const text of [
    '{"id":"a","a":{"b":1,"c":["x","y"]},"t":[],"f":false}',
    '{"id":"","a":{"b":-1.5e300,"c":["\\u00e9 \\" \\\\","{[,:"]},"t":[],"f":null}',
    '{"id":"longer than it was","a":{"b":1606322948648718268,"c":["é",""]},"t":[],"f":12} and what follows',
  ]) {
    assert.deepEqual(matched(known, text), scanned(text), text);
  }
});

test('an object with a member more, less, elsewhere or of another kind is not', () => {
  const known = knowing('{"id":"a","b":1,"c":{"d":true}}');
  for (const text of [
    '{"id":"a","b":1,"c":{"d":true},"e":1}',
    '{"id":"a","b":1,"c":{}}',
    '{"id":"a","b":1}',
    '{"b":1,"id":"a","c":{"d":true}}',
    '{"id":1,"b":1,"c":{"d":true}}',
    '{"id":"a","b":"1","c":{"d":true}}',
    '{"id":"a","b":[1],"c":{"d":true}}',
    '{"id": "a","b":1,"c":{"d":true}}',
  ]) {
    assert.equal(matched(known, text), undefined, text);
  }
});

test('an object that is not whole, or not sound, is not', () => {
  const text = '{"id":"a\\n","b":-1.5,"c":{"d":true}}';
  const known = knowing(text);
  for (let end = 0; end < text.length; end++) assert.equal(matched(known, text.slice(0, end)), undefined);
  for (const wrong of [
    '{"id":"a\n","b":1,"c":{"d":true}}',
    '{"id":"a\\x","b":1,"c":{"d":true}}',
    '{"id":"a\\u12g4","b":1,"c":{"d":true}}',
    '{"id":"a","b":01,"c":{"d":true}}',
    '{"id":"a","b":1.,"c":{"d":true}}',
    '{"id":"a","b":,"c":{"d":true}}',
    '{"id":"a","b":1,"c":{"d":ture}}',
  ]) {
    assert.equal(matched(known, wrong), undefined, wrong);
  }
});

test('a string and a scalar may be in the same place, whichever came first', () => {
  for (const texts of [
    ['{"id":"a","b":null}', '{"id":"a","b":"x"}', '{"id":"a","b":{"c":1}}'],
    ['{"id":"a","b":{"c":1}}', '{"id":"a","b":"x"}', '{"id":"a","b":null}'],
  ]) {
    const known = knowing(...texts);
    for (const text of texts) assert.deepEqual(matched(known, text), scanned(text), text);
  }
});

test('whatever was learned and whatever comes, it is as when it is looked through', () => {
  fc.assert(
    fc.property(
      fc.array(objectText, { minLength: 1, maxLength: 4 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (texts, changes) => {
        const known = knowing(...texts);
        for (const text of texts) {
          assert.deepEqual(matched(known, text), scanned(text));
          const other = changed(Buffer.from(text), changes);
          const found = matched(known, other);
          if (found !== undefined) assert.deepEqual(found, scanned(other), other.toString('latin1'));
        }
      },
    ),
    { numRuns: 5000 },
  );
});

test('a record that lies at the very end of its bytes is read to there, and no further', () => {
  const known = knowing('{"id":"a"}', '{"id":[1,2]}', '{"id":[1,2,3]}');
  for (const text of ['{"id":"a"}', '{"id":[1,2]}', '{"id":[1,2,3]}']) {
    const alone = Buffer.from(new Uint8Array(Buffer.from(text)).buffer);
    assert.deepEqual(matched(known, alone), scanned(text), text);
  }
});

test('records that are all unlike take a limited room, and the shapes of later ones are learned', () => {
  const known = shapes();
  const learned = (text: string): void => {
    const bytes = Buffer.from(text);
    known.learn(bytes, 0, scan(bytes, 0, bytes.length), spans);
  };
  let most = 0;
  for (let number = 0; number < 20_000; number++) {
    learned(`{"${number & 15}":1,"${(number >> 4) & 15}":1,"${(number >> 8) & 15}":1,"${number >> 12}":1}`);
    most = Math.max(most, known.count());
  }
  assert.ok(most > 1000 && most < 4096, `${most} shapes`);
  const last = '{"id":"z","late":1}';
  learned(last);
  learned(last); // the first time, there may have been no room
  assert.deepEqual(matched(known, last), scanned(last));
});

test('a place from which many ways lead is not searched through all of them, and the last ones are known', () => {
  const texts = Array.from({ length: 100 }, (_, number) => `{"id":"a","${number}":1}`);
  const known = knowing(...texts);
  const found = texts.filter((text) => matched(known, text) !== undefined);
  assert.deepEqual(found, texts.slice(-found.length));
  assert.ok(found.length > 0 && found.length <= 16, `${found.length} of them`);
});

test('a place from which ever longer ways lead is not searched through all of them either', () => {
  const texts = Array.from({ length: 100 }, (_, number) => `{"id${'x'.repeat(number)}":1}`);
  const known = knowing(...texts);
  const found = texts.filter((text) => matched(known, text) !== undefined);
  assert.deepEqual(found, texts.slice(-16));
});

test('an object of very many values, or of very long keys, is not learned, and takes no room from others', () => {
  const many = JSON.stringify(Array.from({ length: 300 }, (_, number) => number));
  const known = knowing('{"id":"a"}', `{"id":${many}}`, `{"id":"a","${'k'.repeat(5000)}":1}`);
  assert.equal(known.count(), 1);
  assert.notEqual(matched(known, '{"id":"b"}'), undefined);
});

test('an object of more than 64 KiB is not learned, and no more of one is looked at', () => {
  const long = 'x'.repeat(64 * 1024);
  const known = knowing(`{"id":"${long}"}`);
  assert.equal(known.count(), 0);
  known.learn(Buffer.from('{"id":"a"}'), 0, 10, spans);
  assert.notEqual(matched(known, '{"id":"b"}'), undefined);
  assert.equal(matched(known, `{"id":"${long}"}`), undefined);
});

test('an object with line breaks between its tokens is found broken each time that it comes', () => {
  const { scan, broken } = shapeScanner(paths, 512);
  const bytes = Buffer.from('{"id":"a"}{\n"id":"a"}');
  for (let time = 0; time < 3; time++) {
    assert.equal(scan(bytes, 0, bytes.length), 10);
    assert.equal(broken(), false);
    assert.equal(scan(bytes, 10, bytes.length), bytes.length);
    assert.equal(broken(), true);
  }
});

/** A scanner, and how often it has looked at shapes since that was asked for. */
function counting(): { scan(text: string): number; looks(): number } {
  let count = 0;
  const real = shapes();
  const counted = {
    ...real,
    match(...from: Parameters<typeof real.match>) {
      count += 1;
      return real.match(...from);
    },
  };
  const { scan } = shapeScanner(paths, 512, counted);
  return {
    scan: (text) => scan(Buffer.from(text), 0, Buffer.byteLength(text)),
    looks() {
      const since = count;
      count = 0;
      return since;
    },
  };
}

/** Of so many records in turn, how often shapes are looked at. */
function looksAt(records: number, text: (number: number) => string): number {
  const { scan, looks } = counting();
  for (let number = 0; number < records; number++) scan(text(number));
  return looks();
}

test('shapes are left alone for most of the time where looking at them costs more than it saves', () => {
  const key = 'k'.repeat(3900);
  const values = 'a'.repeat(300);
  const hostile = {
    'long keys that differ in the last byte': (number: number) =>
      `{"${key}${String.fromCharCode(97 + (number % 16))}":1}`,
    'a member at the end that is new in every other record': (number: number) =>
      `{"id":"${values}","${number % 2 === 0 ? 'b' : number}":1}`,
    'ever other numbers of values': (number: number) => `{"id":"a","b":[${'1,'.repeat(number % 250)}1]}`,
    'an end that is not sound': (number: number) => `{"id":"${values}","b":1${number < 100 ? '' : ','}}`,
  };
  for (const [name, text] of Object.entries(hostile)) {
    const looks = looksAt(6000, text);
    assert.ok(looks < 2000, `${name}: ${looks} looks at 6,000`);
  }
  assert.equal(
    looksAt(6000, () => `{"id":"${values}","b":1}`),
    6000,
  );
  const rarely = looksAt(6000, (number) => `{"id":"${values}","${number % 10 === 0 ? number : 'b'}":1}`);
  assert.equal(rarely, 6000, 'where one in ten is new');
});

test('shapes are left alone for a while where most records are unlike, and looked at again later', () => {
  const { scan, looks } = counting();
  for (let number = 0; number < 3000; number++) scan(`{"${number}":"a"}`);
  const unlike = looks();
  assert.ok(unlike < 300, `${unlike} looks at 3,000 unlike records`);
  for (let number = 0; number < 10_000; number++) assert.equal(scan('{"id":"a"}'), 10);
  const alike = looks();
  assert.ok(alike > 5000, `${alike} looks at 10,000 records alike`);
});
