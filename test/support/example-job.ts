/** A job of a ready-made definition that runs again and again, with its position and destination in memory. */
import assert from 'node:assert/strict';
import type { SourceDefinition } from '../../src/core/definition.ts';
import { exit } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import { run, type RunResult } from '../../src/run.ts';
import { memoryJob, memorySink } from './memory.ts';
import { memoryQuarantine, memoryStore } from './memory-store.ts';
import { noSearch, sourceTools } from './source-tools.ts';

export interface ExampleJob {
  /** One run at the given time, in milliseconds. */
  run(now: number): Promise<RunResult>;
  /** What was delivered so far. */
  readonly taken: readonly string[];
}

export function exampleJob(definition: SourceDefinition, values: SettingValues): ExampleJob {
  const sink = memorySink();
  const { disk } = memoryStore();
  return {
    run: (now) => {
      const tools = sourceTools(now);
      return run({
        job: { ...memoryJob, firstRun: undefined },
        source: restSource(definition, values, noSearch, tools),
        sink,
        store: memoryStore(disk),
        scope: { source: definition.name, sink: 'memory' },
        quarantine: memoryQuarantine(),
        tools,
      });
    },
    taken: sink.taken,
  };
}

/** A job that did not run for longer than its vendor keeps records: the gap is told, and what there is, `add` adds it, delivered. */
export async function assertGapTold(
  job: ExampleJob,
  clock: { now: number },
  pause: number,
  add: () => string,
): Promise<void> {
  assert.deepEqual((await job.run(clock.now)).problems, []);
  clock.now += pause;
  const text = add();
  const { problems, summary } = await job.run(clock.now);
  assert.deepEqual([problems.map(({ status }) => status), summary.gaps.length], [[exit.partial], 1]);
  assert.deepEqual(job.taken, [text]);
}
