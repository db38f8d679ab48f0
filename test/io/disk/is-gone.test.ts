/** Whether what is written to an open file will be found at its path. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isGone } from '../../../src/io/disk/is-gone.ts';
import { scratch } from '../../support/scratch.ts';

async function opened(t: TestContext, text: string): Promise<{ path: string; file: FileHandle }> {
  const path = join(scratch(t), 'file');
  writeFileSync(path, text);
  const file = await open(path, 'r+');
  t.after(() => file.close());
  return { path, file };
}

test('a file is gone when there is none at its path any more, or one that ends otherwise', async (t) => {
  const { path, file } = await opened(t, 'one\n');
  assert.equal(await isGone(path, file), false);
  renameSync(path, `${path}.1`);
  assert.equal(await isGone(path, file), true);
  for (const text of ['', 'two\n', 'zero\none\n']) {
    writeFileSync(path, text);
    assert.equal(await isGone(path, file), true, text);
  }
});

test('a file that has another number at each look, as on some network file systems, is still there', async (t) => {
  const { path, file } = await opened(t, `${'long '.repeat(30_000)}end\n`);
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
  assert.equal(await isGone(path, file), false);
});

test('nobody waits for the writer of a pipe that was put in the place of a file', async (t) => {
  const { path, file } = await opened(t, 'one\n');
  rmSync(path);
  execFileSync('mkfifo', [path]);
  assert.equal(await isGone(path, file), true);
});

test('what keeps the path from being looked at does not pass for a file that is gone', async (t) => {
  const { path, file } = await opened(t, 'one\n');
  await assert.rejects(isGone(join(path, 'below'), file), { code: 'ENOTDIR' });
});
