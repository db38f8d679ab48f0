import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { gone } from '../src/core/http-status.ts';
import { exit, Problem } from '../src/core/problem.ts';
import { parseDuration } from '../src/core/clock/duration.ts';
import type { Job, Page } from '../src/core/types.ts';
import { run, type RunResult } from '../src/run.ts';
import { fakeTools, type Clock } from './support/fake-tools.ts';
import {
  auditRecord,
  memoryJob,
  memorySink,
  memoryVendor,
  stopWith,
  stored,
  type MemorySink,
  type MemoryVendor,
} from './support/memory.ts';
import { memoryQuarantine, memoryStore, type MemoryStore } from './support/memory-store.ts';

const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;

const everyMinute: Job = { ...memoryJob, firstRun: parseDuration('1h', '--first-run') };

interface Bench {
  readonly clock: Clock;
  readonly vendor: MemoryVendor;
  sink: MemorySink;
  store: MemoryStore;
  readonly quarantine: ReturnType<typeof memoryQuarantine>;
  controller: AbortController;
  readonly warnings: string[];
  /** One run; without a store for an ad-hoc search. */
  run(job?: Partial<Job>): Promise<RunResult>;
  /** IDs that the sink has, in order. */
  ids(): string[];
  /** Forgets all but the disk. */
  restart(): void;
}

function bench(options: Parameters<typeof memoryVendor>[1] = {}): Bench {
  const clock = { now: start };
  const here: Bench = {
    clock,
    vendor: memoryVendor(clock, options),
    sink: memorySink(),
    store: memoryStore(),
    quarantine: memoryQuarantine(),
    controller: new AbortController(),
    warnings: [],
    run: (job = {}) =>
      run({
        job: { ...everyMinute, ...job },
        source: here.vendor,
        sink: here.sink,
        store: job.usePosition === false ? undefined : here.store,
        scope: { source: 'memory', sink: 'memory' },
        quarantine: here.quarantine,
        tools: { ...fakeTools(clock, here.controller.signal), warn: (message) => here.warnings.push(message) },
      }),
    ids: () => here.sink.taken.map((text) => (JSON.parse(text) as { id: string }).id),
    restart() {
      here.store = memoryStore(here.store.disk);
    },
  };
  return here;
}

function fail(problem: Problem): never {
  throw problem;
}

/** The vendor has these branches, each with the records whose text has its name. */
function partedByName({ vendor }: Bench, names: readonly string[]): void {
  const { pull } = vendor;
  vendor.branches = async () => names;
  vendor.pull = async function* (ask) {
    for await (const page of pull(ask))
      yield { ...page, records: page.records.filter(({ bytes }) => bytes.includes(ask.branch)) };
  };
}

function statuses({ problems }: RunResult): number[] {
  return problems.map(({ status }) => status);
}

test('a second run delivers only what is new', async () => {
  const here = bench();
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const first = await here.run();
  assert.deepEqual(statuses(first), []);
  assert.equal(here.ids().length, 10);

  here.restart();
  here.clock.now += minute;
  here.vendor.stored.push(stored('b1', start + 1));
  const second = await here.run();
  assert.deepEqual(statuses(second), []);
  assert.deepEqual(here.ids().slice(10), ['b1']);
  assert.equal(second.summary.delivered, 1);
  assert.ok(second.summary.seen > 0, 'the overlap was read again');
});

test('a first run that begins now leaves old records, and the next one delivers what came since', async () => {
  for (const rules of [{}, { delay: parseDuration('2m', 'delay') }]) {
    const here = bench({ rules });
    here.vendor.stored.push(stored('old', start - 30 * minute));
    const first = await here.run({ firstRun: 0n });
    assert.deepEqual([statuses(first), here.ids()], [[], []]);
    const settled = BigInt(start) * 1_000_000n - (rules.delay ?? 0n);
    assert.equal((await here.store.load())?.branches.get('')?.watermark, settled);

    here.restart();
    here.vendor.stored.push(stored('new', start + minute));
    here.clock.now += 10 * minute;
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
    assert.deepEqual(here.ids(), ['new']);
  }
});

test('what happened since the first run that was to begin now is delivered, though the first runs fail or are killed', async () => {
  const here = bench();
  let killed: string | undefined;
  here.vendor.beforePage = () => {
    killed ??= here.store.disk.saved;
    fail(new Problem(exit.unavailable, 'memory is down', {}));
  };
  const later = async (id: string, job: Partial<Job> = { firstRun: 0n }): Promise<number[]> => {
    here.restart();
    here.clock.now += minute;
    here.vendor.stored.push(stored(id, here.clock.now - 1));
    return statuses(await here.run(job));
  };
  here.vendor.stored.push(stored('old', start - 30 * minute));
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), [exit.unavailable]);
  here.store.disk.saved = killed;
  assert.deepEqual(await later('one'), [exit.unavailable]);
  assert.deepEqual(await later('two'), [exit.unavailable]);
  here.vendor.beforePage = () => {};
  assert.deepEqual(await later('three'), []);
  assert.deepEqual(here.ids().toSorted(), ['one', 'three', 'two']);

  const other = bench();
  other.vendor.beforePage = () => fail(new Problem(exit.unavailable, 'memory is down', {}));
  await other.run({ firstRun: parseDuration('1h', '--first-run') });
  other.vendor.beforePage = () => {};
  other.vendor.stored.push(stored('early', start - 30 * minute), stored('late', start - minute / 2));
  other.restart();
  other.clock.now += minute;
  await other.run({ firstRun: parseDuration('10m', '--first-run') });
  assert.deepEqual(other.ids(), ['late'], 'whoever asks for less gets less');
});

test('what happened since the first run that was to begin now is delivered, though the vendor refused its login', async () => {
  const here = bench();
  here.vendor.open = () => Promise.reject(new Problem(exit.noperm, 'memory refused the login'));
  for (const asked of [{}, { since: { back: parseDuration('1h', '--since') } }]) {
    assert.deepEqual(statuses(await here.run({ firstRun: 0n, ...asked })), [exit.noperm]);
    here.restart();
  }
  here.vendor.open = () => Promise.resolve();
  here.clock.now += 30 * minute;
  here.vendor.stored.push(stored('asked', start - 50 * minute), stored('meanwhile', start + 10 * minute));
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
  assert.deepEqual(here.ids().toSorted(), ['asked', 'meanwhile']);
});

for (const [what, breakAt] of [
  ['the destination could not be opened', (here: Bench) => (here.sink.open = refuse)],
  ['the vendor did not list its branches', (here: Bench) => (here.vendor.branches = refuse)],
] as const) {
  test(`what happened since the first run that was to begin now is delivered, though ${what}`, async () => {
    const here = bench();
    const { branches } = here.vendor;
    breakAt(here);
    for (let run = 0; run < 2; run++) {
      assert.deepEqual(statuses(await here.run({ firstRun: 0n })), [exit.cantcreat]);
      here.restart();
      here.clock.now += 10 * minute;
    }
    delete here.sink.open;
    here.vendor.branches = branches;
    here.vendor.stored.push(stored('old', start - minute), stored('meanwhile', start + minute));
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
    assert.deepEqual(here.ids(), ['meanwhile']);

    here.restart();
    here.vendor.branches = async () => ['', 'later'];
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
    const { branches: places } = (await here.store.load())!;
    assert.equal(places.get('later')?.watermark, BigInt(here.clock.now) * 1_000_000n, 'of these only');
  });
}

async function refuse(): Promise<never> {
  throw new Problem(exit.cantcreat, 'memory is not there');
}

test('a run with --since and -c that comes to nothing says where the next one begins', async () => {
  const here = bench();
  const hour = 60 * minute;
  here.vendor.stored.push(stored('earlier', start - 31 * hour), stored('asked', start - 29 * hour));
  here.vendor.beforePage = () => fail(new Problem(exit.unavailable, 'memory is down', {}));
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  for (const back of ['30h', '10h']) {
    here.restart();
    await here.run({ since: { back: parseDuration(back, '--since') } });
  }
  here.restart();
  here.vendor.beforePage = () => {};
  here.clock.now += minute;
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids(), ['asked']);
});

test('a first run that begins now goes by the vendor’s clock, of which ours may be ahead', async () => {
  const here = bench();
  const { pull } = here.vendor;
  let vendorNow: bigint | undefined;
  here.vendor.serverTime = () => vendorNow;
  here.vendor.pull = async function* (ask) {
    vendorNow = BigInt(here.clock.now - 30 * minute) * 1_000_000n;
    yield* pull(ask);
  };
  await here.run({ firstRun: 0n, overlap: 0n });
  here.vendor.stored.push(stored('new', start - 20 * minute));
  here.clock.now += 20 * minute;
  vendorNow = undefined; // another process
  assert.deepEqual(statuses(await here.run({ firstRun: 0n, overlap: 0n })), []);
  assert.deepEqual(here.ids(), ['new']);
});

test('the position goes by the time of a vendor’s first answer, and not by that of its last page', async () => {
  const here = bench({ pageSize: 1 });
  here.vendor.stored.push(stored('a', start - 2 * minute), stored('b', start - 3 * minute));
  const { pull } = here.vendor;
  let told: bigint | undefined;
  here.vendor.serverTime = () => told;
  here.vendor.pull = async function* (ask) {
    for await (const page of pull(ask)) {
      told = told === undefined ? BigInt(start - 30_000) * 1_000_000n : told + 20_000_000_000n;
      yield page;
    }
  };
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal((await here.store.load())?.branches.get('')?.watermark, BigInt(start - 30_000) * 1_000_000n);
});

test('a reply without anything in it tells the vendor’s clock as well as a page does', async () => {
  const here = bench();
  const { pull } = here.vendor;
  let told: bigint | undefined;
  const asked: bigint[] = [];
  here.vendor.serverTime = () => told;
  here.vendor.pull = async function* (ask) {
    asked.push(ask.slice.until);
    const isFirst = told === undefined;
    told = BigInt(start + 30 * minute) * 1_000_000n;
    if (!isFirst) yield* pull(ask);
  };
  here.vendor.stored.push(stored('a', start + 20 * minute, start));
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual([asked.length, here.ids()], [2, ['a']]);
});

for (const [ahead, what] of [
  [-30 * minute, 'behind ours'],
  [5 * 24 * 60 * minute, 'ahead of ours'],
  [-30 * minute, 'behind ours, and told by failures alone'],
] as const) {
  test(`a first run that fails begins, from then on, where it was to begin by the vendor’s clock: ${what}`, async () => {
    const here = bench();
    const vendorNow = (): number => here.clock.now + ahead;
    let told: bigint | undefined;
    here.vendor.serverTime = () => told;
    let isDown = true;
    let killed: string | undefined;
    const { pull } = here.vendor;
    here.vendor.pull = async function* (ask) {
      const isFirst = told === undefined && !what.endsWith('failures alone');
      told = BigInt(vendorNow()) * 1_000_000n;
      if (isDown && !isFirst) {
        killed = here.store.disk.saved;
        fail(new Problem(exit.unavailable, 'memory is down', {}));
      }
      yield* pull(ask);
    };
    here.vendor.stored.push(stored('old', vendorNow() - 20 * minute, 0));
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), [exit.unavailable]);
    for (const isKilled of what.endsWith('failures alone') ? [false] : [false, true]) {
      if (isKilled) here.store.disk.saved = killed;
      const begin = (await here.store.load())?.branches.get('')?.begin;
      assert.deepEqual(begin, { from: BigInt(vendorNow() - 1000) * 1_000_000n, firstRun: 0n });
    }

    here.restart();
    told = undefined;
    isDown = false;
    here.clock.now += 20 * minute;
    here.vendor.stored.push(stored('new', vendorNow() - 10 * minute, 0));
    assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
    assert.deepEqual(here.ids(), ['new']);
  });
}

