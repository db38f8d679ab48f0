/** A short sweep, for every change: some of the kill points of each destination. `npm run test:sweep` takes them all. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bundleProgram } from './bundle.ts';
import { destinations } from './destinations.ts';
import { sweep } from './kill.ts';

let program: Awaited<ReturnType<typeof bundleProgram>>;
before(async () => (program = await bundleProgram()));
after(() => program.remove());

for (const [number, sink] of Object.keys(destinations).entries()) {
  test(`${sink}: killed here and there, nothing is lost`, { timeout: 120_000 }, async (context) => {
    // A prime step, and another start for each sink: together they pass most places. A command is one request, with
    // few places in it.
    const step = sink === 'command' ? 29 : 37;
    const first = (3 + 5 * number) % step;
    const tally = await sweep({
      program: program.path,
      sink,
      step,
      first: first === 0 ? step : first,
      random: 1,
    });
    context.diagnostic(`${tally.kills} kills at ${tally.places.size} kinds of places, ${tally.repeats} repeats`);
    assert.deepEqual(tally.faults, []);
    assert.ok(tally.kills >= 2, `only ${tally.kills} kills`);
  });
}
