import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { packer } from '../../src/core/batch.ts';
import { deliver } from '../../src/core/deliver.ts';
import { exit } from '../../src/core/problem.ts';
import type { AppendFile } from '../../src/core/types.ts';
import { file, fileSink } from '../../src/sinks/file.ts';
import { auditRecords } from '../support/records.ts';
import { sinkTools } from '../support/sink-tools.ts';

function fakeFile() {
  const opened: unknown[] = [];
  const written: Buffer[] = [];
  const calls: string[] = [];
  const door: AppendFile = {
    open(saved) {
      opened.push(saved);
      return Promise.resolve();
    },
    append(bytes) {
      written.push(Buffer.from(bytes));
      calls.push('append');
      return Promise.resolve();
    },
    sync() {
      calls.push('sync');
      return Promise.resolve();
    },
    saved: () => ({ size: Buffer.concat(written).length, inode: '7' }),
    close: () => Promise.resolve(),
  };
  return { door, opened, calls, text: () => Buffer.concat(written).toString() };
}

test('records are appended as JSON Lines, and are durable after a flush', async () => {
  const { door, calls, text } = fakeFile();
  const sink = file.create({ OUTPUT: '/var/log/audit.jsonl' }, sinkTools({ file: () => door }));
  await sink.open(undefined);
  const packing = packer(sink);
  for (const [entry, record] of auditRecords(2).entries()) packing.add(record, entry);
  const packed = packing.take();
  assert.ok(packed);
  const { kept } = await deliver(sink, packed, sinkTools());
  await sink.flush();
  assert.deepEqual(kept, [0, 1]);
  assert.equal(text(), '{"id":"r0","n":0}\n{"id":"r1","n":1}\n');
  assert.deepEqual(calls, ['append', 'sync']);
  assert.deepEqual(sink.saved(), { size: 36, inode: '7' });
  assert.equal(sink.scope, '/var/log/audit.jsonl');
});

test('the next run says how far the last one got', async () => {
  const { door, opened } = fakeFile();
  const sink = fileSink('out.jsonl', { file: () => door });
  await sink.open({ size: 36, inode: '7' });
  assert.deepEqual(opened, [{ size: 36, inode: '7' }]);
});

test('a position that does not say how far the file was written is refused', async () => {
  const sink = fileSink('out.jsonl', { file: () => fakeFile().door });
  for (const saved of ['x', null, { size: -1, inode: '7' }, { size: 1.5, inode: '7' }, { size: 1 }, []]) {
    await assert.rejects(async () => sink.open(saved), { status: exit.config });
  }
});

test('without a path it says which flag is missing', () => {
  assert.throws(() => file.create({}, sinkTools()), { status: exit.config, hint: 'add --output <path>' });
});
