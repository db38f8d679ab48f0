/** What to say of clocks that cannot be right: those that windows are planned by, and those that positions were saved by. */
import { isCredible, isUnset, presumedNow } from '../clock/vendor-clock.ts';
import type { Unplanned } from '../plan.ts';
import { ofPosition } from '../hint.ts';
import { exit, Problem } from '../problem.ts';
import { fromMillis, isoText } from '../time.ts';
import type { Instant, Job } from '../types.ts';

/** The Problems of clocks that were not gone by. */
export function clockProblems(
  { source, job, tools }: Pick<Unplanned, 'source' | 'tools'> & { readonly job: Pick<Job, 'usePosition'> },
  watermark: Instant | undefined,
): readonly Problem[] {
  const told = source.serverTime();
  const now = fromMillis(tools.now());
  if (told !== undefined && !isCredible(told, presumedNow(now, watermark))) {
    return [(isUnset(told) && isUnset(now) ? clocksUnset : clocksDisagree)(told, now, source.name)];
  }
  return isUnset(now) && job.usePosition && source.window.filter !== 'none' ? [clockUnset(now)] : [];
}

/** One of the two is years off, say, and nobody knows which. The run goes by ours. */
function clocksDisagree(serverNow: Instant, now: Instant, sourceName: string): Problem {
  const message = `${sourceName} says that it is ${isoText(serverNow)}, and this machine ${isoText(now)}: records were read by the latter, and may be missing`;
  return new Problem(exit.partial, message, {
    hint: 'set the clock that is wrong; until then the position goes by the earlier one',
  });
}

/** Both were never set, as those of two machines that have just been switched on where nothing tells the time. */
function clocksUnset(serverNow: Instant, now: Instant, sourceName: string): Problem {
  const message = `${sourceName} says that it is ${isoText(serverNow)}, and this machine ${isoText(now)}: neither can be, and records may be missing`;
  return new Problem(exit.partial, message, { hint: ['set both clocks', ofPosition('until then the position stays')] });
}

/** What was proven by a clock that counts from 1970 would begin the next window there. */
function clockUnset(now: Instant): Problem {
  const message = `this machine's clock says that it is ${isoText(now)}: what was found is delivered, but the position cannot move`;
  return new Problem(exit.partial, message, {
    hint: 'set the clock; until then every run reads the same window again',
  });
}

/** Without the vendor's clock nobody knows what was read when ours was ahead. `cure`: how to give up the position. */
export function aheadOfClock(watermark: Instant, sourceName: string, cure: string): Problem {
  const message = `the position (${isoText(watermark)}) is ahead of this machine's clock, and ${sourceName} tells no time: records may be missed until then`;
  return new Problem(exit.partial, message, {
    hint: `set the clock; if it was ahead when the position was saved, ${cure}`,
  });
}

/** The warning where the vendor's clock, told in time, is behind as well: they were set back together, and nothing is read. */
export function aheadOfBothClocks(watermark: Instant, sourceName: string, cure: string): string {
  return `the position (${isoText(watermark)}) is ahead of this machine's clock, and of ${sourceName}'s: records may be missed until then; if they were ahead when it was saved, ${cure}`;
}
