import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import test from 'node:test';
import fc from 'fast-check';
import { fingerprint } from '../../../src/core/content/fingerprint.ts';

/** The specification's sanity buffer: bytes of a multiplicative generator. */
function sanity(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 2654435761n;
  for (let at = 0; at < length; at += 1) {
    bytes[at] = Number(state >> 56n);
    state = (state * 11400714785074694797n) & 0xffffffffffffffffn;
  }
  return bytes;
}

test('the published values of XXH32 come out', () => {
  const known: readonly (readonly [text: Buffer, value: number])[] = [
    [Buffer.from(''), 0x02cc5d05],
    [Buffer.from('a'), 0x550d7456],
    [Buffer.from('abc'), 0x32d153ff],
    [Buffer.from('Nobody inspects the spammish repetition'), 0xe2293b2f],
    [sanity(1), 0xcf65b03e],
    [sanity(14), 0x1208e7e2],
    [sanity(222), 0x5bd11dbd],
  ];
  for (const [text, value] of known) assert.equal(fingerprint(text, 0, text.length), value, `${text.length} bytes`);
  const seeded = [
    [sanity(0), 0x36b78ae7],
    [sanity(1), 0xb4545aa4],
    [sanity(14), 0x6af1d1fe],
    [sanity(222), 0x58803c5f],
  ] as const;
  for (const [text, value] of seeded) assert.equal(fingerprint(text, 0, text.length, 2654435761), value);
});

test('the fingerprint depends on the bytes, not on where they lie, and on every one of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(40), fc.nat(), (bytes, offset, change) => {
      const text = Buffer.from(bytes);
      const moved = Buffer.concat([Buffer.alloc(offset, 7), text, Buffer.alloc(5, 9)]);
      const value = fingerprint(text, 0, text.length);
      assert.equal(fingerprint(moved, offset, offset + text.length), value);
      const at = change % text.length;
      text[at] = (text[at] ?? 0) ^ 1;
      assert.notEqual(fingerprint(Buffer.from(text), 0, text.length), value);
    }),
  );
});
