/** What a pause costs where the API shows the last hour, and nothing but its own token leads further back. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Job, Window } from '../../src/core/types.ts';
import { restSource } from '../../src/core/rest.ts';
import { run, type RunResult } from '../../src/run.ts';
import { cirrus } from '../../src/sources/cirrus.ts';
import { memoryJob, memorySink } from '../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../support/memory-store.ts';
import { noSearch, sourceTools } from '../support/source-tools.ts';
import { startCirrus, type Cirrus } from '../support/vendors/cirrus.ts';

const start = Date.UTC(2026, 10, 20, 9);
const hour = 3_600_000;
const orgUrl = 'http://www.institution.edu';

interface Institution {
  readonly vendor: Cirrus;
  readonly warnings: string[];
  now: number;
  run(job?: Partial<Job>): Promise<RunResult>;
}

async function institution(context: TestContext): Promise<Institution> {
  const vendor = await startCirrus({ now: () => here.now });
  context.after(() => vendor.close());
  const { disk } = memoryStore();
  const here: Institution = {
    vendor,
    warnings: [],
    now: start,
    run(job = {}) {
      const tools = { ...sourceTools(here.now), warn: (message: string) => void here.warnings.push(message) };
      const values = { CIRRUS_URL: vendor.url, CIRRUS_API_KEY: 'key', CIRRUS_API_SECRET: 'secret' };
      return run({
        job: { ...memoryJob, ...job },
        source: restSource(cirrus, { ...values, CIRRUS_ORG_URL: orgUrl }, noSearch, tools),
        sink: memorySink(),
        store: memoryStore(disk),
        scope: { source: 'cirrus', sink: 'memory' },
        quarantine: memoryQuarantine(),
        tools,
      });
    },
  };
  return here;
}

function event(at: number): string {
  return `{"logType":"cas","timeStampISO":"${new Date(at).toISOString()}"}`;
}

const gapsOf = ({ summary }: RunResult): readonly Window[] => summary.gaps;
const statuses = ({ problems }: RunResult): number[] => problems.map(({ status }) => status);
const instant = (at: number): bigint => BigInt(at) * 1_000_000n;

test('a longer pause after runs that found nothing is a gap: there was no token to go on from', async (context) => {
  const here = await institution(context);
  const first = await here.run();
  assert.deepEqual([statuses(first), gapsOf(first)], [[], []], 'nothing was promised before the first run');

  here.now += hour / 2;
  assert.deepEqual(statuses(await here.run()), [], 'its API still shows all of it');

  here.now += 4 * hour;
  here.vendor.add([event(here.now)]);
  const late = await here.run();
  assert.equal(late.summary.delivered, 1);
  assert.deepEqual(statuses(late), [3]);
  assert.deepEqual(gapsOf(late), [{ from: instant(start + hour / 2), until: instant(start + 3.5 * hour) }]);

  here.now += 4 * hour;
  assert.deepEqual(statuses(await here.run()), [], 'with a token, no pause is too long');
});

test('a longer pause is a gap even when nothing has happened since', async (context) => {
  const here = await institution(context);
  await here.run();
  here.now += 4 * hour;
  assert.deepEqual(statuses(await here.run()), [3]);
});

test('a gap is reported although the run fails later on: the next one goes on from a token', async (context) => {
  const here = await institution(context);
  await here.run();
  here.now += 4 * hour;
  here.vendor.add(Array.from({ length: 1000 }, (_, index) => event(here.now - index)));
  here.vendor.fault = ({ target }, response) => {
    if (!target.includes('nextToken')) return false;
    response.writeHead(403).end();
    return true;
  };
  assert.deepEqual(statuses(await here.run()), [77, 3]);
  here.vendor.fault = undefined;
  assert.deepEqual(statuses(await here.run()), []);
});

test('what --until leaves out of a run that keeps its position is still to come', async (context) => {
  const here = await institution(context);
  here.vendor.add([event(start - 50_000), event(start - 40_000), event(start - 30_000)]);
  const first = await here.run({ until: instant(start - 35_000) });
  assert.deepEqual([statuses(first), first.summary.delivered], [[], 2]);
  here.now += hour / 2;
  const second = await here.run();
  assert.deepEqual([statuses(second), second.summary.delivered], [[], 1]);
});
