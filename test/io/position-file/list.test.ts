import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '../../../src/core/problem.ts';
import { positionStore } from '../../../src/io/position-file.ts';
import { listPositions } from '../../../src/io/position-file/list.ts';
import { branch, load, positionOf, saved, scope } from '../../support/positions.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';
import { refused } from '../../support/refused.ts';

test('jobs are listed with the positions that the next run would go on from, broken ones as broken', async (t) => {
  const directory = scratch(t);
  assert.deepEqual(await listPositions(join(directory, 'none')), []);
  for (const job of ['good', 'a/b', 'broken', 'lost', 'hopeless', '.hidden', 'x'.repeat(300)]) {
    const store = positionStore(directory, job, scope);
    await store.lock();
    await store.load();
    await store.save(positionOf({ '': branch(4n, ['x']) }));
    await store.save(positionOf({ '': branch(5n, ['x']) }));
    await store.close();
    if (job === 'broken' || job === 'hopeless') {
      writeFileSync(store.path, readFileSync(store.path).subarray(0, -1));
    }
    if (job === 'lost') rmSync(store.path);
    if (job === 'hopeless') rmSync(`${store.path}.previous`);
  }
  const listed = await listPositions(directory);
  const found = listed.map(({ job, position, warning }) => [
    job,
    position instanceof Problem ? position.status : position.branches.get('')?.watermark,
    /is (damaged|missing)\b.*: going on from the one before/.exec(warning ?? '')?.[1],
  ]);
  assert.deepEqual(
    found.toSorted((one, other) => (String(one[0]) < String(other[0]) ? -1 : 1)),
    [
      ['.hidden', 5n, undefined],
      ['a/b', 5n, undefined],
      ['broken', 4n, 'damaged'],
      ['good', 5n, undefined],
      ['hopeless', 78, undefined],
      ['lost', 4n, 'missing'],
      ['x'.repeat(300), 5n, undefined],
    ],
  );
});

test('a position that the disk does not give is an error, and neither a missing one nor a first run', async (t) => {
  const directory = scratch(t);
  await saved(directory, positionOf({ '': branch(4n) }));
  const failed = problem(74, /^cannot read the position file .*job\.position: the disk failed \(EIO\)$/, /dmesg/);
  await refused('read', 'EIO', async () => {
    await assert.rejects(load(directory), failed);
    const [{ position } = assert.fail()] = await listPositions(directory);
    assert.ok(failed(position));
  });
});

test('a position with more remembered IDs than are read at once is listed as sound', async (t) => {
  const directory = scratch(t);
  const ids = Array.from({ length: 30_000 }, (_, at) => `${'long '.repeat(10)}${at}`);
  const { path } = await saved(directory, positionOf({ '': branch(4n, ids) }));
  assert.ok(statSync(path).size > 2 * 1024 * 1024, String(statSync(path).size));
  const [{ position, warning } = assert.fail()] = await listPositions(directory);
  assert.ok(!(position instanceof Problem));
  assert.deepEqual([position.branches.get('')?.watermark, warning], [4n, undefined]);
});
