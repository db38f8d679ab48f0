/**
 * The pipeline: source -> window -> slices -> records -> unseen -> batches -> sink -> commit.
 *
 * Everything moves one way. The watermark moves in `commit`, after every record of the slice was delivered or durably set
 * aside, and nowhere else.
 */
import { acknowledged, askOnce } from './core/acknowledge.ts';
import { outbox } from './core/outbox.ts';
import { firstPosition, placeOf, writeDown } from './core/position.ts';
import { exit, Problem, worst } from './core/problem.ts';
import { sieve } from './core/sieve.ts';
import { emptySummary, unaccounted } from './core/summary.ts';
import { fromMillis, isoText, toMillis } from './core/time.ts';
import { advance, slices, windowOf } from './core/window.ts';
import type {
  BranchPosition,
  Duration,
  Instant,
  Job,
  Position,
  PositionStore,
  Quarantine,
  Sink,
  Source,
  Summary,
  Tools,
  Window,
} from './core/types.ts';

export interface RunParts {
  readonly job: Job;
  /** Called after the lock is taken, so that a run that finds it held costs nothing. */
  makeSource(): Promise<Source>;
  makeSink(): Promise<Sink>;
  /** Undefined for an ad-hoc search. */
  readonly store: PositionStore | undefined;
  /** What is read and where it goes, as in Position. */
  readonly scope: { readonly source: string; readonly sink: string };
  readonly quarantine: Quarantine;
  readonly tools: Tools;
  progress?(summary: Summary, window: Window): void;
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
    window: undefined,
    position: undefined,
    sinkBroken: false,
  };
  await collect(state, async () => {
    await parts.store?.lock();
    state.position = (await parts.store?.load()) ?? firstPosition(parts.scope);
    for (const warning of parts.store?.warnings ?? []) parts.tools.warn(warning);
    await pullAll(state, state.position);
  });
  await collect(state, () => parts.quarantine.close());
  await collect(state, async () => parts.store?.close());
  return state;
}

interface State extends RunResult {
  readonly parts: RunParts;
  readonly summary: Summary;
  readonly problems: Problem[];
  window: Window | undefined;
  position: Position | undefined;
  sinkBroken: boolean;
}

/** Runs a step and writes down its Problem. */
async function collect(state: State, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    // A full disk, say, is met at every step; once is enough to say it.
    const known = state.problems.some(
      ({ status, message }) => status === problem.status && message === problem.message,
    );
    if (!known) state.problems.push(problem);
  }
}

async function pullAll(state: State, position: Position): Promise<void> {
  const { parts } = state;
  const started = parts.tools.now();
  let sink: Sink | undefined;
  let source: Source | undefined;
  await collect(state, async () => {
    sink = await parts.makeSink();
    if (!parts.job.dryRun) await sink.open(position.saved);
    source = await parts.makeSource();
    const branches = await source.branches();
    const seed = Math.floor(parts.tools.random() * 2 ** 32);
    // A journal needs a position that knows its branch; and a disk that cannot take it should fail before anything is sent.
    const unknown = branches.filter((branch) => !position.branches.has(branch));
    for (const branch of unknown) placeOf(position, branch, seed);
    if (unknown.length > 0) await save(state, position, sink);
    for (const branch of branches) {
      const at = { state, source, sink, position, branch, place: placeOf(position, branch, seed) };
      await collect(state, () => pullBranch(at));
      if (state.sinkBroken || parts.tools.stop.aborted) break;
    }
  });
  if (state.summary.quarantined > 0) state.problems.push(setAside(state));
  // Saved before the farewells: a run that is killed while it logs out has nothing to repeat.
  await collect(state, () => conclude(state, position, sink, started));
  await source?.close();
  await collect(state, async () => sink?.close());
}

interface Branch {
  readonly state: State;
  readonly source: Source;
  readonly sink: Sink;
  readonly position: Position;
  readonly branch: string;
  readonly place: BranchPosition;
}

async function pullBranch(at: Branch): Promise<void> {
  const { state, source, place } = at;
  const { job, tools } = state.parts;
  if (!job.dryRun) await askOnce({ sink: at.sink, ledger: place.ledger });
  const window = windowOf({
    watermark: job.usePosition ? place.watermark : undefined,
    rules: source.window,
    since: job.since,
    until: job.until,
    serverNow: source.serverTime() ?? fromMillis(tools.now()),
    overlap: job.overlap,
    delay: job.delay,
    firstRun: job.firstRun,
  });
  state.window ??= window;
  for (const slice of slices(window, source.window, preferredOf(place))) {
    tools.debug('slice', { branch: at.branch, from: isoText(slice.from), until: isoText(slice.until) });
    await pullSlice(at, window, slice);
    const more = slice.until < window.until;
    if (more && job.search.single) throw stoppedEarly();
    // The last slice is saved with the end of the run.
    if (more) await save(state, at.position, at.sink);
  }
  place.slice = undefined;
  if (window.gap === undefined) return;
  state.summary.gaps.push(window.gap);
  throw skipped(window.gap, source.name, job.since === window.from);
}

