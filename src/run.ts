/**
 * The pipeline: source -> window -> slices -> records -> unseen -> batches -> sink -> commit.
 *
 * A page passes these files on its way; core/rest.ts has those before.
 *
 *   run/pull-branches, pull-branch, pull-window   which branch, window and slice (plan, position)
 *   run/pull-slice      the order of things: read, deliver, move the position
 *   run/read-pages      its pages, to their end
 *   run/selection       the records that belong to it, and were not delivered before (sieve, ledger)
 *   delivery/outbox     in batches (core/batch.ts), some of them under way at once
 *   delivery/deliver    a batch until each record has an outcome: to the sink, again, in parts
 *   run/commit          the position
 *
 * Everything moves one way. The watermark moves in one line of core/run/commit.ts, after every record of the slice was
 * delivered or durably set aside, and nowhere else; so does a bookmark, after every record before it was.
 */
import type { Problem } from './core/problem.ts';
import { noteBegin } from './core/plan/begin.ts';
import { progressOf } from './core/position/branch-list.ts';
import type { RunContext } from './core/run/branch-run.ts';
import { changedCredentials } from './core/position/credentials.ts';
import { dryQuarantine } from './core/run/dry-quarantine.ts';
import { checkHoldOff } from './core/position/hold-off.ts';
import { conclude, openSink } from './core/run/keeping.ts';
import { divertedBy, leftOut, setAside } from './core/run/problems.ts';
import { clockProblems } from './core/plan/clocks.ts';
import { firstPosition } from './core/position.ts';
import { pullBranches, type RunState } from './core/run/pull-branches.ts';
import { collectProblem } from './core/run/collected-problems.ts';
import { emptySummary } from './core/summary.ts';
import type { CredentialMarks, Position, Sink, Summary, Window } from './core/types.ts';

export interface RunParts extends RunContext {
  /** Called when the lock is held and the position read, before either end is contacted. */
  begin?(): Promise<void>;
  /** What is read and where it goes, as in Position. */
  readonly scope: Pick<Position, 'source' | 'sink' | 'asked'>;
  /** A Problem as a person is told it, with more than the pipeline knows; for what is kept of the run. */
  told?(problem: Problem): Problem;
  /** Marks of the secrets of both ends; undefined when they are not to be compared with those of the last run. */
  readonly credentials?: CredentialMarks | undefined;
}

export interface RunResult {
  readonly summary: Summary;
  /** What went wrong, in order; empty when everything in the window was delivered. */
  readonly problems: readonly Problem[];
  /** The window of the first branch, for the summary line. */
  readonly window: Window | undefined;
  readonly position: Position | undefined;
}

/** One run of a job. Takes and releases the lock. Problems are returned; what is thrown is a bug. */
export async function run(parts: RunParts): Promise<RunResult> {
  const state: State = {
    parts,
    summary: emptySummary(),
    problems: [],
    metIn: new Map(),
    window: undefined,
    position: undefined,
    sinkBroken: false,
    begun: undefined,
    unread: { delivered: 0, quarantined: 0 },
  };
  try {
    await collectProblem(state, async () => {
      // A dry run saves nothing: it need not keep the next run waiting, nor wait for one.
      if (!parts.job.dryRun) await parts.store?.lock();
      state.position = (await parts.store?.load()) ?? firstPosition(parts.scope);
      const changed = changedCredentials(state.position.credentials, parts.credentials);
      for (const warning of [...(parts.store?.warnings ?? []), ...changed]) parts.tools.warn(warning);
      checkHoldOff(parts.job.holdOff, state.position, parts.tools.now());
      await pullAll(state, state.position);
    });
  } finally {
    // After a bug as well: Node 26 makes an error of its own of a file that nobody closed.
    await collectProblem(state, () => parts.quarantine.close());
    await collectProblem(state, async () => parts.store?.close());
  }
  return state;
}

interface State extends RunResult, RunState {
  readonly parts: RunParts;
  readonly problems: Problem[];
  window: Window | undefined;
  position: Position | undefined;
}

async function pullAll(state: State, position: Position): Promise<void> {
  const { parts, summary, problems } = state;
  const started = parts.tools.now();
  const dry = parts.job.dryRun ? dryQuarantine(parts.quarantine.path) : undefined;
  let sink: Sink | undefined;
  try {
    await collectProblem(state, async () => {
      state.begun = position.begin;
      noteBegin(parts, position);
      await parts.begin?.();
      sink = await openSink(parts, position);
      await pullBranches(state, { position, sink, quarantine: dry ?? parts.quarantine });
      problems.push(...clockProblems(parts, progressOf(position).watermark));
    });
    // What failed after a request to stop does not hide it. The branch that it ended has told of it.
    const { stop } = parts.tools;
    if (problems.length > 0 && !state.metIn.has(stop.reason as Problem))
      await collectProblem(state, () => stop.throwIfAborted());
    if (summary.diverted > 0) problems.push(divertedBy(parts.sink.name, summary.diverted));
    if (summary.alike > 0) problems.push(leftOut(summary.alike));
    if (summary.quarantined > 0) problems.push(setAside(summary.quarantined, parts.quarantine.path, dry?.reasons()));
    // Saved before the farewells: a run that is killed while it logs out has nothing to repeat.
    const { told = (problem: Problem) => problem, credentials } = parts;
    const ending = {
      started,
      problems: problems.map((problem) => told(problem)),
      summary,
      unread: state.unread,
      credentials,
    };
    await collectProblem(state, () => conclude(parts, position, sink, ending));
  } finally {
    // After a bug as well: a command that waits for more records would keep the program for ever.
    await parts.source.close();
    await collectProblem(state, async () => sink?.close());
  }
}
