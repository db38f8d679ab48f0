import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dated } from '../../../src/core/clock/duration.ts';
import { commit } from '../../../src/core/run/commit.ts';
import { firstPosition, placeOf } from '../../../src/core/position.ts';
import type { PlanInForce } from '../../../src/core/plan/in-force.ts';
import type { BranchRun } from '../../../src/core/run/branch-run.ts';
import { fromMillis } from '../../../src/core/time.ts';
import type { BranchPosition, Duration, Instant, Window } from '../../../src/core/types.ts';
import { memoryJob, memoryVendor, minute } from '../../support/memory.ts';
import { problem } from '../../support/problem.ts';

const ours = Date.UTC(2026, 10, 20, 9);
const now = fromMillis(ours);
const hour = 60n * minute;
const overlap = 5n * minute; // that of the vendor in memory

/** The clocks when a slice was asked for. */
const told = (serverTime: Instant | undefined, ourTime = now) => ({ serverTime, ourTime });

type Subject = Pick<BranchRun, 'source' | 'place' | 'job' | 'doubted'> & {
  readonly plan: Pick<PlanInForce, 'passGap'>;
};

function branch(place: Partial<BranchPosition>, { delay = 0n as Duration } = {}): Subject {
  return {
    source: memoryVendor({ now: ours }, { rules: { delay } }),
    place: Object.assign(placeOf(firstPosition({ source: '', sink: '' }), '', 0), place),
    job: dated(memoryJob, now),
    doubted: [],
    plan: { passGap: () => {} },
  };
}

const slice: Window = { from: now - hour, until: now - 10n * minute };

test('a slice that had ended by the vendor’s clock, its delay allowed for, lets the watermark pass what follows it', () => {
  assert.equal(commit(branch({}), slice, told(now), true), true);
  assert.equal(
    commit(branch({}), slice, told(undefined), true),
    true,
    'nothing is held against a clock that is not told',
  );
  assert.equal(commit(branch({}), slice, told(slice.until), true), true);
  assert.equal(commit(branch({}), slice, told(slice.until - 1n), true), false);
  assert.equal(commit(branch({}, { delay: 10n * minute }), slice, told(now), true), true);
  assert.equal(commit(branch({}, { delay: 10n * minute + 1n }), slice, told(now), true), false);
  assert.equal(commit(branch({}), slice, told(now), false), false, 'one before had not ended');
});

test('a watermark does not move by a clock that was never set, nor past what had not ended', () => {
  const watermark = now - hour;
  const unset = fromMillis(90_000);
  for (const [clocks, moves] of [
    [told(undefined, unset), true],
    [told(now, unset), true],
    [told(now), false],
  ] as const) {
    const at = branch({ watermark });
    commit(at, slice, clocks, moves);
    assert.equal(at.place.watermark, watermark);
  }
  const at = branch({ watermark });
  commit(at, slice, told(now), true);
  assert.equal(at.place.watermark, slice.until);
});

test('what is settled of a window that was cut off begins no earlier than what the next one looks at', () => {
  const watermark = now - hour;
  const reached = watermark - overlap;
  for (const known of [reached - hour, reached]) {
    const at = branch({ watermark, settled: { until: known, overlap } });
    commit(at, { from: reached, until: slice.until }, told(now), true);
    assert.deepEqual(at.place.settled, { until: slice.until, overlap });
  }
  const further = branch({ watermark, settled: { until: now - 20n * minute, overlap } });
  commit(further, { from: now - 20n * minute, until: slice.until }, told(now), true);
  assert.deepEqual(further.place.settled, { until: slice.until, overlap }, 'it goes on from what was known');
});

test('nothing of a slice is settled behind one that was not, nor what is younger than delay and overlap together', () => {
  const watermark = now - hour;
  const behind = branch({ watermark });
  commit(behind, { from: now - 4n * minute, until: now - 2n * minute }, told(now), true);
  assert.deepEqual(behind.place.settled, { until: watermark - overlap, overlap });

  const young = branch({ watermark }, { delay: 10n * minute });
  commit(young, { from: watermark - overlap, until: now }, told(now), true);
  assert.deepEqual(young.place.settled, { until: now - 10n * minute - overlap, overlap });
});

test('with a watermark nobody asks any more where the first run was to begin', () => {
  const at = branch({ begin: { from: slice.from, firstRun: hour } });
  commit(at, slice, told(now), true);
  assert.deepEqual([at.place.watermark, at.place.begin], [slice.until, undefined]);
});

test('a gap is passed by the slice that moves the watermark, and by no other', () => {
  for (const [watermark, expected] of [
    [now - hour, 1],
    [now - 10n * minute, 0],
  ] as const) {
    let passed = 0;
    commit({ ...branch({ watermark }), plan: { passGap: () => void (passed += 1) } }, slice, told(now), true);
    assert.equal(passed, expected);
  }
});

test('with -x the position is said to stay only where no bookmark goes on behind what was read', () => {
  const capped = (place: Partial<BranchPosition>): Subject => {
    const at = branch(place);
    return { ...at, source: { ...at.source, truncated: () => true } };
  };
  const stays = /; until then the position stays, and each run with -x asks for the same records again$/;
  assert.throws(() => commit(capped({}), slice, told(now), true), problem(3, /more records are available/, stays));
  const goesOn = /^run without -x \(--single-query\) to fetch them all$/;
  assert.throws(
    () => commit(capped({ bookmark: 'b7' }), slice, told(now), true),
    problem(3, /more records are available/, goesOn),
  );
});