test('a vendor that takes no window past its own clock, of which ours is ahead, is asked again up to that', async () => {
  for (const slice of [undefined, parseDuration('20m', 'slice')]) {
    const here = bench({ rules: { slice } });
    const { pull } = here.vendor;
    let vendorNow: bigint | undefined;
    here.vendor.serverTime = () => vendorNow;
    here.vendor.pull = async function* (ask) {
      vendorNow = BigInt(here.clock.now - 10_000) * 1_000_000n;
      if (ask.slice.until > vendorNow) fail(new Problem(exit.protocol, 'until is in the future', { httpStatus: 400 }));
      yield* pull(ask);
    };
    here.vendor.stored.push(stored('old', start - 50 * minute), stored('new', start - minute));
    for (const search of [{}, { usePosition: false, since: BigInt(start - 30 * minute) * 1_000_000n }]) {
      vendorNow = undefined; // another process
      assert.deepEqual(statuses(await here.run(search)), []);
    }
    assert.deepEqual(here.ids().toSorted(), ['new', 'new', 'old']);
    assert.equal((await here.store.load())?.branches.get('')?.watermark, vendorNow);
  }
});

test('what is refused although it ends before the vendor’s clock is not asked again, nor is one query', async () => {
  for (const [ahead, singleQuery] of [
    [-10_000, false],
    [10_000, true],
  ] as const) {
    const here = bench();
    let asked = 0;
    let vendorNow: bigint | undefined;
    here.vendor.serverTime = () => vendorNow;
    const { pull } = here.vendor;
    here.vendor.pull = async function* (ask) {
      asked += 1;
      vendorNow = BigInt(here.clock.now - ahead) * 1_000_000n;
      if (asked > 0) fail(new Problem(exit.protocol, 'until is in the future', { httpStatus: 400 }));
      yield* pull(ask);
    };
    const search = { ...memoryJob.search, single: singleQuery };
    assert.deepEqual([statuses(await here.run({ search })), asked], [[exit.protocol], 1]);
  }
});

test('records that are left to settle for longer than the vendor keeps them are no empty windows but 78', async () => {
  const here = bench({ rules: { retention: parseDuration('1d', 'retention') } });
  here.vendor.stored.push(stored('old', start - 30 * minute));
  const { problems } = await here.run({ delay: parseDuration('1d', '--delay') });
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [[exit.config, 'memory keeps records for 1d, so that after a delay of 1d there are none']],
  );
  assert.deepEqual(statuses(await here.run({ delay: parseDuration('23h', '--delay') })), []);
  const bounds = { since: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
  const search = await here.run({ ...bounds, usePosition: false, delay: parseDuration('1d', '--delay') });
  assert.deepEqual([statuses(search), here.ids()], [[], ['old']], 'with --until there is nothing to let settle');
});

test('a search finds what the source would let settle first', async () => {
  const here = bench({ rules: { delay: parseDuration('1h', 'delay') } });
  here.vendor.stored.push(stored('fresh', start - minute));
  const search = { usePosition: false, since: BigInt(start - 30 * minute) * 1_000_000n };
  assert.deepEqual([statuses(await here.run(search)), here.ids(), here.warnings], [[], ['fresh'], []]);
  assert.deepEqual(statuses(await here.run({ ...search, delay: parseDuration('1h', '--delay') })), []);
  assert.deepEqual(here.ids(), ['fresh']);
  assert.match(here.warnings.join(), /^nothing from --since on is read yet/);
});

test('a record that becomes visible late, but within the overlap, is delivered once', async () => {
  const here = bench();
  here.vendor.stored.push(stored('late', start - 2 * minute, start + minute));
  await here.run();
  assert.deepEqual(here.ids(), []);
  here.clock.now += 2 * minute;
  await here.run();
  here.clock.now += minute;
  await here.run();
  assert.deepEqual(here.ids(), ['late']);
});

