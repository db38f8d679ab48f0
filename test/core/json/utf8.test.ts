import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUtf8Piece, markSkipper } from '../../../src/core/json/utf8.ts';

test('every piece of valid UTF-8 is accepted', () => {
  const text = Buffer.from('aé漢😀z\u{10ffff}ß');
  for (let start = 0; start <= text.length; start++) {
    for (let end = start; end <= text.length; end++) assert.equal(isUtf8Piece(text.subarray(start, end)), true);
  }
});

test('what is not UTF-8 between two ASCII bytes is found', () => {
  for (const bytes of [
    [0xff],
    [0x80],
    [0xc3],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x9f, 0x98],
    [0xf5, 0x80, 0x80, 0x80],
  ]) {
    assert.equal(isUtf8Piece(Buffer.from([0x7b, ...bytes, 0x7d])), false, String(bytes));
    assert.equal(isUtf8Piece(Buffer.from([0x80, 0x7b, ...bytes, 0x7d, 0xf0, 0x9f])), false, String(bytes));
  }
});

test('a byte order mark is left out once, at the start', () => {
  const mark = Buffer.from('\ufeff');
  const texts = (...pieces: readonly Buffer[]): string[] => pieces.map(markSkipper()).map(String);
  assert.deepEqual(texts(Buffer.concat([mark, mark])), ['\ufeff']);
  assert.deepEqual(texts(Buffer.from('x\ufeff')), ['x\ufeff']);
  assert.deepEqual(texts(mark.subarray(0, 1), mark.subarray(1), mark), ['', '', '\ufeff']);
});

test('what only begins like a byte order mark stays, wherever it is cut', () => {
  for (const text of ['\uff29', '\ufefax']) {
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at += 1) {
      assert.equal(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at)].map(markSkipper())).toString(), text);
    }
  }
});
