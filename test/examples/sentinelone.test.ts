import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startSentinelOne } from '../support/vendors/sentinelone.ts';

const { definition, part, started, queries } = example('sentinelone', {
  secret: 'SENTINELONE_TOKEN',
  lateness: 10,
  apart: 1001,
  start: startSentinelOne,
  values: ({ origin }) => ({ SENTINELONE_URL: origin, SENTINELONE_TOKEN: 'token' }),
  // With microseconds.
  write: (template, number, time) =>
    template
      .replace('ID"', `${1_202_974_619_335_305_646n + BigInt(number)}"`)
      .replace('TIME', new Date(time).toISOString().replace('Z', '489Z')),
  add: (vendor, texts) => vendor.add(...texts),
});

test('sentinelone: window, order and size go with every page, and the cursor with later ones', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const [first, { cursor, ...second } = {}, ...more] = queries(vendor);
  const query = {
    createdAt__gte: '2026-11-20T08:00:00.000000Z',
    createdAt__lt: '2026-11-20T09:00:00.000000Z',
    sortBy: 'createdAt',
    sortOrder: 'asc',
    skipCount: 'true',
    limit: '10',
  };
  assert.deepEqual([first, second, typeof cursor, more], [query, query, 'string', []]);
});

test('sentinelone: what is wrong is told in its words', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, SENTINELONE_URL: `${values.SENTINELONE_URL}/console` }, { part }),
    (error) => error instanceof Problem && /Not Found/.test(error.message),
  );
});

test('sentinelone: types, users and sites are compared by SentinelOne, several of them in one parameter', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const of = (type: string) => texts.filter((text) => text.includes(`"activityType":${type}`));
  const both = await pullOnce(definition, values, { part, search: { categories: ['27', '5126'] } });
  assert.deepEqual([textsOf(both.records), queries(vendor)[0]?.['activityTypes']], [texts, '27,5126']);
  const user = await pullOnce(definition, values, { part, search: { query: [['user', '1001']] } });
  assert.deepEqual([textsOf(user.records), queries(vendor)[1]?.['userIds']], [of('27'), '1001']);
  const site = await pullOnce(definition, { ...values, SENTINELONE_SITES: '76,77' }, { part });
  assert.deepEqual([textsOf(site.records), queries(vendor)[2]?.['siteIds']], [of('5126'), '76,77']);
});
