import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveredOnceAtEnd } from '../support/end-of-window.ts';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startAzureDevOps } from '../support/vendors/azure-devops.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, queries } = example('azure-devops', {
  secret: 'AZURE_DEVOPS_CLIENT_SECRET',
  tokens: true,
  lateness: 50,
  newestFirst: true,
  apart: 1001,
  start: startAzureDevOps,
  values: ({ origin }) => ({
    AZURE_DEVOPS_URL: origin,
    AZURE_DEVOPS_LOGIN_URL: origin,
    AZURE_DEVOPS_ORGANIZATION: 'fabrikam',
    AZURE_DEVOPS_TENANT: 'tenant-1',
    AZURE_DEVOPS_CLIENT_ID: 'client',
    AZURE_DEVOPS_CLIENT_SECRET: 'secret',
  }),
  // With seven digits of a second.
  write: (template, number, time) =>
    template
      .replace('ID', `86fbe369-3f5d-4f52-9ab0-${String(number).padStart(12, '0')}`)
      .replace('TIME', new Date(time).toISOString().replace('Z', '0001+00:00')),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.includes('/audit/'),
});

test('azure-devops: the window goes with every page, the beginning as the millisecond before, and no event is aggregated', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  const query = {
    startTime: '2026-11-20T07:59:59.999Z',
    endTime: '2026-11-20T09:00:00.000Z',
    batchSize: '10',
    skipAggregation: 'true',
    'api-version': '7.1-preview.1',
  };
  assert.deepEqual(
    queries(vendor).map(({ continuationToken: token, ...rest }) => [rest, token !== undefined]),
    [
      [query, false],
      [query, true],
    ],
    'a token on the last page is no further page',
  );
});

test('azure-devops: events of the millisecond in which a window ends are delivered, once', (t) =>
  deliveredOnceAtEnd({ definition, next }, (now) => started(t, 0, { now })));

test('azure-devops: the reason of a refusal is shown, and for an organization that does not exist the hint names its setting', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, AZURE_DEVOPS_ORGANIZATION: 'other' }, { part }),
    problem(78, /Page not found/, /check .*AZURE_DEVOPS_ORGANIZATION/),
  );
});

test('azure-devops: categories and actors are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['create'], query: [['area', 'Project']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"create"')),
  );
});
