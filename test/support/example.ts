/** A ready-made definition on trial: its vendor, records for it, and the tests that hold for every definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { conforms, type Conformance } from './conformance.ts';
import { exampleDefinition, exampleLines } from './example-definition.ts';
import { exampleJob } from './example-job.ts';
import { exampleRuns, type ExampleRuns } from './example-runs.ts';
import { pullOnce, sourceTools } from './source-tools.ts';
import type { LoggedRequest, ServerOptions, Vendor } from './vendors/server.ts';
import type { TokenGrants } from './vendors/token-grants.ts';

/** What clocks show, unless told: milliseconds. */
export const start = Date.UTC(2026, 10, 20, 9);
export const minute = 60_000;
export const day = 1440 * minute;

/** The slice that ends then, an hour long unless told; milliseconds. */
export function windowTo(until: number, length: number = 60 * minute): { from: bigint; until: bigint } {
  return { from: BigInt(until - length) * 1_000_000n, until: BigInt(until) * 1_000_000n };
}

type Served = Vendor & { readonly login?: Vendor; readonly grants?: TokenGrants };
type Values = Readonly<Record<string, string>>;

export interface Example<V extends Served, Options, Settings extends Values>
  extends Omit<Conformance, 'definition' | 'start' | 'limit'>, Pick<ExampleRuns, 'late' | 'hours'> {
  /** Starts a vendor that holds nothing. */
  start(options: ServerOptions & Partial<Options>): Promise<V>;
  values(vendor: V): Settings;
  /** What records are made of, where branches have records of different shapes. Default: test/examples/<name>.jsonl. */
  templates?(branch: string): readonly string[];
  /** A record: a template with its ID and its time, in milliseconds, where it has them. */
  write(template: string, number: number, time: number, branch: string): string;
  /** Stores records, now. */
  add(vendor: V, texts: readonly string[], branch: string): void;
  /** Where records are; the tests of one branch take the first. */
  readonly branches?: readonly string[];
  /** Default: 10. */
  readonly limit?: number;
  /** The vendor's order, in which numbers fall. Default: the oldest first, in which they rise. */
  readonly newestFirst?: boolean;
  /** How far one record is from the next, in milliseconds. Default: a second, for vendors that know no fractions. */
  readonly apart?: number;
  /** How long before `start` a record happened, where that is no simple row; milliseconds. */
  ago?(index: number, count: number): number;
  /** How many minutes late a record may show up and is found. */
  readonly lateness: number;
  /** Records have no IDs and may be the same to the last digit. */
  readonly twins?: boolean;
  /** What a run goes on from that has read this record, where all runs but the first go on so. */
  bookmark?(text: string): string;
  /** Default: all requests do. */
  asksRecords?(request: LoggedRequest): boolean;
}