test('a page that fails leaves the watermark where it was, and what was delivered is not delivered again', async () => {
  const here = bench({ pageSize: 2 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.vendor.beforePage = (page) => {
    if (page === 3) throw new Problem(exit.unavailable, 'the network is gone');
  };
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  const before = here.ids().length;
  assert.ok(before > 0 && before < 10, `${before} of 10 were delivered before the failure`);

  here.restart();
  here.vendor.beforePage = () => {};
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids().toSorted(), here.vendor.stored.map(({ id }) => id).toSorted());
});

test('what a failing sink did not take is delivered by the next run', async () => {
  const here = bench();
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.sink.answer = () => {
    if (here.sink.batches > 1) throw new Problem(exit.unavailable, 'the sink is down');
    return undefined;
  };
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  assert.equal(here.ids().length, 4);
  here.restart();
  here.sink.answer = () => undefined;
  here.clock.now += minute;
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal(new Set(here.ids()).size, 10);
  assert.equal(here.ids().length, 10);
});

test('records of a slow source leave when they have waited for a second, though their batch is not full', async () => {
  const here = bench({ pageSize: 1 });
  for (let at = 1; at <= 3; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const taken: number[] = [];
  here.vendor.beforePage = () => {
    taken.push(here.sink.taken.length);
    here.clock.now += 1000;
  };
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(taken, [0, 0, 2]);
});

test('a run that is killed between two batches repeats one batch at most', async () => {
  const here = bench({ pageSize: 20 });
  for (let at = 1; at <= 20; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  await here.run({ firstRun: 1n }); // a position to journal beside
  here.sink.answer = () => {
    if (here.sink.batches === 4) throw new Error('killed');
    return undefined;
  };
  await assert.rejects(here.run({ since: undefined, overlap: parseDuration('1h', '--overlap') }), /killed/);
  here.restart();
  here.sink.answer = () => undefined;
  await here.run({ overlap: parseDuration('1h', '--overlap') });
  const repeats = here.ids().length - new Set(here.ids()).size;
  assert.equal(new Set(here.ids()).size, 20);
  assert.ok(repeats <= 4, `${repeats} repeats`);
});

test('a refused record is set aside once and the rest goes on, with status 3', async () => {
  const here = bench();
  for (const id of ['good', 'bad', 'fine']) here.vendor.stored.push(stored(id, start - minute));
  here.sink.answer = ({ records }) => ({
    outcomes: records.map((record) => (record.key.toString() === '"bad"' ? { refused: 'no mapping' } : 'kept')),
  });
  const result = await here.run();
  assert.deepEqual(statuses(result), [exit.partial]);
  assert.deepEqual(here.quarantine.added, [{ text: here.vendor.stored[1]?.text, reason: 'no mapping' }]);
  assert.equal(result.summary.delivered, 2);
  here.restart();
  assert.deepEqual(statuses(await here.run()), [], 'the next run does not refuse it again');
  assert.equal(here.quarantine.added.length, 1);
});

test('a broken record in a page is set aside once, although the overlap shows it again', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.refused = [
    { text: Buffer.from('{"id": 1 "x": 2}'), more: false, reason: 'expected a comma', key: 'refused:1' },
  ];
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
  here.restart();
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal(here.quarantine.added.length, 1);
});

test('a broken record that the source gives in parts is one record', async () => {
  const here = bench();
  const broken = { reason: 'expected a comma', key: 'refused:1' };
  here.vendor.refused = [
    { text: Buffer.from('{"id": 1 '), more: true, reason: broken.reason },
    { text: Buffer.from('"x": 2}'), more: false, ...broken },
  ];
  const { problems, summary } = await here.run();
  assert.deepEqual(
    [problems.map(({ status }) => status), summary.fetched, summary.quarantined],
    [[exit.partial], 1, 1],
  );
});

test('a sink that refuses nearly everything stops the run before the trail is drained into a file', async () => {
  const here = bench();
  for (let at = 0; at < 40; at++) here.vendor.stored.push(stored(`a${at}`, start - minute - at));
  here.sink.answer = ({ records }) => ({ outcomes: records.map(() => ({ refused: 'mapping' })) });
  const { problems } = await here.run();
  assert.equal(problems[0]?.status, exit.data);
  assert.match(
    problems[0].message,
    /^\d+ of \d+ records were refused, too many to set aside: \w+ refused a\d+: mapping$/,
  );
  assert.match(
    problems[0].hint ?? '',
    /for the position stays; or have one run set them all aside, with --max-quarantine 100$/,
  );
  assert.ok(here.quarantine.added.length <= 12);
  assert.equal((await here.store.load())?.branches.get('')?.watermark, undefined);
});

/** Ticks of a minute with one new record each, of which the sink refuses those called `bad`; the status of each. */
async function ticks(here: Bench, ids: readonly string[]): Promise<number[]> {
  const ends: number[] = [];
  here.sink.answer = ({ records }) => {
    const isBad = records.map(({ bytes }) => bytes.includes('bad'));
    return isBad.includes(true) ? { outcomes: isBad.map((bad) => (bad ? { refused: 'mapping' } : 'kept')) } : undefined;
  };
  for (const id of ids) {
    here.clock.now += minute;
    here.vendor.stored.push(stored(`${id}${here.clock.now}`, here.clock.now - 1));
    ends.push(...statuses(await here.run()));
    here.restart();
  }
  return ends;
}

test('refused records are counted over runs: after ten in a row the position stays, and one accepted begins the count anew', async () => {
  const here = bench();
  const ten = Array<string>(10).fill('bad');
  const partial = Array<number>(10).fill(exit.partial);
  assert.deepEqual(await ticks(here, ten), partial);
  const before = (await here.store.load())?.branches.get('')?.watermark;
  assert.deepEqual(await ticks(here, ['bad', 'bad']), [exit.data, exit.data]);
  assert.equal((await here.store.load())?.branches.get('')?.watermark, before);
  assert.equal(here.quarantine.added.length, 10);

  here.vendor.stored.splice(0);
  assert.deepEqual(await ticks(here, ['good', ...ten, 'good', 'bad']), [...partial, exit.partial]);
});

test('what a vendor shows again, known already, does not hide that all new records are refused', async () => {
  const here = bench({ rules: { overlap: parseDuration('2h', 'overlap') } });
  for (let at = 1; at <= 200; at++) here.vendor.stored.push(stored(`a${at}`, start - at * 10_000));
  assert.deepEqual(statuses(await here.run()), []);
  here.restart();
  assert.deepEqual(await ticks(here, Array<string>(11).fill('bad')), [
    ...Array<number>(10).fill(exit.partial),
    exit.data,
  ]);
});

test('broken records of the source are counted over runs, too, and those of a run that others follow are no more than they are', async () => {
  const here = bench();
  const broken = (at: number): void => {
    here.clock.now += minute;
    here.vendor.refused = [{ text: Buffer.from(`{${at}`), more: false, reason: 'no JSON', key: `refused:${at}` }];
  };
  for (let at = 1; at <= 12; at++) {
    broken(at);
    here.vendor.stored.push(stored(`a${at}`, here.clock.now - 1));
    assert.deepEqual(statuses(await here.run()), [exit.partial]);
    here.restart();
  }
  for (let at = 13; at <= 23; at++) {
    broken(at);
    assert.deepEqual(statuses(await here.run()), [at === 23 ? exit.data : exit.partial], `${at}`);
    here.restart();
  }
});

/** A sink that refuses each batch with one of `bad` in it by an answer that may be about the key as well. */
function doubting(here: Bench, bad: string): void {
  here.sink.answer = ({ records }) => {
    const isSpoilt = records.some(({ bytes }) => bytes.includes(bad));
    return isSpoilt ? { split: 'refused', tooLarge: true, doubt: 'MEMORY_KEY' } : undefined;
  };
}

test('a refusal that may be about the key sets a record aside once another is taken, also of a later batch', async () => {
  for (const records of [1, 2, 4]) {
    const here = bench();
    here.sink = memorySink({ records });
    for (const [at, id] of ['good', 'fine', 'bad'].entries()) here.vendor.stored.push(stored(id, start - minute + at));
    doubting(here, 'bad'); // the newest, which comes first
    assert.deepEqual(statuses(await here.run()), [exit.partial]);
    assert.deepEqual(here.quarantine.added, [{ text: here.vendor.stored[2]?.text, reason: 'refused' }]);
    assert.deepEqual(here.ids().toSorted(), ['fine', 'good']);
    here.restart();
    assert.deepEqual(statuses(await here.run()), [], 'the next run does not refuse it again');
    assert.equal(here.quarantine.added.length, 1);
  }
});

test('where nothing at all is taken it is 78, nothing is set aside, and the position stays until another record tells', async () => {
  const here = bench();
  here.vendor.stored.push(stored('bad', start - minute));
  doubting(here, 'bad');
  for (let time = 1; time <= 3; time++) {
    const { problems } = await here.run();
    assert.deepEqual(
      problems.map(({ status, message, hint }) => [status, message, hint]),
      [
        [
          exit.config,
          'memory refused bad: refused; it took no other record in this run',
          'check MEMORY_KEY; or it may be this one record, which is set aside by a run that has another one taken, or by one with --max-quarantine 100',
        ],
      ],
    );
    assert.deepEqual(here.quarantine.added, []);
    assert.equal((await here.store.load())?.branches.get('')?.watermark, undefined);
    here.restart();
    here.clock.now += minute;
  }
  here.vendor.stored.push(stored('good', start + 2 * minute));
  const { problems, summary } = await here.run();
  assert.deepEqual([problems.length, problems[0]?.status], [1, exit.partial]);
  assert.deepEqual([summary.delivered, summary.quarantined, here.ids()], [1, 1, ['good']]);
  assert.notEqual((await here.store.load())?.branches.get('')?.watermark, undefined);
});

test('a sink that takes nothing is not asked about every record, and it is 78 and not too many to set aside', async () => {
  for (const records of [1, 20]) {
    const here = bench({ pageSize: 500 });
    here.sink = memorySink({ records });
    for (let at = 0; at < 40; at++) here.vendor.stored.push(stored(`a${at}`, start - minute - at));
    doubting(here, 'a');
    assert.deepEqual(statuses(await here.run()), [exit.config]);
    assert.ok(here.sink.batches <= 25, String(here.sink.batches));
    assert.deepEqual(here.quarantine.added, []);
  }
});

test('what another slice or another branch has taken proves it as well, and the position moves as far as that was read', async () => {
  const sliced = bench({ rules: { slice: 10n * 60_000_000_000n } });
  sliced.vendor.stored.push(stored('bad', start - 55 * minute), stored('good', start - 5 * minute));
  doubting(sliced, 'bad');
  assert.deepEqual(statuses(await sliced.run()), [exit.partial]);
  assert.deepEqual([sliced.quarantine.added.length, sliced.ids()], [1, ['good']]);
  const watermark = (await sliced.store.load())?.branches.get('')?.watermark;
  assert.equal(watermark, BigInt(start) * 1_000_000n);

  const branched = bench();
  partedByName(branched, ['one', 'two', 'three']);
  branched.vendor.stored.push(stored('bad one', start - minute), stored('good two', start - minute));
  doubting(branched, 'bad');
  assert.deepEqual(statuses(await branched.run()), [exit.partial]);
  assert.deepEqual([branched.quarantine.added.length, branched.ids()], [1, ['good two']]);
  branched.restart();
  assert.deepEqual(statuses(await branched.run()), [], 'the branch that it is of remembers it');
  assert.equal(branched.quarantine.added.length, 1);
});

test('with --max-quarantine 100 what is in doubt is set aside though nothing was taken', async () => {
  for (const records of [1, 20]) {
    const here = bench();
    here.sink = memorySink({ records });
    for (let at = 0; at < 15; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
    doubting(here, 'bad');
    assert.deepEqual(statuses(await here.run({ maxQuarantine: 1 })), [exit.partial]);
    assert.equal(here.quarantine.added.length, 15);
    here.restart();
    assert.deepEqual(statuses(await here.run()), []);
  }
});

test('a branch of which too much is in doubt stops no other branch', async () => {
  const here = bench({ pageSize: 50 });
  here.sink = memorySink({ records: 20 });
  partedByName(here, ['bad', 'good']);
  for (let at = 0; at < 15; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
  here.vendor.stored.push(stored('good', start - minute));
  doubting(here, 'bad');
  assert.deepEqual(statuses(await here.run()), [exit.config]);
  assert.deepEqual([here.ids(), here.quarantine.added], [['good'], []]);
});

test('a branch of which too many records are refused stops no other branch, though the destination refuses them one by one', async () => {
  const here = bench({ pageSize: 50 });
  here.sink = memorySink({ records: 20 });
  partedByName(here, ['bad', 'good']);
  for (let at = 0; at < 15; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
  here.vendor.stored.push(stored('good', start - minute));
  here.sink.answer = ({ records }) =>
    records[0]?.bytes.includes('bad') ? { outcomes: records.map(() => ({ refused: 'no mapping' })) } : undefined;
  for (let run = 0; run < 3; run++) {
    assert.deepEqual(statuses(await here.run()), [exit.data]);
    assert.deepEqual(here.quarantine.added, []);
    here.restart();
  }
  assert.deepEqual(here.ids(), ['good']);
  const { branches } = (await here.store.load())!;
  assert.deepEqual(
    ['bad', 'good'].map((branch) => branches.get(branch)?.watermark !== undefined),
    [false, true],
  );
});

test('a branch of which too many records are refused, in several batches that are under way at once, stops no other branch', async () => {
  for (const doubt of [undefined, 'MEMORY_KEY']) {
    const here = bench({ pageSize: 50 });
    here.sink = { ...memorySink({ records: 12 }), inFlight: 3 };
    partedByName(here, ['bad', 'good']);
    for (let at = 0; at < 36; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
    here.vendor.stored.push(stored('good', start - minute));
    const { send } = here.sink;
    here.sink.send = async (batch) => {
      if (batch.records[0]?.bytes.includes('bad') !== true) return send(batch);
      if (doubt !== undefined) return { split: 'refused', tooLarge: true, doubt };
      return { outcomes: batch.records.map(() => ({ refused: 'no mapping' })) };
    };
    assert.deepEqual(statuses(await here.run()), [doubt === undefined ? exit.data : exit.config]);
    assert.deepEqual([here.ids(), here.quarantine.added], [['good'], []]);
  }
});

test('branches that take all of a run’s time keep no other from being read: the next run begins with the one after', async () => {
  const here = bench();
  partedByName(here, ['slow', 'good', 'slower', 'fine']);
  const { pull } = here.vendor;
  const outOfTime = new Problem(exit.tempfail, 'the time is over', {});
  let asked: string[] = [];
  here.vendor.pull = async function* (ask) {
    asked.push(ask.branch);
    if (ask.branch.startsWith('slow')) {
      here.controller.abort(outOfTime);
      throw outOfTime;
    }
    yield* pull(ask);
  };
  async function asks(): Promise<string[]> {
    asked = [];
    here.restart();
    here.controller = new AbortController();
    here.clock.now += minute;
    await here.run();
    return [...new Set(asked)];
  }
  assert.deepEqual(await asks(), ['slow']);
  assert.deepEqual(await asks(), ['good', 'slower']);
  assert.deepEqual(await asks(), ['fine', 'slow']);
  assert.deepEqual(await asks(), ['good', 'slower']);
  here.vendor.pull = async function* (ask) {
    asked.push(ask.branch);
    yield* pull(ask);
  };
  assert.deepEqual(await asks(), ['fine', 'slow', 'good', 'slower']);
  assert.deepEqual(await asks(), ['slow', 'good', 'slower', 'fine'], 'as they are listed');
});

test('a run that is stopped in one of several branches says so once, with the branch', async () => {
  const here = bench();
  partedByName(here, ['slow', 'good']);
  const outOfTime = new Problem(exit.tempfail, 'the time is over', {});
  const { pull } = here.vendor;
  here.vendor.pull = async function* (ask) {
    here.controller.abort(outOfTime);
    yield* pull(ask);
    throw outOfTime;
  };
  const { problems } = await here.run();
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [[exit.tempfail, 'slow: the time is over']],
  );
});

test('one query with a position, which is of the first branch, forgets not whose turn it is', async () => {
  const here = bench();
  partedByName(here, ['a', 'b', 'c']);
  const { pull } = here.vendor;
  const outOfTime = new Problem(exit.tempfail, 'the time is over', {});
  let asked: string[] = [];
  here.vendor.pull = () => {
    here.controller.abort(outOfTime);
    throw outOfTime;
  };
  await here.run();
  here.vendor.pull = async function* (ask) {
    asked.push(ask.branch);
    yield* pull(ask);
  };
  const asks = async (single: boolean): Promise<string[]> => {
    asked = [];
    here.controller = new AbortController();
    here.restart();
    here.clock.now += minute;
    await here.run({ search: { ...everyMinute.search, single } });
    return [...new Set(asked)];
  };
  assert.deepEqual(await asks(true), ['a']);
  assert.deepEqual(await asks(false), ['b', 'c', 'a']);
});

test('a branch that is no longer listed when it would be the first does not change the order', async () => {
  const here = bench();
  partedByName(here, ['a', 'b']);
  const { pull } = here.vendor;
  const outOfTime = new Problem(exit.tempfail, 'the time is over', {});
  const asked: string[] = [];
  here.vendor.pull = async function* (ask) {
    asked.push(ask.branch);
    if (asked.length === 1) {
      here.controller.abort(outOfTime);
      throw outOfTime;
    }
    yield* pull(ask);
  };
  await here.run();
  here.controller = new AbortController();
  here.vendor.branches = async () => ['c', 'a'];
  await here.run();
  assert.deepEqual([...asked.slice(0, 1), ...new Set(asked.slice(1))], ['a', 'c', 'a']);
});

test('records that other branches delivered make no room for the refused ones of a branch: what is set aside of it stays its share', async () => {
  const here = bench({ pageSize: 50 });
  here.sink = memorySink({ records: 10 });
  partedByName(here, ['bad', 'good']);
  for (let at = 0; at < 40; at++) here.vendor.stored.push(stored(`bad${at}`, start - minute - at));
  here.sink.answer = ({ records }) =>
    records[0]?.bytes.includes('bad')
      ? {
          outcomes: records.map(({ bytes }) =>
            /bad[89]"/.test(bytes.toString()) ? 'kept' : { refused: 'no mapping' },
          ),
        }
      : undefined;
  for (let run = 0; run < 3; run++) {
    for (let at = 0; at < 400; at++) here.vendor.stored.push(stored(`good${run}-${at}`, here.clock.now - minute - at));
    assert.deepEqual(statuses(await here.run()), [exit.data, ...(run === 0 ? [exit.partial] : [])], `run ${run}`);
    assert.equal(here.quarantine.added.length, 8);
    here.clock.now += minute;
    here.restart();
  }
  assert.equal(here.ids().filter((id) => id.startsWith('good')).length, 1200);
});

test('the watermark does not pass a record in doubt, and neither does a bookmark', async () => {
  const sliced = bench({ rules: { slice: 10n * 60_000_000_000n } });
  sliced.vendor.stored.push(stored('bad', start - 55 * minute));
  doubting(sliced, 'bad');
  assert.deepEqual(statuses(await sliced.run()), [exit.config]);
  assert.equal((await sliced.store.load())?.branches.get('')?.watermark, undefined);

  for (const [last, bookmark, expected] of [
    ['bad', undefined, exit.config],
    ['good', 'second', exit.partial],
  ] as const) {
    const here = bench();
    here.vendor.pull = async function* () {
      yield { records: [auditRecord(stored('bad', start))], refused: [], unmatched: 0, bookmark: 'first' };
      yield { records: [auditRecord(stored(last, start))], refused: [], unmatched: 0, bookmark: 'second' };
    };
    doubting(here, 'bad');
    assert.deepEqual(statuses(await here.run()), [expected]);
    assert.equal((await here.store.load())?.branches.get('')?.bookmark, bookmark);
  }
});

test('a sink that fails before another record was taken is told of as it failed, and nothing is set aside', async () => {
  const here = bench();
  here.vendor.stored.push(stored('bad', start - minute + 1), stored('good', start - minute));
  here.sink.answer = ({ records }) => {
    if (records.some(({ bytes }) => bytes.includes('bad'))) return { split: 'refused', doubt: 'MEMORY_KEY' };
    throw new Problem(exit.unavailable, 'the sink is down');
  };
  const { problems } = await here.run();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the sink is down'],
  );
  assert.deepEqual(here.quarantine.added, []);
});

test('a record in doubt of a stream is to be put in again, since a stream cannot be asked again', async () => {
  const here = bench({ isStream: true });
  here.vendor.stored.push(stored('bad', start - minute));
  doubting(here, 'bad');
  const { problems } = await here.run();
  assert.deepEqual(statuses({ problems } as RunResult), [exit.config]);
  assert.match(problems[0]?.hint ?? '', /^check MEMORY_KEY; .*; memory cannot be asked again: have the command before/);
});

test('records with one ID and other content are delivered both, but with --dedupe id once', async () => {
  for (const [dedupe, delivered, conflicts, changed] of [
    ['changes', 2, 0, 1],
    ['id', 1, 1, 0],
    ['content', 2, 0, 0],
  ] as const) {
    const here = bench();
    here.vendor.stored.push(stored('same', start - minute), stored('same', start - 2 * minute));
    const keys = new Set<string>();
    here.sink.answer = ({ records }) => {
      for (const { key, keyStart, keyEnd } of records) keys.add(key.toString('utf8', keyStart, keyEnd));
      return undefined;
    };
    const { summary } = await here.run({ dedupe });
    assert.deepEqual([summary.delivered, summary.conflicts, summary.changed], [delivered, conflicts, changed]);
    assert.equal(keys.size, delivered, 'the destination can tell them apart');
  }
});

test('what a destination diverts is delivered, and the run is partial', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute), stored('b', start - minute));
  here.sink.answer = ({ records }) => ({ outcomes: records.map((_, at) => (at === 0 ? 'diverted' : 'kept')) });
  const { problems, summary } = await here.run();
  assert.deepEqual([summary.delivered, summary.diverted], [2, 1]);
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [[exit.partial, 'memory put 1 record into its failure store, not into the index']],
  );
  here.clock.now += minute;
  assert.deepEqual((await here.run()).problems, [], 'it is not sent again');
});