async function pullSlice(at: Branch, window: Window, slice: Window): Promise<void> {
  const { state, source, sink, branch, place } = at;
  const { job, store, quarantine, tools, progress } = state.parts;
  const { summary } = state;
  const out = outbox({
    sink,
    sourceName: source.name,
    branch,
    ledger: place.ledger,
    store,
    quarantine,
    tools,
    summary,
    maxQuarantine: job.maxQuarantine,
    dryRun: job.dryRun,
  });
  const unseen = sieve({ ledger: place.ledger, window, slice, filter: source.window.filter, job, summary });
  const before = unaccounted(summary);
  let serverTime = source.serverTime();
  try {
    const bookmark = job.usePosition ? place.bookmark : undefined;
    const remembers = place.ledger.marked;
    for await (const page of source.pull({ branch, slice, bookmark, remembers })) {
      serverTime ??= source.serverTime();
      summary.unmatched += page.unmatched;
      for (const refused of page.refused) {
        if (!refused.more) summary.fetched += 1;
        await out.refuse(refused, toMillis(slice.until));
      }
      for (const record of page.records) {
        const entry = unseen(record);
        if (entry < 0) continue;
        const full = out.add(record, entry);
        if (full !== undefined) await full;
      }
      const due = out.tick();
      if (due !== undefined) await due;
      progress?.(summary, window);
      if (page.bookmark !== undefined) {
        await out.drain();
        place.bookmark = page.bookmark;
        place.ledger.mark();
        await save(state, at.position, sink);
      }
    }
    await out.drain();
    await acknowledged({ sink, ledger: place.ledger, summary, tools });
  } catch (problem) {
    await out.settle();
    state.sinkBroken ||= out.broken();
    if (problem instanceof Problem && problem === tools.stop.reason) place.slice = halfOf(slice);
    throw problem;
  }
  if (unaccounted(summary) !== before) throw new Error(`records unaccounted for: ${JSON.stringify(summary)}`);
  commit(at, slice, serverTime ?? source.serverTime());
}

/** The one place where the watermark moves: every record of the slice was delivered, or durably set aside. */
function commit({ state, source, place }: Branch, slice: Window, serverTime: Instant | undefined): void {
  const { job } = state.parts;
  if (source.truncated()) throw stoppedEarly();
  const watermark = advance(place.watermark, slice, serverTime, job.delay ?? source.window.delay);
  place.watermark = watermark;
  place.ledger.prune(toMillis(watermark - (job.overlap ?? source.window.overlap)));
}

async function save(state: State, position: Position, sink: Sink | undefined): Promise<void> {
  const { store, job } = state.parts;
  if (store === undefined || job.dryRun) return;
  await sink?.flush();
  position.saved = sink?.saved() ?? position.saved;
  await store.save(position);
}

/** Ends the run in the position file: what happened, how often in a row, and the IDs that were delivered all the same. */
async function conclude(state: State, position: Position, sink: Sink | undefined, started: number): Promise<void> {
  const status = worst(state.problems.map((problem) => problem.status));
  writeDown(position, {
    started: isoText(fromMillis(started)),
    ended: isoText(fromMillis(state.parts.tools.now())),
    exit: status,
    outcome: state.problems[0]?.message ?? 'ok',
    fetched: state.summary.fetched,
    delivered: state.summary.delivered,
    quarantined: state.summary.quarantined,
  });
  await save(state, position, sink);
}

/** Said once: the position moves past the gap. */
function skipped({ from, until }: Window, sourceName: string, asked: boolean): Problem {
  const span = `records from ${isoText(from)} to ${isoText(until)}`;
  return asked
    ? new Problem(exit.partial, `${span} were skipped, because --since is later than the position`, {
        hint: `they can be fetched with --since ${isoText(from)} --until ${isoText(until)}`,
      })
    : new Problem(exit.partial, `${span} are gone: ${sourceName} no longer keeps them`, {
        hint: 'this gap is reported once; run more often than the vendor forgets',
      });
}

function setAside({ summary, parts }: State): Problem {
  const records = summary.quarantined === 1 ? '1 record was' : `${summary.quarantined} records were`;
  return new Problem(exit.partial, `${records} not delivered but set aside in ${parts.quarantine.path}`, {
    hint: 'each line there says why, and holds the record',
  });
}

function stoppedEarly(): Problem {
  return new Problem(exit.partial, 'stopped after one API query, as asked; more records are available', {
    hint: 'run without -x (--single-query) to fetch them all',
  });
}

function preferredOf(place: BranchPosition): Duration | undefined {
  return place.slice === undefined ? undefined : BigInt(place.slice) * 1_000_000n;
}

/** The run ran out of time inside a slice: the next one takes smaller steps, and so gets somewhere. */
function halfOf(slice: Window): number {
  return Math.max(60_000, Math.floor((toMillis(slice.until) - toMillis(slice.from)) / 2));
}
