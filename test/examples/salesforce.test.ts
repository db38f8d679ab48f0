import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startSalesforce, type Salesforce, type SalesforceOptions } from '../support/vendors/salesforce.ts';
import { sendJson } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, record, started } = example('salesforce', {
  secret: 'SALESFORCE_CLIENT_SECRET',
  tokens: 'bound',
  lateness: 700,
  // Two in a second.
  ago: (index, count) => (count - (index >> 1)) * 1000,
  start: (options: SalesforceOptions) => startSalesforce({ perPage: 10, ...options }),
  values: ({ origin }) => ({
    SALESFORCE_URL: origin,
    SALESFORCE_CLIENT_ID: 'client',
    SALESFORCE_CLIENT_SECRET: 'secret',
    SALESFORCE_API_VERSION: 'v62.0',
  }),
  // In whole seconds, and with an offset without a colon.
  write: (template, number, time) =>
    template
      .replaceAll('ID"', `0YmXx${String(number).padStart(10, '0')}EAA"`)
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}.000+0000`),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.includes('/query'),
});

const asked = ({ requests, origin }: Salesforce) =>
  requests.flatMap(({ target }) => (target.includes('/query') ? [new URL(target, origin)] : []));

test('salesforce: the window is in the query, in whole seconds, and a later page is asked for by its locator alone', async (t) => {
  const { vendor, values } = await started(t, 12);
  const odd = { from: part.slice.from + 1_500_000_000n, until: part.slice.until - 1n };
  const { records } = await pullOnce(definition, values, { part: { slice: odd } });
  assert.equal(records.length, 12);
  const [first, second, ...more] = asked(vendor);
  assert.match(
    first?.searchParams.get('q') ?? '',
    / WHERE CreatedDate >= 2026-11-20T08:00:01Z AND CreatedDate < 2026-11-20T09:00:00Z ORDER BY CreatedDate$/,
  );
  assert.match(`${second?.pathname}${second?.search}`, /^\/services\/data\/v62\.0\/query\/01g\w+-10$/);
  assert.deepEqual(more, []);
});

test('salesforce: --raw-query narrows the window, and an invalid query is refused in the words of Salesforce', async (t) => {
  const { texts, values } = await started(t, 6);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { rawQuery: "Action = 'PermSetCreate'" },
  });
  assert.deepEqual(
    textsOf(records),
    texts.filter((_, number) => number % 2 === 0),
  );
  await assert.rejects(
    pullOnce(definition, values, { part, search: { rawQuery: 'Action is' } }),
    /HTTP 400\): unexpected token/,
  );
});

test('salesforce: fewer entries than it says there are is an error', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = ({ target }, response) => {
    if (!target.includes('/query')) return false;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`{"totalSize":2,"done":true,"records":[${record(0, start - minute)}]}`);
    return true;
  };
  await assert.rejects(pullOnce(definition, values, { part }), /announced 2 records .* gave 1/);
});

test('salesforce: a limit of requests that does not pass is 75, and nothing is said of credentials', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = ({ target }, response) => {
    if (!target.includes('/query')) return false;
    sendJson(response, 403, '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]');
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part }),
    problem(exit.tempfail, /limits the rate of page 1 \(HTTP 403\): TotalRequests Limit exceeded\./),
  );
});

test('salesforce: a query that took too long is asked again, and 69 if that lasts: it is not the query that is wrong', async (t) => {
  const { vendor, texts, values } = await started(t, 1);
  let failures = 1;
  vendor.fault = ({ target }, response) => {
    if (!target.includes('/query') || failures-- <= 0) return false;
    sendJson(response, 400, '[{"message":"Your query request was running for too long.","errorCode":"QUERY_TIMEOUT"}]');
    return true;
  };
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
  failures = Infinity;
  await assert.rejects(pullOnce(definition, values, { part }), (error) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.status, exit.unavailable);
    assert.match(error.message, /failed on page 1 \(HTTP 400\): Your query request was running for too long\.$/);
    assert.doesNotMatch(error.hint ?? '', /check/);
    return true;
  });
});

test('salesforce: a session that ends between two pages takes the query along, which is sent again in a new one', async (t) => {
  const { vendor, texts, values } = await started(t, 25);
  let isOpen = true;
  vendor.fault = ({ target }) => {
    if (isOpen && /\/query\/01g\w+-20$/.test(target)) {
      isOpen = false;
      vendor.grants.revoke();
    }
    return false;
  };
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual([...new Set(textsOf(records))], texts);
  const begun = asked(vendor).filter(({ searchParams }) => searchParams.has('q'));
  assert.equal(begun.length, 2);
  assert.equal(vendor.grants.granted(), 2);
});

test('salesforce: a query locator that Salesforce no longer knows means sending the query again', async (t) => {
  const { vendor, texts, values } = await started(t, 25);
  let isKnown = true;
  vendor.fault = ({ target }, response) => {
    if (!isKnown || !/\/query\/01g\w+-20$/.test(target)) return false;
    isKnown = false;
    sendJson(response, 400, '[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]');
    return true;
  };
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual([...new Set(textsOf(records))], texts);
});

test('salesforce: entries of the second in which a run ended, and late ones, are found, and found once', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const texts = [record(0, start - 1000)];
  vendor.add(...texts);
  const job = exampleJob(definition, values);
  await job.run((now += 300));
  await job.run((now += 10 * minute));
  const late = [record(1, start - 1000), record(2, start), record(3, start - 4 * minute)];
  vendor.add(...late);
  for (const _ of [1, 2]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken.toSorted(), [...texts, ...late].toSorted());
});

test('salesforce: what a deployment changed before its tests ran for hours is delivered once it is there, by one query a run', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const texts: string[] = [];
  const run = async (after: number, ...more: readonly string[]) => {
    now = start + after * minute;
    vendor.add(...more);
    texts.push(...more);
    assert.deepEqual((await job.run(now)).problems, []);
  };
  for (const after of [0, 10, 20, 200, 210]) await run(after, record(after, start + (after - 1) * minute));
  await run(260, record(1, start + 12 * minute), record(2, start + 14 * minute));
  await run(265);
  assert.deepEqual(job.taken, texts);
  assert.equal(asked(vendor).length, 7);
});
