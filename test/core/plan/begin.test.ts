import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begunPlan, noteBegin } from '../../../src/core/plan/begin.ts';
import { firstPosition, placeOf } from '../../../src/core/position.ts';
import type { Unplanned } from '../../../src/core/plan.ts';
import { fromMillis } from '../../../src/core/time.ts';
import type { BranchPosition, Job } from '../../../src/core/types.ts';
import { fakeTools } from '../../support/fake-tools.ts';
import { memoryJob, memoryVendor, minute } from '../../support/memory.ts';

const ours = Date.UTC(2026, 10, 20, 9);
const now = fromMillis(ours);
const hour = 60n * minute;
const day = 24n * hour;

/** Where a branch begins after a run of these jobs, one an hour, of which each failed. */
function begun(...jobs: readonly Partial<Job>[]): BranchPosition['begin'] {
  const place = placeOf(firstPosition({ source: '', sink: '' }), '', 0);
  for (const [index, job] of jobs.entries()) {
    const clock = { now: ours + index * 3_600_000 };
    const at: Unplanned = {
      job: { ...memoryJob, ...job },
      source: memoryVendor(clock),
      place,
      tools: fakeTools(clock),
    };
    begunPlan(at);
  }
  return place.begin;
}

test('a job begins where its first run was to begin, unless a later one is to reach further back', () => {
  const first = { from: now - 2n * day, firstRun: 2n * day }; // that of the job in memory
  assert.deepEqual(begun({}), first);
  assert.deepEqual(begun({}, {}), first);
  assert.deepEqual(begun({}, { firstRun: 9n * day }), { from: now + hour - 9n * day, firstRun: 9n * day });
  assert.deepEqual(begun({}, { since: now - day }), first, 'nor does a later --since give up what was to be read');
});

test('a later run that is to reach less far back begins where it says', () => {
  assert.deepEqual(begun({}, { firstRun: hour }), { from: now, firstRun: hour });
});

test('what was asked for by --since holds for later runs, however far back they would begin', () => {
  const since = now - 30n * day;
  const asked = { from: since, firstRun: 0n };
  assert.deepEqual(begun({ since }), asked);
  assert.deepEqual(begun({ since }, {}), asked);
  assert.deepEqual(begun({ since }, { firstRun: hour }), asked);
  assert.deepEqual(begun({ since }, { since: since + day }), asked);
  assert.deepEqual(begun({ since }, { since: since - day }), { from: since - day, firstRun: 0n });
});

test('nothing is noted for a search, nor by a clock that was never set', () => {
  assert.equal(begun({ usePosition: false }), undefined);
  const place = placeOf(firstPosition({ source: '', sink: '' }), '', 0);
  const clock = { now: 90_000 };
  begunPlan({ job: memoryJob, source: memoryVendor(clock), place, tools: fakeTools(clock) });
  assert.equal(place.begin, undefined);
});

test('nothing is noted for a vendor without a time filter, nor once the position has moved', () => {
  const clock = { now: ours };
  for (const [rules, watermark] of [
    [{ filter: 'none' }, undefined],
    [{}, now - hour],
  ] as const) {
    const place = placeOf(firstPosition({ source: '', sink: '' }), '', 0);
    place.watermark = watermark;
    begunPlan({ job: memoryJob, source: memoryVendor(clock, { rules }), place, tools: fakeTools(clock) });
    assert.equal(place.begin, undefined);
  }
});

test('where a job begins is noted for it as a whole only as long as no branch of it is known', () => {
  const clock = { now: ours };
  const at = { job: memoryJob, source: memoryVendor(clock), tools: fakeTools(clock) };
  const position = firstPosition({ source: '', sink: '' });
  noteBegin(at, position);
  assert.deepEqual(position.begin, { from: now - 2n * day, firstRun: 2n * day });
  const later = firstPosition({ source: '', sink: '' });
  placeOf(later, 'one', 0).watermark = now - hour;
  noteBegin(at, later);
  assert.equal(later.begin, undefined);
});
