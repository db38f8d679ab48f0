/** A branch from its window to the last slice of it: planned by the vendor's clock as soon as that is known. */
import { isAhead } from '../clock/vendor-clock.ts';
import { askOnce } from '../delivery/acknowledge.ts';
import { begunPlan } from './begin.ts';
import { beyondReach, forewarned } from './forewarned.ts';
import { aheadOfClock, neverAcknowledged } from './partial.ts';
import { isPastClock, isSuited } from './plan.ts';
import type { BranchRun } from './branch-run.ts';
import { pullWindow } from './pull-window.ts';
import { fromMillis } from '../time.ts';
import type { Job, Window } from '../types.ts';

/** Pulls a branch. `read` is called with the window that was read; `cure` says how to begin again, for a hint. */
export async function pullBranch(at: BranchRun<Job>, read: (window: Window) => void, cure: string): Promise<void> {
  const { source, place, job, tools } = at;
  const lost = job.dryRun ? 0 : await askOnce({ ...at, ledger: place.ledger });
  if (lost > 0 && source.stream !== undefined) {
    await at.collect(() => Promise.reject(neverAcknowledged(lost, at.sink.name, source.name)));
  }
  const watermark = job.usePosition ? place.watermark : undefined;
  const bookmark = job.usePosition ? place.bookmark : undefined;
  const known = at.isNew ? undefined : place.begin;
  let plan = begunPlan(at);
  try {
    const unplanned: Pick<BranchRun, 'suits' | 'isPastClock'> = {
      suits: (told) => isSuited(at, told),
      isPastClock: (slice, refusal) => isPastClock(at, slice, refusal),
    };
    if (!(await pullWindow({ ...at, job: plan.job, ...unplanned }, plan.window))) {
      if (place.watermark === undefined) place.begin = known; // the other went by the wrong clock
      plan = begunPlan(at);
      await pullWindow({ ...at, job: plan.job }, plan.window);
    }
  } finally {
    read(plan.window);
    const beginning = { source, watermark, bookmark, ...plan };
    for (const line of forewarned(beginning)) tools.warn(line);
    const missing = beyondReach(beginning);
    if (missing !== undefined) await at.collect(() => Promise.reject(missing));
  }
  // A stream is committed every now and then: what its position remembers must not grow as long as it runs.
  for (let last: Window = plan.window; source.stream?.isOpen() === true;) {
    await at.save();
    last = { from: last.until, until: fromMillis(tools.now()) };
    await pullWindow({ ...at, job: plan.job }, last);
  }
  if (plan.window.gap !== undefined) at.summary.gaps.push({ ...plan.window.gap, since: plan.job.since });
  const isTimeless = source.serverTime() === undefined && source.window.filter !== 'none';
  if (isTimeless && watermark !== undefined && isAhead(watermark, fromMillis(tools.now()))) {
    throw aheadOfClock(watermark, source.name, cure);
  }
}
