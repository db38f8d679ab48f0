/** `--hold-off`: a job whose runs fail one after the other leaves both ends alone for a while. */
import { nextRun } from '../hint.ts';
import { exit, Problem } from '../problem.ts';
import { toMillis } from '../time.ts';
import type { Duration, Position } from '../types.ts';
import { persistent } from '../position.ts';

/** Throws Problem 75 while the job is held. `now` in milliseconds; a clock that was set back holds nothing. */
export function checkHoldOff(holdOff: Duration | undefined, { failures, last }: Position, now: number): void {
  if (holdOff === undefined || failures < persistent || last === undefined) return;
  const since = now - Date.parse(last.ended);
  const rest = toMillis(holdOff) - since;
  if (since < 0 || rest <= 0) return;
  throw new Problem(
    exit.tempfail,
    `held for another ${Math.ceil(rest / 1000)} s: the last ${failures} runs failed, at last with status ${last.exit}`,
    {
      hint: ['audit-export status says why they failed', nextRun('without --hold-off the next run tries at once')],
    },
  );
}
