import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { noSearch, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startGitLab } from '../support/vendors/gitlab.ts';

const { definition, part, record, started } = example('gitlab', {
  secret: 'GITLAB_TOKEN',
  lateness: 8,
  newestFirst: true,
  apart: 1001,
  start: startGitLab,
  values: ({ origin }) => ({ GITLAB_URL: origin, GITLAB_TOKEN: 'token' }),
  write: (template, number, time) =>
    template.replace('ID', String(number)).replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('gitlab: the instance, a group or a project, by its setting, each with a position of its own', async (t) => {
  const { vendor, values } = await started(t, 1);
  const all = [values, { ...values, GITLAB_GROUP: '60' }, { ...values, GITLAB_PROJECT: '7' }];
  for (const each of all) assert.equal((await pullOnce(definition, each, { part })).records.length, 1);
  const query =
    '?created_after=2026-11-20T08%3A00%3A00Z&created_before=2026-11-20T09%3A00%3A00Z&pagination=keyset&per_page=100';
  assert.deepEqual(
    vendor.requests.map(({ target }) => target),
    ['', '/groups/60', '/projects/7'].map((place) => `/api/v4${place}/audit_events${query}`),
  );
  assert.equal(new Set(all.map((each) => restSource(definition, each, noSearch, sourceTools()).scope)).size, 3);
});

test('gitlab: entity_type is sent; another key is compared here', async (t) => {
  const { vendor, texts, values } = await started(t, 6);
  const query = [
    ['entity_type', 'User'],
    ['entity_id', '9007199254740993'],
  ] as const;
  const { records, unmatched } = await pullOnce(definition, values, { part, search: { query } });
  assert.deepEqual(
    [records.map(({ text }) => text), unmatched],
    [texts.filter((text) => text.includes('"entity_type":"User"')), 0],
  );
  assert.match(vendor.requests[0]?.target ?? '', /&entity_type=User/);
});

test('gitlab: two months without a run are read in windows that it accepts, and what ties with an edge comes once', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  const since = start - 10 * minute;
  const texts = [0, 29, 29, 58, 60].map((days, id) => record(id + 1, since + days * day));
  vendor.add(...texts);
  now += 61 * day;
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

test('gitlab: the longest window that is asked for is accepted with fractions of a second at its ends', async (t) => {
  const { texts, values } = await started(t, 1);
  const { longest = 0n } = restSource(definition, values, noSearch, sourceTools()).window;
  const until = BigInt(start) * 1_000_000n + 500_000_000n;
  const { records } = await pullOnce(definition, values, { part: { slice: { from: until - longest, until } } });
  assert.deepEqual(textsOf(records), texts);
});
