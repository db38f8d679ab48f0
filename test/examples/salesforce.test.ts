import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startSalesforce, type Salesforce } from '../support/vendors/salesforce.ts';
import { sendJson } from '../support/vendors/server.ts';

const definition = exampleDefinition('salesforce');
const templates = exampleLines('salesforce');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };

const values = ({ origin }: Salesforce) => ({
  SALESFORCE_URL: origin,
  SALESFORCE_CLIENT_ID: 'client',
  SALESFORCE_CLIENT_SECRET: 'secret',
  SALESFORCE_API_VERSION: 'v62.0',
});

/** In whole seconds, and with an offset without a colon. */
function entry(number: number, time: number): string {
  return (templates[number % templates.length] ?? '')
    .replaceAll('ID"', `0YmXx${String(number).padStart(10, '0')}EAA"`)
    .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}.000+0000`);
}

/** The oldest first, two in a second. */
async function started(count = 25, perPage = 10) {
  const vendor = await startSalesforce({ now: () => start, perPage });
  const times = Array.from({ length: count }, (_, number) => start - (count - (number >> 1)) * 1000);
  const texts = times.map((time, number) => entry(number, time));
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

const asked = ({ requests, origin }: Salesforce) =>
  requests.flatMap(({ target }) => (target.includes('/query') ? [new URL(target, origin)] : []));

conforms('salesforce', {
  definition,
  secret: 'SALESFORCE_CLIENT_SECRET',
  limit: 10,
  start: async () => ({
    ...(await started()),
    part: { slice },
    asksRecords: ({ target }) => target.includes('/query'),
  }),
});

exampleRuns('salesforce', {
  secret: 'SALESFORCE_CLIENT_SECRET',
  async start() {
    const vendor = await startSalesforce();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map(() => entry(number++, Date.now() - ago));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('salesforce: the window is in the query, in whole seconds, and a later page is asked for by its locator alone', async (t: TestContext) => {
  const { vendor, values: settings } = await started(12);
  t.after(() => vendor.close());
  const odd = { from: slice.from + 1_500_000_000n, until: slice.until - 1n };
  const { records } = await pullOnce(definition, settings, { part: { slice: odd } });
  assert.equal(records.length, 12);
  const [first, second, ...more] = asked(vendor);
  assert.match(
    first?.searchParams.get('q') ?? '',
    / WHERE CreatedDate >= 2026-11-20T08:00:01Z AND CreatedDate < 2026-11-20T09:00:00Z ORDER BY CreatedDate$/,
  );
  assert.match(`${second?.pathname}${second?.search}`, /^\/services\/data\/v62\.0\/query\/01g\w+-10$/);
  assert.deepEqual(more, []);
});

test('salesforce: --raw-query narrows the window, and a query that is none is refused in the words of Salesforce', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(6);
  t.after(() => vendor.close());
  const part = { slice };
  const { records } = await pullOnce(definition, settings, {
    part,
    search: { rawQuery: "Action = 'PermSetCreate'" },
  });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((_, number) => number % 2 === 0),
  );
  await assert.rejects(
    pullOnce(definition, settings, { part, search: { rawQuery: 'Action is' } }),
    /HTTP 400\): unexpected token/,
  );
});

test('salesforce: a session that ends between two pages is replaced, and nothing is lost', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  let pages = 0;
  vendor.fault = ({ target }) => {
    if (target.includes('/query') && (pages += 1) === 2) vendor.grants.revoke();
    return false;
  };
  const { records } = await pullOnce(definition, settings, { part: { slice } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
  assert.equal(vendor.requests.filter(({ method }) => method === 'POST').length, 2);
});

test('salesforce: fewer entries than it says there are is an error', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  vendor.fault = ({ target }, response) => {
    if (!target.includes('/query')) return false;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`{"totalSize":2,"done":true,"records":[${entry(0, start - minute)}]}`);
    return true;
  };
  await assert.rejects(pullOnce(definition, settings, { part: { slice } }), /announced 2 records .* gave 1/);
});

test('salesforce: a limit of requests that does not pass is 75, and nothing is said of credentials', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  vendor.fault = ({ target }, response) => {
    if (!target.includes('/query')) return false;
    sendJson(response, 403, '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]');
    return true;
  };
  await assert.rejects(pullOnce(definition, settings, { part: { slice } }), (error) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.status, exit.tempfail);
    assert.match(error.message, /limits the rate of page 1 \(HTTP 403\): TotalRequests Limit exceeded\./);
    return true;
  });
});

test('salesforce: entries of the second in which a run ended, and late ones, are found, and found once', async (t: TestContext) => {
  let now = start;
  const vendor = await startSalesforce({ now: () => now });
  t.after(() => vendor.close());
  const texts = [entry(0, start - 1000)];
  vendor.add(...texts);
  const job = exampleJob(definition, values(vendor));
  await job.run((now += 300));
  await job.run((now += 10 * minute));
  const late = [entry(1, start - 1000), entry(2, start), entry(3, start - 4 * minute)];
  vendor.add(...late);
  for (const _ of [1, 2]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken.toSorted(), [...texts, ...late].toSorted());
});
