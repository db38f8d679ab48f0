import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../../src/core/clock/duration.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import type { Job, WindowRules } from '../../../src/core/types.ts';
import { run } from '../../../src/run.ts';
import { fakeTools } from '../../support/fake-tools.ts';
import { memoryJob, memorySink, memoryVendor } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';

const start = Date.UTC(2026, 10, 20, 9);
const hour = 3_600_000;

/** What the runs of these jobs say, each so many hours after the first: all fail but the last one. */
async function saidBy(
  rules: Partial<WindowRules>,
  ...runs: readonly (readonly [hours: number, job: Partial<Job>])[]
): Promise<readonly string[]> {
  const clock = { now: start };
  const source = memoryVendor(clock, { rules });
  const store = memoryStore();
  const { length } = runs;
  let said: readonly string[] = [];
  for (const [index, [hours, job]] of runs.entries()) {
    clock.now = start + hours * hour;
    source.beforePage = () => {
      if (index < length - 1) throw new Problem(exit.unavailable, 'the vendor is down');
    };
    const { problems } = await run({
      job: { ...memoryJob, firstRun: undefined, ...job },
      source,
      sink: memorySink(),
      store: memoryStore(store.disk),
      scope: { source: 'memory', sink: 'memory' },
      quarantine: memoryQuarantine(),
      tools: fakeTools(clock),
    });
    said = problems.map(({ status, message }) => `${status} ${message}`);
    if (index < length - 1) assert.deepEqual(said, [`${exit.unavailable} the vendor is down`]);
  }
  return said;
}

const kept = { retention: parseDuration('2h', 'retention') };
const gone = (from: string, until: string): string =>
  `3 records from ${from} to ${until} are gone: memory no longer keeps them`;

test('first runs that fail for longer than the vendor keeps records lose what happened since the first of them, and say so', async () => {
  assert.deepEqual(await saidBy(kept, [0, {}], [2, {}]), []);
  assert.deepEqual(await saidBy(kept, [0, {}], [3, {}]), [gone('2026-11-20T07:00:00Z', '2026-11-20T10:00:00Z')]);
  const firstRun = parseDuration('1h', 'firstRun');
  assert.deepEqual(await saidBy({ ...kept, firstRun }, [0, {}], [2, {}]), []);
  assert.deepEqual(await saidBy({ ...kept, firstRun }, [0, {}], [3, {}]), [
    gone('2026-11-20T08:00:00Z', '2026-11-20T10:00:00Z'),
  ]);
});

test('a --since from before what the vendor keeps is reported in full by the first run that gets through, with it or without', async () => {
  const asked = { since: BigInt(start - 24 * hour) * 1_000_000n };
  const all = [gone('2026-11-19T09:00:00Z', '2026-11-20T08:00:00Z')];
  assert.deepEqual(await saidBy(kept, [0, asked], [1, asked]), all);
  assert.deepEqual(await saidBy(kept, [0, asked], [1, {}]), all);
});

const leftOut = (from: string, until: string): string =>
  `3 records from ${from} to ${until} were skipped, because --since is later than the position`;
const back = (duration: string): Partial<Job> => ({ since: { back: parseDuration(duration, '--since') } });

test('what happened while first runs failed, and a later --since leaves out, is reported by the run that gets through', async () => {
  const firstRun = parseDuration('2h', 'firstRun');
  assert.deepEqual(await saidBy({ firstRun }, [0, {}], [3, back('1h')]), [
    leftOut('2026-11-20T07:00:00Z', '2026-11-20T11:00:00Z'),
  ]);
  assert.deepEqual(await saidBy({}, [0, back('65m')], [1, back('65m')]), [
    leftOut('2026-11-20T07:55:00Z', '2026-11-20T08:55:00Z'),
  ]);
  const delayed = { ...back('5m'), delay: parseDuration('10m', '--delay') };
  assert.deepEqual(await saidBy({ firstRun }, [0, {}], [3, delayed]), [
    leftOut('2026-11-20T07:00:00Z', '2026-11-20T11:55:00Z'),
  ]);
  assert.deepEqual(await saidBy({ firstRun, ...kept }, [0, {}], [4, back('3h')]), [
    gone('2026-11-20T07:00:00Z', '2026-11-20T11:00:00Z'),
  ]);
});

test('a --since that leaves out only what was before the first try leaves no gap', async () => {
  assert.deepEqual(await saidBy({}, [0, {}], [1, back('1h')]), []);
  assert.deepEqual(await saidBy({}, [0, back('30m')], [1, back('3h')]), []);
  assert.deepEqual(await saidBy({}, [1, back('1h')]), []);
});

test('a run that is to reach less far back gives up what those before were to read, with a later --since as without', async () => {
  const less = { ...back('1h'), firstRun: parseDuration('1d', '--first-run') };
  assert.deepEqual(await saidBy({}, [0, {}], [3, less]), []);
});
