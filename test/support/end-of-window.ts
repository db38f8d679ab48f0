import assert from 'node:assert/strict';
import type { SourceDefinition } from '../../src/core/definition.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import { minute, start } from './example.ts';
import { exampleJob } from './example-job.ts';

/** What a vendor shows around the end of a window, `unit` milliseconds apart, is delivered by three runs, each record once. */
export async function deliveredOnceAtEnd(
  { definition, next }: { readonly definition: SourceDefinition; next(time: number): string },
  started: (
    now: () => number,
  ) => Promise<{ readonly vendor: { add(...texts: string[]): void }; readonly values: SettingValues }>,
  unit = 1,
): Promise<void> {
  let now = start;
  const { vendor, values } = await started(() => now);
  const job = exampleJob(definition, values);
  const texts = [-unit, 0, 0, unit].map((milliseconds) => next(start + milliseconds));
  vendor.add(...texts);
  for (const _ of [1, 2, 3]) {
    assert.deepEqual((await job.run(now)).problems, []);
    now += 20 * minute;
  }
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
}