test('a clock that was ahead is told as long as a vendor that tells no time is asked for nothing', async () => {
  const here = bench();
  here.vendor.serverTime = () => undefined;
  here.clock.now += 10 * 24 * 60 * minute;
  assert.deepEqual((await here.run()).problems, []);
  here.clock.now = start;
  here.vendor.stored.push(stored('a', start - minute));
  const { problems } = await here.run();
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [
      [
        exit.partial,
        "the position (2026-11-30T09:00:00Z) is ahead of this machine's clock, and memory tells no time: records may be missed until then",
      ],
    ],
  );
  here.clock.now += 10 * 24 * 60 * minute;
  assert.deepEqual((await here.run()).problems, []);
});

test('a position that is ahead of both clocks is told: they were set back together, and nothing was asked for', async () => {
  const here = bench();
  let vendorNow = start + 24 * 60 * minute;
  here.vendor.serverTime = () => BigInt(vendorNow) * 1_000_000n;
  here.clock.now = vendorNow;
  assert.deepEqual((await here.run()).problems, []);
  here.vendor.stored.push(stored('a', start + minute));
  vendorNow = start + 2 * minute;
  here.clock.now = vendorNow;
  assert.deepEqual((await here.run()).problems, []);
  assert.match(
    here.warnings.splice(0).join(),
    /^the position \(2026-11-21T09:00:00Z\) is ahead of this machine's clock, and of memory's: records may be missed until then; if they were ahead when it was saved, begin again: rm -f /,
  );
  here.clock.now += 24 * 60 * minute; // the vendor's is behind alone: windows go by it
  assert.deepEqual((await here.run()).problems, []);
  assert.deepEqual(here.warnings, []);
});

test('records of a stream whose acknowledgement never came are said, since a stream cannot be asked again', async () => {
  for (const isStream of [false, true]) {
    const here = bench({ isStream });
    here.vendor.stored.push(stored('a', start - minute), stored('b', start - minute));
    here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
    here.sink.settle = () => Promise.resolve({ outcome: 'waiting' });
    assert.deepEqual(
      (await here.run()).problems.map(({ status }) => status),
      [exit.tempfail],
    );
    if (isStream) here.vendor.stored.length = 0;
    here.sink.answer = () => undefined;
    here.sink.settle = () => Promise.resolve({ outcome: 'lost' });
    const { problems } = await here.run();
    assert.deepEqual(
      problems.map(({ status, message }) => [status, message]),
      isStream
        ? [
            [
              exit.partial,
              '2 records of an earlier run were never acknowledged by memory, and memory cannot be asked for them again',
            ],
          ]
        : [],
    );
    assert.equal(here.sink.taken.length, isStream ? 0 : 2);
  }
});

test('an acknowledgement that came right before a run was killed is not asked for again: it is told once', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute));
  const killed = new Error('killed');
  const asked: string[] = [];
  here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
  here.sink.settle = async (name) => {
    asked.push(name);
    if (asked.length > 1) return { outcome: 'waiting' };
    here.store.save = () => Promise.reject(killed);
    return { outcome: 'kept' };
  };
  await assert.rejects(here.run(), killed);
  here.restart();
  const { problems, summary } = await here.run();
  assert.deepEqual([problems, asked, summary.seen], [[], ['channel:1'], 1]);
});

test('what an earlier run sent does not count as delivered by this one, whose own acknowledgement is still to come', async () => {
  const here = bench();
  const told = new Set<string>();
  const send = (id: string): void => {
    here.vendor.stored.push(stored(id, here.clock.now - minute));
    here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: `channel:${id}` });
  };
  here.sink.settle = async (name) => ({ outcome: told.has(name) ? 'kept' : 'waiting' });
  send('a');
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  here.restart();
  here.clock.now += 2 * minute;
  here.vendor.beforePage = () => void told.add('channel:a');
  send('b');
  const { problems, summary } = await here.run();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['memory has not yet acknowledged 1 batch'],
  );
  assert.deepEqual([summary.awaited, summary.delivered], [1, 0]);
});

test('records of a stream that were not taken are to be put in again, and those of a vendor come again by themselves', async () => {
  for (const isStream of [false, true]) {
    const here = bench({ isStream });
    here.vendor.stored.push(stored('a', start - minute));
    const hints: string[] = [];
    here.sink.answer = () => ({ again: 'it is busy' });
    hints.push((await here.run()).problems[0]?.hint ?? '');
    here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
    here.sink.settle = () => Promise.resolve({ outcome: 'lost' });
    hints.push((await here.run()).problems[0]?.hint ?? '');
    const retry = 'the next run tries again; if this lasts, look at the destination';
    const expected = isStream
      ? [
          `${retry}; memory cannot be asked again: have the command before the pipe print once more what was not taken`,
          'have the command before the pipe print them once more: memory cannot be asked again',
        ]
      : [retry, 'they are sent again by the next run'];
    assert.deepEqual(hints, expected);
  }
});

test('both ends are let go of after a mistake in the program, too', async () => {
  for (const breaks of ['source', 'sink'] as const) {
    const here = bench();
    here.vendor.stored.push(stored('a', start - minute));
    const mistake = (): never => {
      throw new TypeError('a mistake');
    };
    if (breaks === 'source') here.vendor.beforePage = mistake;
    else here.sink.answer = mistake;
    await assert.rejects(here.run(), TypeError);
    assert.deepEqual([here.vendor.closed, here.sink.closed], [1, 1], breaks);
  }
});

test('a search reads and writes no position', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute));
  await here.run({ usePosition: false });
  await here.run({ usePosition: false });
  assert.deepEqual(here.ids(), ['a', 'a']);
  assert.equal(here.store.disk.saved, undefined);
});

test('a search asks for each of its slices from the beginning, though the pages of the one before named a bookmark', async () => {
  const here = bench({ rules: { slice: 30n * 60_000_000_000n } });
  const { pull } = here.vendor;
  const bookmarks: (string | undefined)[] = [];
  here.vendor.pull = async function* (ask) {
    bookmarks.push(ask.bookmark);
    yield* pull(ask);
    yield { records: [], refused: [], unmatched: 0, bookmark: 'further on' };
  };
  here.vendor.stored.push(stored('a', start - 50 * minute), stored('b', start - minute));
  assert.deepEqual(statuses(await here.run({ usePosition: false })), []);
  assert.deepEqual(
    [bookmarks, here.ids()],
    [
      [undefined, undefined],
      ['a', 'b'],
    ],
  );
});

test('a dry run sends and saves nothing', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute));
  const { summary } = await here.run({ dryRun: true });
  assert.equal(summary.delivered, 1);
  assert.deepEqual(here.ids(), []);
  assert.equal(here.store.disk.saved, undefined);
});

test('a dry run neither takes the lock nor waits for who has it, and opens no destination', async () => {
  const here = bench();
  const { store, sink } = here;
  store.lock = () => Promise.reject(new Problem(exit.tempfail, 'another run of job memory is still going'));
  sink.open = () => Promise.reject(new Problem(exit.cantcreat, 'memory cannot be opened'));
  here.vendor.stored.push(stored('a', start - minute));
  const result = await here.run({ dryRun: true });
  assert.deepEqual([statuses(result), result.summary.delivered], [[], 1]);
});

test('a dry run asks for no acknowledgement, and counts what has none as still to be delivered', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute), stored('b', start - minute));
  here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
  here.sink.settle = () => Promise.resolve({ outcome: 'waiting' });
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  here.sink.settle = () => assert.fail('the destination was asked');
  const before = structuredClone(here.store.disk);
  const result = await here.run({ dryRun: true });
  assert.deepEqual([statuses(result), result.summary.delivered, result.summary.seen], [[], 2, 0]);
  assert.deepEqual(here.store.disk, before);
});

test('a dry run says what would be set aside, and why, and sets nothing aside', async () => {
  const here = bench();
  here.sink = memorySink({ record: 100 });
  here.vendor.stored.push(stored('a', start - minute));
  for (const id of ['b', 'c']) here.vendor.stored.push(stored(id.repeat(200), start - minute));
  const { summary, problems } = await here.run({ dryRun: true });
  assert.deepEqual([summary.delivered, summary.quarantined, here.quarantine.added], [1, 2, []]);
  assert.deepEqual(
    problems.map(({ status, message, hint }) => [status, message, hint]),
    [
      [
        exit.partial,
        '2 records would be set aside: larger than the 100 bytes that memory takes',
        'without --dry-run they go to /memory/quarantine, each with its reason',
      ],
    ],
  );
});

for (const status of [exit.tempfail, exit.unavailable, exit.noperm, exit.protocol, exit.terminate]) {
  test(`what was read before the source failed with ${status} is delivered and remembered, and the position stays`, async () => {
    const here = bench({ pageSize: 2 });
    here.sink = memorySink({ records: 100 });
    for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
    here.vendor.beforePage = (page) => {
      if (page !== 2) return;
      if (status === exit.terminate) stopWith(here.controller, new Problem(status, 'stopped'));
      throw new Problem(status, 'no further page');
    };
    assert.deepEqual(statuses(await here.run()), [status]);
    assert.deepEqual(here.ids(), ['a1', 'a2', 'a3', 'a4']);
    assert.equal((await here.store.load())?.branches.get('')?.watermark, undefined);

    here.restart();
    here.controller = new AbortController();
    here.vendor.beforePage = () => {};
    assert.deepEqual(statuses(await here.run()), []);
    assert.deepEqual(here.ids().toSorted(), here.vendor.stored.map(({ id }) => id).toSorted(), 'each of them once');
  });
}

