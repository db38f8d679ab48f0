/**
 * Where a job begins is written down before its first run reads anything: that run may fail, for days, and what happens
 * meanwhile belongs to the job.
 */
import { isUnset } from '../clock/vendor-clock.ts';
import { firstRunOf } from '../window.ts';
import { planOf, type Beginning, type Plan } from './plan.ts';

/**
 * The plan of a branch by the vendor's clock, where it has told the time. Notes in its place where it begins, but not what
 * the user asked for by `--since`, which is for that run alone.
 */
export function begunPlan(at: Beginning): Plan {
  const { place, source } = at;
  const plan = planOf(at, source.serverTime());
  const { job, window, serverNow } = plan;
  const isFirst = job.usePosition && place.watermark === undefined && job.since === undefined;
  if (!isFirst || source.window.filter === 'none' || isUnset(serverNow)) return plan;
  const firstRun = firstRunOf(job, source.window);
  const isKnown = place.begin !== undefined && place.begin.firstRun <= firstRun && place.begin.from <= window.from;
  if (!isKnown) place.begin = { from: window.from, firstRun };
  return plan;
}
