/** Saves that fail or come too late, and what is in place then. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { onReached } from '../../../src/io/failpoint.ts';
import { positionStore } from '../../../src/io/position-file.ts';
import { branch, load, plain, positionOf, saved, scope } from '../../support/positions.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';
import { refused } from '../../support/refused.ts';

test('on a full disk a save fails, the position stays, and neither a temp file nor half an entry of the journal takes space', async (t) => {
  const directory = join(scratch(t), 'small');
  mkdirSync(directory);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return t.skip('no right to mount a small file system');
  }
  try {
    await fillUp(directory);
  } finally {
    execFileSync('umount', [directory]);
  }
});

/** Saves and journals on a disk of 64 KiB until it is full. */
async function fillUp(directory: string): Promise<void> {
  chmodSync(directory, 0o700);
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.load();
  const small = positionOf({ '': branch(1n, ['x']) });
  await store.save(small);
  const large = positionOf({
    '': branch(
      2n,
      Array.from({ length: 3000 }, (_, index) => `record ${index}`),
    ),
  });
  await assert.rejects(store.save(large), problem(74, /disk is full \(ENOSPC\)/, /free some space/));
  await assert.rejects(
    store.journal('', large.branches.get('')!.ledger.lines(), undefined),
    problem(74, /disk is full/),
  );
  assert.ok(statSync(join(directory, 'job.journal')).size < 200);
  await store.journal('', branch(2n, ['y']).ledger.lines(), undefined);
  await store.close();
  assert.deepEqual(readdirSync(directory).sort(), ['job.journal', 'job.position']);
  assert.equal((await load(directory)).position?.branches.get('')?.ledger.size(), 2);
}

for (const links of [true, false]) {
  const where = links ? 'with' : 'without';
  test(`on a file system ${where} hard links a save that fails at its last step leaves the file as it was, and the next one goes on`, async (t) => {
    const directory = scratch(t);
    t.after(() => onReached(undefined));
    const [first, second] = [positionOf({ '': branch(1n, ['a']) }), positionOf({ '': branch(2n, ['b']) })];
    async function work(): Promise<void> {
      const store = positionStore(directory, 'job', scope);
      await store.lock();
      await store.load();
      await store.save(first);
      const before = readFileSync(store.path);
      onReached((point) => {
        if (point === 'position: previous linked') throw Object.assign(new Error('broken'), { code: 'EIO' });
      });
      await assert.rejects(store.save(second), problem(74, /cannot save the position in/));
      assert.deepEqual(readFileSync(store.path), before);
      onReached(undefined);
      await store.save(second);
      await store.close();
      assert.deepEqual(readdirSync(directory).toSorted(), ['job.position', 'job.position.previous']);
      assert.deepEqual(readFileSync(`${store.path}.previous`), before);
      assert.equal(statSync(`${store.path}.previous`).mode & 0o777, 0o600);
      assert.deepEqual(plain((await load(directory)).position), plain(second));
    }
    await (links ? work() : refused('link', 'EOPNOTSUPP', work));
  });
}

test('a position that is in place and not known to be durable is known again: by the journal and by the next save', async (t) => {
  const directory = scratch(t);
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.load();
  await store.save(positionOf({ '': branch(1n) }));
  t.after(() => onReached(undefined));
  onReached((point) => {
    // As when the directory cannot be synced.
    if (point === 'position: renamed') throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  await assert.rejects(store.save(positionOf({ '': branch(2n) })), problem(74, /the disk failed/));
  onReached(undefined);
  await store.journal('', branch(2n, ['x']).ledger.lines(), undefined);
  assert.equal((await load(directory)).position?.branches.get('')?.ledger.size(), 1);
  await store.save(positionOf({ '': branch(3n) }));
  await store.close();
  assert.equal((await load(directory)).position?.branches.get('')?.watermark, 3n);
});

test('a run whose position was replaced by another run meanwhile saves nothing', async (t) => {
  const directory = scratch(t);
  await saved(directory, positionOf({ '': branch(1n) }));
  const [slow, fast] = [positionStore(directory, 'job', scope), positionStore(directory, 'job', scope)];
  await slow.load();
  await fast.load();
  const newest = positionOf({ '': branch(5n) });
  await fast.save(newest);
  await assert.rejects(slow.save(positionOf({ '': branch(2n) })), problem(75, /changed by another run/));
  assert.deepEqual(plain((await load(directory)).position), plain(newest));
  assert.deepEqual(readdirSync(directory).sort(), ['job.position', 'job.position.previous']);
  const late = positionStore(directory, 'first', scope);
  const early = positionStore(directory, 'first', scope);
  await Promise.all([late.load(), early.load()]);
  await early.save(newest);
  await assert.rejects(late.save(newest), problem(75, /changed by another run/));
});

test('a run whose position is taken for the leftovers of a killed one, by a run that does not see its lock, says that there is another', async (t) => {
  const directory = scratch(t);
  await saved(directory, positionOf({ '': branch(1n) }));
  const store = positionStore(directory, 'job', scope);
  await store.load();
  t.after(() => onReached(undefined));
  onReached((point) => {
    if (point !== 'position: temp synced') return;
    for (const name of readdirSync(directory)) if (name.endsWith('.temp')) rmSync(join(directory, name));
  });
  await assert.rejects(store.save(positionOf({ '': branch(2n) })), problem(75, /changed by another run/));
});
