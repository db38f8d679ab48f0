import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, start } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startJira } from '../support/vendors/jira.ts';

const { definition, part, record, started } = example('jira', {
  secret: 'JIRA_TOKEN',
  lateness: 8,
  newestFirst: true,
  start: startJira,
  values: ({ origin }) => ({ JIRA_URL: origin, JIRA_USERNAME: 'admin@example.com', JIRA_TOKEN: 'token' }),
  write: (template, number, time) =>
    template.replace('ID', String(10_000 + number)).replace('TIME', new Date(time).toISOString().replace('Z', '+0000')),
  add: (vendor, texts) => vendor.add(...texts),
});

test('jira: a page that is smaller than was asked for is not the last one, and each begins with the last row before', async (t) => {
  const { vendor, texts, values } = await started(t, 25, { most: 10 });
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
  const offsets = vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams.get('offset'));
  assert.deepEqual(offsets, ['0', '9', '18', '24', '25']);
});

test('jira: times are sent with their zone, and --raw-query as its filter', async (t) => {
  const { vendor, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, { part, search: { rawQuery: 'workflows' } });
  assert.equal(records.length, 2);
  assert.equal(
    vendor.requests[0]?.target,
    '/rest/api/3/auditing/record?from=2026-11-20T08%3A00%3A00.000Z&to=2026-11-20T09%3A00%3A00.000Z&filter=workflows&offset=0&limit=1000',
  );
});

test('jira: records that push others to later pages while they are read lose none', async (t) => {
  const { vendor, texts, values } = await started(t);
  vendor.fault = () => {
    if (vendor.requests.length === 2) vendor.add(record(99, start - 500));
    return false;
  };
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
});
