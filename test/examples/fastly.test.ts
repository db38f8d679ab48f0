import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startFastly } from '../support/vendors/fastly.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, queries, assertGapTold } = example('fastly', {
  secret: 'FASTLY_TOKEN',
  lateness: 10,
  start: startFastly,
  values: ({ origin }) => ({ FASTLY_URL: origin, FASTLY_TOKEN: 'secret' }),
  // In whole seconds.
  write: (template, number, time) =>
    template
      .replace('ID', String(number).padStart(22, '0'))
      .replace(/TIME/, `${new Date(time).toISOString().slice(0, 19)}Z`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('fastly: window, order and size go with every page, and the number of pages ends them', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, { ...values, FASTLY_CUSTOMER: 'x4xC' }, { part, search: { limit: 10 } });
  const query = {
    'filter[created_at][gte]': '2026-11-20T08:00:00Z',
    'filter[created_at][lt]': '2026-11-20T09:00:00Z',
    'filter[customer_id]': 'x4xC',
    sort: 'created_at',
    'page[size]': '10',
  };
  assert.deepEqual(
    queries(vendor),
    ['1', '2'].map((number) => ({ ...query, 'page[number]': number })),
  );
});

test('fastly: an event that shows up while pages are read moves others, and none is left out', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 250, { now: () => now });
  const job = exampleJob(definition, values);
  const meanwhile = [next(start - 200_000)];
  let pages = 0;
  vendor.fault = () => {
    if (++pages === 2) vendor.add(...meanwhile.splice(0));
    return false;
  };
  const all = [...texts, ...meanwhile];
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken.toSorted(), all.toSorted());
});

test('fastly: an error is reported in its words', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 1001 } }),
    problem(76, /page\[size\] must be between 1 and 1000/),
  );
});

test('fastly: types and users are compared by Fastly', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const expected = texts.filter((text) => text.includes('user.login'));
  for (const search of [{ categories: ['user.login'] }, { query: [['user', 'user-1']] as const }]) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), expected);
  }
  const [types, users] = queries(vendor);
  assert.deepEqual([types?.['filter[event_type]'], users?.['filter[user_id]']], ['user.login', 'user-1']);
});

test('fastly: after a pause of more than the year that Fastly keeps events for, the gap is told', async (t) => {
  await assertGapTold(t, 400 * day);
});
