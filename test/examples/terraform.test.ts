import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startTerraform, type Terraform } from '../support/vendors/terraform.ts';

const definition = exampleDefinition('terraform');
const templates = exampleLines('terraform');
const dayLong = 86_400_000;
const start = Date.parse('2026-11-20T00:00:00Z');
const day = { from: BigInt(start - dayLong) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { slice: day };

let serial = 0;

function written(time: number): string {
  const id = `ae66e491-db59-457c-8445-${String(serial).padStart(12, '0')}`;
  const shown = new Date(time).toISOString();
  return (templates[serial++ % templates.length] ?? '').replace('ID', id).replace('TIME', shown);
}

/** Newest first, as HCP Terraform answers. */
async function started(count = 25, now = () => start) {
  const vendor = await startTerraform({ now });
  const times = Array.from({ length: count }, (_, number) => start - (number + 1) * 1001);
  const texts = times.map(written);
  vendor.add(...texts);
  return { vendor, texts, times, values: valuesFor(vendor) };
}

function valuesFor({ origin }: Terraform) {
  return { TERRAFORM_URL: origin, TERRAFORM_TOKEN: 'organization-token' };
}

conforms('terraform', {
  definition,
  secret: 'TERRAFORM_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('terraform', {
  secret: 'TERRAFORM_TOKEN',
  async start() {
    const vendor = await startTerraform();
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

test('the beginning of the window goes with every page, and the number of the page with all but the first', async () => {
  const { vendor, values } = await started();
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const queries = vendor.requests.map(({ target }) => Object.fromEntries(new URL(target, vendor.origin).searchParams));
  const since = '2026-11-19T00:00:00.000Z';
  assert.deepEqual(queries, [
    { since, 'page[size]': '10' },
    { since, 'page[size]': '10', 'page[number]': '2' },
    { since, 'page[size]': '10', 'page[number]': '3' },
  ]);
  await vendor.close();
});

test('what happens between two pages shifts them, and nothing is lost or delivered twice', async () => {
  const { vendor, texts, values } = await started(2500);
  const job = exampleJob(definition, values);
  const meanwhile = [1, 2, 3].map((number) => written(start + number));
  let asked = 0;
  vendor.fault = () => {
    if (asked++ === 1) vendor.add(...meanwhile);
    return false;
  };
  assert.deepEqual((await job.run(start)).problems, []);
  assert.equal(job.taken.length, texts.length);
  assert.deepEqual(new Set(job.taken), new Set(texts));
  assert.deepEqual((await job.run(start + 60_000)).problems, []);
  assert.deepEqual(job.taken.slice(texts.length).toSorted(), meanwhile.toSorted());
  await vendor.close();
});

test('a pause that is longer than the fortnight that HCP Terraform keeps is told as a gap', async () => {
  let now = start;
  const { vendor, values } = await started(1, () => now);
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  now += 20 * dayLong;
  const { problems } = await job.run(now);
  assert.match(problems[0]?.message ?? '', /from 2026-11-20T00:00:00Z to 2026-11-26T00:00:00Z are gone/);
  await vendor.close();
});

test('the wait after 429 may be less than a second', async () => {
  const { vendor, values } = await started(1);
  let asked = 0;
  vendor.fault = (_, response) => {
    if (asked++ > 0) return false;
    const headers = { 'X-RateLimit-Limit': '30', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '0.539' };
    sendJson(response, 429, '{"errors":[{"status":"429","title":"too many requests"}]}', headers);
    return true;
  };
  const tools = sourceTools(start);
  assert.equal((await pullOnce(definition, values, { part, tools })).records.length, 1);
  assert.deepEqual(tools.waits, [539]);
  await vendor.close();
});
