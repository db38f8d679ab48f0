/**
 * `pull`, with the lock of a named job taken first: where another run holds it, this one ends before it loads what only a run
 * needs. Without --job, a job has no name before its source and sink are known; run.ts takes its lock then.
 */
import { namedJob, usesPosition } from '../config/named-job.ts';
import { stateDirectory } from '../config/state-directory.ts';
import type { Flags } from '../cli/flags.ts';
import type { Lock } from '../io/state/lock.ts';
import { lockJob } from '../io/state/directory.ts';
import type { Host } from './host.ts';

/** Throws Problem 75 at once when another run holds the lock of the named job. */
export async function claimedPull(flags: Flags, host: Host): Promise<number> {
  const lock = await claim(flags, host);
  try {
    const { pull } = await import('./pull.ts');
    return await pull(flags, host, lock);
  } finally {
    await lock?.release();
  }
}

async function claim(flags: Flags, { world }: Host): Promise<Lock | undefined> {
  const name = namedJob(flags);
  if (name === undefined || flags.dryRun === true || !usesPosition(flags)) return undefined;
  return lockJob(stateDirectory(flags.stateDir, world.environment), name, flags.maxRuntime !== undefined);
}