test('a destination that fails with what a failed source left is told of as well, and has nothing sent to it twice', async () => {
  const here = bench({ pageSize: 2 });
  here.sink = memorySink({ records: 3 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.vendor.beforePage = (page) => {
    if (page === 2) throw new Problem(exit.unavailable, 'the network is gone');
  };
  here.sink.answer = () => {
    if (here.sink.batches === 2) throw new Problem(exit.noperm, 'the key is revoked');
    return undefined;
  };
  assert.deepEqual(statuses(await here.run()), [exit.noperm, exit.unavailable]);
  assert.deepEqual([here.sink.batches, here.ids()], [2, ['a1', 'a2', 'a3']]);
});

test('a destination that has failed is not sent what is left when the source fails as well', async () => {
  const here = bench({ pageSize: 2 });
  here.sink = memorySink({ records: 3 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.vendor.beforePage = (page) => {
    if (page === 2) throw new Problem(exit.unavailable, 'the network is gone');
  };
  here.sink.answer = () => {
    throw new Problem(exit.noperm, 'the key is revoked');
  };
  assert.deepEqual(statuses(await here.run()), [exit.noperm, exit.unavailable]);
  assert.equal(here.sink.batches, 1);
});

test('a batch that is still under way when another fails is waited for, and not sent again', async () => {
  const here = bench({ pageSize: 20 });
  for (let at = 1; at <= 6; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.sink = { ...memorySink({ records: 2 }), inFlight: 2 };
  const { send, taken } = here.sink;
  here.sink.send = async (batch) => {
    if (taken.length === 0 && here.sink.batches++ === 0) fail(new Problem(exit.noperm, 'the key is revoked'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    return send(batch);
  };
  assert.deepEqual(statuses(await here.run()), [exit.noperm]);
  assert.deepEqual(here.ids(), ['a3', 'a4']);
  here.restart();
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids().toSorted(), ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
});

/** Runs a minute apart, each with so many requests, until one gets through. Returns how many there were. */
async function throughQuota(here: Bench, requests: number, job: Partial<Job> = {}): Promise<number> {
  for (let runs = 1; runs <= 100; runs++) {
    let left = requests;
    here.vendor.beforePage = () => {
      left -= 1;
      if (left < 0) throw new Problem(exit.tempfail, 'the quota is used up');
    };
    const ends = statuses(await here.run(job));
    here.restart();
    here.clock.now += minute;
    if (ends.length === 0) return runs;
    assert.deepEqual(ends, [exit.tempfail]);
  }
  return assert.fail('a hundred runs did not get through');
}

test('a window that a quota cuts off is read in shorter slices from then on, until it is through', async () => {
  const here = bench({ pageSize: 2, rules: { overlap: parseDuration('1m', 'overlap') } });
  here.sink = memorySink({ records: 100 });
  for (let at = 1; at <= 20; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const runs = await throughQuota(here, 3);
  assert.ok(runs <= 10, `${runs} runs`);
  assert.deepEqual(here.ids().toSorted(), here.vendor.stored.map(({ id }) => id).toSorted());
  const place = (await here.store.load())?.branches.get('');
  assert.deepEqual([place?.slice, place?.settled], [undefined, undefined]);
});

test('more records of one moment than a run may ask for are through when the overlap has passed, late ones among them', async () => {
  const here = bench({ pageSize: 100, rules: { overlap: parseDuration('5m', 'overlap') } });
  here.sink = memorySink({ records: 100 });
  await here.run();
  for (let at = 0; at < 600; at++) here.vendor.stored.push(stored(`a${at}`, start + at * 40));
  here.vendor.stored.push(stored('late', start + 1000, start + 4 * minute));
  here.clock.now += minute;
  const runs = await throughQuota(here, 5);
  assert.ok(runs <= 12, `${runs} runs`);
  assert.equal(here.ids().length, 601);
  assert.equal(new Set(here.ids()).size, 601);
});

test('a vendor that cannot read so long a window at once gets through it in shorter slices, from the fourth run on', async () => {
  const here = bench();
  for (let at = 1; at <= 50; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const asked: number[] = [];
  const { pull } = here.vendor;
  here.vendor.pull = async function* (ask) {
    const minutes = Number((ask.slice.until - ask.slice.from) / 60_000_000_000n);
    asked.push(minutes);
    if (minutes > 20) throw new Problem(exit.unavailable, 'acme took too long', { httpStatus: 504 });
    yield* pull.call(here.vendor, ask);
  };
  const runs: number[][] = [];
  for (let failed = true; failed;) {
    failed = (await here.run()).problems.length > 0;
    here.restart();
    runs.push(asked.splice(0));
    assert.ok(runs.length <= 8, JSON.stringify(runs));
  }
  assert.deepEqual(runs.slice(0, 3), [[60], [60], [60]], 'a vendor that fails now and then is asked as before');
  assert.equal(here.ids().length, 50);
});

test('a vendor that cannot be reached is asked for no less', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.beforePage = () => {
    throw new Problem(exit.unavailable, 'acme cannot be reached');
  };
  for (let run = 1; run <= 5; run++) await here.run();
  const place = (await here.store.load())?.branches.get('');
  assert.equal(place?.slice, undefined);
});

/** A job whose first run, over an hour, was cut down to slices of a second. */
async function cutToSeconds(here: Bench): Promise<void> {
  await here.run();
  const position = await here.store.load();
  const place = position?.branches.get('');
  assert.ok(position !== undefined && place !== undefined);
  place.slice = 1000;
  await here.store.save(position);
  here.restart();
  here.clock.now += 60 * minute;
}

for (const requests of [1, 2, 3]) {
  test(`slices grow from run to run where each costs something and there is time for ${requests}`, async () => {
    const here = bench();
    await cutToSeconds(here);
    here.vendor.stored.push(stored('a', start + 30 * minute));
    const runs = await throughQuota(here, requests);
    assert.ok(runs <= 14, `${runs} runs`);
    assert.deepEqual(here.ids(), ['a']);
  });
}

test('a vendor that is asked by days is read in whole ones, though a run has time for little more than one', async () => {
  const here = bench({
    pageSize: 10,
    rules: { overlap: parseDuration('1h', 'overlap'), firstRun: parseDuration('4d', 'first') },
  });
  const day = 24 * 60 * minute;
  const beginOf = (at: bigint): bigint => at - (at % (BigInt(day) * 1_000_000n));
  here.vendor.namedFrom = here.vendor.shownFrom = beginOf;
  const { pull } = here.vendor;
  here.vendor.pull = (ask) => {
    const last = ask.slice.until - 1n;
    return pull({ ...ask, slice: { from: beginOf(ask.slice.from), until: beginOf(last) + BigInt(day) * 1_000_000n } });
  };
  for (let at = 0; at < 4 * 60; at++)
    here.vendor.stored.push(stored(`a${at}`, start - 4 * day + 60 * minute + at * 23 * minute));
  const runs = await throughQuota(here, 9, { firstRun: undefined });
  assert.ok(runs <= 12, `${runs} runs`);
  assert.equal(new Set(here.ids()).size, 240);
});

test('slices grow from run to run where each takes its time and the run is stopped', async () => {
  const here = bench();
  await cutToSeconds(here);
  let ends = [0];
  for (let runs = 0; runs < 10 && ends.length > 0; runs++) {
    let left = 2;
    here.controller = new AbortController();
    here.vendor.beforePage = () => --left >= 0 || stopWith(here.controller, new Problem(exit.tempfail, 'out of time'));
    ends = statuses(await here.run());
    here.restart();
    here.clock.now += minute;
  }
  assert.deepEqual(ends, []);
});

test('a quota that is used up by records that do not match shortens the slices as well', async () => {
  const here = bench();
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 100 };
    throw new Problem(exit.tempfail, 'the quota is used up');
  };
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  assert.equal((await here.store.load())?.branches.get('')?.slice, 30 * minute);
});

test('a window whose cursor ends before it is read through is read in shorter slices from then on, until it is through', async () => {
  const here = bench({ pageSize: 1 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const { pull } = here.vendor;
  let pages = 0;
  here.vendor.pull = (ask) => {
    pages = 0;
    return pull(ask);
  };
  here.vendor.beforePage = () => {
    if (++pages > 4) throw new Problem(exit.protocol, 'the cursor has expired', { httpStatus: gone });
  };
  let ends = statuses(await here.run());
  assert.deepEqual(ends, [exit.protocol]);
  assert.equal((await here.store.load())?.branches.get('')?.slice, 30 * minute);
  for (let runs = 0; runs < 10 && ends.length > 0; runs++) {
    here.restart();
    ends = statuses(await here.run());
  }
  assert.deepEqual(ends, []);
  assert.deepEqual(here.ids().toSorted(), here.vendor.stored.map(({ id }) => id).toSorted());
});

test('a first page that is gone shortens nothing: nothing of the window was read', async () => {
  const here = bench({ pageSize: 1 });
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.beforePage = () => {
    throw new Problem(exit.protocol, 'the address is gone', { httpStatus: gone });
  };
  assert.deepEqual(statuses(await here.run()), [exit.protocol]);
  assert.equal((await here.store.load())?.branches.get('')?.slice, undefined);
});

test('a quota that is used up before anything was read shortens nothing', async () => {
  const here = bench();
  here.vendor.beforePage = () => fail(new Problem(exit.tempfail, 'the quota is used up'));
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  assert.equal((await here.store.load())?.branches.get('')?.slice, undefined);
});

test('a run that is stopped, and whose destination then fails, says both: a signal comes before all else', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute));
  const stopped = new Problem(exit.terminate, 'stopped by SIGTERM');
  const gone = new Problem(exit.ioerr, 'the reader of the pipe is gone');
  here.sink.answer = () => {
    here.controller.abort(stopped);
    throw gone;
  };
  const { problems } = await here.run();
  assert.deepEqual(
    problems.toSorted((one, other) => one.status - other.status),
    [gone, stopped],
  );
});

test('a run that is stopped in the middle of a slice ends with the reason, and the next takes smaller steps', async () => {
  const here = bench({ pageSize: 1 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  const late = new Problem(exit.tempfail, 'out of time');
  here.vendor.beforePage = (page) => {
    if (page !== 5) return;
    here.controller.abort(late);
    throw late;
  };
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  assert.equal((await here.store.load())?.branches.get('')?.slice, 30 * minute);
  here.restart();
  here.controller = new AbortController();
  here.vendor.beforePage = () => {};
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal(new Set(here.ids()).size, 10);
  assert.equal(here.ids().length, 10);
});

/** Lets the vendor go on after a bookmark, whatever the slice; three pages are all that a run gets. Counts the slices. */
function goingOn(here: Bench): { asked: number } {
  const count = { asked: 0 };
  here.vendor.pull = async function* ({ bookmark }) {
    count.asked += 1;
    for (let at = Number(bookmark ?? 0), page = 0; at < here.vendor.stored.length; at += 2, page++) {
      here.vendor.beforePage(page);
      const records = here.vendor.stored.slice(at, at + 2).map(auditRecord);
      yield { records, refused: [], unmatched: 0 };
      yield { records: [], refused: [], unmatched: 0, bookmark: String(at + records.length) };
    }
  };
  return count;
}

const outOfTime = new Problem(exit.tempfail, 'out of time');

for (const [what, filter, stop] of [
  ['that a quota cuts off', 'event', (): never => fail(new Problem(exit.tempfail, 'the quota is used up'))],
  ['that a stop cuts off', 'event', ({ controller }: Bench): never => stopWith(controller, outOfTime)],
  [
    'that a stop cuts off, without a time filter',
    'none',
    ({ controller }: Bench): never => stopWith(controller, outOfTime),
  ],
] as const) {
  test(`a slice ${what} gets no shorter where a bookmark says where to go on`, async () => {
    const here = bench({ rules: { filter } });
    const count = goingOn(here);
    for (let at = 20; at >= 1; at--) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
    here.vendor.beforePage = (page) => (page < 3 ? undefined : stop(here));
    const ends: (number | undefined)[] = [];
    while (ends.at(-1) !== 0 && ends.length < 10) {
      here.controller = new AbortController();
      ends.push(statuses(await here.run())[0] ?? 0);
      assert.equal((await here.store.load())?.branches.get('')?.slice, undefined);
      here.restart();
    }
    assert.deepEqual(ends, [exit.tempfail, exit.tempfail, exit.tempfail, 0]);
    assert.deepEqual([count.asked, here.ids()], [4, here.vendor.stored.map(({ id }) => id)]);
  });
}

test('a slice that was shortened before there was a bookmark shortens none from then on', async () => {
  const here = bench();
  const count = goingOn(here);
  await here.run();
  const position = await here.store.load();
  const place = position?.branches.get('');
  assert.ok(position !== undefined && place !== undefined);
  Object.assign(place, { bookmark: '0', slice: 1000 });
  await here.store.save(position);
  here.restart();
  here.vendor.stored.push(stored('a', start - minute));
  here.clock.now += 60 * minute;
  count.asked = 0;
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual([count.asked, here.ids()], [1, ['a']]);
  assert.equal((await here.store.load())?.branches.get('')?.slice, undefined);
});

test('a record that followed a bookmark, younger than the delay, is known when the bookmark has expired', async () => {
  const here = bench();
  const young = stored('young', start - minute);
  let pages: readonly Partial<Page>[] = [{ bookmark: 'first' }];
  here.vendor.pull = async function* () {
    for (const page of pages) yield { records: [], refused: [], unmatched: 0, ...page };
  };
  const tick = async (next: readonly Partial<Page>[]): Promise<void> => {
    pages = next;
    assert.deepEqual(statuses(await here.run({ delay: parseDuration('10m', '--delay') })), []);
    here.restart();
    here.clock.now += 10 * minute;
  };
  await tick([{ bookmark: 'first' }]);
  here.clock.now = start;
  await tick([{ records: [auditRecord(young)] }, { bookmark: 'second' }]);
  await tick([{ bookmark: 'third' }]);
  await tick([{ restarted: true, records: [auditRecord(young)] }]);
  assert.deepEqual(here.ids(), ['young']);
});

for (const [what, longest, delay] of [
  ['younger than the delay', undefined, '10m'],
  ['younger than the first slice', '30m', '0s'],
] as const) {
  test(`a record that was on the way to a first bookmark, ${what}, is known when the bookmark has expired`, async () => {
    const slices = longest === undefined ? {} : { longest: parseDuration(longest, 'longest') };
    const here = bench({ rules: { filter: 'ingestion', ...slices } });
    const young = auditRecord(stored('young', start - minute));
    const beginning = { restarted: true, records: [young] };
    let pages: Partial<Page>[] = [];
    here.vendor.pull = async function* () {
      for (const page of pages.splice(0)) yield { records: [], refused: [], unmatched: 0, ...page };
    };
    for (const next of [[beginning, { bookmark: 'first' }], [{ bookmark: 'second' }], [beginning]]) {
      pages = next;
      assert.deepEqual(statuses(await here.run({ delay: parseDuration(delay, '--delay') })), []);
      here.restart();
      here.clock.now += delay === '0s' ? minute : 10 * minute;
    }
    assert.deepEqual(here.ids(), ['young']);
  });
}

test('what happened while slices in the future of the vendor were read is not passed over', async () => {
  const here = bench({ rules: { longest: parseDuration('10m', 'longest'), overlap: 0n } });
  let ahead = 60 * minute;
  const tick = (): Promise<RunResult> =>
    run({
      job: everyMinute,
      source: here.vendor,
      sink: here.sink,
      store: here.store,
      scope: { source: 'memory', sink: 'memory' },
      quarantine: here.quarantine,
      tools: { ...fakeTools(here.clock), now: () => here.clock.now + ahead },
    });
  here.vendor.beforePage = () => {
    here.clock.now += 3 * minute;
    here.vendor.stored.push(stored(`at${here.vendor.stored.length}`, here.clock.now));
  };
  assert.deepEqual(statuses(await tick()), []);
  ahead = 0;
  const known = here.vendor.stored.length;
  here.vendor.beforePage = () => {};
  here.clock.now += minute;
  here.restart();
  assert.deepEqual(statuses(await tick()), []);
  assert.equal(new Set(here.ids()).size, known);
});

test('the source is logged out and the lock let go, whatever happened', async () => {
  const here = bench();
  here.vendor.beforePage = () => {
    throw new Problem(exit.protocol, 'not JSON');
  };
  await here.run();
  assert.equal(here.vendor.closed, 1);
  assert.equal(here.sink.closed, 1);
  assert.equal(here.store.locked, false);
});

test('a destination that cannot be opened is closed, and what it kept with the position stays for the next run', async () => {
  const here = bench();
  here.sink.saved = () => ({ size: 7 });
  assert.deepEqual(statuses(await here.run()), []);
  here.restart();
  here.sink = memorySink();
  here.sink.open = () => Promise.reject(new Problem(exit.cantcreat, 'memory cannot be opened'));
  assert.deepEqual(statuses(await here.run()), [exit.cantcreat]);
  assert.deepEqual([here.sink.closed, here.vendor.closed, here.store.locked], [1, 2, false]);
  assert.deepEqual((await here.store.load())?.saved, { size: 7 });
});

test('a job whose branches are known notes no other beginning while its destination cannot be opened', async () => {
  const here = bench();
  await here.run();
  here.restart();
  here.sink.open = async () => fail(new Problem(exit.unavailable, 'memory is down', {}));
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  assert.equal((await here.store.load())?.begin, undefined);
});

for (const slice of [undefined, '20m']) {
  const when = slice === undefined ? 'while a window is read' : 'with each slice';
  test(`what was sent is durable at the destination before what goes by it is saved ${when}`, async () => {
    const here = bench({ pageSize: 2, rules: slice === undefined ? {} : { slice: parseDuration(slice, 'slice') } });
    for (let at = 1; at <= 9; at++) here.vendor.stored.push(stored(`a${at}`, start - at * 6 * minute));
    const steps: string[] = [];
    const { save, journal } = here.store;
    here.sink.answer = () => void steps.push('send');
    here.sink.flush = async () => void steps.push('flush');
    here.store.save = (position) => (steps.push('save'), save(position));
    here.store.journal = (...entry) => (steps.push('journal'), journal(...entry));
    assert.deepEqual(statuses(await here.run()), []);
    const order = steps.join(' ');
    assert.match(order, slice === undefined ? /send .*journal .*send/ : /send .*save .*send/);
    assert.doesNotMatch(order, /send (?:save|journal)/);
  });
}

test('a destination is told that all is settled by a run that ends well alone', async () => {
  const here = bench();
  const told: (boolean | undefined)[] = [];
  here.sink.saved = (settled) => (told.push(settled), { size: 7 });
  here.vendor.stored.push(stored('a', start - minute));
  await here.run();
  assert.deepEqual([told.slice(0, -1).includes(true), told.at(-1)], [false, true]);
  here.vendor.beforePage = () => fail(new Problem(exit.unavailable, 'memory is down', {}));
  await here.run();
  assert.equal(told.at(-1), false);
});

test('where a first run begins is saved before it asks for anything, for one that is killed while it waits', async () => {
  const here = bench();
  let killed: string | undefined;
  here.vendor.beforePage = () => {
    killed ??= here.store.disk.saved;
    fail(new Problem(exit.unavailable, 'memory is down', {}));
  };
  await here.run({ firstRun: 0n });
  here.restart();
  here.store.disk.saved = killed;
  here.vendor.beforePage = () => {};
  here.clock.now += 60 * minute;
  here.vendor.stored.push(stored('meanwhile', start + 10 * minute));
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
  assert.deepEqual(here.ids(), ['meanwhile']);
});

test('a position that can no longer be saved once records were sent is a failure, and they come again', async () => {
  const here = bench();
  await here.run();
  here.vendor.stored.push(stored('a', start - minute));
  here.sink.answer = () => {
    here.store.failSave = new Problem(exit.ioerr, 'disk full');
    return undefined;
  };
  assert.deepEqual(statuses(await here.run()), [exit.ioerr]);
  here.sink.answer = () => undefined;
  here.restart();
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids(), ['a', 'a']);
});

for (const which of ['first', 'next']) {
  test(`a disk that cannot take the ${which} position is noticed before anything is sent`, async () => {
    const here = bench();
    if (which === 'next') await here.run();
    here.vendor.stored.push(stored('a', start - minute));
    here.store.failSave = new Problem(exit.ioerr, 'disk full');
    assert.deepEqual(statuses(await here.run()), [exit.ioerr]);
    assert.deepEqual(here.ids(), []);
  });
}

test('one query asks for the whole window, though a run reads it in slices', async () => {
  const here = bench({ rules: { slice: 10n * 60_000_000_000n } });
  here.vendor.stored.push(stored('a', start - 50 * minute), stored('b', start - minute));
  const search = { ...everyMinute.search, single: true };
  assert.deepEqual(statuses(await here.run({ search, usePosition: false })), []);
  assert.deepEqual(here.ids().toSorted(), ['a', 'b']);
});

test('what one query leaves is told of, and that the position stays where there is one', async () => {
  const search = { ...everyMinute.search, single: true };
  for (const usePosition of [true, false]) {
    const here = bench();
    here.vendor.truncated = () => true;
    const { problems } = await here.run({ search, usePosition });
    assert.deepEqual(
      problems.map(({ status, hint }) => [status, hint?.includes('until then the position stays')]),
      [[exit.partial, usePosition]],
    );
  }
});

test('a Problem of some branches names them, one of all branches does not', async () => {
  const here = bench();
  here.vendor.branches = async () => ['one', 'two', 'three'];
  const pull = here.vendor.pull;
  let refused = ['two', 'three'];
  here.vendor.pull = (ask) => {
    if (refused.includes(ask.branch)) throw new Problem(exit.noperm, 'not for this organisation', { hint: 'ask them' });
    return pull(ask);
  };
  const some = await here.run();
  assert.deepEqual(
    some.problems.map(({ status, message, hint }) => [status, message, hint]),
    [[exit.noperm, 'two, three: not for this organisation', 'ask them']],
  );
  refused = ['one', 'two', 'three'];
  assert.deepEqual(
    (await here.run()).problems.map(({ message }) => message),
    ['not for this organisation'],
  );
  refused = Array.from({ length: 5000 }, (_, at) => `b${at}`);
  here.vendor.branches = async () => ['one', ...refused];
  assert.deepEqual(
    (await here.run()).problems.map(({ message }) => message),
    ['b0, b1, b2, b3, b4, b5, b6, b7, b8, b9 and 4990 more: not for this organisation'],
  );
});

test('a vendor that begins anew, later than the last run ended, leaves a gap; a shorter pause leaves none', async () => {
  for (const [pause, expected] of [
    [3 * 60, [exit.partial]],
    [30, []],
  ] as const) {
    const here = bench({ rules: { filter: 'none', firstRun: parseDuration('1h', 'firstRun') } });
    assert.deepEqual(statuses(await here.run()), []);
    here.clock.now += pause * minute;
    const pull = here.vendor.pull;
    here.vendor.pull = async function* (ask) {
      yield* pull(ask);
      yield { records: [], refused: [], unmatched: 0, restarted: true };
    };
    assert.deepEqual(statuses(await here.run()), expected);
  }
});

test('a vendor that begins anew, but can be asked for a time, leaves no gap', async () => {
  const here = bench({ rules: { firstRun: parseDuration('1h', 'firstRun') } });
  await here.run();
  here.clock.now += 3 * 60 * minute;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, restarted: true };
  };
  assert.deepEqual(statuses(await here.run()), []);
});

test('the gap before a new beginning is told of by our clock where the vendor tells no time', async () => {
  const here = bench({ rules: { filter: 'none', firstRun: parseDuration('1h', 'firstRun') } });
  here.vendor.serverTime = () => undefined;
  await here.run();
  here.clock.now += 3 * 60 * minute;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, restarted: true };
  };
  assert.deepEqual(
    (await here.run()).problems.map(({ status, message }) => [status, message]),
    [[exit.partial, 'records from 2026-11-20T09:00:00Z to 2026-11-20T11:00:00Z are gone: memory no longer keeps them']],
  );
});

test('parts that were listed and are gone are told of once, with their branch, and the position moves on', async () => {
  const here = bench();
  here.vendor.branches = async () => ['one', 'two'];
  const pull = here.vendor.pull;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    if (ask.branch === 'two' && here.clock.now === start) yield { records: [], refused: [], unmatched: 0, expired: 3 };
  };
  const { problems, summary } = await here.run();
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [
      [
        exit.partial,
        'two: memory no longer has 3 of the parts that it lists of its records from 2026-11-20T08:00:00Z to 2026-11-20T09:00:00Z',
      ],
    ],
  );
  assert.equal(summary.gaps.length, 1);
  here.clock.now += minute;
  assert.deepEqual(statuses(await here.run()), []);
});

