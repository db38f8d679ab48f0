/** Standard output: JSON Lines, or another sink's wire form for a pipe that ends there. */
import { allKept } from '../core/batch.ts';
import { jsonLine } from '../core/wire/json-line.ts';
import { exit, Problem } from '../core/problem.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { Sink } from '../core/types.ts';

export const stdout: SinkDefinition = {
  name: 'stdout',
  summary: 'JSON Lines on standard output',
  promise:
    'The reader of the pipe was given every byte; whether it used them is not known. A killed run can repeat one batch.',
  settings: {},
  takesForm: true,
  create: (_values, tools) => stdoutSink(tools),
};

/**
 * Each batch costs a durable journal entry, because a repeat would be visible: large batches keep those few. But tens of
 * thousands of tiny records would take far more memory than their bytes.
 */
const limits = { records: 6000, bytes: 2 * 1024 * 1024, record: Infinity };

/** Its `open` throws Problem 78 where standard output is closed. */
export function stdoutSink(tools: Pick<SinkTools, 'output' | 'form'>): Sink {
  const { output } = tools;
  return {
    name: 'stdout',
    scope: '',
    limits: () => limits,
    inFlight: 1,
    repeats: 'visible',
    encode: tools.form?.encode ?? jsonLine,
    open() {
      if (output.kind !== 'closed') return Promise.resolve();
      return Promise.reject(
        new Problem(exit.config, 'standard output is closed, records would be lost', {
          hint: 'redirect it to a file or a pipe (or to /dev/null, opened for writing only), or name another sink with --sink',
        }),
      );
    },
    async send(batch) {
      await output.write(batch.body);
      return { outcomes: allKept(batch) };
    },
    flush: () => output.sync(),
    close: () => Promise.resolve(),
  };
}
