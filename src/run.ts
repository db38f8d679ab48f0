/**
 * The pipeline: source -> window -> slices -> records -> unseen -> batches -> sink -> commit.
 *
 * Everything moves one way. The watermark moves in one line of core/run/commit.ts, after every record of the slice was
 * delivered or durably set aside, and nowhere else.
 */
import { unsaved } from './core/delivery/unsaved.ts';
import { packer } from './core/batch.ts';
import type { Doubted } from './core/delivery/delivered.ts';
import { begunPlan, noteBegin } from './core/run/begin.ts';
import { beginOfNew, noteListed, progressOf } from './core/run/branch-list.ts';
import { dryQuarantine } from './core/run/dry-quarantine.ts';
import { changedCredentials, type CredentialMarks } from './core/run/credentials.ts';
import { checkHoldOff } from './core/run/hold-off.ts';
import { divertedBy, inDoubt, leftOut, setAside, skipped, unasked } from './core/run/partial.ts';
import { clockProblems } from './core/run/plan.ts';
import { conclude, openSink, save } from './core/run/keeping.ts';
import { firstPosition, placeOf } from './core/run/position.ts';
import type { Problem } from './core/problem.ts';
import { pullBranch } from './core/run/pull-branch.ts';
import type { BranchRun, RunContext } from './core/run/branch-run.ts';
import { addProblem, collect, nameBranches, type Collected } from './core/run/run-problems.ts';
import { emptySummary, outcomeOf } from './core/run/summary.ts';
import { inTurn } from './core/run/turns.ts';
import { leftUntold } from './core/run/untold.ts';
import { beginAgain } from './io/position/position-read.ts';
import type { Job, Position, Quarantine, Sink, Summary, Window } from './core/types.ts';

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
    isBegun: false,
    unread: { delivered: 0, quarantined: 0 },
  };
  try {
    await collect(state, async () => {
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
    await collect(state, () => parts.quarantine.close());
    await collect(state, async () => parts.store?.close());
  }
  return state;
}

interface State extends RunResult, Collected {
  readonly parts: RunParts;
  readonly summary: Summary;
  readonly problems: Problem[];
  window: Window | undefined;
  position: Position | undefined;
  sinkBroken: boolean;
  /** The runs before this one say where branches begin that are new to it. */
  isBegun: boolean;
  /** What became of records in branches that were not read to their end: the next run meets them again. */
  unread: { delivered: number; quarantined: number };
}

async function pullAll(state: State, position: Position): Promise<void> {
  const { parts, summary, problems } = state;
  const started = parts.tools.now();
  const dry = parts.job.dryRun ? dryQuarantine(parts.quarantine.path) : undefined;
  let sink: Sink | undefined;
  try {
    await collect(state, async () => {
      state.isBegun = position.begin !== undefined;
      noteBegin(parts, position);
      await parts.begin?.();
      sink = await openSink(parts, position);
      await pullBranches(state, position, sink, dry ?? parts.quarantine);
      problems.push(...clockProblems(parts, progressOf(position).watermark));
    });
    // What failed after a request to stop does not hide it.
    if (problems.length > 0) await collect(state, () => parts.tools.stop.throwIfAborted());
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
    await collect(state, () => conclude(parts, position, sink, ending));
  } finally {
    // After a bug as well: a command that waits for more records would keep the program for ever.
    await parts.source.close();
    await collect(state, async () => sink?.close());
  }
}

/** One branch after the other: one that fails stops none of the others, unless it is the sink that failed. */
async function pullBranches(state: State, position: Position, sink: Sink, quarantine: Quarantine): Promise<void> {
  const { parts, summary, problems } = state;
  const { source, tools } = parts;
  const branches = await source.branches();
  const seed = Math.floor(tools.random() * 2 ** 32);
  // A journal needs a position that knows its branch; and a full disk should fail before anything is sent.
  const unknown = branches.filter((branch) => !position.branches.has(branch));
  const begin = beginOfNew(position, source, parts.job);
  if (begin !== undefined) [position.begin, state.isBegun] = [begin, true];
  for (const branch of unknown) placeOf(position, branch, seed);
  position.begin = undefined; // theirs say it now
  const note = (branch: string): void => void begunPlan({ ...parts, place: placeOf(position, branch, seed) });
  try {
    await source.open?.();
  } catch (problem) {
    branches.forEach(note); // it may be refused for days, and what happens meanwhile belongs to the job
    throw problem;
  }
  unknown.forEach(note);
  const saveAll = async (): Promise<void> => {
    await save(parts, position, sink);
    delivered.forget();
  };
  const delivered = unsaved(sink, source, parts.job.dryRun ? undefined : parts.store, saveAll);
  if (unknown.length > 0) await saveAll();
  const doubted: Doubted[] = [];
  const asked = parts.job.search.single ? branches.slice(0, 1) : branches;
  for (const branch of inTurn(asked, position, tools.stop)) {
    // Between two branches no request is under way that would notice the stop: the others would be skipped in silence.
    await collect(state, () => tools.stop.throwIfAborted());
    if (state.sinkBroken || tools.stop.aborted) break;
    const at: BranchRun<Job> = {
      ...parts,
      quarantine,
      branch,
      queue: packer(sink, branch),
      place: placeOf(position, branch, seed),
      isNew: !state.isBegun && unknown.includes(branch),
      summary,
      unsaved: delivered,
      before: position,
      doubted,
      save: saveAll,
      collect: (step) => collect(state, step, branch),
      addProblem: (problem) => addProblem(state, problem, branch),
      sinkBroke: () => void (state.sinkBroken = true),
    };
    const known = summary.gaps.length;
    const before = outcomeOf(summary);
    let isRead = false;
    const read = (window: Window): void => void (state.window ??= window);
    const pull = async (): Promise<void> => {
      await pullBranch(at, read, beginAgain(parts.store?.path ?? ''));
      isRead = true;
    };
    await collect(state, pull, branch);
    if (!isRead) {
      const { delivered: more, quarantined } = outcomeOf(summary);
      state.unread.delivered += more - before.delivered;
      state.unread.quarantined += quarantined - before.quarantined;
    }
    // Also after a failure: with a bookmark behind the gap, the next run does not meet it again.
    for (const gap of summary.gaps.slice(known)) addProblem(state, skipped(gap, source.name), branch);
  }
  nameBranches(state, branches.length);
  problems.push(...leftUntold(position, summary, source.name));
  // A run that was cut short does not know what else would have been taken.
  if (!state.sinkBroken && !tools.stop.aborted) problems.push(...inDoubt(doubted, sink, source));
  problems.push(...unasked(asked.length, branches.length), ...noteListed(position, source, branches));
}
