import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { acknowledged, askOnce } from '../../../src/core/delivery/acknowledge.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { emptySummary } from '../../../src/core/summary.ts';
import type { PositionStore } from '../../../src/core/stores.ts';
import type { Ledger, Sink } from '../../../src/core/types.ts';
import { emptyLedger } from '../../support/empty-ledger.ts';
import { fakeTools, type Clock } from '../../support/fake-tools.ts';
import { memorySink } from '../../support/memory.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { problem } from '../../support/problem.ts';

type Answer = 'kept' | 'lost' | 'waiting';

/** A ledger whose records wait for acknowledgements, a sink that answers for them, and what happened, in order. */
function awaiting(
  waiting: Readonly<Record<string, readonly string[]>>,
  answer: (name: string, time: number) => Answer,
) {
  const clock: Clock = { now: 0 };
  const happened: string[] = [];
  const ledger = emptyLedger();
  for (const [name, ids] of Object.entries(waiting)) for (const id of ids) ledger.wait(noted(ledger, id), name);
  const sink: Sink = {
    ...memorySink(),
    async settle(pending) {
      happened.push(`${clock.now}: ask ${pending}`);
      return { outcome: answer(pending, clock.now) };
    },
  };
  const store: PositionStore = {
    ...memoryStore(),
    async journal(_branch: string, lines: Iterable<Buffer>) {
      await new Promise((resolve) => setImmediate(resolve));
      happened.push(
        `${clock.now}: journal ${Buffer.concat([...lines])
          .toString()
          .replaceAll(/^\S+ \S+ | *\n/gm, '')}`,
      );
    },
  };
  const source = { name: 'memory' };
  return {
    clock,
    happened,
    source,
    ledger,
    sink,
    store,
    branch: '',
    earlier: new Set<string>(),
    summary: emptySummary(),
    tools: fakeTools(clock),
  };
}

function noted(ledger: Ledger, id: string): number {
  const key = Buffer.from(id);
  return ledger.note(key, 0, key.length, 0, 0);
}

/** Whether the record would not be sent again; one that would be is noted by asking. */
function isKnown(ledger: Ledger, id: string): boolean {
  return noted(ledger, id) < 0;
}

test('each acknowledgement is asked for alone, the oldest first, and is on disk before the next one is asked for', async () => {
  const at = awaiting({ one: ['a', 'b'], two: ['c'] }, () => 'kept');
  at.summary.awaited = 3;
  await acknowledged(at);
  assert.deepEqual(at.happened, ['0: ask one', '0: journal + a+ b', '0: ask two', '0: journal + c']);
  assert.deepEqual([at.summary.awaited, at.summary.delivered], [0, 3]);
  assert.deepEqual(at.ledger.pending(), []);
});

test('what an earlier run sent is not counted as delivered by this one', async () => {
  const at = awaiting({ earlier: ['a', 'b'], ours: ['c'] }, () => 'kept');
  at.summary.awaited = 1;
  await acknowledged({ ...at, earlier: new Set(['earlier']) });
  assert.deepEqual([at.summary.awaited, at.summary.delivered], [0, 1]);
});

test('a sink that knows repeats by itself needs no journal of its acknowledgements', async () => {
  const at = awaiting({ one: ['a'] }, () => 'kept');
  await acknowledged({ ...at, sink: { ...at.sink, repeats: 'undone' } });
  assert.deepEqual(at.happened, ['0: ask one']);
});

test('an acknowledgement is asked for again, less and less often, until it is there', async () => {
  const at = awaiting({ one: ['a'] }, (_name, time) => (time >= 30_000 ? 'kept' : 'waiting'));
  await acknowledged(at);
  const asked = at.happened.filter((line) => line.includes('ask')).map((line) => Number.parseInt(line, 10));
  assert.deepEqual(asked, [0, 500, 1500, 3500, 7500, 15_500, 25_500, 35_500]);
});

test('an acknowledgement that is not there after a minute ends the run with 75, and waits for the next', async () => {
  const at = awaiting({ one: ['a'], two: ['b'] }, () => 'waiting');
  await assert.rejects(acknowledged(at), problem(exit.tempfail, /has not yet acknowledged 2 batches/));
  assert.ok(at.clock.now >= 60_000 && at.clock.now < 75_000, `gave up after ${at.clock.now} ms`);
  assert.deepEqual(at.ledger.pending(), ['one', 'two']);
});

test('an acknowledgement that does not come in the time of the run ends it with 75, and the destination is named', async () => {
  const at = awaiting({ one: ['a'] }, () => 'waiting');
  const tools = { ...fakeTools(at.clock), deadline: () => 3000 };
  await assert.rejects(
    acknowledged({ ...at, tools }),
    problem(exit.tempfail, /memory has not yet acknowledged 1 batch/),
  );
  assert.deepEqual(at.happened, ['0: ask one', '500: ask one', '1500: ask one']);
});

test('a run that is stopped while it waits for an acknowledgement ends at once', async () => {
  const at = awaiting({ one: ['a'] }, () => 'waiting');
  const stopped = new Problem(exit.terminate, 'stopped by SIGTERM');
  await assert.rejects(acknowledged({ ...at, tools: fakeTools(at.clock, AbortSignal.abort(stopped)) }), stopped);
  assert.deepEqual(at.happened, ['0: ask one']);
});

test('what was diverted is counted where only the acknowledgement says so', async () => {
  const at = awaiting({ one: ['a', 'b'], two: ['c', 'd'] }, () => 'kept');
  at.summary.awaited = 4;
  await acknowledged({ ...at, sink: { ...at.sink, settle: async () => ({ outcome: 'kept', diverted: 1 }) } });
  assert.deepEqual([at.summary.delivered, at.summary.diverted], [4, 2]);
});

test('an acknowledgement that will never come ends the run with 75 at once, and its records are to be sent again', async () => {
  const at = awaiting({ one: ['a', 'b'] }, () => 'lost');
  await assert.rejects(acknowledged(at), { status: exit.tempfail, message: 'memory never acknowledged some records' });
  assert.equal(at.clock.now, 0);
  assert.deepEqual([isKnown(at.ledger, 'a'), at.ledger.size()], [false, 0]);
});

test('before a run, each acknowledgement of an earlier one is asked for once, and what is lost is counted', async () => {
  const answers: Readonly<Record<string, Answer>> = { gone: 'lost', there: 'kept', late: 'waiting' };
  const at = awaiting({ gone: ['a', 'b'], there: ['c'], late: ['d'] }, (name) => answers[name] ?? 'waiting');
  assert.equal(await askOnce(at), 2);
  assert.deepEqual(at.happened, ['0: ask gone', '0: ask there', '0: journal + c', '0: ask late']);
  assert.deepEqual(at.ledger.pending(), ['late']);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((id) => isKnown(at.ledger, id)),
    [false, false, true, true],
  );
});
