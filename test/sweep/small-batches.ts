/** Sinks whose batches hold a few records, so that a short history has many of them. */
import type { SinkDefinition } from '../../src/core/sink-tools.ts';
import { sinks } from '../../src/sinks/index.ts';

/** Changes the list of built-in sinks, for the rest of this process. What they learn about limits is of no interest. */
export function useSmallBatches(records: number): void {
  for (const [name, load] of Object.entries(sinks)) {
    Object.assign(sinks, { [name]: async () => withSmallBatches(await load(), records) });
  }
}

function withSmallBatches(definition: SinkDefinition, records: number): SinkDefinition {
  return {
    ...definition,
    create(values, tools) {
      const sink = definition.create(values, tools);
      return { ...sink, limits: () => ({ ...sink.limits(), records }) };
    },
  };
}
