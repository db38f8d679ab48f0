import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteBuffer } from '../../../src/core/bytes.ts';
import { appendJsonString } from '../../../src/core/json/json-string.ts';

test('whatever text goes in comes out of JSON.parse, and only what must be is escaped', () => {
  const piece = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\t', '\u0000', '\u007f', '\u2028'));
  fc.assert(
    fc.property(fc.array(piece), fc.nat(5), (pieces, offset) => {
      const text = pieces.join('');
      const bytes = Buffer.from(`${'x'.repeat(offset)}${text}yz`);
      const out = byteBuffer(16);
      appendJsonString(bytes, offset, bytes.length - 2, out);
      const written = out.view().toString();
      assert.equal(JSON.parse(written), text);
      if (!/\p{Cc}/u.test(text)) assert.equal(written, JSON.stringify(text));
    }),
    { numRuns: 500 },
  );
});

test('a text larger than the room kept for it is no trouble', () => {
  const bytes = Buffer.alloc(300_000, 0x22);
  const out = byteBuffer(16);
  appendJsonString(bytes, 0, bytes.length, out);
  assert.equal(out.length(), 600_002);
});
