import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSmallFile } from '../../src/io/small-file.ts';
import { scratch } from '../support/program.ts';

test('a file is read to its end, up to the limit', (t) => {
  const path = join(scratch(t), 'file');
  const text = 'x'.repeat(100_000);
  writeFileSync(path, text);
  assert.equal(readSmallFile(path, 100_000).bytes.toString(), text);
  assert.throws(() => readSmallFile(path, 99_999), { code: 'EFBIG' });
});

test('what never ends is not read to its end', () => {
  assert.throws(() => readSmallFile('/dev/zero'), { code: 'EFBIG' });
});

test('what is no file, or is not there, is told as the system tells it', (t) => {
  const directory = scratch(t);
  assert.throws(() => readSmallFile(directory), { code: 'EISDIR' });
  assert.throws(() => readSmallFile(join(directory, 'none')), { code: 'ENOENT' });
});

test('who else could have written a file is told', (t) => {
  const path = join(scratch(t), 'file');
  writeFileSync(path, '');
  const writerWith = (mode: number): unknown => {
    chmodSync(path, mode);
    return readSmallFile(path).writer;
  };
  assert.equal(writerWith(0o644), undefined);
  assert.equal(writerWith(0o664), undefined); // a group of one's own is common
  assert.equal(writerWith(0o646), 'everybody');
});
