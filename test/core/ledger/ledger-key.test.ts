import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyPacker, textLength, writeKey } from '../../../src/core/ledger/ledger-key.ts';

/** A key as it is stored, and as it is written again. */
function stored(text: string): { size: number; form: number; bytes: string; again: string } {
  const key = Buffer.from(`before${text}after`);
  const { bytes, start, end, form } = keyPacker()(key, 6, key.length - 5);
  const out = Buffer.alloc(textLength(end - start, form) + 8);
  const written = writeKey(out, 4, bytes, start, end, form);
  assert.equal(written - 4, textLength(end - start, form), text);
  const again = out.toString('utf8', 4, written);
  return { size: end - start, form, bytes: bufferOf(bytes).toString('hex', start, end), again };
}

function bufferOf({ buffer, byteOffset, byteLength }: DataView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

const digits = '0198c5d27f3a7c418a2e5b6f7a8b9c0d';

test('hexadecimal IDs, UUIDs and content hashes take half the space, and come out as they went in', () => {
  for (const [text, size] of [
    [`"${digits}"`, 16],
    ['"00"', 1],
    ['"0198c5d2-7f3a-7c41-8a2e-5b6f7a8b9c0d"', 16],
    [`sha256:${digits}${digits}`, 32],
  ] as const) {
    assert.deepEqual([stored(text).size, stored(text).again], [size, text]);
  }
});

test('what only resembles them is stored as it is', () => {
  for (const text of [
    `"${digits.toUpperCase()}"`,
    `"${digits}0"`,
    digits,
    `"${digits}`,
    '"',
    '',
    '"0g"',
    '"0af',
    '" ',
    '"0198c5d2-7f3a-7c41-8a2e-5b6f7a8b9c0D"',
    '"0198c5d27-f3a-7c41-8a2e-5b6f7a8b9c0d"',
    '"0198c5d2_7f3a-7c41-8a2e-5b6f7a8b9c0d"',
    `sha256:${digits}${digits}#2`,
    `SHA256:${digits}${digits}`,
    '[1,"a"]',
    'é',
  ]) {
    assert.deepEqual(stored(text), {
      size: Buffer.byteLength(text),
      form: 0,
      bytes: Buffer.from(text).toString('hex'),
      again: text,
    });
  }
});

test('a digit is one of 0 to 9 and a to f, wherever it stands', () => {
  const pack = keyPacker();
  const text = '"0123456789abcdef0f"';
  for (let at = 1; at < text.length - 1; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const key = Buffer.from(text);
      key[at] = byte;
      const isDigit = /[0-9a-f]/.test(String.fromCharCode(byte));
      assert.equal(pack(key, 0, key.length).form, isDigit ? 1 : 0, `byte ${byte} at ${at}`);
    }
  }
});

test('different keys are never stored alike', () => {
  const hexadecimal = fc.stringMatching(/^[0-9a-f]{0,40}$/);
  const key = fc.oneof(
    hexadecimal.map((text) => `"${text}"`),
    hexadecimal,
    fc.uuid().map((text) => `"${text}"`),
    fc.uuid().map((text) => `"${text.replaceAll('-', '')}"`),
    fc.stringMatching(/^sha256:[0-9a-f]{63,65}$/),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
  );
  fc.assert(
    fc.property(key, key, (one, other) => {
      const [first, second] = [stored(one), stored(other)];
      assert.equal(first.again, one);
      assert.equal(first.form === second.form && first.bytes === second.bytes, one === other);
    }),
    { numRuns: 2000 },
  );
});

test('a key that is too long is stored as its digest, which is written and read as it is', () => {
  const pack = keyPacker();
  const long = Buffer.from('k'.repeat(1025));
  const { bytes, start, end } = pack(long, 0, long.length);
  const text = bufferOf(bytes).toString('latin1', start, end);
  assert.match(text, /^key-sha256:[0-9a-f]{64}$/);
  const written = pack(Buffer.from(text), 0, text.length, true);
  assert.equal(bufferOf(written.bytes).toString('latin1', written.start, written.end), text);
  const posing = pack(Buffer.from(text), 0, text.length);
  assert.notEqual(
    bufferOf(posing.bytes).toString('latin1', posing.start, posing.end),
    text,
    'an ID that looks like a digest',
  );
});
