/** Directories and files that others could have written or left, and leftovers of killed runs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '../../../src/core/problem.ts';
import { positionStore } from '../../../src/io/position-file.ts';
import { listPositions } from '../../../src/io/position-file/list.ts';
import { fileName, jobNameOf } from '../../../src/io/state/directory.ts';
import { branch, load, positionOf, saved, scope } from '../../support/positions.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';

test('a state directory that cannot be used is a Problem before anything is read', async (t) => {
  const directory = scratch(t);
  const lock = (path: string): Promise<void> => positionStore(path, 'job', scope).lock();
  writeFileSync(join(directory, 'file'), '');
  await assert.rejects(lock(join(directory, 'file')), problem(73, /not a directory/));
  await assert.rejects(lock(join(directory, 'file', 'below')), problem(73, /not a directory/));
  mkdirSync(join(directory, 'shared'));
  chmodSync(join(directory, 'shared'), 0o777);
  const own = /chmod -R go-w .*\/shared; else choose a directory of its own inside it/;
  await assert.rejects(lock(join(directory, 'shared')), problem(78, /others can replace/, own));
  for (const mode of [0o720, 0o702]) {
    chmodSync(join(directory, 'shared'), mode);
    await assert.rejects(lock(join(directory, 'shared')), problem(78, /others can replace/, own));
  }
  if (process.getuid?.() === 0) {
    chownSync(join(directory, 'shared'), 12345, 12345);
    for (const mode of [0o777, 0o700]) {
      chmodSync(join(directory, 'shared'), mode);
      await assert.rejects(
        lock(join(directory, 'shared')),
        problem(78, /shared belongs to user 12345, who can replace/, /^run the job as user 12345, or choose another/),
      );
    }
  }
});

test('where no state directory can be made or used, the hint says how another place is named', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'file'), '');
  for (const path of [
    '/proc/none/below',
    '/sys/none',
    join(directory, 'file', 'below'),
    join(directory, 'x'.repeat(300)),
  ]) {
    const way = /; name it with --state-dir, or with STATE_DIRECTORY in the environment$/;
    await assert.rejects(positionStore(path, 'job', scope).lock(), problem(73, /use the state directory/, way), path);
  }
  const reading = /another place; name it with --state-dir, or with STATE_DIRECTORY in the environment$/;
  await assert.rejects(listPositions(join(directory, 'file')), problem(73, /read the state directory/, reading));
});

test(
  'without permission the state directory is refused',
  { skip: process.getuid?.() === 0 && 'root may write anywhere' },
  async (t) => {
    const directory = scratch(t);
    chmodSync(directory, 0o500);
    await assert.rejects(positionStore(directory, 'job', scope).lock(), problem(73, /permission denied/));
  },
);

test('a file that others could have written is refused', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }));
  chmodSync(path, 0o620);
  await assert.rejects(load(directory), problem(78, /can be written by others/, /chmod 600/));
  chmodSync(path, 0o600);
  if (process.getuid?.() === 0) {
    chownSync(path, 12345, 12345);
    await assert.rejects(load(directory), problem(78, /belongs to user 12345/));
    assert.equal((await listPositions(directory)).length, 1);
    chownSync(path, 0, 0);
  }
  renameSync(path, `${path}.real`);
  symlinkSync(`${path}.real`, path);
  await assert.rejects(load(directory), problem(78, /symbolic link/));
  rmSync(path);
  mkdirSync(path);
  await assert.rejects(
    load(directory),
    problem(78, /is not a file/, /^move it out of the way: mv \S+\.position \S+\.away$/),
  );
});

test('the command in the hint moves what is not a file out of the way of the position, and the job goes on from the one before', async (t) => {
  const directory = scratch(t);
  const time = 1_763_629_200_000_000_000n;
  const position = positionOf({ '': branch(time) });
  const { path } = await saved(directory, position, position);
  rmSync(path);
  mkdirSync(path);
  await assert.rejects(load(directory), (error: Problem) => {
    assert.match(error.hint ?? '', /: mv \S+ \S+$/);
    execFileSync('/bin/sh', ['-c', (error.hint ?? '').replace(/^.*: /, '')]);
    return true;
  });
  assert.equal((await load(directory)).position?.branches.get('')?.watermark, time);
});

test('a journal that others could have written is refused, and so is one that is not a file', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }));
  const journal = path.replace('.position', '.journal');
  writeFileSync(journal, '');
  chmodSync(journal, 0o606);
  await assert.rejects(load(directory), problem(78, /journal .* can be written by others/, /chmod 600/));
  if (process.getuid?.() === 0) {
    chownSync(journal, 12345, 12345);
    await assert.rejects(load(directory), problem(78, /journal .* belongs to user 12345/));
  }
  rmSync(journal);
  execFileSync('mkfifo', ['-m', '600', journal]); // nobody would ever write to it
  await assert.rejects(load(directory), problem(78, /journal .* is not a file/, /^move it out of the way: mv /));
});

test('a planted link at the journal is refused', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }));
  writeFileSync(join(directory, 'victim'), 'precious');
  symlinkSync(join(directory, 'victim'), path.replace('.position', '.journal'));
  await assert.rejects(load(directory), problem(78, /symbolic link/));
  assert.equal(readFileSync(join(directory, 'victim'), 'utf8'), 'precious');
});

test('leftovers of killed runs are removed with the lock, and those of other jobs are left', async (t) => {
  const directory = scratch(t);
  const temps = ['position', 'position.previous', 'quarantine.jsonl'].map((kind) => `${kind}.0123456789ab.temp`);
  const mine = temps.map((name) => `job.${name}`);
  const others = [
    'job.position.txt',
    'job.quarantine.jsonl',
    ...temps.flatMap((name) => [`other.${name}`, `job.2.${name}`]),
  ];
  for (const name of [...mine, ...others]) writeFileSync(join(directory, name), '');
  const lock = 'lock.0123456789ab.temp';
  for (const job of ['job', 'other']) mkdirSync(join(directory, `${job}.${lock}`, 'holder'), { recursive: true });
  others.push(`other.${lock}`);
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  assert.deepEqual(readdirSync(directory).sort(), [...others, 'job.lock'].sort());
  await store.close();
  assert.deepEqual(readdirSync(directory).sort(), others.sort());
});

test('what another program has put into the leftover of a killed run (.DS_Store, @eaDir) keeps no run from its lock', async (t) => {
  const directory = scratch(t);
  const left = join(directory, 'job.lock.0123456789ab.temp');
  mkdirSync(join(left, '@eaDir', 'thumbnails'), { recursive: true });
  mkdirSync(join(left, 'holder'));
  writeFileSync(join(left, '.DS_Store'), '');
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.close();
  assert.deepEqual(readdirSync(left).sort(), ['.DS_Store', '@eaDir']);
});

for (const name of ['job.lock', 'job.lock.0123456789ab.temp']) {
  test(`the lock of another version, ${name}, is reported with what to do about it, and left`, async (t) => {
    const directory = scratch(t);
    const path = join(directory, name);
    writeFileSync(path, '123\n');
    const store = positionStore(directory, 'job', scope);
    const hint = new RegExp(`^make sure that no run of the job is going on, then rm ${path}$`);
    await assert.rejects(store.lock(), problem(73, new RegExp(`^${path} is a file, and `), hint));
    await store.close();
    assert.deepEqual(readdirSync(directory), [name]);
    rmSync(path);
    await store.lock();
    await store.close();
    assert.deepEqual(readdirSync(directory), []);
  });
}

test('the files of a job keep their name in every version: under another one its position would not be found', () => {
  for (const [job, name] of [
    ['sycope.elastic.0a1b2c3d', 'sycope.elastic.0a1b2c3d'],
    ['.hidden', '%2Ehidden'],
    ['..', '%2E.'],
    ['a/b', 'a%2Fb'],
    ["it's (a) *~!", 'it%27s%20%28a%29%20%2A%7E%21'],
    ['żółw', '%C5%BC%C3%B3%C5%82w'],
    ['x'.repeat(150), 'x'.repeat(150)],
  ] as const) {
    assert.equal(fileName(job), name);
    assert.equal(jobNameOf(name), job);
  }
  const long = `${'x'.repeat(100)}%8eb827e6964db1e28caafb07b408d441`;
  assert.equal(fileName('x'.repeat(151)), long);
  assert.equal(jobNameOf(long), long, 'what was too long is not known any more');
});
