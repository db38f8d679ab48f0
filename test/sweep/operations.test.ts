/** Each operation on files and sockets fails once: in turn with one of the error codes, for good or only this time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batch, destinations } from './destinations.ts';
import { sweepOperations } from './operations.ts';
import { useSmallBatches } from './small-batches.ts';

useSmallBatches(batch);

for (const sink of ['file', 'stdout', 'elastic', 'splunk']) {
  for (const kind of ['file', 'socket'] as const) {
    test(`${sink}: whichever ${kind} operation fails, nothing is lost`, { timeout: 120_000 }, async (context) => {
      const make = destinations[sink];
      assert.ok(make);
      const tally = await sweepOperations(sink, make, kind, kind === 'file' ? 5 : 2);
      const ended = [...tally.statuses].map(([status, count]) => `${count} with ${status}`).join(', ');
      context.diagnostic(`${tally.failures} failures, ${tally.repeats} repeats, ended ${ended}`);
      assert.deepEqual(tally.faults, []);
      assert.ok(tally.failures > 5);
    });
  }
}