/** Tries what holds for every definition. Returns what its own tests start from. */
export function example<V extends Served, Options, Settings extends Values>(
  name: string,
  of: Example<V, Options, Settings>,
) {
  const definition = exampleDefinition(name);
  const { branches = [''], limit = 10, newestFirst = false, apart = 1000, asksRecords = () => true } = of;
  const [branch = ''] = branches;
  const templatesOf = of.templates?.bind(of) ?? (() => exampleLines(name));
  const templates = new Map(branches.map((each) => [each, templatesOf(each)]));
  const part = { slice: windowTo(start), branch };
  const inARow = (index: number, count: number): number => (newestFirst ? index + 1 : count - index) * apart;
  const ago = of.ago?.bind(of) ?? inARow;
  let serial = 1000;

  function record(number: number, time: number, where: string = branch): string {
    const lines = templates.get(where) ?? [];
    return of.write(lines[number % lines.length] ?? '', number, time, where);
  }

  /** One that no other record has the number of. */
  const next = (time: number, where: string = branch): string => record(serial++, time, where);

  /** All that vendors are started with may be left out. */
  const begin = (options: ServerOptions): Promise<V> => of.start(options as ServerOptions & Partial<Options>);

  /** A vendor with so many records, or with one at each of these times. */
  async function started(
    t: { after(clean: () => Promise<void>): void } | undefined,
    records: number | readonly number[] = 2.5 * limit,
    options: ServerOptions & Partial<Options> = {},
  ) {
    const vendor = await begin({ now: () => start, ...options });
    t?.after(() => vendor.close());
    const times =
      typeof records === 'number'
        ? Array.from({ length: records }, (_, index) => start - ago(index, records))
        : records;
    const texts = times.map((time, index) => record(newestFirst ? times.length - index : index, time));
    of.add(vendor, texts, branch);
    return { vendor, texts, times, values: of.values(vendor) };
  }

  conforms(name, {
    ...of,
    definition,
    limit,
    async start() {
      const { vendor, texts, times, values } = await started(undefined, 2.5 * limit + (of.bookmark ? 1 : 0));
      const { login, grants } = vendor;
      return {
        vendor,
        values,
        now: start,
        part: of.bookmark ? { ...part, bookmark: of.bookmark(texts[0] ?? '') } : part,
        texts: of.bookmark ? texts.slice(1) : texts,
        times: of.bookmark ? times.slice(1) : times,
        asksRecords,
        ...(login && { login: { ...login, close: async () => {} } }), // the vendor closes it
        ...(grants && { grants }),
      };
    },
  });

  exampleRuns(name, {
    ...of,
    async start() {
      const vendor = await begin({});
      return {
        vendor,
        environment: of.values(vendor),
        add: (before) =>
          branches.flatMap((each) => {
            const texts = (templates.get(each) ?? []).map(() => next(Date.now() - before, each));
            of.add(vendor, texts, each);
            return texts;
          }),
      };
    },
  });

  /** Has a job run after each of these steps, without a problem. Returns what it has delivered. */
  async function history(
    t: { after(clean: () => Promise<void>): void },
    steps: readonly (readonly [after: number, texts: readonly string[]])[],
  ): Promise<readonly string[]> {
    let now = start;
    const { vendor, values } = await started(t, 0, { now: () => now } as ServerOptions & Partial<Options>);
    const job = exampleJob(definition, values);
    for (const [after, texts] of steps) {
      now = start + after * minute;
      of.add(vendor, texts, branch);
      assert.deepEqual((await job.run(now)).problems, []);
    }
    return job.taken.toSorted();
  }

  /** A job that did not run for longer than its vendor keeps records: the gap is told, and what there is delivered. */
  async function assertGapTold(t: { after(clean: () => Promise<void>): void }, pause: number): Promise<void> {
    let now = start;
    const { vendor, values } = await started(t, 0, { now: () => now } as ServerOptions & Partial<Options>);
    const job = exampleJob(definition, values);
    assert.deepEqual((await job.run(now)).problems, []);
    now += pause;
    const text = next(now - minute);
    of.add(vendor, [text], branch);
    const { problems, summary } = await job.run(now);
    assert.deepEqual([problems.map(({ status }) => status), summary.gaps.length], [[exit.partial], 1]);
    assert.deepEqual(job.taken, [text]);
  }

  test(`${name}: records of one moment that show up late, the last one by ${of.lateness} minutes, come once each`, async (t) => {
    const texts = [1, 2, 3].map(() => next(start));
    const steps = [0, of.lateness / 2, of.lateness].flatMap((after, index) => [
      [after, []] as const,
      [after, texts.slice(index, index + 1)] as const,
    ]);
    assert.deepEqual(await history(t, [...steps, [of.lateness + 5, []]]), texts.toSorted());
  });

  test(`${name}: a record on the edge of two windows is in one of them`, async (t) => {
    const end = start + 60 * minute;
    const times = [-1000, -1, 0, 1, 1000].map((milliseconds) => start + milliseconds);
    const { texts, values } = await started(t, times, { now: () => end } as ServerOptions & Partial<Options>);
    const found = new Set<string>();
    for (const until of [start, end]) {
      const slice = windowTo(until);
      const { records } = await pullOnce(definition, values, { part: { slice, branch }, tools: sourceTools(end) });
      for (const { text } of records) found.add(text);
    }
    assert.deepEqual([...found].toSorted(), texts.toSorted());
  });

  if (of.twins ?? false) {
    test(`${name}: records that are the same to the last digit are all delivered, once each`, async (t) => {
      const twin = next(start - minute);
      const steps = [[twin, twin], [], [twin], []].map((texts, index) => [index, texts] as const);
      assert.deepEqual(await history(t, steps), [twin, twin, twin]);
    });
  }

  /** The queries of the requests for records. */
  const asked = ({ requests, origin }: Vendor): URLSearchParams[] =>
    requests.filter(asksRecords).map(({ target }) => new URL(target, origin).searchParams);
  const queries = (vendor: Vendor): Record<string, string>[] => asked(vendor).map((query) => Object.fromEntries(query));

  return {
    definition,
    templates: templates.get(branch) ?? [],
    part,
    record,
    next,
    started,
    asked,
    queries,
    assertGapTold,
  };
}
