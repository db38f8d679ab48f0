/** A branch from its window to the last slice of it: planned by the vendor's clock as soon as that is known. */
import { isAhead } from '../clock/vendor-clock.ts';
import { askOnce, forgetAwaited } from '../delivery/acknowledge.ts';
import { begunPlan } from '../plan/begin.ts';
import { aheadOfBothClocks, aheadOfClock } from '../plan/clocks.ts';
import { beyondReach, forewarned, goneBefore } from '../plan/forewarned.ts';
import { neverAcknowledged } from './problems.ts';
import { forCertain, untilTold } from '../plan/in-force.ts';
import type { Branch } from './branch-run.ts';
import { pullWindow } from './pull-window.ts';
import { fromMillis, later } from '../time.ts';
import type { Instant, Window } from '../types.ts';

/** Pulls a branch. `read` is called with the window that was read. */
export async function pullBranch(at: Branch, read: (window: Window) => void): Promise<void> {
  const { source, place, job, tools } = at;
  const earlier = new Set(place.ledger.pending());
  if (job.dryRun) forgetAwaited(place.ledger);
  const lost = await askOnce({ ...at, ledger: place.ledger });
  const watermark = job.usePosition ? place.watermark : undefined;
  const bookmark = job.usePosition ? place.bookmark : undefined;
  let plan = begunPlan(at);
  let inForce = untilTold(at, plan);
  let isWhole = false;
  const gone = goneBefore({ source, bookmark, job });
  if (gone !== undefined) throw gone;
  const pull = (): Promise<boolean> => pullWindow({ ...at, earlier, job: plan.job, plan: inForce }, plan.window);
  try {
    if (!(await pull())) {
      // The other plan went by the wrong clock.
      if (place.watermark === undefined) place.begin = at.promised;
      plan = begunPlan(at);
      inForce = forCertain(at, plan);
      if (place.watermark === undefined) await at.save(); // for a run that is killed while it reads
      await pull();
    }
    isWhole = true;
  } finally {
    // A failure, or one query in its future, may have told the vendor's clock.
    if (!isWhole || place.watermark === undefined) begunPlan(at);
    const missed = source.stream === undefined ? 0 : Math.min(lost, place.ledger.lost());
    if (missed > 0) at.addProblem(neverAcknowledged(missed, at.sink.name, source.name));
    read(plan.window);
    if (isWhole) inForce.passGap();
    at.summary.gaps.push(...place.untold);
    const beginning = { source, watermark, bookmark, ...plan };
    for (const line of forewarned(beginning)) tools.warn(line);
    const missing = beyondReach(beginning);
    if (missing !== undefined) at.addProblem(missing);
  }
  // A stream is committed every now and then: what its position remembers must not grow as long as it runs.
  while (source.stream?.isOpen() === true) {
    await at.save();
    const { until: from } = plan.window;
    plan = { ...plan, window: { from, until: later(fromMillis(tools.now()), from) } }; // the clock may have been set back
    inForce = forCertain(at, plan);
    await pull();
  }
  checkAhead(at, watermark);
}

/** Warns of a position that both clocks are behind; throws Problem (3) where only ours is there to tell. */
function checkAhead({ source, store, tools }: Branch, watermark: Instant | undefined): void {
  if (watermark === undefined || source.window.filter === 'none') return;
  if (!isAhead(watermark, fromMillis(tools.now()))) return;
  const told = source.serverTime();
  const cure = store?.beginAgain ?? '';
  if (told === undefined) throw aheadOfClock(watermark, source.name, cure);
  // Where only the vendor's clock is behind, it is followed: windows go by it.
  if (isAhead(watermark, told)) tools.warn(aheadOfBothClocks(watermark, source.name, cure));
}
