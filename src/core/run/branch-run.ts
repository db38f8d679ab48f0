/** What a run has at hand, for all branches of the source and for one of them. */
import type { Refusals } from '../delivery/refusal-limit.ts';
import type { Packer } from '../batch.ts';
import type { Doubted } from '../delivery/delivered.ts';
import type { Unsaved } from '../delivery/unsaved.ts';
import type { Problem } from '../problem.ts';
import type {
  Begin,
  BranchPosition,
  DatedJob,
  Instant,
  Job,
  Page,
  Position,
  PositionStore,
  Quarantine,
  Sink,
  Source,
  Summary,
  Tools,
  Window,
} from '../types.ts';

/** What is the same for all branches. */
export interface RunContext<AnyJob extends Job = Job> {
  readonly job: AnyJob;
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

/** A branch of the source on its way to the sink. */
export interface BranchRun<AnyJob extends Job = DatedJob> extends RunContext<AnyJob> {
  readonly branch: string;
  readonly place: BranchPosition;
  /** Where it begins as runs before this one have noted it, if any. */
  readonly promised: Begin | undefined;
  /** Empty between slices; one for all of them, because its buffers are large. */
  readonly queue: Packer;
  /** One for all branches. */
  readonly unsaved: Unsaved;
  /** The runs before: how many failed in a row, and as in OutboxParts. */
  readonly before: Refusals & Pick<Position, 'failures'>;
  /** As in OutboxParts. While there is any, no watermark moves, and no bookmark. */
  readonly doubted: Doubted[];
  readonly summary: Summary;
  /** Acknowledgements that the runs before were still waiting for. */
  readonly earlier?: ReadonlySet<string>;
  /** Makes the position as it is durable. */
  save(): Promise<void>;
  /** Runs a step and writes down its Problem, for the run to go on. */
  collectProblem(step: () => Promise<void>): Promise<void>;
  /** Writes down a Problem that the run goes on after. */
  addProblem(problem: Problem): void;
  /** The position moves past the gap before the window that is read. */
  passGap?(): void;
  /** The sink failed, so that other branches would fail as well. */
  sinkBroke(): void;
  /** Whether the window suits the vendor's clock, which was not known before the first reply. */
  suits?(serverTime: Instant): boolean;
  /** Whether a slice of it was refused only because that clock is behind ours. */
  isPastClock?(slice: Window, refusal: Problem): boolean;
}
