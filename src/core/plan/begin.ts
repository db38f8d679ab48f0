/**
 * Where a job begins is written down before its first run reads anything: that run may fail, for days, and what happens
 * meanwhile belongs to the job.
 */
import { isUnset } from '../clock/vendor-clock.ts';
import { earlier, later } from '../time.ts';
import { firstRunOf, overlapOf } from '../window.ts';
import type { Begin, Job, Position, Source } from '../types.ts';
import { begunBefore, planOf, type Plan, type Unplanned } from '../plan.ts';
import { newPlace } from '../position.ts';

/** Notes where a job begins whose branches are not known yet: its destination may be out of reach, or their list. */
export function noteBegin(at: Omit<Unplanned, 'place'>, position: Position): void {
  if (position.branches.size > 0) return;
  const place = newPlace(position.begin, 0);
  begunPlan({ ...at, place });
  position.begin = place.begin;
}

/**
 * The plan of a branch by the vendor's clock, where it has told the time. Notes in its place where it begins: what the user
 * asked for by `--since` and `-c` holds for later runs, however far back they would begin.
 */
export function begunPlan(at: Unplanned): Plan {
  const { place, source } = at;
  const plan = planOf(at, source.serverTime());
  const { job, window, serverNow } = plan;
  const isFirst = job.usePosition && place.watermark === undefined;
  if (!isFirst || source.window.filter === 'none' || isUnset(serverNow)) return plan;
  const isAsked = job.since !== undefined;
  const firstRun = isAsked ? 0n : firstRunOf(job, source.window);
  const known = isAsked ? place.begin?.from : begunBefore(place, firstRun);
  // What the vendor keeps no more was asked for as well: if this run fails, the next one is to tell of it.
  const from = earlier(window.from, plan.job.since ?? window.from);
  if (known === undefined || known > from) place.begin = { from, firstRun };
  return plan;
}

/**
 * Where branches begin that the vendor lists for the first time, unless a first run reaches further back: where the job had
 * got to, or was to begin. They may have come into being since, and what happens while it does not run belongs to the job.
 */
export function beginOfNew(
  { branches }: Position,
  { asksForBranches, window }: Pick<Source, 'asksForBranches' | 'window'>,
  job: Pick<Job, 'overlap'>,
): Begin | undefined {
  const overlap = overlapOf(job, window);
  const [first, ...others] = [...branches.values()].flatMap(({ watermark, begin }) =>
    watermark === undefined ? (begin?.from ?? []) : watermark - overlap,
  );
  return asksForBranches !== true || first === undefined
    ? undefined
    : { from: others.reduce(later, first), firstRun: 0n };
}
