import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { unsaved, type Unsaved } from '../../../src/core/delivery/unsaved.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import type { Sink } from '../../../src/core/types.ts';
import { emptyLedger } from '../../support/empty-ledger.ts';

/** What waits for the journal, what was written to it, and how to answer the one who writes. */
function bench(repeats: Sink['repeats'] = 'visible', volatile = false) {
  const ledger = emptyLedger();
  const journal: string[] = [];
  const written: (() => void)[] = [];
  const store = {
    async journal(branch: string, lines: Iterable<Buffer>) {
      journal.push(
        `${branch}: ${Buffer.concat([...lines])
          .toString()
          .replaceAll(/^\S+ \S+ \S+ |\n$/gm, '')
          .replaceAll('\n', ' ')}`,
      );
      await new Promise<void>((resolve) => written.push(resolve));
    },
  };
  const waiting: Unsaved = unsaved({ repeats }, { volatile }, store, async () => waiting.forget());
  function add(branch: string, id: string): void {
    const entry = ledger.note(Buffer.from(id), 0, id.length, 1000, 0);
    ledger.keep(entry);
    waiting.add(branch, ledger, [entry]);
  }
  return { add, waiting, journal, written };
}

test('what is delivered while the journal is written is in the next entry, and nothing twice', async () => {
  const { add, waiting, journal, written } = bench();
  add('one', 'a');
  const first = waiting.journal();
  await Promise.resolve();
  add('one', 'b');
  add('two', 'c');
  written[0]?.();
  await first;
  for (const branch of [1, 2]) {
    const next = waiting.journal();
    await Promise.resolve();
    written[branch]?.();
    await Promise.resolve();
    await Promise.resolve();
    written[branch + 1]?.();
    await next;
  }
  assert.deepEqual(journal, ['one: a', 'one: b', 'two: c']);
});

test('what the position has is not in the journal', async () => {
  const { add, waiting, journal } = bench();
  add('', 'a');
  waiting.forget();
  await waiting.journal();
  assert.deepEqual(journal, []);
});

test('only what would be seen twice at the destination is in the journal', async () => {
  for (const [repeats, volatile, expected] of [
    ['visible', false, 1],
    ['found', true, 1],
    ['found', false, 0],
    ['ignored', true, 0],
  ] as const) {
    const { add, waiting, journal, written } = bench(repeats, volatile);
    add('', 'a');
    const writing = waiting.journal();
    await Promise.resolve();
    for (const over of written) over();
    await writing;
    assert.equal(journal.length, expected, repeats);
  }
});

test('nothing is proven by a position that cannot be saved', async () => {
  const full = new Problem(exit.ioerr, 'disk full');
  const store = { journal: async () => {} };
  const waiting = unsaved({ repeats: 'visible' }, {}, store, () => Promise.reject(full));
  await assert.rejects(waiting.prove(), full);
});
