import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startMonday } from '../support/vendors/monday.ts';

const { definition, part, next, started, queries } = example('monday', {
  secret: 'MONDAY_TOKEN',
  lateness: 10,
  late: 3 * minute,
  twins: true,
  newestFirst: true,
  start: startMonday,
  values: ({ origin }) => ({ MONDAY_URL: origin, MONDAY_TOKEN: 'token' }),
  // In whole seconds.
  write: (template, number, time) =>
    template
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`)
      .replace('"number":0', `"number":${number}`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('monday: the bounds are JSON in one parameter, from the second before, and pages are named', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const filters = '{"start_time":"2026-11-20T07:59:59Z","end_time":"2026-11-20T09:00:00Z"}';
  assert.deepEqual(
    queries(vendor),
    ['1', '2'].map((page) => ({ filters, page, per_page: '10' })),
  );
});

test('monday: what shows up while pages are read is left to settle, and no other event comes twice for it', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  for (let index = 0; index < 2500; index++) vendor.add(next(start - 3 * minute - index * 1000));
  vendor.fault = () => {
    vendor.add(next(now));
    return false;
  };
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += minute))).problems, []);
  vendor.fault = undefined;
  assert.deepEqual((await job.run((now += 5 * minute))).problems, []);
  assert.equal(new Set(job.taken).size, job.taken.length);
  const { records } = await pullOnce(definition, values, {
    part: { slice: { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(now - 3 * minute) * 1_000_000n } },
  });
  assert.deepEqual(job.taken.toSorted(), textsOf(records).toSorted());
});

test('monday: what is wrong is told in its words', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, MONDAY_URL: `${values.MONDAY_URL}/wrong` }, { part }),
    (error) => error instanceof Problem && /Not found/.test(error.message),
  );
});

test('monday: events and users are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['login'], query: [['user', '4711']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"login"')),
  );
});
