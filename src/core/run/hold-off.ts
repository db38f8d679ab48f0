/** `--hold-off`: a job whose runs fail one after the other leaves both ends alone for a while. */
import { exit, Problem } from '../problem.ts';
import { toMillis } from '../time.ts';
import type { Duration, Position } from '../types.ts';

/** Failed runs in a row after which a job is held. */
const patience = 3;

/** Throws Problem 75 while the job is held. `now` in milliseconds; a clock that was set back holds nothing. */
export function checkHoldOff(holdOff: Duration | undefined, { failures, last }: Position, now: number): void {
  if (holdOff === undefined || failures < patience || last === undefined) return;
  const since = now - Date.parse(last.ended);
  const rest = toMillis(holdOff) - since;
  if (since < 0 || rest <= 0) return;
  throw new Problem(
    exit.tempfail,
    `held for another ${Math.ceil(rest / 1000)} s: the last ${failures} runs failed, at last with status ${last.exit}`,
    { hint: 'audit-export status says why they failed; without --hold-off the next run tries at once' },
  );
}
