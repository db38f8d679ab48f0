import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startTrendVisionOne, type TrendVisionOneOptions } from '../support/vendors/trend-vision-one.ts';

const { definition, part, started, queries } = example('trend-vision-one', {
  secret: 'TREND_VISION_ONE_KEY',
  lateness: 50,
  twins: true,
  start: (options: Partial<TrendVisionOneOptions>) => startTrendVisionOne({ most: 10, ...options }),
  values: ({ origin }) => ({ TREND_VISION_ONE_URL: origin, TREND_VISION_ONE_KEY: 'key' }),
  write: (template, _, time) => template.replace('TIME', new Date(time).toISOString().replace('.000Z', 'Z')),
  add: (vendor, texts) => vendor.add(...texts),
});

test('trend-vision-one: a window begins the second before, and a page has 200, whatever --limit says', async (t) => {
  const { vendor, texts, values } = await started(t, 15);
  assert.equal((await pullOnce(definition, values, { part })).records.length, texts.length);
  const window = { startDateTime: '2026-11-20T07:59:59Z', endDateTime: '2026-11-20T09:00:00Z' };
  const query = { ...window, orderBy: 'loggedDateTime asc', labels: 'all', top: '200' };
  assert.deepEqual(queries(vendor), [query, { ...query, skipToken: '10' }]);
  await pullOnce(definition, values, { part, search: { limit: 7 } });
  assert.equal(queries(vendor)[2]?.['top'], '200');
});

test('trend-vision-one: --raw-query is a filter in a header, categories are matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const wanted = texts.filter((text) => text.includes('Account Management'));
  for (const search of [{ rawQuery: "category eq 'Account Management'" }, { categories: ['Account Management'] }]) {
    assert.deepEqual(textsOf((await pullOnce(definition, values, { part, search })).records), wanted);
  }
  assert.deepEqual(
    vendor.requests.map(({ headers }) => headers['tmv1-filter']),
    ["category eq 'Account Management'", undefined],
  );
});
