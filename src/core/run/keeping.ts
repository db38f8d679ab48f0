/** What outlives a run: the destination is opened with what was kept, and the position is kept as the run goes and ends. */
import { exit, Problem } from '../problem.ts';
import type { CredentialMarks, Position, Sink } from '../types.ts';
import type { RunContext } from './branch-run.ts';
import { notShownAgain } from './problems.ts';
import { writeDown, type EndedRun } from '../position.ts';

/** A sink that cannot be opened has nothing to make durable, and nothing to save. */
export async function openSink({ job, sink }: Pick<RunContext, 'job' | 'sink'>, position: Position): Promise<Sink> {
  try {
    if (!job.dryRun) await sink.open?.(position.saved);
    return sink;
  } catch (error) {
    await sink.close();
    throw error;
  }
}

/** What was delivered is made durable first, also where no position is kept. */
export async function save(
  { store, job, source }: Pick<RunContext, 'job' | 'store' | 'source'>,
  position: Position,
  sink: Sink | undefined,
  settled = false,
): Promise<void> {
  if (job.dryRun) return;
  try {
    await sink?.flush?.();
  } catch (error) {
    if (source.stream === undefined || !(error instanceof Problem)) throw error;
    throw notShownAgain(error, source.name);
  }
  if (store === undefined) return;
  position.saved = sink?.saved?.(settled) ?? position.saved;
  await store.save(position);
}

export interface Ending extends Omit<EndedRun, 'ended'> {
  /** Of this run, see core/position/credentials.ts. */
  readonly credentials: CredentialMarks | undefined;
}

/** Ends the run in the position file: what happened, how often in a row, and the IDs that were delivered all the same. */
export async function conclude(
  context: RunContext,
  position: Position,
  sink: Sink | undefined,
  { credentials, ...ending }: Ending,
): Promise<void> {
  const status = writeDown(position, { ...ending, ended: context.tools.now() });
  if (position.lastSuccess === position.last?.ended) position.credentials = credentials;
  await save(context, position, sink, status === exit.ok);
}
