/** A vendor that tells and takes the time of its own clock, run after run, while that clock is changed. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { Tools } from '../../../src/core/tools.ts';
import type { Job } from '../../../src/core/types.ts';
import { run } from '../../../src/run.ts';
import { memoryJob, memorySink } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';
import { noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';
import { hour, meanings, shown } from '../../support/wall-clock.ts';

const minute = 60_000;

type Spelled = { readonly format: unknown; readonly zone: string };

interface Acme {
  readonly zone: string;
  /** How many characters of 2026-11-01 01:30:00 the vendor writes. */
  readonly length: number;
  /** What it takes {from} and {until} for: moments, the first or the last that they can be; or texts like its own. */
  readonly takes: 'first' | 'last' | 'text';
  readonly time: Spelled;
  /** Records tell no time. */
  readonly undated?: boolean;
}

interface Scene {
  readonly clock: { now: number };
  /** When records happened, by ID. */
  readonly records: Map<string, number>;
  run(job?: Partial<Job>): Promise<void>;
  delivered(): string[];
}

async function scene(context: TestContext, acme: Acme, start: number): Promise<Scene> {
  const clock = { now: start };
  const records = new Map<string, number>();
  const texts = new Map<string, string>();
  const textOf = (id: string, time: number): string => {
    const text = texts.get(id) ?? shown(acme.zone, time).slice(0, acme.length);
    texts.set(id, text);
    return text;
  };

  function isIn(time: number, text: string, from: string, until: string): boolean {
    if (acme.takes === 'text') return text >= from && text < until;
    const choose = acme.takes === 'first' ? Math.min : Math.max;
    return time >= choose(...meanings(acme.zone, from)) && time < choose(...meanings(acme.zone, until));
  }

  const server = await serve({ now: () => clock.now }, ({ target }, response) => {
    const { searchParams } = new URL(target, 'http://acme');
    const [from = '', until = ''] = ['from', 'until'].map((name) => searchParams.get(name) ?? '');
    const found = [...records].filter(([id, time]) => time <= clock.now && isIn(time, textOf(id, time), from, until));
    const events = found.map(([id, time]) => (acme.undated ? { id } : { id, time: textOf(id, time) }));
    sendJson(response, 200, JSON.stringify({ events }));
  });
  context.after(() => server.close());
  const definition = parseDefinition(
    {
      name: 'acme',
      summary: 'Acme.',
      settings: { ACME_URL: { summary: 'Address.' } },
      url: '{ACME_URL}',
      auth: { type: 'none' },
      request: { path: '/', query: { from: '{from}', until: '{until}' } },
      paging: { type: 'none' },
      window: { filter: 'event', time: acme.time, overlap: '15m', firstRun: '10m' },
      records: {
        path: 'events',
        id: { paths: ['id'] },
        ...(acme.undated ? {} : { time: { path: 'time', ...acme.time } }),
      },
    },
    'acme.yaml',
  );
  const sink = memorySink();
  const store = memoryStore();
  const tools: Tools = { ...sourceTools(), now: () => clock.now };

  return {
    clock,
    records,
    async run(job = {}) {
      const { problems } = await run({
        job: { ...memoryJob, firstRun: undefined, ...job },
        source: restSource(definition, { ACME_URL: server.origin }, noSearch, tools),
        sink,
        store: job.usePosition === false ? undefined : store,
        scope: { source: 'acme', sink: 'memory' },
        quarantine: memoryQuarantine(),
        tools,
      });
      assert.deepEqual(problems, []);
    },
    delivered: () => sink.taken.map((text) => (JSON.parse(text) as { id: string }).id),
  };
}

const changes = [
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['America/Havana', '2026-11-01T05:00:00Z'],
] as const;

const spelled = [
  [19, (zone: string): Spelled => ({ format: 'sql', zone })],
  [16, (zone: string): Spelled => ({ format: { pattern: 'YYYY-MM-DD HH:mm' }, zone })],
  [10, (zone: string): Spelled => ({ format: 'date', zone })],
] as const;

for (const [zone, at] of changes) {
  for (const [length, time] of spelled) {
    for (const takes of ['first', 'last', 'text'] as const) {
      for (const undated of takes === 'text' ? [false, true] : [false]) {
        const what = `${undated ? 'undated records' : 'records'} in ${length} characters`;
        test(`${zone}, ${at.slice(0, 10)}: ${what}, taken as the ${takes}, come once each`, async (context) => {
          const turn = Date.parse(at);
          const here = await scene(context, { zone, length, takes, time: time(zone), undated }, turn - 1.5 * hour);
          for (let run = 0; here.clock.now < turn + 1.5 * hour; run += 1) {
            here.records.set(`r${run}`, here.clock.now - 90_500);
            await here.run();
            here.records.set(`late${run}`, here.clock.now - 3 * minute); // shows up after its window was read
            here.clock.now += 17 * minute;
          }
          await here.run();
          assert.deepEqual(here.delivered().sort(), [...here.records.keys()].sort());
        });
      }
    }
  }
}

test('bounds inside the hour that comes twice leave out nothing between them', async (context) => {
  const zone = 'America/New_York';
  const turn = Date.parse('2026-11-01T06:00:00Z');
  const here = await scene(
    context,
    { zone, length: 19, takes: 'last', time: { format: 'sql', zone } },
    turn + 3 * hour,
  );
  for (let at = -120; at <= 120; at += 10) here.records.set(`${at}`, turn + at * minute);
  const moment = (minutes: number): bigint => BigInt(turn + minutes * minute) * 1_000_000n;
  await here.run({ usePosition: false, since: moment(-30), until: moment(30) });
  const delivered = here.delivered().map(Number);
  for (let at = -30; at < 30; at += 10) assert.ok(delivered.includes(at), `${at} minutes`);
  assert.ok(
    delivered.every((at) => at >= -60 && at < 60),
    'nothing outside the doubtful hours',
  );
});

test('a day on which a record happened is not left out because it began before the window', async (context) => {
  const zone = 'UTC';
  const now = Date.parse('2026-11-20T15:00:00Z');
  const here = await scene(context, { zone, length: 10, takes: 'first', time: { format: 'date', zone } }, now);
  here.records.set('today', now - minute);
  await here.run();
  await here.run();
  assert.deepEqual(here.delivered(), ['today']);
});
