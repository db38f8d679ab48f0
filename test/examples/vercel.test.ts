import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import type { Vendor } from '../support/vendors/server.ts';
import { startVercel } from '../support/vendors/vercel.ts';

const vercel = exampleDefinition('vercel');
const templates = exampleLines('vercel');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const part = { slice: { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n } };
const values = (vendor: Vendor) => ({ VERCEL_URL: vendor.origin, VERCEL_TOKEN: 'token', VERCEL_TEAM_ID: 'team_1' });
const event = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '')
    .replace('"ID"', `"uev_${String(number).padStart(6, '0')}"`)
    .replace('TIME', String(time));
const asked = (vendor: Vendor) => vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams);

async function started(times: readonly number[]) {
  const vendor = await startVercel({ now: () => start });
  const texts = times.map((time, number) => event(number, time));
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

conforms('vercel', {
  definition: vercel,
  secret: 'VERCEL_TOKEN',
  limit: 10,
  repeats: true,
  async start() {
    const vendor = await started(Array.from({ length: 25 }, (_, number) => start - 1000 - number * 1000));
    return { ...vendor, part, asksRecords: () => true };
  },
});

exampleRuns('vercel', {
  secret: 'VERCEL_TOKEN',
  async start() {
    const vendor = await startVercel();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map(() => event(number++, Date.now() - ago));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('vercel: later pages end at the oldest event, with everything else as before', async (t: TestContext) => {
  const { vendor, values: settings } = await started([1, 2, 3].map((seconds) => start - seconds * 1000));
  t.after(() => vendor.close());
  await pullOnce(vercel, settings, { part, search: { limit: 2 } });
  const query = { teamId: 'team_1', since: '1795161600000', limit: '2', withPayload: 'true' };
  assert.deepEqual(
    asked(vendor).map((each) => Object.fromEntries(each)),
    [start, start - 2000, start - 3000].map((until) => ({ ...query, until: String(until) })),
  );
});

test('vercel: events of one millisecond on both sides of a page all come, and once', async (t: TestContext) => {
  const times = [1, 2, 2, 2, 3].map((seconds) => start - seconds * 1000);
  const { vendor, texts, values: settings } = await started(times);
  t.after(() => vendor.close());
  const { records } = await pullOnce(vercel, settings, { part, search: { limit: 4 } });
  assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
  const job = exampleJob(vercel, settings);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

test('vercel: more events of one millisecond than a page holds are an error, and no end', async (t: TestContext) => {
  const { vendor, values: settings } = await started([1, 2, 2, 2, 2, 2].map((seconds) => start - seconds * 1000));
  t.after(() => vendor.close());
  await assert.rejects(
    pullOnce(vercel, settings, { part, search: { limit: 3 } }),
    (error) => error instanceof Problem && error.status === exit.protocol && /same createdAt/.test(error.message),
  );
});

test('vercel: types go in one parameter, on every page', async (t: TestContext) => {
  const { vendor, values: settings } = await started([1, 2, 3, 4, 5].map((seconds) => start - seconds * 1000));
  t.after(() => vendor.close());
  await pullOnce(vercel, settings, { part, search: { limit: 2, categories: ['login', 'domain-buy'] } });
  assert.ok(vendor.requests.length > 1);
  for (const query of asked(vendor)) assert.deepEqual(query.getAll('types'), ['login,domain-buy']);
});

test('vercel: without a team, the events are those of the user', async (t: TestContext) => {
  const { vendor, values: settings } = await started([]);
  t.after(() => vendor.close());
  await pullOnce(vercel, { ...settings, VERCEL_TEAM_ID: '' }, { part });
  assert.equal(asked(vendor)[0]?.has('teamId'), false);
});
