/**
 * A definition against a model, from the request to the destination: vendors with every kind of paging, that keep
 * producing, late records included, and runs whose requests fail or break off, which are killed at any request, batch or
 * save. Where model.test.ts has a source in memory, this has what makes one of a definition (core/rest.ts).
 *  A run without a problem has delivered all that the vendor had when it began; once the faults stop, nothing is lost,
 *  nothing is altered, and a kill or a lost answer repeats one batch at most.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDefinition, type SourceDefinition } from '../src/core/definition.ts';
import { exit, Problem } from '../src/core/problem.ts';
import { restSource } from '../src/core/rest.ts';
import { run } from '../src/run.ts';
import { fakeTools } from './support/fake-tools.ts';
import { memoryHttp, type MemoryAnswer } from './support/memory-http.ts';
import { memoryJob, memorySink, stored, type StoredRecord } from './support/memory.ts';
import { memoryQuarantine, memoryStore } from './support/memory-store.ts';

const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const overlap = 5 * minute;
const firstRun = 60 * minute;
const batch = 3;

const pagings = {
  none: { type: 'none' },
  link: { type: 'link' },
  url: { type: 'url', path: 'next' },
  cursor: { type: 'cursor', path: 'next' },
  page: { type: 'page' },
  offset: { type: 'offset', stop: ['short-page'] },
} as const;
type Paging = keyof typeof pagings;

function definitionOf(paging: Paging, time: 'epoch-s' | 'iso-ms', longest: string | undefined): SourceDefinition {
  const counted = { page: { page: '{page}' }, offset: { offset: '{offset}' }, cursor: { cursor: '{cursor}' } };
  const place = paging in counted ? counted[paging as keyof typeof counted] : {};
  const query = { from: '{from}', until: '{until}', limit: '{limit}', ...place };
  return parseDefinition(
    {
      name: 'acme',
      summary: 'Acme.',
      settings: {},
      url: 'http://acme.example',
      auth: { type: 'none' },
      request: { path: '/events', query },
      paging: pagings[paging],
      window: { filter: 'event', time, firstRun: '1h', ...(longest !== undefined && { longest }) },
      records: { path: 'events', id: { paths: ['id'] }, time: { path: 'time', format: 'epoch-ms' } },
      limits: { page: 3 },
    },
    'acme.yaml',
  );
}

/** The events of a vendor, newest first, a page at a time. Pages behind a name are those that were there at first. */
function pagedVendor(records: readonly StoredRecord[], now: () => number): (url: URL) => MemoryAnswer {
  const lists: string[][] = [];
  return ({ searchParams: query, pathname }) => {
    const place = query.get('cursor')?.split('.').map(Number);
    const at = (name: string): number => new Date(query.get(name) ?? '').getTime() || Number(query.get(name)) * 1000;
    const isThere = ({ time, visible }: StoredRecord): boolean =>
      time >= at('from') && time < at('until') && visible <= now();
    const page = Number(query.get('page') ?? 1);
    const limit = query.has('limit') ? Number(query.get('limit')) : 3;
    const isFirst = place === undefined && page === 1;
    if (isFirst)
      lists.push(
        records
          .filter(isThere)
          .toSorted((a, b) => b.time - a.time)
          .map(({ text }) => text),
      );
    const list = place?.[0] ?? lists.length - 1;
    const from = place?.[1] ?? Number(query.get('offset') ?? (page - 1) * limit);
    const rows = lists[list] ?? [];
    const until = query.has('bare') ? rows.length : from + limit;
    const next = until < rows.length ? `${list}.${until}` : undefined;
    const address = next === undefined ? undefined : `${pathname}?cursor=${next}&limit=${limit}`;
    const named = query.has('named') ? next : address;
    return {
      status: 200,
      headers: address === undefined ? {} : { link: `<${address}>; rel="next"` },
      text: `{"next":${JSON.stringify(named ?? null)},"events":[${rows.slice(from, until).join(',\n')}]}`,
    };
  };
}

interface Step {
  readonly count: number;
  readonly late: number;
  readonly minutes: number;
  readonly fault: 'none' | 'lost' | 'broken' | 'busy' | 'kill' | 'kill after';
  readonly at: number;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    count: fc.nat({ max: 9 }),
    late: fc.integer({ min: 0, max: 5 }),
    minutes: fc.nat({ max: 30 }),
    fault: fc.constantFrom('none', 'lost', 'broken', 'busy', 'kill', 'kill after'),
    at: fc.nat({ max: 20 }),
  }),
  { maxLength: 12 },
);

const lost = (): Problem => new Problem(exit.unavailable, 'the connection broke', { again: {} });
const never = (): Promise<never> => new Promise(() => {});

