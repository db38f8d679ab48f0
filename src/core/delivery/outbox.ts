/**
 * Records on their way to the sink: packed into batches, several in flight where the sink allows it, and every outcome
 * written down before anything depends on it. Delivered IDs enter the ledger as `kept`; what no sink will take goes to
 * the quarantine, durably, and is then as good as delivered.
 */
import { Buffer } from 'node:buffer';
import type { Packed, Packer } from '../batch.ts';
import { seen } from '../dedupe.ts';
import { deliver } from './deliver.ts';
import { type Delivered, type Doubted, nothing } from './delivered.ts';
import { refusalLimit, refusedBy } from './refusal-limit.ts';
import { isAnyAccepted } from '../run/summary.ts';
import type { AuditRecord, Ledger, Quarantine, RefusedRecord, Sink, Summary, Tools } from '../types.ts';
import type { Unsaved } from './unsaved.ts';

export interface OutboxParts {
  readonly sink: Sink;
  readonly queue: Packer;
  readonly sourceName: string;
  readonly branch: string;
  readonly ledger: Ledger;
  readonly unsaved: Unsaved;
  readonly quarantine: Quarantine;
  readonly tools: Tools;
  readonly summary: Summary;
  /** Refused in doubt (see Reply) while nothing of the run was taken; of all branches, set aside by whichever has something taken. */
  readonly doubted: Doubted[];
  readonly maxQuarantine: number;
  /** Records that the runs before refused in a row. */
  readonly refusals: number;
  /** Count, and send nothing. */
  readonly dryRun: boolean;
}

export interface Outbox {
  /** Queues a record that the ledger noted as `entry`; waits while too much is in flight. */
  add(record: AuditRecord, entry: number): Promise<void> | undefined;
  /** Sends what is queued if the oldest of it has waited for a second, so that a slow source is not held back. */
  tick(): Promise<void> | undefined;
  /** Sets aside what the source could not take as a record, once as long as `stamp` (see Ledger.note) lasts. */
  refuse(refused: RefusedRecord, stamp: number): Promise<void>;
  /** Sends everything and waits for every outcome; throws the first Problem. */
  drain(): Promise<void>;
  /** Waits for what is in flight and sends nothing more: the end after a failure. */
  settle(): Promise<void>;
  /** The sink failed, so that other branches would fail as well. */
  broken(): boolean;
}

/** How long a queued record may wait for others to fill its batch, in milliseconds. */
const patience = 1000;

export function outbox(parts: OutboxParts): Outbox {
  const { sink, branch, queue, ledger, unsaved, quarantine, tools, summary, doubted } = parts;
  const by = { source: parts.sourceName, sink: sink.name, branch };
  const limit = refusalLimit(summary, parts.maxQuarantine, parts.refusals, quarantine.path);
  const clock = { ...tools, repeated: () => void (summary.repeated += 1) };
  const listeners = {
    soFar: record,
    mayRefuse: (count: number, reason: string, doubt: string | undefined) =>
      limit.checkShare(doubted.length + count, reason, doubt),
  };
  const flight = new Set<Promise<void>>();
  let refusedEntries: number[] = [];
  let failure: unknown;
  let failed = false;
  let oldest = Infinity;

  const check = (): void => {
    if (failed) throw failure;
  };

  async function dispatch(): Promise<void> {
    const packed = queue.take();
    oldest = Infinity;
    if (packed === undefined) return;
    while (flight.size >= sink.inFlight) await Promise.race(flight);
    check();
    // Before the next batch leaves, the last one must be on disk: a killed run then repeats one batch at most.
    await unsaved.journal(branch);
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
      const all = { ...nothing, kept: packed.entries };
      await record(parts.dryRun ? all : await deliver(sink, packed, clock, listeners));
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
    const refused = delivered.refused.map((one) => ({ ...one, branch, ledger }));
    if (isAnyAccepted(summary)) return setAside([...doubted.splice(0), ...refused]);
    await setAside(refused.filter(({ doubt }) => doubt === undefined));
    doubted.push(...refused.filter(({ doubt }) => doubt !== undefined));
    const [first] = doubted;
    if (first === undefined) return;
    limit.checkShare(doubted.length, refusedBy(sink.name, first.record, first.reason), first.doubt);
  }

  async function setAside(refused: readonly Doubted[]): Promise<void> {
    const [first] = refused;
    if (first === undefined) return;
    limit.check(refused.length, refusedBy(sink.name, first.record, first.reason));
    for (const { record: { bytes, start, end }, reason, branch: of } of refused) {
      await quarantine.add({ text: bytes.subarray(start, end), more: false, reason }, { ...by, branch: of });
    }
    await quarantine.flush();
    for (const one of refused) {
      one.ledger.keep(one.entry);
      unsaved.add(one.branch, one.ledger, [one.entry]);
    }
    summary.quarantined += refused.length;
  }

  return {
    add(auditRecord, entry) {
      const result = queue.add(auditRecord, entry);
      if (result === 'added') {
        if (oldest === Infinity) oldest = tools.now();
        return undefined;
      }
      return result === 'full' ? addAfterDispatch(auditRecord, entry) : refuseTooLarge(auditRecord, entry);
    },
    tick() {
      check();
      return tools.now() - oldest >= patience ? dispatch() : undefined;
    },
    async refuse(refused, stamp) {
      const entry = refused.more ? undefined : noteRefused(refused, stamp);
      if (entry === seen) {
        summary.seen += 1; // the parts that the quarantine has go with the next record's first
        return;
      }
      if (entry !== undefined) limit.check(1, refused.reason);
      await quarantine.add(refused, by);
      if (entry === undefined) return;
      summary.quarantined += 1;
      refusedEntries.push(entry);
    },
    async drain() {
      await dispatch();
      await Promise.all(flight);
      check();
      // Acknowledgements are asked for next, and are told once.
      if (sink.settle !== undefined) await unsaved.journal(branch);
      await flushQuarantine();
    },
    async settle() {
      await Promise.all(flight);
      await flushQuarantine();
    },
    broken: () => failed,
  };

  /** Only what is durable in the quarantine is as good as delivered. */
  async function flushQuarantine(): Promise<void> {
    await quarantine.flush();
    for (const entry of refusedEntries) ledger.keep(entry);
    refusedEntries = [];
  }

  function noteRefused({ key: text }: RefusedRecord, stamp: number): number {
    if (text === undefined) throw new Error('a refused record without a key');
    const key = Buffer.from(text);
    return ledger.note(key, 0, key.length, stamp, 0);
  }

  async function addAfterDispatch(auditRecord: AuditRecord, entry: number): Promise<void> {
    await dispatch();
    if (queue.add(auditRecord, entry) === 'tooLarge') await refuseTooLarge(auditRecord, entry);
    else oldest = tools.now();
  }

  async function refuseTooLarge(auditRecord: AuditRecord, entry: number): Promise<void> {
    const reason = `larger than the ${sink.limits.record} bytes that ${sink.name} takes`;
    return record({ ...nothing, refused: [{ entry, record: auditRecord, reason, doubt: undefined }] });
  }
}
