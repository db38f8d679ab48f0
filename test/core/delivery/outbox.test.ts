import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { packer } from '../../../src/core/batch.ts';
import { outbox, type Outbox, type OutboxParts } from '../../../src/core/delivery/outbox.ts';
import { unsaved } from '../../../src/core/delivery/unsaved.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { emptySummary } from '../../../src/core/summary.ts';
import type { PositionStore, Quarantine } from '../../../src/core/stores.ts';
import type { Outcome, Reply, Sink } from '../../../src/core/types.ts';
import { emptyLedger } from '../../support/empty-ledger.ts';
import { fakeTools, type Clock } from '../../support/fake-tools.ts';
import { memorySink } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';
import { auditRecords } from '../../support/records.ts';

/** An outbox whose sink is answered by hand, two records a batch, and what it did, in order. */
function bench(
  changes: Partial<Sink> = {},
  { source, before }: Pick<OutboxParts, 'source' | 'before'> = { source: { name: 'memory' }, before: { refusals: 0 } },
) {
  const clock: Clock = { now: 0 };
  const happened: string[] = [];
  const sent: { readonly answer: (reply: Reply) => void; readonly fail: (problem: Problem) => void }[] = [];
  const sink: Sink = {
    ...memorySink({ records: 2 }),
    async send(batch) {
      happened.push(
        `send ${batch.records.map((record) => Number(record.bytes.toString('utf8').match(/\d+/)?.[0])).join(' ')}`,
      );
      return new Promise((resolve, reject) => sent.push({ answer: resolve, fail: reject }));
    },
    async flush() {
      happened.push('flush');
    },
    ...changes,
  };
  const store: PositionStore = {
    ...memoryStore(),
    async journal(_branch, lines) {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      happened.push(`journal ${[...lines].length === 0 ? 'nothing' : 'IDs'}`);
    },
  };
  const kept = memoryQuarantine();
  const quarantine: Quarantine & { readonly added: typeof kept.added } = {
    ...kept,
    async add(refused, by) {
      await Promise.resolve();
      if (refused.more) happened.push('a part');
      return kept.add(refused, by);
    },
    async flush() {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      happened.push(`quarantine on disk: ${kept.added.length}`);
    },
  };
  const ledger = emptyLedger();
  const doubted: OutboxParts['doubted'] = [];
  const summary = emptySummary();
  const notYet = unsaved(sink, {}, store, async () => {
    happened.push('save');
    notYet.forget();
  });
  const queue = packer(sink, '');
  const parts = {
    sink,
    queue,
    ledger,
    unsaved: notYet,
    quarantine,
    summary,
    tools: fakeTools(clock),
  };
  const box = outbox({
    ...parts,
    source,
    branch: '',
    maxQuarantine: 0.1,
    before,
    doubted,
    dryRun: false,
  });
  const records = auditRecords(20);
  /** Adds the next `count` records; resolves when the outbox takes further ones. */
  let next = 0;
  async function add(count: number): Promise<void> {
    for (const record of records.slice(next, (next += count))) {
      summary.fetched += 1;
      await box.add(record, ledger.note(record.key, record.keyStart, record.keyEnd, 1000, 0));
    }
  }
  return { clock, happened, sent, box, ledger, summary, quarantine, doubted, add };
}

const allKept: Reply = { outcomes: ['kept', 'kept'] };