async function play(definition: SourceDefinition, paging: Paging, history: readonly Step[]): Promise<void> {
  const clock = { now: start };
  const records: StoredRecord[] = [];
  const taken: string[] = [];
  const { disk } = memoryStore();
  const vendor = pagedVendor(records, () => clock.now);
  let begin: number | undefined;
  let repeats = 0;

  const lacking = (before: number): string[] => {
    const there = new Set(taken);
    const isDue = ({ time, visible }: StoredRecord): boolean =>
      Math.max(time, visible) < before && time >= (begin ?? before);
    return records.filter((record) => isDue(record) && !there.has(record.text)).map(({ id }) => id);
  };

  /** Whether it ended without a problem. */
  async function pull({ fault, at }: Pick<Step, 'fault' | 'at'>): Promise<boolean> {
    let left = at;
    let isDead = false;
    let die: (how: 'killed') => void = () => {};
    const killed = new Promise<'killed'>((resolve) => void (die = resolve));
    /** Does what has an effect outside, or part of it. */
    async function effect<T>(act: () => T | Promise<T>): Promise<T> {
      if (isDead) return never();
      const isHere = left-- === 0;
      const result = isHere && fault === 'kill' ? undefined : await act();
      if (isHere && fault.startsWith('kill')) {
        isDead = true;
        die('killed');
      }
      return isDead || result === undefined ? (isDead ? never() : (undefined as T)) : result;
    }
    const tools = fakeTools(clock);
    const http = (base: string) =>
      memoryHttp(base, clock, (url) =>
        effect(() => {
          clock.now += 70;
          if (paging === 'none') url.searchParams.set('bare', '');
          if (paging === 'cursor') url.searchParams.set('named', '');
          const isHere = left === -1;
          if (isHere && fault === 'lost') throw lost();
          if (isHere && fault === 'busy') return { status: 503, text: '{}' };
          return isHere && fault === 'broken' ? { ...vendor(url), breaks: lost() } : vendor(url);
        }),
      );
    const sink = memorySink({ records: batch });
    const { send } = sink;
    sink.send = (sent) =>
      effect(async () => {
        const isHere = left === -1 && (fault === 'lost' || fault === 'busy');
        const reply = isHere && fault === 'busy' ? { again: 'busy' } : await send(sent);
        taken.push(...sink.taken.splice(0));
        if (isHere && fault === 'lost') throw lost();
        return reply;
      });
    const store = memoryStore(disk);
    const { save, journal } = store;
    store.save = (position) => effect(() => save(position));
    store.journal = (branch, lines, saved) => effect(() => journal(branch, lines, saved));
    const source = restSource(definition, {}, memoryJob.search, { ...tools, http });
    const job = { ...memoryJob, firstRun: undefined };
    const scope = { source: 'acme', sink: 'memory' };
    const began = clock.now;
    begin ??= began - firstRun;
    const ended = run({ job, source, sink, store, scope, quarantine: memoryQuarantine(), tools });
    const result = await Promise.race([ended, killed]);
    if (result === 'killed' || fault === 'lost') repeats += 1;
    if (disk.saved === undefined) begin = undefined;
    if (result === 'killed' || result.problems.length > 0) return false;
    assert.deepEqual(lacking(Math.floor(began / 1000) * 1000), [], 'all that was there is delivered');
    return true;
  }

  for (const { count, late, minutes, fault, at } of history) {
    for (let index = 0; index < count; index++) {
      const time = clock.now - index * 7919;
      const visible = Math.max(clock.now, time + late * minute);
      if (visible - time <= overlap) records.push(stored(`r${records.length}`, time, visible));
    }
    clock.now += minutes * minute;
    await pull({ fault, at });
  }
  clock.now += overlap + minute;
  assert.ok(await pull({ fault: 'none', at: 0 }), 'without a fault there is no problem');
  assert.deepEqual(lacking(Infinity), [], 'nothing is lost');
  const known = new Set(records.map(({ text }) => text));
  assert.deepEqual(
    taken.filter((text) => !known.has(text)),
    [],
    'nothing is altered',
  );
  const twice = taken.length - new Set(taken).size;
  assert.ok(twice <= repeats * batch, `${twice} repeats, allowed are ${repeats} batches`);
}

for (const paging of Object.keys(pagings) as Paging[]) {
  test(`after any history of failing requests and kills nothing of a vendor with paging ${paging} is lost or altered`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('epoch-s', 'iso-ms'),
        fc.constantFrom(undefined, '7m'),
        steps,
        async (time, longest, history) => play(definitionOf(paging, time, longest), paging, history),
      ),
      { numRuns: 60 },
    );
  });
}
