import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { exit, Problem } from '../../../src/core/problem.ts';
import { chunksOf } from '../../../src/io/streams/standard-input.ts';
import { collectGarbage } from '../../support/garbage.ts';

/** Bytes of the heap that are in use. */
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test('an input on which nothing comes costs no memory, however long that lasts', async () => {
  const stream = new PassThrough();
  const chunks = chunksOf(stream, new AbortController().signal, 0)[Symbol.asyncIterator]();
  async function idle(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) {
      const { value } = await chunks.next();
      assert.equal(value?.length, 0);
    }
  }
  await idle(500);
  const growths: number[] = []; // a leak shows in most spans, what else goes on in the process (compilation, say) in few
  for (let span = 0; span < 9; span++) {
    const before = heap();
    await idle(250);
    growths.push((heap() - before) / 250);
  }
  const median = growths.toSorted((one, other) => one - other)[4] ?? Infinity;
  assert.ok(median < 200, `${growths.join(', ')} bytes a turn`);
  await chunks.return?.();
  assert.ok(stream.destroyed, 'a writer that is still there is not waited for');
});

test('what comes while nobody waits is not lost, and the end comes once', async () => {
  const stream = new PassThrough();
  const found: string[] = [];
  let turns = 0;
  for await (const chunk of chunksOf(stream, new AbortController().signal, 1)) {
    found.push(chunk.toString());
    if (++turns === 2) stream.write('one');
    if (chunk.length > 0) stream.end(found.includes('two') ? undefined : 'two');
  }
  assert.deepEqual(
    found.filter((text) => text !== ''),
    ['one', 'two'],
  );
});

test('a request to stop ends the waiting at once, also one that came before', async () => {
  const reason = new Problem(exit.terminate, 'stopped');
  for (const early of [true, false]) {
    const stop = new AbortController();
    const chunks = chunksOf(new PassThrough(), stop.signal, 60_000)[Symbol.asyncIterator]();
    if (early) stop.abort(reason);
    const next = chunks.next();
    stop.abort(reason);
    await assert.rejects(next, reason);
  }
});

test('an input that breaks is a Problem, also when it breaks while nobody waits', async () => {
  const stream = new PassThrough();
  const chunks = chunksOf(stream, new AbortController().signal, 0)[Symbol.asyncIterator]();
  assert.deepEqual(await chunks.next(), { done: false, value: Buffer.alloc(0) });
  stream.destroy(Object.assign(new Error('broken'), { code: 'EIO' }));
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(chunks.next(), { status: exit.ioerr, message: 'standard input cannot be read (EIO)' });
});