test('parts that are gone from a slice that then fails are told of beside the failure', async () => {
  const here = bench();
  const { pull } = here.vendor;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    yield { records: [], refused: [], unmatched: 0, expired: 3 };
    fail(new Problem(exit.unavailable, 'memory is down', {}));
  };
  assert.deepEqual(statuses(await here.run()), [exit.unavailable, exit.partial]);
});

const goneSpan = 'records from 2026-11-20T09:00:00Z to 2026-11-20T13:00:00Z are gone: memory no longer keeps them';

/** Two branches with a gap; the run that passed the first one's was killed in its next page, or in the next branch. */
async function killedBehindGap(killedIn: 'page' | 'branch'): Promise<Bench> {
  const rules = { retention: parseDuration('2h', 'retention'), longest: parseDuration('30m', 'longest') };
  const here = bench({ rules });
  here.vendor.branches = async () => ['one', 'two'];
  assert.deepEqual(statuses(await here.run()), []);
  here.clock.now += 6 * 60 * minute;
  const { pull } = here.vendor;
  let killed: string | undefined;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    if (killedIn === 'page' ? here.store.saves > 0 : ask.branch === 'two') killed ??= here.store.disk.saved;
  };
  here.restart();
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
  here.store.disk.saved = killed;
  here.restart();
  here.vendor.pull = pull;
  return here;
}

