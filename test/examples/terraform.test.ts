import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { refusesOnce } from '../support/vendors/server.ts';
import { startTerraform } from '../support/vendors/terraform.ts';

const { definition, part, next, started, queries } = example('terraform', {
  secret: 'TERRAFORM_TOKEN',
  lateness: 50,
  newestFirst: true,
  apart: 1001,
  start: startTerraform,
  values: ({ origin }) => ({ TERRAFORM_URL: origin, TERRAFORM_TOKEN: 'organization-token' }),
  write: (template, number, time) =>
    template
      .replace('ID', `ae66e491-db59-457c-8445-${String(number).padStart(12, '0')}`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('terraform: the millisecond before the window goes with every page, and the number of the page with all but the first', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const since = '2026-11-20T07:59:59.999Z';
  assert.deepEqual(queries(vendor), [
    { since, 'page[size]': '10' },
    { since, 'page[size]': '10', 'page[number]': '2' },
    { since, 'page[size]': '10', 'page[number]': '3' },
  ]);
});

test('terraform: what happens between two pages shifts them, and nothing is lost or delivered twice', async (t) => {
  const { vendor, texts, values } = await started(t, 2500);
  const job = exampleJob(definition, values);
  const meanwhile = [1, 2, 3].map((number) => next(start + number));
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
});

test('terraform: a pause that is longer than the fortnight that HCP Terraform keeps is reported as a gap', async (t) => {
  let now = start;
  const { values } = await started(t, 1, { now: () => now });
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  now += 20 * day;
  const { problems } = await job.run(now);
  assert.match(problems[0]?.message ?? '', /from 2026-11-20T09:00:00Z to 2026-11-26T09:00:00Z are gone/);
});

test('terraform: the wait after 429 may be less than a second', async (t) => {
  const { vendor, values } = await started(t, 1);
  const headers = { 'X-RateLimit-Limit': '30', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '0.539' };
  vendor.fault = refusesOnce(429, '{"errors":[{"status":"429","title":"too many requests"}]}', headers);
  const tools = sourceTools(start);
  assert.equal((await pullOnce(definition, values, { part, tools })).records.length, 1);
  assert.deepEqual(tools.waits, [539]);
});
