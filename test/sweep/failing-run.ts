/** A run of the program within this process, in which operations may fail. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../../src/main.ts';
import { faultWorld } from '../faults/world.ts';
import type { Ended } from '../support/program.ts';
import { arm, type Armed, type Plan } from './failing.ts';
import type { Setting } from './history.ts';

export interface Failure {
  readonly plan: Omit<Plan, 'directory'>;
  /** What failed; set by the run. */
  failed?: string | undefined;
  /** Files that the run left open. */
  leftOpen?: readonly string[];
}

export async function failingRun(setting: Setting, failure: Failure | undefined): Promise<Ended> {
  const { directory, argv, environment, clock, destination } = setting;
  const { world, stdout, stderr } = faultWorld({ clock, environment, limited: false });
  const output = destination.output?.() ?? world.output;
  let armed: Armed | undefined;
  try {
    if (failure !== undefined) armed = await arm({ ...failure.plan, directory });
    const status = await main(argv, Object.assign(world, { output }));
    return { status, signal: null, stdout: stdout(), stderr: stderr() };
  } finally {
    armed?.disarm();
    if (failure !== undefined) Object.assign(failure, { failed: armed?.failed, leftOpen: [...(armed?.open ?? [])] });
    // Its holder would be dead by now; this process is not.
    rmSync(join(directory, 'state', 'sweep.lock'), { recursive: true, force: true });
  }
}
