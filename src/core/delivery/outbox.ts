/**
 * Records on their way to the sink: packed into batches, several of them in flight where the sink allows it, and every outcome
 * written down before anything depends on it. Delivered IDs enter the ledger as `kept`; what the sink will never take goes to
 * the quarantine.
 */
import type { Hint } from '../hint.ts';
import type { Packed, Packer } from '../batch.ts';
import { asideOf } from './aside.ts';
import { deliver } from './deliver.ts';
import { type Delivered, type Doubted, nothingDelivered } from './delivered.ts';
import { refusalLimit, type Refusals } from './refusal-limit.ts';
import type { Quarantine } from '../stores.ts';
import type { Tools } from '../tools.ts';
import type { AuditRecord, Ledger, RefusedRecord, Sink, Source, Summary } from '../types.ts';
import type { Unsaved } from './unsaved.ts';

export interface OutboxParts {
  readonly sink: Sink;
  readonly queue: Packer;
  readonly source: Pick<Source, 'name' | 'stream'>;
  readonly branch: string;
  readonly ledger: Ledger;
  readonly unsaved: Unsaved;
  readonly quarantine: Quarantine;
  readonly tools: Tools;
  readonly summary: Summary;
  /**
   * Records that were refused with a doubt (see Reply) while the sink has taken nothing of the run. One list for all branches:
   * the first that has a record taken sets them all aside.
   */
  readonly doubted: Doubted[];
  readonly maxQuarantine: number;
  /** What the runs before refused. */
  readonly before: Refusals;
  /** Count, and send nothing. */
  readonly dryRun: boolean;
}

export interface Outbox {
  /** Queues a record that the ledger noted as `entry`; waits while too much is in flight. */
  add(record: AuditRecord, entry: number): Promise<void> | undefined;
  /** Sends what is queued if the oldest of it has waited for a second, so that a slow source is not held back. */
  tick(): Promise<void> | undefined;
  /**
   * Sets aside what the source could not read as a record; the same again only once `stamp` (see Ledger.note) is over, but of
   * a stream, which shows each line once, every time.
   */
  refuse(refused: RefusedRecord, stamp: number): Promise<void>;
  /** Sends everything and waits for every outcome; throws the first Problem. */
  drain(): Promise<void>;
  /** Waits for what is in flight and sends nothing more: the end after a failure. */
  halt(): Promise<void>;
  /** Whether the sink failed in a way that other branches would meet as well. */
  broken(): boolean;
}

/** How long a queued record may wait for others to fill its batch, in milliseconds. */
const patience = 1000;

/** The outbox of one slice of a branch. Sends when a batch is full, at a `tick` that is due, and when it is drained. */
export function outbox(parts: OutboxParts): Outbox {
  const { sink, branch, queue, ledger, unsaved, tools, summary, doubted } = parts;
  const limit = refusalLimit(summary, parts.maxQuarantine, parts.before, parts.quarantine.path);
  const aside = asideOf({ ...parts, limit });
  const listeners = {
    soFar: record,
    mayRefuse: (count: number, reason: string, doubt: Hint | undefined) =>
      limit.checkShare(doubted.length + count, reason, doubt),
    repeated: () => void (summary.repeated += 1),
  };
  const flight = new Set<Promise<void>>();
  let failure: unknown;
  let failed = false;
  let oldest: number | undefined;

  const check = (): void => {
    if (failed) throw failure;
  };

  async function dispatch(): Promise<void> {
    const packed = queue.take();
    oldest = undefined;
    if (packed === undefined) return;
    while (flight.size >= sink.inFlight) await Promise.race(flight);
    check();
    await unsaved.prove();
    // Before the next batch leaves, the last one must be on disk: a killed run then repeats one batch at most.
    await unsaved.journal();
    void launch(packed);
  }

  async function launch(packed: Packed): Promise<void> {
    const task = send(packed);
    flight.add(task);
    await task;
    flight.delete(task);
  }

  async function send(packed: Packed): Promise<void> {
    try {
      const all = { ...nothingDelivered, kept: packed.entries };
      await record(parts.dryRun ? all : await deliver(sink, packed, tools, listeners));
      queue.giveBack(packed);
    } catch (problem) {
      if (!failed) failure = problem;
      failed = true;
    }
  }

  async function record(delivered: Delivered): Promise<void> {
    for (const entry of delivered.kept) ledger.keep(entry);
    summary.delivered += delivered.kept.length;
    summary.diverted += delivered.diverted;
    unsaved.add(branch, ledger, delivered.kept);
    for (const { pending, entries } of delivered.awaited) {
      for (const entry of entries) ledger.wait(entry, pending);
      summary.awaited += entries.length;
      unsaved.add(branch, ledger, entries);
    }
    await aside.take(delivered.refused);
  }

  return {
    add(auditRecord, entry) {
      const result = queue.add(auditRecord, entry);
      if (result === 'added') {
        oldest ??= tools.now();
        return undefined;
      }
      return result === 'full' ? addAfterDispatch(auditRecord, entry) : refuseTooLarge(auditRecord, entry);
    },
    tick() {
      check();
      if (oldest === undefined) return undefined;
      const waited = tools.now() - oldest;
      return waited < 0 || waited >= patience ? dispatch() : undefined; // a clock that was set back must not mean a long wait
    },
    refuse: aside.refuse,
    async drain() {
      await dispatch();
      await Promise.all(flight);
      check();
      // Acknowledgements are asked for next, and the sink tells each only once: what they are about must be durable.
      if (sink.settle !== undefined) await unsaved.journal();
      await aside.flush();
    },
    async halt() {
      await Promise.all(flight);
      // Where too many of this branch were refused, the run sets none of them aside: the next one is shown them again.
      if (limit.thrown.size > 0) doubted.splice(0, doubted.length, ...doubted.filter((one) => one.branch !== branch));
      await aside.flush();
    },
    broken: () => failed && !limit.thrown.has(failure),
  };

  async function addAfterDispatch(auditRecord: AuditRecord, entry: number): Promise<void> {
    await dispatch();
    if (queue.add(auditRecord, entry) === 'tooLarge') await refuseTooLarge(auditRecord, entry);
    else oldest = tools.now();
  }

  async function refuseTooLarge(auditRecord: AuditRecord, entry: number): Promise<void> {
    const { record: most, told = `${most} bytes that ${sink.name} takes` } = sink.limits();
    const reason = `larger than the ${told}`;
    return record({ ...nothingDelivered, refused: [{ entry, record: auditRecord, reason, doubt: undefined }] });
  }
}
