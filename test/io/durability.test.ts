/** What is promised after a power cut: each thing reaches the disk before the next step that goes by it. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { firstPosition, placeOf } from '../../src/core/position.ts';
import type { Position } from '../../src/core/types.ts';
import { appendFile } from '../../src/io/append-file.ts';
import { positionStore } from '../../src/io/position-file.ts';
import { openQuarantine } from '../../src/io/quarantine.ts';
import { prepareDirectory } from '../../src/io/state/directory.ts';
import { fileSteps } from '../support/file-steps.ts';
import { scratch } from '../support/scratch.ts';

const scope = { source: 'vendor', sink: 'siem' };

/** A directory named `state`, as its name is a part of the steps. */
function freshDirectory(t: TestContext): string {
  const directory = join(scratch(t), 'state');
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

function positionAt(...marks: readonly (readonly [branch: string, watermark: bigint])[]): Position {
  const position = firstPosition(scope);
  for (const [branch, watermark] of marks) placeOf(position, branch, 1).watermark = watermark;
  return position;
}

test('a state directory that a run makes, and those above it, are on the disk before there is anything in them', async (t) => {
  const directory = join(freshDirectory(t), 'above', 'jobs');
  const steps = await fileSteps(() => prepareDirectory(directory));
  assert.deepEqual(steps, ['fsync state', 'fsync above']);
});

test('a position is on the disk before it takes its name, and the name before the save ends', async (t) => {
  const store = positionStore(freshDirectory(t), 'job', scope);
  await store.load();
  await store.save(positionAt(['', 1n]));
  const steps = await fileSteps(() => store.save(positionAt(['', 2n])));
  await store.close();
  assert.deepEqual(steps, [
    'write job.position.temp',
    'fsync job.position.temp',
    'link job.position job.position.previous.temp',
    'rename job.position.previous.temp job.position.previous',
    'rename job.position.temp job.position',
    'fsync state',
  ]);
});

test("the copy of a position that first knows of a branch's progress is on the disk before the position takes its name", async (t) => {
  const store = positionStore(freshDirectory(t), 'job', scope);
  await store.load();
  await store.save(positionAt(['a', 1n]));
  const steps = await fileSteps(() => store.save(positionAt(['a', 1n], ['b', 1n])));
  await store.close();
  assert.deepEqual(steps, [
    'write job.position.temp',
    'fsync job.position.temp',
    'copyFile job.position.temp job.position.previous.temp',
    'fsync job.position.previous.temp',
    'rename job.position.previous.temp job.position.previous',
    'fsync state',
    'rename job.position.temp job.position',
    'fsync state',
  ]);
});

test('an entry of the journal is on the disk when it counts as written, and so is the name of a new journal, before it holds anything', async (t) => {
  const store = positionStore(freshDirectory(t), 'job', scope);
  await store.load();
  await store.save(positionAt(['', 1n]));
  const add = (): Promise<void> => store.journal('', [Buffer.from('1 00000000 + a\n')], undefined);
  const first = await fileSteps(add);
  const second = await fileSteps(add);
  await store.save(positionAt(['', 2n]));
  const afterSave = await fileSteps(add);
  await store.close();
  assert.deepEqual(first, ['truncate job.journal', 'fsync state', 'write job.journal', 'fsync job.journal']);
  assert.deepEqual(
    second.slice(-2).map((step) => step.split(' ')[0]),
    ['write', 'fsync'],
  );
  assert.deepEqual(
    afterSave.map((step) => step.split(' ')[0]),
    ['truncate', 'write', 'fsync'],
    'its name is there',
  );
});

// A run that was killed before it made a name durable leaves nothing that a later run could take for a file whose name is.
test('records in a file are on the disk when it is synced, and so is the name of a new file, before it holds anything', async (t) => {
  const file = appendFile(join(freshDirectory(t), 'out.jsonl'));
  const steps = await fileSteps(async () => {
    await file.open(undefined);
    for (const line of ['a\n', 'b\n']) {
      await file.append(Buffer.from(line), [2]);
      await file.sync();
    }
  });
  await file.close();
  assert.deepEqual(steps, ['fsync state', 'write out.jsonl', 'fsync out.jsonl', 'write out.jsonl', 'fsync out.jsonl']);
});

test('a record that was set aside is on the disk after the flush, and so is the name of a new quarantine, before it holds anything', async (t) => {
  const quarantine = openQuarantine(join(freshDirectory(t), 'job.quarantine.jsonl'), () => 0);
  const by = { source: 'vendor', sink: 'siem', branch: '' };
  const steps = await fileSteps(async () => {
    for (const text of ['a', 'b']) {
      await quarantine.add({ text: Buffer.from(text), more: false, reason: 'too long' }, by);
      await quarantine.flush();
    }
    await quarantine.flush();
  });
  await quarantine.close();
  assert.deepEqual(steps, [
    'fsync state',
    'write job.quarantine.jsonl',
    'fsync job.quarantine.jsonl',
    'write job.quarantine.jsonl',
    'fsync job.quarantine.jsonl',
  ]);
});
