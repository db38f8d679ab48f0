import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startPagerDuty, type PagerDuty } from '../support/vendors/pagerduty.ts';
import { sendJson } from '../support/vendors/server.ts';

const definition = exampleDefinition('pagerduty');
const templates = exampleLines('pagerduty');
const dayLong = 86_400_000;
const start = Date.parse('2026-11-20T00:00:00Z');
const day = { from: BigInt(start - dayLong) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { slice: day };

let serial = 0;

function written(time: number): string {
  const id = `PDRECORDID${serial}_EXAMPLE`;
  const shown = new Date(time).toISOString();
  return (templates[serial++ % templates.length] ?? '').replace('ID', id).replace('TIME', shown);
}

/** Newest first, as PagerDuty answers. */
async function started(count = 25, now = () => start) {
  const vendor = await startPagerDuty({ now });
  const times = Array.from({ length: count }, (_, number) => start - (number + 1) * 1001);
  const texts = times.map(written);
  vendor.add(...texts);
  return { vendor, texts, times, values: valuesFor(vendor) };
}

function valuesFor({ origin }: PagerDuty) {
  return { PAGERDUTY_URL: origin, PAGERDUTY_KEY: 'key' };
}

const queries = ({ requests, origin }: PagerDuty) => requests.map(({ target }) => new URL(target, origin).searchParams);

conforms('pagerduty', {
  definition,
  secret: 'PAGERDUTY_KEY',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('pagerduty', {
  secret: 'PAGERDUTY_KEY',
  async start() {
    const vendor = await startPagerDuty();
    return {
      vendor,
      environment: valuesFor(vendor),
      add(ago) {
        const texts = [ago, ago].map((each) => written(Date.now() - each));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('later pages name the same window as the first', async () => {
  const { vendor, values } = await started();
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(
    queries(vendor).map((query) => [query.get('since'), query.get('until'), query.has('cursor')]),
    [false, true, true].map((cursor) => ['2026-11-19T00:00:00.000Z', '2026-11-20T00:00:00.000Z', cursor]),
  );
  await vendor.close();
});

test('a job that was away for a quarter of a year catches up in windows of 31 days at most', async () => {
  let now = start - 99 * dayLong;
  const { vendor, values } = await started(0, () => now);
  const job = exampleJob(definition, values);
  const before = written(start - 100 * dayLong);
  vendor.add(before);
  assert.deepEqual((await job.run(now)).problems, []);
  now = start;
  const since = [80, 50, 20, 1].map((days) => written(start - days * dayLong));
  vendor.add(...since);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [before, ...since]);
  await vendor.close();
});

test('a run that breaks off between two pages, newest first, loses nothing', async () => {
  const { vendor, texts, values } = await started(250);
  const job = exampleJob(definition, values);
  let asked = 0;
  vendor.fault = (_, response) => {
    if (asked++ < 2) return false;
    sendJson(response, 403, '{}');
    return true;
  };
  assert.equal((await job.run(start)).problems[0]?.status, exit.noperm);
  vendor.fault = undefined;
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(new Set(job.taken), new Set(texts));
  assert.equal(job.taken.length, texts.length);
  await vendor.close();
});

test('the wait after 429 is that of the header ratelimit-reset, in seconds', async () => {
  const { vendor, texts, values } = await started(1);
  let asked = 0;
  vendor.fault = (_, response) => {
    if (asked++ > 0) return false;
    const headers = { 'ratelimit-limit': '960', 'ratelimit-remaining': '0', 'ratelimit-reset': '23' };
    sendJson(response, 429, '{"error":{"message":"Rate Limit Exceeded","code":2020}}', headers);
    return true;
  };
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.equal(records.length, texts.length);
  assert.deepEqual(tools.waits, [23_000]);
  await vendor.close();
});

test('a request that PagerDuty does not accept is told with its reason, not only its title', async () => {
  const { vendor, values } = await started(1);
  const slice = { ...day, from: day.from - 31n * 86_400_000_000_000n };
  await assert.rejects(
    pullOnce(definition, values, { part: { slice } }),
    (error) => error instanceof Problem && /: until may not be more than 31 days after since/.test(error.message),
  );
  await vendor.close();
});

test('categories and the action are compared by PagerDuty', async () => {
  const { vendor, texts, values } = await started(4);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { categories: ['users', 'teams'], query: [['action', 'create']] },
  });
  const [query] = queries(vendor);
  assert.deepEqual(query?.getAll('root_resource_types[]'), ['users', 'teams']);
  assert.deepEqual(query?.getAll('actions[]'), ['create']);
  assert.deepEqual(
    records.map((record) => record.text),
    texts.filter((text) => text.includes('"create"')),
  );
  await vendor.close();
});
