import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { packer } from '../../src/core/batch.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { Output } from '../../src/core/sink-tools.ts';
import { stdoutSink } from '../../src/sinks/stdout.ts';
import { auditRecord } from '../support/records.ts';
import { deliverTo } from '../support/send-all.ts';
import { sinkTools } from '../support/sink-tools.ts';

function output(kind: Output['kind'], write: Output['write'] = () => Promise.resolve()) {
  const written: Buffer[] = [];
  let synced = 0;
  return {
    kind,
    written,
    text: () => Buffer.concat(written).toString(),
    synced: () => synced,
    isWriting: () => false,
    async write(bytes: Buffer) {
      await write(bytes);
      written.push(Buffer.from(bytes));
    },
    sync() {
      synced += 1;
      return Promise.resolve();
    },
  };
}

test('records are JSON Lines, byte for byte', async () => {
  const out = output('pipe');
  const sink = stdoutSink({ output: out });
  await sink.open?.(undefined);
  const packing = packer(sink, '');
  const texts = [
    '{"n":9007199254740993,"x":1.10}',
    '{"a":"\\u00e9 é 💥","a":1e400}',
    `{"large":"${'x'.repeat(5_000_000)}"}`,
  ];
  const batches = [];
  for (const [entry, text] of texts.entries()) {
    if (packing.add(auditRecord(text), entry) === 'added') continue;
    batches.push(packing.take());
    assert.equal(packing.add(auditRecord(text), entry), 'added');
  }
  batches.push(packing.take());
  for (const packed of batches) {
    assert.ok(packed);
    const { kept } = await deliverTo(sink, packed, sinkTools());
    assert.deepEqual(kept, packed.entries);
  }
  assert.equal(out.text(), texts.map((text) => `${text}\n`).join(''));
});

test('a standard output that is closed is refused before anything is read', async () => {
  await assert.rejects(async () => stdoutSink({ output: output('closed') }).open?.(undefined), { status: exit.config });
  await stdoutSink({ output: output('null') }).open?.(undefined);
});

test('a reader that has gone is a Problem, and nothing counts as kept', async () => {
  const gone = new Problem(exit.ioerr, 'the reader of standard output has gone');
  const sink = stdoutSink({ output: output('pipe', () => Promise.reject(gone)) });
  const packing = packer(sink, '');
  packing.add(auditRecord('{}'), 0);
  const packed = packing.take();
  assert.ok(packed);
  await assert.rejects(deliverTo(sink, packed, sinkTools()), gone);
});

test('flush makes it durable', async () => {
  const out = output('file');
  await stdoutSink({ output: out }).flush?.();
  assert.equal(out.synced(), 1);
});
