import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileProblem } from '../../../src/io/disk/file-problem.ts';

test('an unknown error of the system is reported by its code, with a hint; a bug of ours is not one', () => {
  const stale = Object.assign(new Error('ESTALE: stale file handle, write'), { code: 'ESTALE' });
  const { status, message, hint = '' } = fileProblem(stale, 'write to', '/mnt/out.jsonl');
  assert.deepEqual([status, message], [74, 'cannot write to /mnt/out.jsonl: ESTALE']);
  assert.match(hint, /file system/);
  const mistake = new TypeError('x is not a function');
  assert.throws(
    () => fileProblem(mistake, 'write to', '/mnt/out.jsonl'),
    (error) => error === mistake,
  );
});

test('a name that is too long is no failure of the disk, which the next run might cure', () => {
  const long = Object.assign(new Error('ENAMETOOLONG: name too long, open'), { code: 'ENAMETOOLONG' });
  const { status, message, hint = '' } = fileProblem(long, 'open', '/srv/aaa.jsonl');
  assert.deepEqual([status, message], [73, 'cannot open /srv/aaa.jsonl: the name is too long (ENAMETOOLONG)']);
  assert.match(hint, /shorter/);
});
