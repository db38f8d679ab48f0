import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startFigma } from '../support/vendors/figma.ts';

const { definition, part, next, started, queries, assertGapTold } = example('figma', {
  secret: 'FIGMA_CLIENT_SECRET',
  otherSecrets: ['FIGMA_REFRESH_TOKEN'],
  tokens: true,
  lateness: 10,
  start: startFigma,
  values: ({ origin }) => ({
    FIGMA_URL: origin,
    FIGMA_CLIENT_ID: 'client',
    FIGMA_CLIENT_SECRET: 'secret',
    FIGMA_REFRESH_TOKEN: 'refresh',
  }),
  write: (template, number, time) =>
    template.replace('ID', String(number).padStart(26, '0')).replace('TIME', String(Math.floor(time / 1000))),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/v1/activity_logs'),
});

test('figma: window, order and number go with every page, and a cursor on the last one is no further page', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  const query = { start_time: '1795161600', end_time: '1795165200', order: 'asc', limit: '10' };
  assert.deepEqual(
    queries(vendor).map(({ cursor, ...rest }) => [rest, cursor !== undefined]),
    [
      [query, false],
      [query, true],
    ],
  );
});

test('figma: what happens while pages are read is left to the next run, which finds it once', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 30, { now: () => now });
  const job = exampleJob(definition, values);
  const meanwhile = [next(start), next(start - minute)];
  vendor.fault = ({ target }) => {
    if (target.includes('activity_logs')) vendor.add(...meanwhile.splice(0));
    return false;
  };
  const all = [...texts, ...meanwhile];
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken.toSorted(), all.toSorted());
});

test('figma: after a pause of more than the year that Figma keeps events for, the gap is told', async (t) => {
  await assertGapTold(t, 400 * day);
});

test('figma: types are sent as one parameter, with commas', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { categories: ['org_user_create', 'org_user_delete'] },
  });
  assert.equal(queries(vendor)[0]?.['events'], 'org_user_create,org_user_delete');
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('org_user_create')),
  );
});
