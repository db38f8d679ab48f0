/** The position before the last one, which a run goes on from where that is missing or damaged. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Problem } from '../../../src/core/problem.ts';
import type { BranchPosition } from '../../../src/core/types.ts';
import { onReached } from '../../../src/io/failpoint.ts';
import { positionStore } from '../../../src/io/position-file.ts';
import { listPositions } from '../../../src/io/position-file/list.ts';
import { branch, load, plain, positionOf, saved, scope } from '../../support/positions.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';

test('the generation before stays beside the position, and a missing or damaged file falls back to it with a warning', async (t) => {
  const directory = scratch(t);
  const [older, newer] = [positionOf({ '': branch(1n, ['a']) }), positionOf({ '': branch(2n, ['a', 'b']) })];
  const { path } = await saved(directory, older, newer);
  rmSync(path);
  const { position, warnings } = await load(directory);
  assert.deepEqual(plain(position), plain(older));
  assert.match(warnings.join('\n'), /job\.position is missing: going on from the one before/);
});

for (const [what, harm] of [
  ['gone', rmSync],
  ['cut off where it lies', (path: string) => truncateSync(path, 100)],
] as const) {
  test(`a position whose first progress is ${what} is gone on from all the same: the one before knows it`, async (t) => {
    for (const begun of [branch(2n, ['a']), branch(undefined, [], 'cursor')]) {
      const directory = scratch(t);
      const { path } = await saved(directory, positionOf({ '': branch(undefined) }), positionOf({ '': begun }));
      harm(path);
      const { position, warnings } = await load(directory);
      assert.deepEqual(plain(position), plain(positionOf({ '': begun })));
      assert.match(warnings.join('\n'), /: going on from the one before, /);
    }
  });
}

test('what each branch got to first is in the generation before as well, whichever save it came with', async (t) => {
  const directory = scratch(t);
  const steps: Record<string, BranchPosition>[] = [
    { one: branch(undefined), two: branch(undefined) },
    { one: branch(1n), two: branch(undefined) },
    { one: branch(2n), two: branch(undefined) },
    { one: branch(2n), two: branch(3n) },
    { one: branch(2n), two: branch(3n, [], 'cursor') },
    { one: branch(2n), two: branch(3n, [], 'cursor'), three: branch(4n) },
  ];
  for (const [at, step] of steps.entries()) {
    const { path } = await saved(directory, positionOf(step));
    if (at === 0) continue;
    copyFileSync(path, `${path}.kept`);
    rmSync(path);
    const { position } = await load(directory);
    for (const [name, { watermark, bookmark }] of Object.entries(step)) {
      const place = position?.branches.get(name);
      assert.equal(place?.watermark === undefined, watermark === undefined, `${name} after save ${at}`);
      assert.equal(place?.bookmark, bookmark, `${name} after save ${at}`);
    }
    renameSync(`${path}.kept`, path);
  }
});

test('no run goes on from a generation before that knows no progress: that would be a first run', async (t) => {
  const directory = scratch(t);
  const blank = positionOf({ '': branch(undefined, ['delivered by a run that failed']) });
  const { path } = await saved(directory, blank, blank);
  for (const harm of [() => writeFileSync(path, 'damaged'), () => rmSync(path)]) {
    harm();
    await assert.rejects(
      load(directory),
      problem(78, /cannot be used: .+, and the one before \(it is from before/, /rm -f/),
    );
    const [listed] = await listPositions(directory);
    assert.ok(listed?.position instanceof Problem, 'and the list says so');
  }
});

test('a save after a fallback never puts the damaged file in the place of the good one', async (t) => {
  const directory = scratch(t);
  const older = positionOf({ '': branch(1n) });
  const { path } = await saved(directory, older, positionOf({ '': branch(2n) }));
  writeFileSync(path, 'damaged');
  const store = positionStore(directory, 'job', scope);
  await store.load();
  t.after(() => onReached(undefined));
  onReached((point) => {
    if (point === 'position: renamed')
      assert.match(readFileSync(`${path}.previous`, 'utf8'), /^audit-export position 1/);
  });
  const third = positionOf({ '': branch(3n) });
  await store.save(third);
  await store.save(third);
  assert.deepEqual(plain((await load(directory)).position), plain(third));
});

test('after a fallback, each further save keeps the one before it again, and counts on', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }), positionOf({ '': branch(2n) }));
  writeFileSync(path, 'damaged');
  await saved(
    directory,
    positionOf({ '': branch(3n) }),
    positionOf({ '': branch(4n) }),
    positionOf({ '': branch(5n) }),
  );
  const generationOf = (file: string): unknown => /"generation": (\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
  assert.deepEqual([generationOf(`${path}.previous`), generationOf(path)], ['3', '4']);
  writeFileSync(path, 'damaged');
  assert.equal((await load(directory)).position?.branches.get('')?.watermark, 4n);
});

test('where the position is damaged and the one before is of a newer version, that is what is said', async (t) => {
  const directory = scratch(t);
  const position = positionOf({ '': branch(1n) });
  const { path } = await saved(directory, position, position);
  writeFileSync(path, 'junk');
  writeFileSync(`${path}.previous`, `audit-export position 2 sha256:${'0'.repeat(64)}\n`);
  await assert.rejects(load(directory), problem(78, /has format 2, written by a newer audit-export/, /install that/));
});