test('a gap that a killed run passed is told of although its branch is no longer listed, and once', async () => {
  const here = await killedBehindGap('branch');
  here.vendor.branches = async () => ['two', 'three'];
  assert.deepEqual(
    (await here.run()).problems.map(({ message }) => message),
    [`two: ${goneSpan}`, `one: ${goneSpan}`],
  );
  here.vendor.branches = async () => ['one', 'two', 'three'];
  assert.deepEqual(statuses(await here.run()), []);
});

test('parts that are gone from a slice that a killed run ended are told of by the next run, and once', async () => {
  const rules = { longest: parseDuration('30m', 'longest') };
  const here = bench({ rules });
  const { pull } = here.vendor;
  let killed: string | undefined;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    if (here.store.saves > 1) killed ??= here.store.disk.saved;
    if (killed === undefined) yield { records: [], refused: [], unmatched: 0, expired: 3 };
  };
  const message =
    'memory no longer has 3 of the parts that it lists of its records from 2026-11-20T08:00:00Z to 2026-11-20T08:30:00Z';
  assert.deepEqual(
    (await here.run()).problems.map((problem) => problem.message),
    [message],
  );
  assert.deepEqual(statuses(await here.run()), [], 'by the run that ended it is told of');
  here.store.disk.saved = killed;
  here.restart();
  assert.deepEqual(
    (await here.run()).problems.map((problem) => problem.message),
    [message],
  );
  assert.deepEqual(statuses(await here.run()), []);
});

for (const [what, rules, job] of [
  ['what the vendor no longer keeps', { retention: parseDuration('2h', 'retention') }, {}],
  ['what --since leaves out', {}, { since: { back: parseDuration('2h', '--since') } }],
] as const) {
  test(`a gap is told of although the run fails behind it, for the next one meets it no more: ${what}`, async () => {
    const here = bench({ rules: { ...rules, longest: parseDuration('30m', 'longest') } });
    assert.deepEqual(statuses(await here.run()), []);
    here.clock.now += 6 * 60 * minute;
    let pages = 0;
    here.vendor.beforePage = () => {
      if (pages++ === 1) throw new Problem(exit.tempfail, 'the quota is used up');
    };
    const { problems } = await here.run(job);
    assert.deepEqual(
      problems.map(({ status }) => status),
      [exit.tempfail, exit.partial],
    );
    assert.match(
      problems[1]?.message ?? '',
      /^records from 2026-11-20T09:00:00Z to 2026-11-20T13:00:00Z (?:are gone|were)/,
    );
    assert.deepEqual(statuses(await here.run()), []);
  });
}

for (const [what, rules, job] of [
  ['what the vendor no longer keeps', { retention: parseDuration('2h', 'retention') }, {}],
  ['what --since leaves out', {}, { since: { back: parseDuration('2h', '--since') } }],
] as const) {
  test(`a gap is told of although what follows it is planned anew by the vendor’s clock: ${what}`, async () => {
    const here = bench({ rules: { ...rules, longest: parseDuration('30m', 'longest') } });
    assert.deepEqual(statuses(await here.run()), []);
    here.clock.now += 6 * 60 * minute;
    let vendorNow: bigint | undefined;
    here.vendor.serverTime = () => vendorNow;
    const { pull } = here.vendor;
    here.vendor.pull = async function* (ask) {
      vendorNow = BigInt(here.clock.now - 10_000) * 1_000_000n;
      if (ask.slice.until > vendorNow) fail(new Problem(exit.protocol, 'until is in the future', { httpStatus: 400 }));
      yield* pull(ask);
    };
    const { problems } = await here.run(job);
    assert.deepEqual(
      problems.map(({ status }) => status),
      [exit.partial],
    );
    assert.match(
      problems[0]?.message ?? '',
      /^records from 2026-11-20T09:00:00Z to 2026-11-20T13:00:00Z (?:are gone|were)/,
    );
  });
}

test('a gap is told of by the run that ends behind it, where a bookmark takes several runs there', async () => {
  const here = bench({ rules: { filter: 'none', retention: parseDuration('2h', 'retention') } });
  await here.run();
  here.clock.now += 6 * 60 * minute;
  let failure: Problem | undefined = new Problem(exit.tempfail, 'the quota is used up');
  let pages = 0;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, bookmark: `page ${pages++}` };
    if (failure !== undefined) throw failure;
  };
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  failure = undefined;
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
  assert.deepEqual(statuses(await here.run()), []);
});

test('a gap that a killed run passed is told of by the next run that ends, whatever becomes of the branches', async () => {
  for (const killedIn of ['page', 'branch'] as const) {
    const here = await killedBehindGap(killedIn);
    const { pull } = here.vendor;
    here.vendor.pull = () => fail(new Problem(exit.tempfail, 'the quota is used up'));
    const { problems } = await here.run();
    assert.deepEqual(
      problems.map(({ status, message }) => [status, message]),
      [
        [exit.tempfail, 'the quota is used up'],
        [exit.partial, `one: ${goneSpan}`],
      ],
    );
    here.vendor.pull = pull;
    here.restart();
    const [told, ...others] = (await here.run()).problems;
    assert.deepEqual([told?.message, others], [`two: ${goneSpan}`, []], 'the first branch is told of no more');
  }
});

for (const [what, job, told] of [
  ['before a new beginning', {}, / to 2026-11-20T11:00:00Z are gone: memory no longer keeps them$/],
  [
    'that --since leaves',
    { since: { back: parseDuration('5m', '--since') } },
    / were skipped, because --since is later/,
  ],
] as const) {
  test(`the gap ${what} is told of by the next run when the one whose bookmark is behind it is killed`, async () => {
    const here = bench({ rules: { filter: 'none', firstRun: parseDuration('1h', 'firstRun') } });
    await here.run();
    here.clock.now += 3 * 60 * minute;
    let killed: string | undefined;
    here.vendor.pull = async function* (ask) {
      const restarted = ask.bookmark === undefined;
      yield { records: [], refused: [], unmatched: 0, restarted, bookmark: 'behind it' };
      killed ??= here.store.disk.saved;
    };
    await here.run(job);
    here.store.disk.saved = killed;
    here.restart();
    const { problems } = await here.run();
    assert.deepEqual([problems.length, problems[0]?.status], [1, exit.partial]);
    assert.match(problems[0]?.message ?? '', told);
    assert.deepEqual(statuses(await here.run()), []);
  });
}

test('a gap before a new beginning is told of beside a shorter one that --since leaves', async () => {
  const here = bench({ rules: { filter: 'none', firstRun: parseDuration('1h', 'firstRun') } });
  await here.run();
  here.clock.now += 3 * 60 * minute;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, restarted: true, bookmark: 'behind both' };
  };
  const { problems } = await here.run({ since: { back: parseDuration('2h', '--since') } });
  assert.deepEqual(
    problems.map(({ message }) => message),
    [
      'records from 2026-11-20T09:00:00Z to 2026-11-20T11:00:00Z are gone: memory no longer keeps them',
      'records from 2026-11-20T09:00:00Z to 2026-11-20T10:00:00Z were skipped, because --since is later than the position',
    ],
  );
});

test('a gap that --since leaves is told of by the run whose bookmark is behind it, although it fails', async () => {
  const here = bench({ rules: { filter: 'none' } });
  await here.run();
  here.clock.now += 60 * minute;
  here.vendor.pull = async function* () {
    yield { records: [], refused: [], unmatched: 0, bookmark: 'behind it' };
    throw new Problem(exit.tempfail, 'the quota is used up');
  };
  const since = { back: parseDuration('5m', '--since') };
  assert.deepEqual(statuses(await here.run({ since })), [exit.tempfail, exit.partial]);
});

for (const filter of ['event', 'ingestion', 'none'] as const) {
  test(`a record that shows up behind the bookmark is delivered with --since, too, whatever its time: filter ${filter}`, async () => {
    const here = bench({ rules: { filter } });
    let pages: readonly Partial<Page>[] = [{ bookmark: 'first' }];
    here.vendor.pull = async function* () {
      for (const page of pages) yield { records: [], refused: [], unmatched: 0, ...page };
    };
    await here.run();
    here.clock.now += minute;
    pages = [{ records: [auditRecord(stored('late', start - 60 * minute))] }, { bookmark: 'second' }];
    const { problems, summary } = await here.run({ since: { back: parseDuration('5m', '--since') } });
    assert.deepEqual([problems, here.ids(), summary.outside], [[], ['late'], 0]);
  });
}

test('a gap that a failed run did not pass is told of by the next one alone', async () => {
  const here = bench({ rules: { retention: parseDuration('2h', 'retention') } });
  await here.run();
  here.clock.now += 6 * 60 * minute;
  here.vendor.beforePage = () => fail(new Problem(exit.tempfail, 'the quota is used up'));
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  here.vendor.beforePage = () => {};
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
});

test('a --since that is later than what has settled leaves a gap where a vendor without a time filter is read past it', async () => {
  const here = bench({ rules: { filter: 'none' } });
  await here.run();
  here.clock.now += 60 * minute;
  here.vendor.stored.push(stored('left out', start + 10 * minute));
  const pull = here.vendor.pull;
  here.vendor.pull = async function* (ask) {
    yield* pull({ ...ask, slice: { from: 0n, until: BigInt(here.clock.now) * 1_000_000n } });
    yield { records: [], refused: [], unmatched: 0, bookmark: 'behind it' };
  };
  const delay = parseDuration('2h', '--delay');
  const { problems } = await here.run({ since: { back: parseDuration('5m', '--since') }, delay });
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [
      [
        exit.partial,
        'records from 2026-11-20T09:00:00Z to 2026-11-20T09:55:00Z were skipped, because --since is later than the position',
      ],
    ],
  );
});

test('every gap of a run is told of', async () => {
  const here = bench({ rules: { longest: parseDuration('30m', 'longest') } });
  const pull = here.vendor.pull;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    yield { records: [], refused: [], unmatched: 0, expired: 1 };
  };
  assert.deepEqual(statuses(await here.run()), [exit.partial, exit.partial]);
});

