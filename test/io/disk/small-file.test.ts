import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readSmallFile } from '../../../src/io/disk/small-file.ts';
import { scratch } from '../../support/program.ts';
import { arm } from '../../sweep/failing.ts';

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

test('for what is not a file, or not there, the system’s error is thrown', (t) => {
  const directory = scratch(t);
  assert.throws(() => readSmallFile(directory), { code: 'EISDIR' });
  assert.throws(() => readSmallFile(join(directory, 'none')), { code: 'ENOENT' });
});

test('the owner of a file, and who may write it, is returned', (t) => {
  const path = join(scratch(t), 'file');
  writeFileSync(path, '', { mode: 0o600 });
  const { stat } = readSmallFile(path);
  assert.deepEqual([stat.uid, stat.mode & 0o777], [process.getuid?.(), 0o600]);
});

test('a named pipe is read when its writer comes, however slowly it writes, and not waited for without end', async (t) => {
  const path = join(scratch(t), 'pipe');
  execFileSync('mkfifo', [path]);
  assert.throws(() => readSmallFile(path, 100, 100), { code: 'ETIMEDOUT' });
  const ended = (line: string): Promise<unknown> =>
    new Promise((resolve) => void spawn('/bin/sh', ['-c', line, 'sh', path]).once('close', resolve));
  const whole = ended('sleep 0.2; { echo A=1; sleep 0.2; echo B=2; } > "$1"');
  assert.equal(readSmallFile(path).bytes.toString(), 'A=1\nB=2\n');
  await whole;
  const silent = ended('exec > "$1"; echo A=1; sleep 1');
  assert.throws(() => readSmallFile(path, 100, 200), { code: 'ETIMEDOUT' });
  await silent;
});

test('a file that cannot be looked at once it is open is closed again', async (t) => {
  const path = join(scratch(t), 'job.env');
  writeFileSync(path, 'A=1\n');
  const armed = await arm({ kind: 'file', nth: 2, mode: 'once', code: 'EIO', directory: dirname(path) });
  try {
    assert.throws(() => readSmallFile(path), /made to fail, fstatSync/);
  } finally {
    armed.disarm();
  }
  assert.deepEqual([...armed.open], []);
});
