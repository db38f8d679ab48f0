import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { packer } from '../../src/core/batch.ts';
import { byteBuffer } from '../../src/core/bytes.ts';
import { exit } from '../../src/core/problem.ts';
import type { AppendFile } from '../../src/core/sink-tools.ts';
import { elasticForm } from '../../src/core/wire/elastic/form.ts';
import { file, fileSink } from '../../src/sinks/file.ts';
import { auditRecords } from '../support/records.ts';
import { deliverTo } from '../support/send-all.ts';
import { sinkTools } from '../support/sink-tools.ts';

function fakeFile() {
  const opened: unknown[][] = [];
  const ended: (readonly number[])[] = [];
  const written: Buffer[] = [];
  const calls: string[] = [];
  const door: AppendFile = {
    look: () => Promise.resolve(),
    open(...given) {
      opened.push(given);
      return Promise.resolve();
    },
    append(body, ends) {
      written.push(Buffer.from(body));
      ended.push(ends);
      calls.push('append');
      return Promise.resolve();
    },
    sync() {
      calls.push('sync');
      return Promise.resolve();
    },
    saved: (settled) => ({
      size: Buffer.concat(written).length,
      inode: '7',
      ...(settled !== true && { unsettled: [[0, 2]] }),
    }),
    close: () => Promise.resolve(),
  };
  return { door, opened, ended, calls, text: () => Buffer.concat(written).toString() };
}

test('records are appended as JSON Lines, and are durable after a flush', async () => {
  const { door, calls, ended, text } = fakeFile();
  const sink = file.create({ OUTPUT: '/var/log/audit.jsonl' }, sinkTools({ file: () => door }));
  await sink.open?.(undefined);
  const packing = packer(sink, '');
  for (const [entry, record] of auditRecords(2).entries()) packing.add(record, entry);
  const packed = packing.take();
  assert.ok(packed);
  const { kept } = await deliverTo(sink, packed, sinkTools());
  await sink.flush?.();
  assert.deepEqual(kept, [0, 1]);
  assert.equal(text(), '{"id":"r0","n":0}\n{"id":"r1","n":1}\n');
  assert.deepEqual(ended, [[18, 36]]);
  assert.deepEqual(calls, ['append', 'sync']);
  assert.deepEqual(sink.saved?.(), { size: 36, inode: '7', unsettled: [[0, 2]] });
  assert.deepEqual(sink.saved?.(true), { size: 36, inode: '7' });
  assert.equal(sink.scope, '/var/log/audit.jsonl');
});

test('the next run says how far the last one got', async () => {
  const { door, opened } = fakeFile();
  const sink = fileSink('out.jsonl', { file: () => door });
  const unsettled = [[3, 6] as const];
  await sink.open?.({ size: 36, inode: '7' });
  await sink.open?.({ size: 36, inode: '7', unsettled });
  assert.deepEqual(opened, [
    [{ size: 36, inode: '7', unsettled: [] }, undefined],
    [{ size: 36, inode: '7', unsettled }, undefined],
  ]);
});

test("in Elasticsearch's form an action line at the end is half a record, and nothing else is", async () => {
  const { door, opened } = fakeFile();
  const encode = elasticForm({ idSpace: () => 'acme', trustsIds: false, now: () => 0 });
  const sink = fileSink('out.ndjson', { file: () => door, form: { name: 'elastic', encode } });
  await sink.open?.(undefined);
  const begins = opened[0]?.[1] as (line: Buffer) => boolean;
  const out = byteBuffer(1024);
  for (const record of auditRecords(1)) sink.encode(record, out, '');
  const [action = '', source = ''] = out
    .take()
    .toString()
    .split(/(?<=\n)/);
  assert.deepEqual([begins(Buffer.from(action)), begins(Buffer.from(source))], [true, false]);
  for (const line of ['\n', '{"create":{"_id":"a"}}', '{"create":{"_id":"a"},"b":1}\n', ' {"create":{"_id":"a"}}\n']) {
    assert.equal(begins(Buffer.from(line)), false, line);
  }
});

test('a position that does not say how far the file was written is refused', async () => {
  const sink = fileSink('out.jsonl', { file: () => fakeFile().door });
  const odd = [[[1]], [[1, 'x']], [[-1, 2]], 'x', [1, 2]].map((unsettled) => ({ size: 9, inode: '7', unsettled }));
  for (const saved of [...odd, 'x', null, { size: -1, inode: '7' }, { size: 1.5, inode: '7' }, { size: 1 }, []]) {
    await assert.rejects(async () => sink.open?.(saved), { status: exit.config });
  }
});

test('without a path it says which flag is missing', () => {
  assert.throws(() => file.create({}, sinkTools()), { status: exit.config, hint: 'add --output <path>' });
});
