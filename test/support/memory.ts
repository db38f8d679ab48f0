/** A vendor and a destination that live in memory: for tests of the pipeline itself. */
import { Buffer } from 'node:buffer';
import { fromMillis } from '../../src/core/time.ts';
import { fingerprint } from '../../src/core/content/fingerprint.ts';
import { Problem } from '../../src/core/problem.ts';
import type {
  AuditRecord,
  Batch,
  Duration,
  Instant,
  Job,
  Limits,
  Page,
  RefusedRecord,
  Reply,
  Sink,
  Source,
  WindowRules,
} from '../../src/core/types.ts';
import type { Clock } from './fake-tools.ts';

/** A record at the vendor: seen in windows that hold its time, from the moment on when it became visible. */
export interface StoredRecord {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly visible: number;
  readonly text: string;
}

export interface MemoryVendor extends Source {
  readonly stored: StoredRecord[];
  /** Called before each page; may throw, or stop the clock. */
  beforePage: (page: number) => void;
  refused: RefusedRecord[];
  closed: number;
}

export const minute: Duration = 60_000_000_000n;

const rules: WindowRules = { overlap: 5n * minute, delay: 0n, firstRun: 7n * 24n * 60n * minute, filter: 'event' };

export function memoryVendor(
  clock: Clock,
  options: { pageSize?: number; rules?: Partial<WindowRules>; isStream?: boolean } = {},
): MemoryVendor {
  const pageSize = options.pageSize ?? 3;
  let time: Instant | undefined;
  let pages = 0;
  const vendor: MemoryVendor = {
    name: 'memory',
    scope: 'memory',
    window: { ...rules, ...options.rules },
    ...(options.isStream === true && { stream: { isOpen: () => false } }),
    stored: [],
    refused: [],
    closed: 0,
    beforePage: () => {},
    branches: async () => [''],
    async *pull({ slice }) {
      time = fromMillis(clock.now);
      const inside = vendor.stored.filter(
        ({ time: at, visible }) => fromMillis(at) >= slice.from && fromMillis(at) < slice.until && visible <= clock.now,
      );
      // Newest first, as many vendors answer: what is delivered must not depend on the order.
      const found = inside.toSorted((a, b) => b.time - a.time).map(auditRecord);
      let refused = vendor.refused;
      do {
        vendor.beforePage(pages++);
        const page: Page = { records: found.splice(0, pageSize), refused, unmatched: 0 };
        refused = [];
        yield page;
      } while (found.length > 0);
    },
    serverTime: () => time,
    earliest: (at) => at,
    namedFrom: (at) => at,
    shownFrom: (at) => at,
    edge: (at) => at,
    truncated: () => false,
    guessed: () => false,
    absent: () => [],
    nested: () => [],
    async close() {
      vendor.closed += 1;
      time = undefined; // the next run is another process
    },
  };
  return vendor;
}

export function stored(id: string, time: number, visible: number = time): StoredRecord {
  return { id, time, visible, text: JSON.stringify({ id, time }) };
}

export function auditRecord({ id, time, text }: StoredRecord): AuditRecord {
  const key = Buffer.from(JSON.stringify(id));
  const bytes = Buffer.from(text);
  const mark = fingerprint(bytes, 0, bytes.length);
  return {
    bytes,
    start: 0,
    end: bytes.length,
    key,
    keyStart: 0,
    keyEnd: key.length,
    time,
    nanos: 0,
    fingerprint: mark,
  };
}

export interface MemorySink extends Sink {
  readonly taken: string[];
  batches: number;
  /** Called before a batch is taken; may throw, or return another reply (then nothing is taken). */
  answer: (batch: Batch) => Reply | undefined;
  closed: number;
}

export function memorySink(limits: Partial<Limits> = {}): MemorySink {
  const sink: MemorySink = {
    name: 'memory',
    scope: 'memory',
    limits: () => ({ records: 4, bytes: 1_000_000, record: 100_000, ...limits }),
    inFlight: 1,
    repeats: 'visible',
    taken: [],
    batches: 0,
    closed: 0,
    answer: () => undefined,
    encode: (record, out) => out.bytes(record.bytes, record.start, record.end),
    async send(batch) {
      sink.batches += 1;
      const reply = sink.answer(batch);
      if (reply !== undefined) return reply;
      for (const record of batch.records) sink.taken.push(record.bytes.toString('utf8', record.start, record.end));
      return { outcomes: batch.records.map(() => 'kept' as const) };
    },
    async close() {
      sink.closed += 1;
    },
  };
  return sink;
}

/** Throws the Problem that a stop request carries. */
export function stopWith(controller: AbortController, problem: Problem): never {
  controller.abort(problem);
  throw problem;
}

/** A job from the memory vendor to the memory sink, run every minute. */
export const memoryJob: Job = {
  name: 'memory',
  sink: 'memory',
  search: { query: [], rawQuery: undefined, categories: [], limit: undefined, single: false },
  since: undefined,
  until: undefined,
  usePosition: true,
  overlap: undefined,
  delay: undefined,
  firstRun: 2n * 24n * 60n * minute,
  maxRuntime: undefined,
  dryRun: false,
  dedupe: 'changes',
  maxQuarantine: 0.1,
};