test('one failing branch stops none of the others', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.branches = async () => ['one', 'two', 'three'];
  const pull = here.vendor.pull;
  here.vendor.pull = (ask) => {
    if (ask.branch === 'two') throw new Problem(exit.noperm, 'not for this organisation');
    return pull(ask);
  };
  assert.deepEqual(statuses(await here.run()), [exit.noperm]);
  const position = await here.store.load();
  assert.deepEqual(
    ['one', 'two', 'three'].map((branch) => position?.branches.get(branch)?.watermark !== undefined),
    [true, false, true],
  );
});

for (const [what, fail] of [
  ['that was read to its end', false],
  ['that failed in the middle', true],
] as const) {
  test(`what a branch ${what} delivered is durable before the next one sends anything`, async () => {
    const here = bench({ pageSize: 2 });
    here.vendor.branches = async () => ['one', 'two', 'three'];
    const pull = here.vendor.pull;
    here.vendor.pull = async function* (ask) {
      // Each branch has records of its own.
      for await (const page of pull(ask)) {
        yield { ...page, records: page.records.filter(({ bytes }) => bytes.includes(ask.branch)) };
      }
      if (fail && ask.branch === 'one') throw new Problem(exit.unavailable, 'the page broke off');
    };
    for (const branch of ['one', 'two', 'three']) {
      for (let at = 1; at <= 5; at++) here.vendor.stored.push(stored(`${branch}${at}`, start - at * minute));
    }
    const notDurable: string[] = [];
    here.sink.answer = () => {
      const journal = here.store.disk.journal.map(({ lines }) => lines).join('');
      notDurable.push(...here.ids().filter((id) => !journal.includes(JSON.stringify(id))));
      return undefined;
    };
    await here.run();
    assert.deepEqual(notDurable, []);
    assert.equal(here.store.journals, here.sink.batches - 1, 'the last batch is saved with the position');
  });
}

test('when a slice fails, and the quarantine cannot be written then, both are told, and not that something lies there', async () => {
  const here = bench();
  const full = new Problem(exit.ioerr, 'the disk is full');
  here.quarantine.flush = () => Promise.reject(full);
  here.vendor.refused = [{ text: Buffer.from('{'), more: false, reason: 'no JSON', key: 'refused:1' }];
  here.vendor.stored.push(...[1, 2, 3, 4].map((at) => stored(`a${at}`, start - at * minute)));
  here.vendor.beforePage = (page) => {
    if (page === 1) throw new Problem(exit.unavailable, 'the network is gone');
  };
  const { problems, summary } = await here.run();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the disk is full', 'the network is gone'],
  );
  assert.equal(summary.quarantined, 0);
});

test('what a stream cannot show again is not said to be set aside where the quarantine could not be written', async () => {
  const here = bench({ isStream: true });
  here.quarantine.flush = () =>
    Promise.reject(new Problem(exit.ioerr, 'the disk is full', { hint: 'free some space' }));
  here.vendor.refused = [{ text: Buffer.from('{'), more: false, reason: 'no JSON' }];
  const { problems, summary } = await here.run();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the disk is full'],
  );
  assert.match(problems[0]?.hint ?? '', /^free some space; memory cannot be asked again: /);
  assert.deepEqual([summary.quarantined, summary.unreadable], [0, 0]);
});

test('a sink that fails is not tried again in the next branch, also when the quarantine cannot be written', async () => {
  const here = bench();
  here.vendor.branches = async () => ['one', 'two'];
  here.quarantine.flush = () => Promise.reject(new Problem(exit.ioerr, 'the disk is full'));
  here.vendor.stored.push(stored('a', start - minute));
  here.sink.answer = () => {
    throw new Problem(exit.noperm, 'the key was revoked');
  };
  assert.deepEqual(statuses(await here.run()), [exit.ioerr, exit.noperm]);
  assert.equal(here.sink.batches, 1);
});

test('a quarantine that cannot be written in one branch is told once, with its name', async () => {
  const here = bench();
  here.vendor.branches = async () => ['one', 'two'];
  here.vendor.refused = [{ text: Buffer.from('{'), more: false, reason: 'no JSON', key: 'refused:1' }];
  let pulls = 0;
  const pull = here.vendor.pull;
  here.vendor.pull = (ask) => {
    pulls += 1;
    return pull(ask);
  };
  here.quarantine.flush = async () => {
    if (pulls === 1) throw new Problem(exit.ioerr, 'the disk is full');
  };
  assert.equal((await here.run()).problems[0]?.message, 'one: the disk is full');
});

test('a run that is out of time takes smaller steps next time, also when the quarantine cannot be written', async () => {
  const here = bench();
  here.quarantine.flush = () => Promise.reject(new Problem(exit.ioerr, 'the disk is full'));
  here.vendor.stored.push(stored('a', start - minute));
  const late = new Problem(exit.tempfail, 'out of time');
  here.vendor.beforePage = () => stopWith(here.controller, late);
  assert.deepEqual(statuses(await here.run()), [exit.ioerr, exit.tempfail]);
  assert.equal((await here.store.load())?.branches.get('')?.slice, 30 * minute);
});

test('a run that is stopped between two branches does not end as if it had read them all', async () => {
  const here = bench();
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.branches = async () => ['one', 'two'];
  const { pull } = here.vendor;
  const asked = new Set<string>();
  here.vendor.pull = (ask) => (asked.add(ask.branch), pull(ask));
  here.sink.answer = () => {
    here.controller.abort(new Problem(exit.tempfail, 'out of time')); // the last batch of the first is on its way
    return undefined;
  };
  const { problems } = await here.run();
  assert.deepEqual([...asked], ['one']);
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [[exit.tempfail, 'out of time']],
  );
  const position = await here.store.load();
  assert.equal(position?.last?.exit, exit.tempfail);
  assert.notEqual(position?.branches.get('one')?.watermark, undefined, 'what was read to its end counts');
});

const branchCases: readonly (readonly [who: string, asksForBranches: boolean, said: readonly string[]])[] = [
  ['the vendor', true, ['memory no longer lists two: nothing is read there any more']],
  ['the user', false, []],
];
for (const [who, asksForBranches, said] of branchCases) {
  const how = said.length > 0 ? 'told once' : 'nobody has to be told of';
  test(`a branch that ${who} no longer lists is ${how}, and read on from its place when it comes back`, async () => {
    const here = bench();
    let branches = ['one', 'two'];
    Object.assign(here.vendor, { branches: async () => branches, asksForBranches });
    async function tick(): Promise<readonly string[]> {
      here.restart();
      here.clock.now += minute;
      return (await here.run()).problems.map(({ status, message }) => `${status} ${message}`);
    }
    assert.deepEqual(await tick(), []);
    branches = ['one'];
    assert.deepEqual(
      await tick(),
      said.map((line) => `${exit.partial} ${line}`),
    );
    assert.deepEqual(await tick(), []);
    here.clock.now += 300 * minute; // longer than a first run reads back
    here.vendor.stored.push(stored('meanwhile', here.clock.now - 200 * minute));
    branches = ['one', 'two'];
    assert.deepEqual(await tick(), []);
    assert.deepEqual(here.ids(), ['meanwhile', 'meanwhile'], 'each branch has it');
    branches = ['two'];
    assert.equal((await tick()).length, said.length, 'another one');
  });
}

test('a branch that the vendor lists for the first time begins where the run before ended, if a first run does not reach as far', async () => {
  for (const [firstRun, asksForBranches, expected] of [
    ['0s', true, ['created']],
    ['0s', false, []],
    ['1h', true, ['created']],
    ['5h', true, ['created', 'old']],
  ] as const) {
    const here = bench();
    let branches = ['one'];
    const stray = { pull: here.vendor.pull.bind(here.vendor) };
    Object.assign(here.vendor, { branches: async () => branches, asksForBranches });
    here.vendor.pull = async function* (ask) {
      if (ask.branch === 'two') yield* stray.pull(ask);
      else for await (const page of stray.pull(ask)) yield { ...page, records: [] };
    };
    const tick = async (): Promise<number[]> => {
      here.restart();
      return statuses(await here.run({ firstRun: parseDuration(firstRun, '--first-run') }));
    };
    assert.deepEqual(await tick(), []);
    here.vendor.stored.push(stored('old', start - 60 * minute), stored('created', start + minute));
    here.clock.now += 180 * minute;
    branches = ['one', 'two'];
    const down = new Problem(exit.unavailable, 'memory is down', {});
    here.vendor.beforePage = () => fail(down);
    assert.deepEqual(await tick(), [exit.unavailable]);
    here.vendor.beforePage = () => {};
    assert.deepEqual(await tick(), []);
    assert.deepEqual(here.ids().toSorted(), expected, firstRun);
  }
});

test('so does one that comes into being while no branch could be read yet: it begins where they were to begin', async () => {
  const here = bench();
  let branches = ['one'];
  Object.assign(here.vendor, { branches: async () => branches, asksForBranches: true });
  here.vendor.beforePage = () => fail(new Problem(exit.unavailable, 'memory is down', {}));
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), [exit.unavailable]);
  here.vendor.stored.push(stored('created', start + minute));
  here.clock.now += 180 * minute;
  branches = ['one', 'two'];
  here.vendor.beforePage = () => {};
  here.restart();
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
  assert.deepEqual(here.ids(), ['created', 'created'], 'each branch has it');
});

test('a branch that is no longer listed is told by the next run when this one was killed', async () => {
  const here = bench();
  Object.assign(here.vendor, { branches: async () => ['one', 'two'], asksForBranches: true });
  await here.run();
  here.vendor.branches = async () => ['one', 'three']; // a new one, so that the position is saved at once
  const killed = new Error('killed');
  here.vendor.beforePage = () => {
    throw killed;
  };
  await assert.rejects(here.run(), killed);
  here.restart();
  here.vendor.beforePage = () => {};
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
});

test('what a run that failed in several ways writes down is the failure that its status tells', async () => {
  const here = bench();
  here.vendor.branches = async () => ['one', 'two'];
  here.vendor.pull = ({ branch }) => {
    throw branch === 'one'
      ? new Problem(exit.tempfail, 'asks for less')
      : new Problem(exit.noperm, 'not for this organisation');
  };
  await here.run();
  const last = (await here.store.load())?.last;
  assert.deepEqual([last?.exit, last?.outcome], [exit.noperm, 'two: not for this organisation']);
});

test('a cursor vendor whose page was half delivered shows it again, and nothing is taken for a new twin', async () => {
  const here = bench();
  const remembered: boolean[] = [];
  const record = auditRecord(stored('twin', start - minute));
  let fail = true;
  here.vendor.pull = async function* ({ remembers, bookmark }) {
    remembered.push(remembers(record.key, record.keyStart, record.keyEnd));
    yield { records: [record], refused: [], unmatched: 0 };
    if (fail) throw new Problem(exit.unavailable, 'the page broke off');
    if (bookmark !== 'next') yield { records: [], refused: [], unmatched: 0, bookmark: 'next' };
  };
  await here.run();
  here.restart();
  fail = false;
  await here.run();
  here.restart();
  await here.run();
  assert.deepEqual(remembered, [false, false, true], 'remembered only once its bookmark is saved');
});

test('R25 a position that the vendor will soon be unable to serve is warned of before records are gone', async () => {
  const here = bench({ rules: { retention: parseDuration('10d', 'retention') } });
  await here.run();
  for (const [days, warnings] of [
    [7, 0],
    [9, 1],
  ] as const) {
    here.restart();
    here.clock.now += days * 24 * 60 * minute;
    here.warnings.length = 0;
    assert.deepEqual(statuses(await here.run()), []);
    assert.equal(here.warnings.length, warnings, `${days} days`);
  }
});

test('a search that reaches further back than a vendor without a time parameter goes is partial, and told so once', async () => {
  const here = bench({ rules: { filter: 'none', reach: parseDuration('1h', 'reach') } });
  here.vendor.branches = async () => ['one', 'two'];
  for (const [hours, expected] of [
    [1, []],
    [3, [exit.partial]],
  ] as const) {
    const since = BigInt(start - hours * 60 * minute) * 1_000_000n;
    assert.deepEqual(statuses(await here.run({ usePosition: false, since, firstRun: undefined })), expected);
  }
  assert.deepEqual(here.warnings, []);
});
