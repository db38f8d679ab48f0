import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { deliveredOnceAtEnd } from '../support/end-of-window.ts';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startConfluence } from '../support/vendors/confluence.ts';

const { definition, part, next, started, queries } = example('confluence', {
  secret: 'CONFLUENCE_TOKEN',
  lateness: 10,
  twins: true,
  newestFirst: true,
  apart: 1001,
  start: startConfluence,
  values: ({ origin }) => ({
    CONFLUENCE_URL: origin,
    CONFLUENCE_USERNAME: 'admin@example.com',
    CONFLUENCE_TOKEN: 'token',
  }),
  write: (template, number, time) => template.replace('TIME', String(time)).replace('NAME', `name-${number}`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('confluence: a page that is smaller than was asked for is not the last one, and each begins with the last row before', async (t) => {
  const { vendor, texts, values } = await started(t, 25, { most: 10 });
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
  const window = { startDate: '1795161600000', endDate: '1795165200000', limit: '1000' };
  assert.deepEqual(
    queries(vendor),
    ['0', '9', '18', '24', '25'].map((start) => ({ ...window, start })),
  );
});

test('confluence: records of the millisecond in which a window ends are delivered, once', (t) =>
  deliveredOnceAtEnd({ definition, next }, (now) => started(t, 0, { now })));

test('confluence: what is wrong is told in its words', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, CONFLUENCE_URL: `${values.CONFLUENCE_URL}/x` }, { part }),
    (error) => error instanceof Problem && /No such resource/.test(error.message),
  );
});

test('confluence: --raw-query is its search, and categories and authors are matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const expected = texts.filter((text) => text.includes('"Permissions"'));
  for (const search of [
    { rawQuery: 'permission' },
    { categories: ['Permissions'] },
    { query: [['author', '5b10']] as const },
  ]) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), expected);
  }
  assert.equal(queries(vendor)[0]?.['searchString'], 'permission');
});
