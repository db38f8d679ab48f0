import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEnvFile } from '../../src/config/env-file.ts';
import { scratch } from '../support/program.ts';
import { problem } from '../support/problem.ts';

/** Root may read everything: what is refused is refused to somebody else. */
function asNobody<T>(action: () => T): T {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return action();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

const unreadable = (path: string) => problem(78, `cannot read the env file ${path} (EACCES: permission denied)`);

test('an env file that nobody named, in a directory that cannot be searched, counts as missing', (t) => {
  const directory = join(scratch(t), 'home');
  mkdirSync(directory);
  const path = join(directory, '.env');
  writeFileSync(path, 'A=1\n');
  chmodSync(join(directory, '..'), 0o755);
  chmodSync(directory, 0);
  try {
    assert.equal(
      asNobody(() => readEnvFile(path, false)),
      undefined,
    );
    assert.throws(() => asNobody(() => readEnvFile(path, true)), unreadable(path));
  } finally {
    chmodSync(directory, 0o700);
  }
});

test('a directory is no env file: python -m venv .env makes one; a missing one that Docker was to mount is another, but has a name', (t) => {
  const path = join(scratch(t), '.env');
  mkdirSync(path);
  assert.equal(readEnvFile(path, false), undefined);
  assert.throws(() => readEnvFile(path, true), {
    message: `cannot read the env file ${path} (EISDIR: it is a directory)`,
    hint: 'give the path of a file with -e',
  });
});

test('an env file that is there and must not be read is an error, named or not', (t) => {
  const directory = scratch(t);
  chmodSync(directory, 0o755);
  const path = join(directory, 'other.env');
  const link = join(directory, '.env');
  writeFileSync(path, 'A=1\n', { mode: 0 });
  symlinkSync(path, link);
  for (const required of [true, false]) {
    for (const each of [path, link]) assert.throws(() => asNobody(() => readEnvFile(each, required)), unreadable(each));
  }
});
