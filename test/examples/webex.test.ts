import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startWebex } from '../support/vendors/webex.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, queries, assertGapTold } = example('webex', {
  secret: 'WEBEX_CLIENT_SECRET',
  otherSecrets: ['WEBEX_REFRESH_TOKEN'],
  tokens: true,
  lateness: 10,
  newestFirst: true,
  apart: 1001,
  start: startWebex,
  values: ({ origin }) => ({
    WEBEX_URL: origin,
    WEBEX_ORGANIZATION: 'organization',
    WEBEX_CLIENT_ID: 'client',
    WEBEX_CLIENT_SECRET: 'secret',
    WEBEX_REFRESH_TOKEN: 'refresh',
  }),
  write: (template, number, time) =>
    template.replace('ID', String(number).padStart(10, '0')).replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/v1/adminAudit/'),
});

test('webex: window, organization and number go with every page, which begins at the last row of the one before', async (t) => {
  const { vendor, texts, values } = await started(t, 12);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  const query = {
    orgId: 'organization',
    from: '2026-11-20T07:59:59.999Z',
    to: '2026-11-20T09:00:00.000Z',
    max: '10',
  };
  const asked = queries(vendor).map(({ offset, ...rest }) => [rest, offset]);
  assert.deepEqual(
    asked,
    ['0', '9', '11', '12'].map((offset) => [query, offset]),
  );
});

test('webex: what shows up while pages are read moves rows, and none is left out', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 450, { now: () => now });
  const job = exampleJob(definition, values);
  const meanwhile = [next(start - 1), next(start - 500 * 1001)];
  let asked = 0;
  vendor.fault = ({ target }) => {
    if (target.includes('adminAudit') && ++asked === 9) vendor.add(...meanwhile.splice(0)); // the second page of the last day
    return false;
  };
  const all = [...texts, ...meanwhile];
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual([meanwhile, job.taken.toSorted()], [[], all.toSorted()]);
});

test('webex: an error is reported in its words, such as for another organization', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, WEBEX_ORGANIZATION: 'other' }, { part }),
    problem(76, /Unknown orgId/),
  );
});

test('webex: actors are compared by Webex, categories here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const expected = texts.filter((text) => text.includes('LOGINS'));
  for (const search of [{ query: [['actor', 'actor-1']] as const }, { categories: ['LOGINS'] }]) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), expected);
  }
  assert.equal(queries(vendor)[0]?.['actorId'], 'actor-1');
});

test('webex: after a pause of more than the year that Webex keeps events for, the gap is told', async (t) => {
  await assertGapTold(t, 400 * day);
});
