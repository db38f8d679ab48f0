import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { environment, startPingOne } from '../support/vendors/pingone.ts';

const { definition, part, started, queries } = example('pingone', {
  secret: 'PINGONE_CLIENT_SECRET',
  tokens: true,
  lateness: 10,
  newestFirst: true,
  otherShape: /does not say that page 1 is a success/,
  apart: 1001,
  start: startPingOne,
  values: ({ origin }) => ({
    PINGONE_URL: origin,
    PINGONE_LOGIN_URL: origin,
    PINGONE_ENVIRONMENT: environment,
    PINGONE_CLIENT_ID: 'client',
    PINGONE_CLIENT_SECRET: 'secret',
  }),
  write: (template, number, time) =>
    template
      .replaceAll('ID"', `a7cb0a5f-0000-4000-8000-${String(number).padStart(12, '0')}"`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/v1/'),
});

test('pingone: the window is in the filter, from the millisecond before, since there is no "at or after"', async (t) => {
  const { vendor, values } = await started(t, 12);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const filter = 'recordedAt gt "2026-11-20T07:59:59.999Z" AND recordedAt lt "2026-11-20T09:00:00.000Z"';
  const [first, second, ...more] = queries(vendor);
  assert.deepEqual(first, { filter, limit: '10' });
  assert.deepEqual([second?.['filter'], second?.['limit'], more], [filter, '10', []]);
});

test('pingone: --raw-query narrows the window, and types of actions are matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const wanted = texts.filter((text) => text.includes('USER.CREATED'));
  for (const search of [{ rawQuery: 'action.type eq "USER.CREATED"' }, { categories: ['USER.CREATED'] }]) {
    assert.deepEqual(textsOf((await pullOnce(definition, values, { part, search })).records), wanted);
  }
  assert.match(queries(vendor)[0]?.['filter'] ?? '', / AND action\.type eq "USER\.CREATED"$/);
});

test('pingone: the application may be in another environment than the one that is read', async (t) => {
  const home = '11111111-ec05-41ff-a709-c7378007a99c';
  const { texts, values } = await started(t, 3, { home });
  const elsewhere = { ...values, PINGONE_LOGIN_ENVIRONMENT: home };
  assert.equal((await pullOnce(definition, elsewhere, { part })).records.length, texts.length);
});

test('pingone: a reply without a list of activities says that there are none', async (t) => {
  const { values } = await started(t, 0, { bare: true });
  assert.deepEqual((await pullOnce(definition, values, { part })).records, []);
});

test('pingone: a pause that is longer than the 14 days that PingOne shows is told as a gap', async (t) => {
  let now = start;
  const { values } = await started(t, 1, { now: () => now });
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  now += 20 * day;
  const { problems } = await job.run(now);
  assert.match(problems[0]?.message ?? '', /from 2026-11-20T09:00:00Z to 2026-11-26T09:00:00Z are gone/);
});
