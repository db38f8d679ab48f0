/** All branches of a source, one after the other, each with a place of its own in the position. */
import { packer } from '../batch.ts';
import type { Doubted } from '../delivery/delivered.ts';
import { unsaved } from '../delivery/unsaved.ts';
import type { Quarantine } from '../stores.ts';
import type { Begin, Position, Sink, Summary, Window } from '../types.ts';
import { begunPlan, beginOfNew } from '../plan/begin.ts';
import { noteListed } from '../position/branch-list.ts';
import type { Branch, RunContext } from './branch-run.ts';
import { save } from './keeping.ts';
import { inDoubt, unasked } from './problems.ts';
import { placeOf } from '../position.ts';
import { pullBranch } from './pull-branch.ts';
import { addProblem, collectProblem, nameBranches, type Collected } from './collected-problems.ts';
import { outcomeOf } from '../summary.ts';
import { leftUntold, skipped } from '../position/untold.ts';

/** What a run has come to so far; each branch adds to it. */
export interface RunState extends Collected {
  readonly parts: RunContext;
  readonly summary: Summary;
  /** The window of the first branch. */
  window: Window | undefined;
  sinkBroken: boolean;
  /** Where branches begin that are new to this run, as the runs before it say. */
  begun: Begin | undefined;
  /** What became of records in branches that were not read to their end: the next run meets them again. */
  unread: { delivered: number; quarantined: number };
}

/** What is open for all branches: where each goes on, and where its records go. */
interface Opened {
  readonly position: Position;
  readonly sink: Sink;
  readonly quarantine: Quarantine;
}

/** One branch after the other: one that fails stops none of the others, unless it is the sink that failed. */
export async function pullBranches(state: RunState, { position, sink, quarantine }: Opened): Promise<void> {
  const { parts, summary, problems } = state;
  const { source, tools } = parts;
  const { branches, unknown, seed } = await openSource(state, position);
  const saveAll = async (): Promise<void> => {
    await save(parts, position, sink);
    delivered.forget();
  };
  const delivered = unsaved(sink, source, parts.job.dryRun ? undefined : parts.store, saveAll);
  // A journal needs a position that knows its branch; and a full disk should fail before anything is sent.
  if (unknown.length > 0) await saveAll();
  const doubted: Doubted[] = [];
  const asked = parts.job.search.single ? branches.slice(0, 1) : branches;
  // One query (-x) is always of the first branch, also where another one would be next: whose turn it is stays as it was.
  for (const branch of parts.job.search.single ? asked : inTurn(asked, position, tools.stop)) {
    // Between two branches no request is under way that would notice the stop: the others would be skipped in silence.
    await collectProblem(state, () => tools.stop.throwIfAborted());
    if (state.sinkBroken || tools.stop.aborted) break;
    const place = placeOf(position, branch, seed);
    const at: Branch = {
      ...parts,
      quarantine,
      branch,
      queue: packer(sink, branch),
      place,
      promised: unknown.includes(branch) ? state.begun : place.begin,
      summary,
      unsaved: delivered,
      before: position,
      doubted,
      save: saveAll,
      collectProblem: (step) => collectProblem(state, step, branch),
      addProblem: (problem) => addProblem(state, problem, branch),
      sinkBroke: () => void (state.sinkBroken = true),
    };
    await readBranch(state, at);
  }
  nameBranches(state, branches.length);
  problems.push(...leftUntold(position, summary, source.name));
  // A run that was cut short does not know what else would have been taken.
  if (!state.sinkBroken && !tools.stop.aborted) problems.push(...inDoubt(doubted, sink, source));
  problems.push(...unasked(asked.length, branches.length), ...noteListed(position, source, branches));
}

interface Listed {
  readonly branches: readonly string[];
  /** Branches that the position did not know. */
  readonly unknown: readonly string[];
  /** Seed for the ledgers of new branches, see createLedger. */
  readonly seed: number;
}

/** Asks for the branches and opens the source. Each branch has a place then, and a new one has noted there where it begins. */
async function openSource(state: RunState, position: Position): Promise<Listed> {
  const { parts } = state;
  const { source, job, tools } = parts;
  const branches = await source.branches();
  const seed = Math.floor(tools.random() * 2 ** 32);
  const unknown = branches.filter((branch) => !position.branches.has(branch));
  const begin = beginOfNew(position, source, job);
  if (begin !== undefined) [position.begin, state.begun] = [begin, begin];
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
  return { branches, unknown, seed };
}

/** Reads a branch as far as it goes, and adds to the state what came of it. */
async function readBranch(state: RunState, at: Branch): Promise<void> {
  const { summary, unread } = state;
  const known = summary.gaps.length;
  const before = outcomeOf(summary);
  let isRead = false;
  const read = (window: Window): void => void (state.window ??= window);
  const pull = async (): Promise<void> => {
    await pullBranch(at, read);
    isRead = true;
  };
  await collectProblem(state, pull, at.branch);
  if (!isRead) {
    const { delivered, quarantined } = outcomeOf(summary);
    unread.delivered += delivered - before.delivered;
    unread.quarantined += quarantined - before.quarantined;
  }
  // Also after a failure: with a bookmark behind the gap, the next run does not meet it again.
  for (const gap of summary.gaps.slice(known)) addProblem(state, skipped(gap, at.source.name), at.branch);
}

/**
 * Whose turn it is: a branch that takes all of a run's time, or hangs, must not be read first by the next run as well. So
 * a run that is stopped meanwhile writes down whose turn would have been next; the next run begins there, and goes on as
 * if the first followed the last. Gives each branch when it is asked for.
 */
function* inTurn(branches: readonly string[], position: Position, stop: AbortSignal): Generator<string> {
  const begin = position.next === undefined ? 0 : Math.max(0, branches.indexOf(position.next));
  const order = [...branches.slice(begin), ...branches.slice(0, begin)];
  for (const [at, branch] of order.entries()) {
    yield branch;
    position.next = stop.aborted && order.length > 1 ? order[(at + 1) % order.length] : undefined;
  }
}
