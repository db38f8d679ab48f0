import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linkOver, makeDirectory, removeFile, replaceFile, syncDirectory } from '../../../src/io/disk/durable.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';
import { refused } from '../../support/refused.ts';

for (const code of ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP']) {
  test(`a file system that has no fsync of a directory (${code}) is lived with`, async (t) => {
    await refused('sync', code, () => syncDirectory(scratch(t)));
  });
}

for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS']) {
  test(`where there are no hard links (${code}) the previous generation is a copy`, async (t) => {
    const [from, to] = [join(scratch(t), 'job.position'), join(scratch(t), 'job.position.previous')];
    writeFileSync(from, 'newer', { mode: 0o600 });
    writeFileSync(to, 'older');
    await refused('link', code, () => linkOver(from, to));
    assert.equal(readFileSync(to, 'utf8'), 'newer');
    assert.equal(statSync(from).nlink, 1);
    assert.equal(statSync(to).mode & 0o777, 0o600);
  });
}

test('a previous generation that the disk does not take is an error, and the one before it stays', async (t) => {
  const directory = scratch(t);
  const [from, to] = [join(directory, 'job.position'), join(directory, 'job.position.previous')];
  writeFileSync(from, 'newer');
  writeFileSync(to, 'older');
  await assert.rejects(
    refused('link', 'ENOSPC', () => linkOver(from, to)),
    { code: 'ENOSPC' },
  );
  assert.deepEqual(
    [readdirSync(directory), readFileSync(to, 'utf8')],
    [['job.position', 'job.position.previous'], 'older'],
  );
});

test('a previous generation that cannot take its place is an error, and nothing is left beside it', async (t) => {
  const directory = scratch(t);
  const [from, to] = [join(directory, 'job.position'), join(directory, 'job.position.previous')];
  writeFileSync(from, 'newer');
  mkdirSync(to);
  await assert.rejects(linkOver(from, to), { code: 'EISDIR' });
  assert.deepEqual(readdirSync(directory), ['job.position', 'job.position.previous']);
});

test('a directory whose names did not reach the disk is an error', async (t) => {
  await assert.rejects(
    refused('sync', 'EIO', () => syncDirectory(scratch(t))),
    { code: 'EIO' },
  );
});

test('runs that begin at once make one directory together, and those above it, for their owner alone', async (t) => {
  const above = join(scratch(t), 'new');
  const directory = join(above, 'state');
  await Promise.all(Array.from({ length: 8 }, () => makeDirectory(directory)));
  for (const each of [above, directory]) assert.equal(statSync(each).mode & 0o777, 0o700);
});

test('a directory is made in one that may be written to and not read', async (t) => {
  const directory = join(scratch(t), 'state');
  await refused('open', 'EACCES', () => makeDirectory(directory));
  assert.ok(statSync(directory).isDirectory());
});

test('a directory where none can be made is an error', { skip: process.platform !== 'linux' }, async () => {
  await assert.rejects(makeDirectory('/proc/no/such'), { code: 'ENOENT' });
});

test('what cannot be removed is an error, and what is not there is none', async (t) => {
  const directory = scratch(t);
  await assert.rejects(
    removeFile(directory),
    ({ code }: NodeJS.ErrnoException) => code === 'EISDIR' || code === 'EPERM',
  );
  await removeFile(join(directory, 'none'));
});

test('a file of which the disk has less than was written replaces nothing, and says what to do', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'job.position');
  writeFileSync(path, 'before');
  const replaced = replaceFile(path, {
    async write(file) {
      await file.write(Buffer.from('half'));
      return 8;
    },
    beforeRename: () => Promise.resolve(),
    renamed: () => assert.fail('it is in place'),
  });
  await assert.rejects(replaced, problem(74, / has 4 bytes after 8 were written$/));
  assert.deepEqual(readdirSync(directory), ['job.position']);
  assert.equal(readFileSync(path, 'utf8'), 'before');
});
