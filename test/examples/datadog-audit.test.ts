import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startDatadogAudit, type DatadogAudit } from '../support/vendors/datadog-audit.ts';
import { sendJson } from '../support/vendors/server.ts';

const definition = exampleDefinition('datadog-audit');
const templates = exampleLines('datadog-audit');
const start = Date.parse('2026-11-20T00:00:00Z');
const day = { from: BigInt(start - 86_400_000) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { slice: day };

let serial = 0;

function written(time: number): string {
  const id = `AQAAAX${String(serial).padStart(6, '0')}EXAMPLE==`;
  const shown = new Date(time).toISOString();
  return (templates[serial++ % templates.length] ?? '').replace('ID', id).replace('TIME', shown);
}

async function started(count = 25) {
  const vendor = await startDatadogAudit({ now: () => start });
  const times = Array.from({ length: count }, (_, number) => start - (count - number) * 1001);
  const texts = times.map(written);
  vendor.add(...texts);
  return { vendor, texts, times, values: valuesFor(vendor) };
}

function valuesFor({ origin }: DatadogAudit) {
  return {
    DATADOG_AUDIT_URL: origin,
    DATADOG_AUDIT_API_KEY: 'api-key',
    DATADOG_AUDIT_APPLICATION_KEY: 'application-key',
  };
}

conforms('datadog-audit', {
  definition,
  secret: 'DATADOG_AUDIT_APPLICATION_KEY',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('datadog-audit', {
  secret: 'DATADOG_AUDIT_API_KEY',
  async start() {
    const vendor = await startDatadogAudit();
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

test('pages are followed until one has no events, also when its list is null', async () => {
  const { vendor, texts, values } = await started(20);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual([records.length, vendor.requests.length], [texts.length, 3]);
  const query = new URL(vendor.requests[2]?.target ?? '', vendor.origin).searchParams;
  const { 'page[cursor]': cursor, ...rest } = Object.fromEntries(query);
  assert.ok(cursor !== undefined);
  assert.deepEqual(rest, {
    'filter[from]': '2026-11-19T00:00:00.000Z',
    'filter[to]': '2026-11-20T00:00:00.000Z',
    sort: 'timestamp',
    'page[limit]': '10',
  });
  await vendor.close();
});

test('a search that ran out of time is no end, although it is HTTP 200: the next run asks again', async () => {
  const { vendor, texts, values } = await started(4);
  const job = exampleJob(definition, values);
  vendor.fault = (_, response) => {
    sendJson(response, 200, `{"data":[${texts[0]}],"meta":{"status":"timeout"}}`);
    return true;
  };
  const { problems } = await job.run(start);
  assert.equal(problems[0]?.status, exit.protocol);
  vendor.fault = undefined;
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  await vendor.close();
});

test('a week is read day by day, and each day is saved', async () => {
  const { vendor, values } = await started(0);
  const job = exampleJob(definition, values);
  const texts = [6.5, 3.5, 0.5].map((days) => written(start - days * 86_400_000));
  vendor.add(...texts);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
  const windows = vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams.get('filter[from]'));
  assert.equal(new Set(windows).size, 7);
  await vendor.close();
});

test('the wait after 429 is that of X-RateLimit-Reset, in seconds, however long its period is', async () => {
  const { vendor, values } = await started(1);
  let asked = 0;
  vendor.fault = (_, response) => {
    if (asked++ > 0) return false;
    const headers = { 'X-RateLimit-Limit': '300', 'X-RateLimit-Period': '3600', 'X-RateLimit-Remaining': '0' };
    sendJson(response, 429, '{"errors":["Too many requests"]}', { ...headers, 'X-RateLimit-Reset': '41' });
    return true;
  };
  const tools = sourceTools(start);
  assert.equal((await pullOnce(definition, values, { part, tools })).records.length, 1);
  assert.deepEqual(tools.waits, [41_000]);
  await vendor.close();
});

test('--query and --raw-query reach Datadog in its language, the first beside an "or" of the second', async () => {
  const { vendor, texts, values } = await started(6);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { rawQuery: '@evt.name:"Monitor"', query: [['user', 'zoe@example.com']] },
  });
  const query = new URL(vendor.requests[0]?.target ?? '', vendor.origin).searchParams;
  assert.equal(query.get('filter[query]'), '(@evt.name:"Monitor") AND @usr.email:"zoe@example.com"');
  assert.deepEqual(
    records.map((record) => record.text),
    texts.filter((text) => text.includes('zoe@')),
  );
  await vendor.close();
});

test('a key without the permission is refused, in the words of Datadog', async () => {
  const { vendor, values } = await started(1);
  await assert.rejects(
    pullOnce(definition, { ...values, DATADOG_AUDIT_API_KEY: 'other' }, { part }),
    (error) => error instanceof Problem && error.status === exit.noperm && /: Forbidden/.test(error.message),
  );
  await vendor.close();
});
