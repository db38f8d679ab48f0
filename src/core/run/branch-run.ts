/** What a run has at hand for one branch of the source. */
import type { Packer } from '../batch.ts';
import type { Unsaved } from '../delivery/unsaved.ts';
import type {
  BranchPosition,
  DatedJob,
  Instant,
  Job,
  Page,
  PositionStore,
  Quarantine,
  Sink,
  Source,
  Summary,
  Tools,
  Window,
} from '../types.ts';

/** A branch of the source on its way to the sink. */
export interface BranchRun<AnyJob extends Job = DatedJob> {
  readonly branch: string;
  readonly place: BranchPosition;
  readonly source: Source;
  readonly sink: Sink;
  /** Empty between slices; one for all of them, because its buffers are large. */
  readonly queue: Packer;
  readonly job: AnyJob;
  /** Undefined when no position is kept. */
  readonly store: PositionStore | undefined;
  /** One for all branches. */
  readonly unsaved: Unsaved;
  readonly quarantine: Quarantine;
  /** Records that the runs before refused in a row. */
  readonly refusals: number;
  readonly tools: Tools;
  readonly summary: Summary;
  /** Makes the position as it is durable. */
  save(): Promise<void>;
  /** Called for every page. */
  note?(page: Page): void;
  progress?(summary: Summary, window: Window): void;
  /** Runs a step and writes down its Problem, for the run to go on. */
  collect(step: () => Promise<void>): Promise<void>;
  /** The sink failed, so that other branches would fail as well. */
  sinkBroke(): void;
  /** Whether the window suits the vendor's clock, which was not known before the first reply. */
  suits?(serverTime: Instant): boolean;
}
