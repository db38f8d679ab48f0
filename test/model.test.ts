/**
 * The pipeline against a model (fast-check commands): a vendor that keeps producing, late records included, runs that
 * fail anywhere, are killed anywhere, and a clock that jumps. After any history, once the faults stop:
 *  I1 every record that became visible within the overlap is at the sink     I2 repeats: one batch a kill at most
 *  I3 the watermark never moves back                                         I4 the position can always be read
 *  I6 the counts of every run add up                                         I7 every status is in the table
 *  I8 a run without a problem has delivered all that the vendor had when it began, as far back as the first run reached
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exit, Problem } from '../src/core/problem.ts';
import { unaccounted } from '../src/core/summary.ts';
import type { EncodedRecord, Job, Reply } from '../src/core/types.ts';
import { run } from '../src/run.ts';
import { fakeTools, type Clock } from './support/fake-tools.ts';
import {
  memoryJob,
  memorySink,
  memoryVendor,
  stored,
  type MemorySink,
  type MemoryVendor,
  type StoredRecord,
} from './support/memory.ts';
import { memoryQuarantine, memoryStore, type MemoryStore } from './support/memory-store.ts';

const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const batch = 4;
const statuses = new Set<number>(Object.values(exit));

const job: Job = { ...memoryJob, maxQuarantine: 1 };

/** What the history allows. */
interface Model {
  added: number;
  /** Kills, and answers that were lost: each may repeat a batch. Infinity once a position was damaged. */
  repeats: number;
}

/** Stands for SIGKILL: thrown through everything, after which only the disk is left. */
const killed = new Error('killed');

interface World {
  readonly clock: Clock;
  /** How far our clock is off the vendor's, in milliseconds. */
  skew: number;
  /** The destination refuses records with such a last digit. */
  rejected: string;
  readonly quarantined: Set<string>;
  readonly vendor: MemoryVendor;
  readonly sink: MemorySink;
  /** The records that the first run reached back to, of which a run without a problem at that time lacks none. */
  lacking(before: number): string[];
  /** The last generation of the position is damaged, and the one before is used. */
  corrupt(): Promise<void>;
  run(fault: Fault, model: Model): Promise<void>;
}

function newWorld(slice: bigint | undefined, firstRun: number): World {
  const clock = { now: start };
  const rules = { firstRun: BigInt(firstRun) * 1_000_000n, ...(slice !== undefined && { longest: slice }) };
  const vendor = memoryVendor(clock, { pageSize: 3, rules });
  const sink = memorySink({ records: batch });
  const quarantine = memoryQuarantine();
  const quarantined = new Set<string>();
  let store: MemoryStore = memoryStore();
  let highest = 0n;
  let begin: number | undefined;
  const ours: Clock = {
    get now() {
      return clock.now + world.skew;
    },
    set now(time) {
      clock.now = time - world.skew;
    },
  };

  /** One run, with a fault at the given page, batch or save. */
  async function runOnce(fault: Fault, model: Model): Promise<void> {
    let countdown = fault.count;
    const reach = (at: Fault['at']): boolean => fault.kind !== 'none' && fault.at === at && countdown-- === 0;
    const raise = (): never => {
      throw fault.kind === 'kill' ? killed : new Problem(fault.status, 'a fault');
    };
    vendor.beforePage = () => {
      if (reach('page')) raise();
    };
    sink.answer = ({ records }) => {
      if (!reach('batch')) return rejectSome(records);
      if (fault.stored) for (const { bytes } of records) sink.taken.push(bytes.toString());
      if (fault.stored && fault.kind === 'fail') model.repeats += 1;
      return raise();
    };
    const began = clock.now;
    begin ??= began - firstRun;
    const { save } = store;
    store.save = async (position) => {
      if (reach('save')) raise();
      await save(position);
    };
    try {
      const { problems, summary } = await run({
        job,
        source: vendor,
        sink,
        store,
        scope: { source: 'memory', sink: 'memory' },
        quarantine,
        tools: fakeTools(ours),
      });
      for (const { status } of problems) assert.ok(statuses.has(status), `status ${status} is in the table`);
      if (problems.length === 0) {
        assert.equal(unaccounted(summary), 0);
        // The vendor's clock may be a minute ahead of a window that was made by ours.
        assert.deepEqual(lacking(world.skew < 0 ? began - minute : began), [], 'all that was there is delivered');
      }
      if (fault.kind === 'fail' && fault.at === 'save') model.repeats += 1;
    } catch (error) {
      if (error !== killed) throw error;
      model.repeats += 1;
    }
    store = memoryStore(store.disk);
    await vendor.close();
    const watermark = (await store.load())?.branches.get('')?.watermark ?? 0n;
    // Killed before it wrote down where the job begins, or before it knew that the vendor's clock is behind.
    if (store.disk.saved === undefined || (watermark === 0n && world.skew > 0)) begin = undefined;
    assert.ok(watermark >= highest, 'the watermark never moves back');
    highest = watermark;
  }

  function rejectSome(records: readonly EncodedRecord[]): Reply | undefined {
    const isRejected = ({ bytes }: EncodedRecord): boolean =>
      world.rejected !== '' && idOf(bytes.toString()).endsWith(world.rejected);
    if (!records.some(isRejected)) return undefined;
    for (const record of records) {
      const text = record.bytes.toString();
      if (isRejected(record)) quarantined.add(idOf(text));
      else sink.taken.push(text);
    }
    return { outcomes: records.map((record) => (isRejected(record) ? { refused: 'rejected' } : 'kept')) };
  }

  function lacking(before: number): string[] {
    const there = new Set([...sink.taken.map(idOf), ...quarantined]);
    const isDue = ({ time, visible }: StoredRecord): boolean =>
      Math.max(time, visible) < before && time >= (begin ?? 0);
    return vendor.stored.filter((record) => isDue(record) && !there.has(record.id)).map(({ id }) => id);
  }

  async function corrupt(): Promise<void> {
    const { disk } = store;
    if (disk.previous === undefined) return;
    disk.saved = disk.previous;
    disk.previous = undefined;
    disk.journal.length = 0;
    store = memoryStore(disk);
    highest = (await store.load())?.branches.get('')?.watermark ?? 0n;
  }

  const world: World = { clock, skew: 0, rejected: '', quarantined, vendor, sink, lacking, corrupt, run: runOnce };
  return world;
}

