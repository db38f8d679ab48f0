import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { day, example, minute, start, windowTo } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startPagerDuty } from '../support/vendors/pagerduty.ts';
import { refusesOnce, sendJson } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, asked } = example('pagerduty', {
  secret: 'PAGERDUTY_KEY',
  lateness: 50,
  newestFirst: true,
  apart: 1001,
  start: startPagerDuty,
  values: ({ origin }) => ({ PAGERDUTY_URL: origin, PAGERDUTY_KEY: 'key' }),
  write: (template, number, time) =>
    template.replace('ID', `PDRECORDID${number}_EXAMPLE`).replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('pagerduty: later pages name the same window as the first', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(
    asked(vendor).map((query) => [query.get('since'), query.get('until'), query.has('cursor')]),
    [false, true, true].map((cursor) => ['2026-11-20T07:59:59.999Z', '2026-11-20T09:00:00.000Z', cursor]),
  );
});

test('pagerduty: a job that was away for a quarter of a year catches up in windows of 31 days at most', async (t) => {
  let now = start - 99 * day;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const before = next(start - 100 * day);
  vendor.add(before);
  assert.deepEqual((await job.run(now)).problems, []);
  now = start;
  const since = [80, 50, 20, 1].map((days) => next(start - days * day));
  vendor.add(...since);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [before, ...since]);
});

test('pagerduty: a run that breaks off between two pages, newest first, loses nothing', async (t) => {
  const { vendor, texts, values } = await started(t, 250);
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
});

test('pagerduty: the wait after 429 is that of the header ratelimit-reset, in seconds', async (t) => {
  const { vendor, texts, values } = await started(t, 1);
  const headers = { 'ratelimit-limit': '960', 'ratelimit-remaining': '0', 'ratelimit-reset': '23' };
  vendor.fault = refusesOnce(429, '{"error":{"message":"Rate Limit Exceeded","code":2020}}', headers);
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.equal(records.length, texts.length);
  assert.deepEqual(tools.waits, [23_000]);
});

test('pagerduty: a request that PagerDuty does not accept is reported with its reason, not only its title', async (t) => {
  const { values } = await started(t, 1);
  const slice = windowTo(start, 31 * day + 60 * minute);
  await assert.rejects(
    pullOnce(definition, values, { part: { slice } }),
    problem(exit.protocol, /: until may not be more than 31 days after since/),
  );
});

test('pagerduty: categories and the action are compared by PagerDuty', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { categories: ['users', 'teams'], query: [['action', 'create']] },
  });
  const [query] = asked(vendor);
  assert.deepEqual(query?.getAll('root_resource_types[]'), ['users', 'teams']);
  assert.deepEqual(query?.getAll('actions[]'), ['create']);
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"create"')),
  );
});
