/** A run of the program as a process of its own, which may be killed with SIGKILL. */
import { spawn } from 'node:child_process';
import { ended, type Ended } from '../support/program.ts';
import { batch } from './destinations.ts';
import type { Setting, Start } from './history.ts';

export interface Kill {
  /** At the failpoint with this number. */
  readonly point?: number;
  /** Only failpoints of this name are counted. */
  readonly called?: string;
  /** When vendor and destination have taken this many requests of the run, before that one is answered. */
  readonly asked?: number;
  /** When the destination has stored this many requests with records, before it answers that one. */
  readonly stored?: number;
  /** After so many milliseconds. */
  readonly after?: number;
  /** By the command, when it has taken everything and before it ends. */
  readonly byCommand?: true;
}

/** Starts the program at `program` (bundle.ts). */
export function killedRun(program: string): Start<Kill> {
  return (setting, kill = {}) => runOnce(program, setting, kill);
}

async function runOnce(program: string, setting: Setting, kill: Kill): Promise<Ended> {
  const { directory, argv, environment, clock, destination } = setting;
  const child = spawn(process.execPath, [program, ...argv], {
    cwd: directory,
    env: {
      SWEEP_NOW: String(clock.now),
      SWEEP_BATCH: String(batch),
      ...(kill.point !== undefined && { SWEEP_KILL: String(kill.point) }),
      ...(kill.called !== undefined && { SWEEP_POINT: kill.called }),
      ...(kill.byCommand === true && { SWEEP_LAST_WORD: 'kill -9 $PPID' }),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let asked = 0;
  let stored = 0;
  setting.heard = (by, path) => {
    const isData = by === 'destination' && destination.isData?.(path) === true;
    if (++asked !== kill.asked && (!isData || ++stored !== kill.stored)) return false;
    child.kill('SIGKILL');
    return true;
  };
  const timer = kill.after === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), kill.after);
  const result = await ended(child);
  clearTimeout(timer);
  return result;
}
