/** What a run has at hand: for all branches of the source, for one of them, and for one while a window of it is read. */
import type { Refusals } from '../delivery/refusal-limit.ts';
import type { Packer } from '../batch.ts';
import type { OutboxParts } from '../delivery/outbox.ts';
import type { Unsaved } from '../delivery/unsaved.ts';
import type { Unplanned } from '../plan.ts';
import type { PlanInForce } from '../plan/in-force.ts';
import type { Problem } from '../problem.ts';
import type { PositionStore, Quarantine } from '../stores.ts';
import type { Tools } from '../tools.ts';
import type { DatedJob, Job, Page, Position, Sink, Source, Summary, Window } from '../types.ts';

/** What is the same for all branches. */
export interface RunContext {
  readonly job: Job;
  readonly source: Source;
  readonly sink: Sink;
  /** Undefined when no position is kept: for an ad-hoc search. */
  readonly store: PositionStore | undefined;
  readonly quarantine: Quarantine;
  readonly tools: Tools;
  /** Called for every page. */
  note?(page: Page): void;
  progress?(summary: Summary, window: Window): void;
}

/** A branch of the source on its way to the sink, before a window of it is planned. */
export interface Branch extends RunContext, Unplanned {
  readonly branch: string;
  /** Empty between slices; one for all of them, because its buffers are large. */
  readonly queue: Packer;
  /** One for all branches. */
  readonly unsaved: Unsaved;
  /** What the runs before refused, and how many of them failed in a row. */
  readonly before: Refusals & Pick<Position, 'failures'>;
  /** While there is any, no watermark moves, and no bookmark. */
  readonly doubted: OutboxParts['doubted'];
  readonly summary: Summary;
  /** Makes the position as it is durable. */
  save(): Promise<void>;
  /** Runs a step and writes down its Problem, for the run to go on. */
  collectProblem(step: () => Promise<void>): Promise<void>;
  /** Writes down a Problem that the run goes on after. */
  addProblem(problem: Problem): void;
  /** The sink failed, so that other branches would fail as well. */
  sinkBroke(): void;
}

/** A branch while a window of it is read, by a plan. */
export interface BranchRun extends Branch {
  readonly job: DatedJob;
  /** Acknowledgements that the runs before were still waiting for. */
  readonly earlier: ReadonlySet<string>;
  readonly plan: PlanInForce;
}
