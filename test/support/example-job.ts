/** A job of a ready-made definition that runs again and again, with its position and destination in memory. */
import type { SourceDefinition } from '../../src/core/definition.ts';
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