interface Fault {
  readonly kind: 'none' | 'fail' | 'kill';
  readonly at: 'page' | 'batch' | 'save';
  readonly count: number;
  readonly status: typeof exit.unavailable | typeof exit.protocol | typeof exit.noperm | typeof exit.tempfail;
  readonly stored: boolean;
}

const none: Fault = { kind: 'none', at: 'page', count: Infinity, status: exit.unavailable, stored: false };

const faults: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom('fail', 'kill'),
  at: fc.constantFrom('page', 'batch', 'save'),
  count: fc.nat({ max: 6 }),
  status: fc.constantFrom(exit.unavailable, exit.protocol, exit.noperm, exit.tempfail),
  stored: fc.boolean(),
});

function idOf(text: string): string {
  return (JSON.parse(text) as { id: string }).id;
}

type Command = fc.AsyncCommand<Model, World>;

const add = fc
  .record({ count: fc.nat({ max: 12 }), late: fc.nat({ max: 4 }), tie: fc.boolean() })
  .map(({ count, late, tie }): Command => ({
    check: () => true,
    async run(model, world) {
      for (let index = 0; index < count; index++) {
        const id = `r${model.added++}`;
        const time = world.clock.now - (tie ? 0 : index * 7919);
        // Visible late, but within the overlap of five minutes.
        world.vendor.stored.push(stored(id, time, Math.max(time, world.clock.now - 1) + late * minute));
      }
    },
    toString: () => `add ${count} records${tie ? ' at the same time' : ''}, visible ${late} min late`,
  }));

const wait = fc.nat({ max: 30 }).map((minutes): Command => ({
  check: () => true,
  async run(_model, world) {
    world.clock.now += minutes * minute;
  },
  toString: () => `wait ${minutes} min`,
}));

const jump = fc.integer({ min: -300, max: 300 }).map((minutes): Command => ({
  check: () => true,
  async run(_model, world) {
    world.skew = minutes * minute;
  },
  toString: () => `our clock is off by ${minutes} min`,
}));

const reject = fc.constantFrom('', '3', '7').map((digit): Command => ({
  check: () => true,
  async run(_model, world) {
    world.rejected = digit;
  },
  toString: () => `the destination rejects ${digit === '' ? 'nothing' : `IDs that end with ${digit}`}`,
}));

const damage = fc.constant<Command>({
  check: () => true,
  async run(model, world) {
    await world.corrupt();
    model.repeats = Infinity;
  },
  toString: () => 'the position is damaged',
});

const runs = fc
  .oneof({ arbitrary: fc.constant(none), weight: 2 }, { arbitrary: faults, weight: 3 })
  .map((fault): Command => ({
    check: () => true,
    run: (model, world) => world.run(fault, model),
    toString: () => (fault.kind === 'none' ? 'run' : `run, ${fault.kind} at ${fault.at} ${fault.count}`),
  }));

for (const isDamaged of [false, true]) {
  test(`after any history of faults and kills${isDamaged ? ' and damaged positions' : ''} nothing is lost${isDamaged ? '' : ', and a kill repeats one batch at most'}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.commands([add, add, wait, runs, runs, jump, reject, ...(isDamaged ? [damage] : [])], {
          maxCommands: 40,
        }),
        fc.constantFrom(
          { firstRun: 7 * 24 * 60, longest: undefined },
          { firstRun: 7 * 24 * 60, longest: 180 },
          { firstRun: 60, longest: 20 },
        ),
        fc.constantFrom(0, -200),
        async (commands, { firstRun, longest }, skew) => {
          const world = newWorld(
            longest === undefined ? undefined : BigInt(longest) * 60_000_000_000n,
            firstRun * minute,
          );
          world.skew = skew * minute;
          const model: Model = { added: 0, repeats: 0 };
          await fc.asyncModelRun(() => ({ model, real: world }), commands);
          // The faults stop, and every late record has become visible.
          world.clock.now += 5 * minute;
          world.skew = 0;
          world.rejected = '';
          await world.run(none, model);
          assert.deepEqual(world.lacking(Infinity), [], 'nothing is lost');
          const ids = world.sink.taken.map(idOf);
          const repeats = ids.length - new Set(ids).size;
          assert.ok(repeats <= model.repeats * batch, `${repeats} repeats, allowed are ${model.repeats} batches`);
        },
      ),
      { numRuns: 200 },
    );
  });
}