/** Lets everything happen that waits for nothing. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Whether the work has come to an end by now. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  async function watch(): Promise<void> {
    await Promise.allSettled([work]);
    over = true;
  }
  void watch();
  await settled();
  return over;
}

for (const [told, reason] of [
  [undefined, 'larger than the 3 bytes that memory takes'],
  ['2 bytes of MEMORY_MOST', 'larger than the 2 bytes of MEMORY_MOST'],
] as const) {
  test(`why a record is too large is said in the sink’s words: ${reason}`, async () => {
    const limits = { records: 2, bytes: 1000, record: 3, ...(told !== undefined && { told }) };
    const { add, box, quarantine } = bench({ limits: () => limits });
    await add(1);
    await box.drain();
    assert.deepEqual(
      quarantine.added.map((one) => one.reason),
      [reason],
    );
  });
}

for (const inFlight of [1, 3]) {
  test(`of a sink that takes ${inFlight} at once, no more batches are under way, and no fewer`, async () => {
    const { add, box, sent, ledger } = bench({ inFlight });
    const adding = add(2 * inFlight + 3);
    assert.equal(await isOver(adding), false, 'one batch more has to wait');
    assert.equal(sent.length, inFlight);
    sent[0]?.answer(allKept);
    await adding;
    await settled();
    assert.equal(sent.length, inFlight + 1);
    for (const { answer } of sent) answer(allKept);
    const draining = box.drain();
    await settled();
    sent.at(-1)?.answer({ outcomes: ['kept'] });
    await draining;
    assert.equal(ledger.size(), 2 * inFlight + 3);
  });
}

test('nothing is drained before the last answer has come, and every outcome is written down then', async () => {
  const { add, box, sent, ledger, summary } = bench();
  await add(2);
  const draining = box.drain();
  assert.equal(await isOver(draining), false);
  assert.deepEqual([ledger.size(), summary.delivered], [0, 0]);
  sent[0]?.answer(allKept);
  await draining;
  assert.deepEqual([ledger.size(), summary.delivered], [2, 2]);
});

test('before the next batch leaves, what the last one delivered is made durable: first at the sink, then in the journal', async () => {
  const { add, sent, happened } = bench();
  const adding = add(5);
  await settled();
  sent[0]?.answer(allKept);
  await adding;
  assert.deepEqual(happened, ['save', 'send 0 1', 'flush', 'journal IDs', 'send 2 3']);
});

test('a sink that knows repeats by itself needs no journal, and no proof that there is room for the position', async () => {
  const { add, sent, happened } = bench({ repeats: 'ignored' });
  const adding = add(5);
  await settled();
  sent[0]?.answer(allKept);
  await adding;
  assert.deepEqual(happened, ['send 0 1', 'send 2 3']);
});

test('what is queued leaves when the oldest of it has waited for a second, and not before', async () => {
  const { add, box, clock, sent } = bench();
  assert.equal(box.tick(), undefined);
  clock.now = 5000;
  await add(1);
  clock.now = 5500;
  await add(1);
  clock.now = 5999;
  assert.equal(box.tick(), undefined);
  clock.now = 6000;
  await box.tick();
  await settled();
  assert.equal(sent.length, 1);
});

test('a record that had to wait for room leaves when it has waited for a second as well', async () => {
  const { add, box, clock, sent } = bench({ inFlight: 2 });
  await add(3);
  await settled();
  assert.equal(sent.length, 1);
  clock.now = 1000;
  await box.tick();
  await settled();
  assert.equal(sent.length, 2);
});

test('a record that is too large is set aside, though it was met when there was no room', async () => {
  const limits = { records: 2, bytes: 1000, record: 18 }; // the eleventh has 19 bytes
  const { add, box, quarantine } = bench({ limits: () => limits, send: async () => allKept });
  await add(11);
  await box.drain();
  assert.deepEqual(
    quarantine.added.map(({ text }) => text),
    ['{"id":"r10","n":10}'],
  );
});

test('what was taken of a batch that then fails is known', async () => {
  const { add, box, sent, ledger, summary } = bench();
  await add(2);
  const draining = assert.rejects(box.drain(), { status: exit.noperm });
  await settled();
  sent[0]?.answer({ outcomes: ['kept', { again: 'busy' }] });
  await settled();
  sent[1]?.fail(new Problem(exit.noperm, 'the key is revoked'));
  await draining;
  assert.deepEqual([ledger.size(), summary.delivered], [1, 1]);
});

test('a record in doubt is reported though the run then fails for another reason', async () => {
  const { add, box, sent, doubted } = bench();
  await add(3);
  await settled();
  sent[0]?.answer({ split: 'forbidden', doubt: 'the key' });
  await settled();
  for (const at of [1, 2]) {
    sent[at]?.answer({ split: 'forbidden', doubt: 'the key' });
    await settled();
  }
  const draining = assert.rejects(box.drain(), { status: exit.noperm });
  await settled();
  sent[3]?.fail(new Problem(exit.noperm, 'the key is revoked'));
  await draining;
  await box.halt();
  assert.equal(doubted.length, 2);
});

test('what is queued leaves when the clock was set back: it must not wait until that time has come again', async () => {
  const { add, box, clock, sent } = bench();
  clock.now = 5000;
  await add(1);
  clock.now = 4999;
  await box.tick();
  await settled();
  assert.equal(sent.length, 1);
  assert.equal(box.tick(), undefined);
});

test('of several failures the first is reported, nothing more is sent, and what was under way is waited for', async () => {
  const { add, box, sent, ledger } = bench({ inFlight: 3 });
  const first = new Problem(exit.noperm, 'first');
  await add(7);
  await settled();
  assert.equal(sent.length, 3);
  sent[1]?.fail(first);
  await settled();
  sent[2]?.fail(new Problem(exit.config, 'second'));
  await settled();
  assert.equal(box.broken(), true);
  assert.throws(() => box.tick(), first);
  const drained = assert.rejects(box.drain(), first);
  const halting = box.halt();
  assert.equal(await isOver(halting), false);
  sent[0]?.answer(allKept);
  await Promise.all([halting, drained]);
  assert.deepEqual([sent.length, ledger.size()], [3, 2]);
});

const refuse = (box: Outbox, text: string): Promise<void> =>
  box.refuse({ text: Buffer.from(text), more: false, reason: 'no JSON', key: `refused:${text}` }, 1000);

test('what the source could not take is set aside once for each key, and remembered when it is on disk', async () => {
  const { box, quarantine, ledger, summary, happened } = bench();
  for (const text of ['{1', '{2', '{1']) await refuse(box, text);
  assert.deepEqual(
    quarantine.added.map(({ text }) => text),
    ['{1', '{2'],
  );
  assert.deepEqual([summary.quarantined, summary.seen, ledger.size()], [2, 1, 0]);
  await box.drain();
  assert.deepEqual([happened, ledger.size()], [['quarantine on disk: 2'], 2]);
});

test('a record in parts is set aside with each of them, and counts once', async () => {
  const { box, quarantine, summary, happened } = bench();
  await box.refuse({ text: Buffer.from('{"a":'), more: true, reason: 'no JSON' }, 1000);
  await refuse(box, '1');
  assert.deepEqual(
    quarantine.added.map(({ text }) => text),
    ['{"a":', '1'],
  );
  assert.deepEqual([summary.quarantined, happened], [1, ['a part']]);
});

test('what cannot be read of a stream is set aside each time it comes, until it is too much of this run', async () => {
  const { box, quarantine, summary, ledger } = bench(
    {},
    { source: { name: 'memory', stream: { isOpen: () => true } }, before: { refusals: 10 } },
  );
  for (let count = 1; count <= 10; count++) await refuse(box, '{1');
  assert.deepEqual([quarantine.added.length, summary.quarantined, summary.unreadable], [10, 10, 10]);
  await assert.rejects(refuse(box, '{1'), { status: exit.data });
  await box.halt();
  assert.equal(ledger.size(), 0);
});

test('what a sink refuses is on disk before the journal says that it is settled', async () => {
  const { add, box, sent, happened } = bench();
  await add(2);
  await add(1);
  await settled();
  sent[0]?.answer({ outcomes: ['kept', { refused: 'no mapping' }] });
  await settled();
  void box.drain();
  await settled();
  assert.deepEqual(happened, ['save', 'send 0 1', 'quarantine on disk: 1', 'flush', 'journal IDs', 'send 2']);
});

test('batches that are refused at the same time do not set more aside together than one after the other', async () => {
  const { add, box, sent, quarantine, summary } = bench({
    inFlight: 3,
    limits: () => ({ records: 6, bytes: 1000, record: 1000 }),
  });
  await add(19);
  await settled();
  const all: Reply = { outcomes: Array<Outcome>(6).fill({ refused: 'no mapping' }) };
  for (const { answer } of sent) answer(all);
  await settled();
  assert.deepEqual([sent.length, quarantine.added.length, summary.quarantined], [3, 6, 6]);
  assert.throws(() => box.tick(), { status: exit.data });
});

test('what a sink refuses is on disk before it counts as delivered', async () => {
  const { add, box, sent, happened, ledger, quarantine, summary } = bench({ repeats: 'ignored' });
  await add(2);
  const draining = box.drain();
  await settled();
  sent[0]?.answer({ outcomes: ['kept', { refused: 'no mapping' }] });
  await draining;
  assert.deepEqual(
    quarantine.added.map(({ text, reason }) => [text, reason]),
    [['{"id":"r1","n":1}', 'no mapping']],
  );
  assert.deepEqual(happened.slice(0, 2), ['send 0 1', 'quarantine on disk: 1']);
  assert.deepEqual([ledger.size(), summary.delivered, summary.quarantined], [2, 1, 1]);
});

test('what waits for an acknowledgement is counted as such, and is in the journal before anybody asks for it', async () => {
  const { add, box, sent, happened, ledger, summary } = bench({ settle: async () => ({ outcome: 'waiting' }) });
  await add(2);
  const draining = box.drain();
  await settled();
  sent[0]?.answer({ outcomes: ['kept', 'kept'], pending: 'later' });
  await draining;
  assert.deepEqual(happened.slice(0, 4), ['save', 'send 0 1', 'flush', 'journal IDs']);
  assert.deepEqual([summary.awaited, summary.delivered, ledger.pending()], [2, 0, ['later']]);
});

test('what is diverted counts as delivered, and is told apart', async () => {
  const { add, box, sent, summary } = bench();
  await add(2);
  const draining = box.drain();
  await settled();
  sent[0]?.answer({ outcomes: ['kept', 'diverted'] });
  await draining;
  assert.deepEqual([summary.delivered, summary.diverted], [2, 1]);
});

test('a failure of the last batch is thrown by the drain that waits for it; what was set aside is on disk all the same', async () => {
  const { add, box, sent, happened, ledger } = bench();
  const problem = new Problem(exit.noperm, 'no');
  await refuse(box, '{1');
  await add(1);
  const draining = assert.rejects(box.drain(), problem);
  await settled();
  sent[0]?.fail(problem);
  await draining;
  assert.equal(ledger.size(), 0);
  await box.halt();
  assert.deepEqual([happened.at(-1), ledger.size()], ['quarantine on disk: 1', 1]);
});

test('more than ten that would have to be set aside, and more than a tenth, end the run with 65', async () => {
  const { box, summary, quarantine } = bench();
  const tooMany = { status: exit.data };
  for (let count = 1; count <= 10; count++) await refuse(box, `{${count}`);
  await assert.rejects(refuse(box, '{11'), tooMany);
  assert.deepEqual([summary.quarantined, quarantine.added.length], [10, 10]);
  summary.fetched = 110;
  await refuse(box, '{12');
  await assert.rejects(refuse(box, '{13'), tooMany);
});

test('what a sink refuses counts towards too many, and nothing of it is set aside then', async () => {
  const { add, box, sent, quarantine, ledger } = bench();
  for (let count = 1; count <= 10; count++) await refuse(box, `{${count}`);
  await add(1);
  const draining = assert.rejects(box.drain(), { status: exit.data });
  await settled();
  sent[0]?.answer({ outcomes: [{ refused: 'no mapping' }] });
  await draining;
  assert.deepEqual([quarantine.added.length, ledger.size()], [10, 0]);
});
