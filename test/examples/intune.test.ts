import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startGraph, type GraphOptions } from '../support/vendors/graph.ts';

const rules = {
  path: '/v1.0/deviceManagement/auditEvents',
  timeField: 'activityDateTime',
  most: 10,
  comparisons: ['gt'],
};

const { definition, part, started, queries } = example('intune', {
  secret: 'INTUNE_CLIENT_SECRET',
  tokens: true,
  lateness: 50,
  newestFirst: true,
  apart: 1001,
  start: (options: Partial<GraphOptions>) => startGraph({ ...rules, ...options }),
  values: ({ origin }) => ({
    INTUNE_TENANT: 'tenant-1',
    INTUNE_CLIENT_ID: 'client',
    INTUNE_CLIENT_SECRET: 'secret',
    INTUNE_URL: origin,
    INTUNE_LOGIN_URL: origin,
  }),
  // With seven digits of a second, and an offset.
  write: (template, number, time) =>
    template
      .replace('ID', `0000-4000-8000-${String(number).padStart(12, '0')}`)
      .replace('TIME', new Date(time - 8 * 3_600_000).toISOString().replace('Z', '0001-08:00')),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.includes('/deviceManagement/'),
});

test('intune: the beginning is in $filter, as the second before, and how many come at once is left to Intune', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, values, { part });
  assert.deepEqual(queries(vendor), [{ $filter: 'activityDateTime gt 2026-11-20T07:59:59Z' }]);
});

test('intune: INTUNE_FILTER and --raw-query narrow the window, and do not replace it', async (t) => {
  const { vendor, texts, values } = await started(t, 6);
  const filtered = { ...values, INTUNE_FILTER: "activityResult eq 'Failure'" };
  const { records } = await pullOnce(definition, filtered, { part });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"Failure"')),
  );
  await pullOnce(definition, filtered, { part, search: { rawQuery: "id eq 'nothing'" } });
  assert.match(queries(vendor).at(-1)?.['$filter'] ?? '', / gt 2026-11-20T07:59:59Z and \(id eq 'nothing'\)$/);
});

test('intune: categories are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, { part, search: { categories: ['Compliance'] } });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('Compliance')),
  );
});
