/** What is journalled beside a position counts with it, and with no other. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { positionStore } from '../../../src/io/position-file.ts';
import { branch, load, positionOf, saved, scope } from '../../support/positions.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';

test('the journal is added to the position that it was written for, and to no other', async (t) => {
  const directory = scratch(t);
  const store = await saved(directory, positionOf({ a: branch(1n, ['x']) }));
  const next = positionStore(directory, 'job', scope);
  await next.load();
  const awaiting = branch(undefined, ['y']).ledger;
  const key = Buffer.from('z');
  awaiting.wait(awaiting.note(key, 0, 1, 1_763_629_200_000, 0), 'ack:1');
  await next.journal('a', branch(undefined, ['y']).ledger.lines(), { size: 1 });
  await Promise.all([
    next.journal('new', awaiting.lines(), { size: 2 }),
    next.journal('a', branch(undefined, ['v']).ledger.lines(), { size: 3 }),
  ]);
  await next.close();
  const { position } = await load(directory);
  assert.deepEqual(position?.saved, { size: 3 });
  assert.equal(position?.branches.get('a')?.watermark, 1n);
  assert.equal(position?.branches.get('a')?.ledger.size(), 3);
  assert.deepEqual(position?.branches.get('new')?.ledger.pending(), ['ack:1']);

  const third = positionStore(directory, 'job', scope); // goes on in the same journal
  await third.load();
  await third.journal('a', branch(undefined, ['w']).ledger.lines(), undefined);
  await third.close();
  const again = (await load(directory)).position;
  assert.equal(again?.branches.get('a')?.ledger.size(), 4);

  const journal = store.path.replace('.position', '.journal');
  copyFileSync(journal, `${journal}.kept`);
  const fourth = positionStore(directory, 'job', scope);
  await fourth.load();
  await fourth.save(positionOf({ a: branch(9n) }));
  await fourth.close();
  assert.equal(existsSync(journal), false, 'it is in the position now');
  copyFileSync(`${journal}.kept`, journal);
  assert.equal((await load(directory)).position?.branches.get('a')?.ledger.size(), 0, 'one of an earlier position');
});

test('a journal of the first run counts, and a journal without its position is no first run', async (t) => {
  const directory = scratch(t);
  const first = positionStore(directory, 'job', scope);
  await first.load();
  await first.journal('', branch(undefined, ['x']).ledger.lines(), 'kept');
  await first.close();
  const { position } = await load(directory);
  assert.equal(position?.branches.get('')?.ledger.size(), 1);
  assert.equal(position?.branches.get('')?.watermark, undefined);
  assert.equal(position?.saved, 'kept');
  const second = positionStore(directory, 'job', scope);
  const loaded = await second.load();
  assert.ok(loaded);
  await second.save(loaded);
  await second.journal('', branch(undefined, ['y']).ledger.lines(), 'kept');
  await second.close();
  rmSync(second.path);
  await assert.rejects(load(directory), problem(78, /missing, though a run kept a journal/));
});

test('after a fallback, the journal of the damaged position is left out and a new one counts', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n, ['a']) }), positionOf({ '': branch(2n, ['a']) }));
  const sizes: (number | undefined)[] = [];
  for (const id of ['b', 'c', 'd']) {
    const store = positionStore(directory, 'job', scope);
    sizes.push((await store.load())?.branches.get('')?.ledger.size());
    await store.journal('', branch(undefined, [id]).ledger.lines(), undefined);
    await store.close();
    if (id === 'b') writeFileSync(path, 'damaged');
  }
  assert.deepEqual(sizes, [1, 1, 2]);
});

test('whatever the journal is cut to, whole entries count and the torn one does not', async (t) => {
  const directory = scratch(t);
  const store = await saved(directory, positionOf({ '': branch(1n) }));
  const next = positionStore(directory, 'job', scope);
  await next.load();
  const journal = store.path.replace('.position', '.journal');
  const ends: number[] = [];
  for (const id of ['a', 'b']) {
    await next.journal('', branch(undefined, [id]).ledger.lines(), id);
    ends.push(statSync(journal).size);
  }
  await next.close();
  const whole = readFileSync(journal);
  for (let size = 0; size <= whole.length; size += 1) {
    writeFileSync(journal, whole.subarray(0, size));
    const expected = ends.filter((end) => end <= size).length;
    const { position } = await load(directory);
    assert.equal(position?.branches.get('')?.ledger.size(), expected, `cut to ${size}`);
    assert.equal(position.saved, [undefined, 'a', 'b'][expected]);
    if (size % 50 === 0) {
      const after = positionStore(directory, 'job', scope); // writes over the torn end
      await after.load();
      await after.journal('', branch(undefined, ['d']).ledger.lines(), 'd');
      await after.close();
      assert.equal((await load(directory)).position?.branches.get('')?.ledger.size(), expected + 1);
    }
  }
});

test('a journal larger than a buffer may be is read to the end of what is whole, and gone on with from there', async (t) => {
  const directory = scratch(t);
  const store = await saved(directory, positionOf({ '': branch(1n) }));
  const journal = store.path.replace('.position', '.journal');
  const large = 3_000_000; // of the IDs of an entry, in bytes: more than one read
  const add = async (id: string): Promise<number> => {
    const next = positionStore(directory, 'job', scope);
    await next.load();
    await next.journal('', branch(undefined, [id]).ledger.lines(), id.slice(0, 1));
    await next.close();
    return statSync(journal).size;
  };
  await add('a');
  const whole = await add('b'.repeat(large));
  truncateSync(journal, 5 * 1024 ** 3); // a hole: it takes no place on the disk
  assert.equal((await load(directory)).position?.saved, 'b');
  const again = await add('c');
  assert.ok(again > whole && again < whole + 1000, `${again} bytes`);
  const { position } = await load(directory);
  assert.deepEqual([position?.saved, position?.branches.get('')?.ledger.size()], ['c', 3]);
});
