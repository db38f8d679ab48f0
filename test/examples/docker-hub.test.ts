import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startDockerHub } from '../support/vendors/docker-hub.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, queries } = example('docker-hub', {
  secret: 'DOCKER_HUB_SECRET',
  lateness: 10,
  late: 3 * minute,
  twins: true,
  newestFirst: true,
  start: startDockerHub,
  values: ({ origin }) => ({
    DOCKER_HUB_URL: origin,
    DOCKER_HUB_ORGANIZATION: 'fig',
    DOCKER_HUB_IDENTIFIER: 'fig',
    DOCKER_HUB_SECRET: 'dckr_oat',
  }),
  // In whole seconds.
  write: (template, number, time) =>
    template
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`)
      .replace('"data":{', `"data":{"number":"${number}",`),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/v2/auditlogs/'),
});

test('docker-hub: window and size go with every page, and a page without a list is the last one', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const query = { from: '2026-11-20T07:59:59Z', to: '2026-11-20T09:00:00Z', page_size: '10' };
  assert.deepEqual(
    queries(vendor),
    ['1', '2', '3'].map((page) => ({ ...query, page })),
  );
});

test('docker-hub: a token that ends between two pages is replaced by another login, and nothing is lost', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  let pages = 0;
  vendor.fault = ({ target }) => {
    if (target.startsWith('/v2/auditlogs/') && ++pages === 2) vendor.revoke();
    return false;
  };
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
});

test('docker-hub: what shows up while pages are read is left to settle, and no other event comes twice for it', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  for (let index = 0; index < 60; index++) vendor.add(next(start - 3 * minute - index * 1000));
  vendor.fault = ({ target }) => {
    if (target.startsWith('/v2/auditlogs/')) vendor.add(next(now));
    return false;
  };
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += minute))).problems, []);
  vendor.fault = undefined;
  now += 5 * minute;
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual([texts.length, new Set(job.taken).size], [0, job.taken.length]);
  const { records } = await pullOnce(definition, values, {
    part: { slice: { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(now - 3 * minute) * 1_000_000n } },
  });
  assert.deepEqual(job.taken.toSorted(), textsOf(records).toSorted());
});

test('docker-hub: an error is reported in its words', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 101 } }),
    problem(76, /page_size must be between 1 and 100/),
  );
});

test('docker-hub: actions and actors are compared by Docker', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const expected = texts.filter((text) => text.includes('repo.tag.push'));
  for (const search of [{ categories: ['repo.tag.push'] }, { query: [['actor', 'zoe']] as const }]) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), expected);
  }
  const [actions, , actors] = queries(vendor);
  assert.deepEqual([actions?.['action'], actors?.['actor']], ['repo.tag.push', 'zoe']);
});
