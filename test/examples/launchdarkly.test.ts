import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startLaunchdarkly } from '../support/vendors/launchdarkly.ts';

const { definition, part, started, queries } = example('launchdarkly', {
  secret: 'LAUNCHDARKLY_TOKEN',
  lateness: 10,
  newestFirst: true,
  start: startLaunchdarkly,
  values: ({ origin }) => ({ LAUNCHDARKLY_URL: origin, LAUNCHDARKLY_TOKEN: 'api-token' }),
  write: (template, number, time) =>
    template.replaceAll('ID', `5a0000000000000000${String(number).padStart(6, '0')}`).replace('TIME', String(time)),
  add: (vendor, texts) => vendor.add(...texts),
});

test('launchdarkly: bounds are milliseconds, and the token goes without a word before it', async (t) => {
  const { vendor, values } = await started(t, 0);
  await pullOnce(definition, values, {
    part,
    search: { rawQuery: 'proj/*', query: [['text', 'x']] },
  });
  assert.deepEqual(queries(vendor)[0], {
    after: '1795161599999',
    before: '1795165200000',
    limit: '20',
    spec: 'proj/*',
    q: 'x',
  });
  assert.equal(vendor.requests[0]?.headers['authorization'], 'api-token');
});

test('launchdarkly: a search finds the entry of the millisecond in which it begins', async (t) => {
  const { texts, values } = await started(t, [start - 60 * minute]);
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
});
