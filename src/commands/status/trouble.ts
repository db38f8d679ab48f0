/** Why a job is not `connected`, and what to do about it. */
import { exit, isByRequest } from '../../core/problem.ts';
import type { Position } from '../../core/types.ts';

export interface Trouble {
  readonly message: string;
  readonly hint: string;
}

const day = 24 * 3600 * 1000;
const byHand = 'run the job once by hand: it says what to do';

/** Undefined when the last run delivered everything, and nothing has to be looked at since. `now` in milliseconds. */
export function troubleOf(position: Position, now: number): Trouble | undefined {
  const { last, lastSuccess, lastRepeat, lastGap, branches } = position;
  if (last === undefined) return { message: 'it never ran to an end', hint: byHand };
  if (last.exit !== exit.ok) {
    // With the outcome: the hint speaks of it, and a monitor may keep standard error alone.
    const message = `the last run ended with ${last.exit}: ${last.outcome}`;
    return { message, hint: last.hint ?? stepAfter(last.exit) };
  }
  if (!isRecent(lastSuccess, now)) {
    const hint =
      'see whether its timer or its line in the crontab still starts it; if it is not to run any more, move its files away';
    return { message: `no run has succeeded since ${lastSuccess ?? 'ever'}`, hint };
  }
  if (isRecent(lastRepeat, now)) {
    const hint = 'the destination may have those records twice; a day after the last repeat this is told no more';
    return { message: `a delivery was repeated ${lastRepeat}`, hint };
  }
  if (isRecent(lastGap, now)) {
    const hint = 'run it more often than the vendor forgets; a day after the gap this is told no more';
    return { message: `a gap was passed over ${lastGap}`, hint };
  }
  const began = [...branches.values()].some(
    ({ listed, watermark, bookmark }) => listed && (watermark ?? bookmark) !== undefined,
  );
  return began ? undefined : { message: 'it has no position yet', hint: byHand };
}

/** Whether it is less than a day from now: a time that a clock far ahead has noted would otherwise stay recent until it comes. */
export function isRecent(time: string | undefined, now: number): boolean {
  return time !== undefined && Math.abs(now - Date.parse(time)) < day;
}

/** The hint for a run of an older version, which kept none. */
function stepAfter(status: number): string {
  if (isByRequest(status)) return 'the next run continues where it was stopped';
  const passes = status === exit.unavailable || status === exit.tempfail;
  return passes ? `the next run tries again; if this lasts, ${byHand}` : byHand;
}
