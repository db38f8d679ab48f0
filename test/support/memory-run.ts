/** Runs of the pipeline between a vendor and a destination in memory, with a clock that the test sets. */
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { BranchPosition, Job } from '../../src/core/types.ts';
import { run, type RunResult } from '../../src/run.ts';
import { fakeTools, type Clock } from './fake-tools.ts';
import { memoryJob, memorySink, memoryVendor, type MemorySink, type MemoryVendor } from './memory.ts';
import { memoryQuarantine, memoryStore, type MemoryStore } from './memory-store.ts';

/** When the clock of a test begins, in milliseconds since 1970. */
export const start = Date.UTC(2026, 10, 20, 9);
/** In milliseconds, as the clock goes; those of windows are in nanoseconds. */
export const minute = 60_000;

/** The job of each run, which a test may change in parts: its first one reads an hour back. */
export const everyMinute: Job = { ...memoryJob, firstRun: parseDuration('1h', '--first-run') };

/** What a vendor fails with that cannot be reached: nothing to ask for less for. */
export const down = new Problem(exit.unavailable, 'memory is down');
/** What a vendor fails with that was asked for too much: the next run asks for less. */
export const quotaUsedUp = new Problem(exit.tempfail, 'the quota is used up');

export interface MemoryRun {
  /** The vendor's clock, and ours unless that is `ahead`. */
  readonly clock: Clock;
  /** How far our clock is ahead of the vendor's, in milliseconds. */
  ahead: number;
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
  /** Where the saved position is in a branch; in the only one when none is named. */
  place(branch?: string): Promise<BranchPosition | undefined>;
  /** Forgets all but the disk. */
  restart(): void;
}

export function memoryRun(options: Parameters<typeof memoryVendor>[1] = {}): MemoryRun {
  const clock = { now: start };
  const here: MemoryRun = {
    clock,
    ahead: 0,
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
        tools: {
          ...fakeTools(clock, here.controller.signal),
          now: () => clock.now + here.ahead,
          warn: (message) => here.warnings.push(message),
        },
      }),
    ids: () => here.sink.taken.map((text) => (JSON.parse(text) as { id: string }).id),
    place: async (branch = '') => (await here.store.load())?.branches.get(branch),
    restart() {
      here.store = memoryStore(here.store.disk);
    },
  };
  return here;
}

/** The statuses of what a run has to tell; none when all went well. */
export function statuses({ problems }: RunResult): number[] {
  return problems.map(({ status }) => status);
}

/** For places where an expression is to throw. */
export function fail(problem: Problem): never {
  throw problem;
}

/** The vendor has these branches, each with the records whose text has its name. */
export function partedByName({ vendor }: MemoryRun, names: readonly string[]): void {
  const { pull } = vendor;
  vendor.branches = async () => names;
  vendor.pull = async function* (ask) {
    for await (const page of pull(ask))
      yield { ...page, records: page.records.filter(({ bytes }) => bytes.includes(ask.branch)) };
  };
}
