/** What the next run has to know of one that was killed, or that ended inside a minute. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../../src/core/clock/duration.ts';
import { isoText } from '../../../src/core/time.ts';
import type { Ask, WindowRules } from '../../../src/core/types.ts';
import { run, type RunResult } from '../../../src/run.ts';
import { fakeTools } from '../../support/fake-tools.ts';
import { memoryJob, memorySink, memoryVendor, minute, stored } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';

function scene(now: number, rules: Partial<WindowRules> = {}) {
  const clock = { now };
  const source = memoryVendor(clock, { rules: { firstRun: parseDuration('2h', 'firstRun'), ...rules } });
  const sink = memorySink();
  const { disk } = memoryStore();
  /** `ahead`: how far our clock is ahead of the vendor's, in milliseconds. */
  const tick = (ahead = 0): Promise<RunResult> =>
    run({
      job: { ...memoryJob, firstRun: undefined },
      source,
      sink,
      store: memoryStore(disk),
      scope: { source: 'memory', sink: 'memory' },
      quarantine: memoryQuarantine(),
      tools: { ...fakeTools(clock), now: () => clock.now + ahead },
    });
  return { clock, source, sink, disk, tick };
}

test('what the next window shows again because it begins at an edge is remembered until then', async () => {
  const half = Date.UTC(2026, 10, 20, 9, 0, 30);
  const { clock, source, sink, tick } = scene(half);
  source.edge = (at) => at - (at % minute);
  source.stored.push(stored('at the edge', half - 5 * 60_000 - 20_000));
  for (let runs = 0; runs < 3; runs += 1) {
    assert.deepEqual((await tick()).problems, []);
    clock.now += 1000;
  }
  assert.equal(sink.taken.length, 1);
});

test('where a branch that is new beside others begins is saved before any of them is read: that run may be killed', async () => {
  const { clock, source, disk, tick } = scene(Date.UTC(2026, 10, 20, 9));
  const { pull } = source;
  const begun: string[] = [];
  let killed: string | undefined;
  source.branches = async () => ['one'];
  await tick();
  source.branches = async () => ['one', 'two'];
  source.pull = (ask: Ask) => {
    killed ??= disk.saved;
    if (ask.branch === 'two') begun.push(isoText(ask.slice.from));
    return pull(ask);
  };
  await tick();
  disk.saved = killed;
  clock.now += 24 * 3_600_000;
  assert.deepEqual((await tick()).problems, []);
  assert.deepEqual(begun, ['2026-11-20T07:00:00Z', '2026-11-20T07:00:00Z']);
});

test('what happens while slices ahead of the vendor’s clock are read is found by the next run, for the position does not pass it', async () => {
  const start = Date.UTC(2026, 10, 20, 9);
  const rules = { longest: parseDuration('10m', 'longest'), overlap: 0n };
  const { clock, source, sink, tick } = scene(start, rules);
  assert.deepEqual((await tick()).problems, []);
  source.beforePage = () => {
    clock.now += 3 * 60_000;
    source.stored.push(stored(`at${source.stored.length}`, clock.now));
  };
  await tick(60 * 60_000);
  assert.ok(source.stored.length > 5, 'slices were read ahead of the vendor');
  source.beforePage = () => {};
  clock.now += 60_000;
  assert.deepEqual((await tick()).problems, []);
  assert.equal(new Set(sink.taken).size, source.stored.length);
});
