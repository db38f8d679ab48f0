import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startSnyk, type Snyk } from '../support/vendors/snyk.ts';
import { problem } from '../support/problem.ts';

const group = '0d3728ec-0000-484d-9907-ba238019f10b';

const { definition, part, record, started } = example('snyk', {
  secret: 'SNYK_TOKEN',
  lateness: 10,
  twins: true,
  otherShape: /does not say that page 1 is a success/,
  branches: [group],
  start: startSnyk,
  values: ({ origin }) => ({ SNYK_URL: origin, SNYK_TOKEN: 'secret', SNYK_LEVEL: 'groups', SNYK_IDS: group }),
  write: (template, _, time) => template.replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts, branch) => vendor.add(`groups/${branch}`, ...texts),
});
const asked = (vendor: Snyk) => vendor.requests.map(({ target }) => new URL(target, vendor.origin));

test('snyk: the window, the version and the order are sent; later pages are the relative links, as they are', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const urls = asked(vendor);
  assert.deepEqual(Object.fromEntries(urls[0]?.searchParams ?? []), {
    version: '2024-04-29',
    from: '2026-11-20T08:00:00.000Z',
    to: '2026-11-20T09:00:00.000Z',
    size: '10',
    sort_order: 'ASC',
  });
  assert.deepEqual(
    urls.map(({ pathname, searchParams }) => [pathname, searchParams.get('cursor')]),
    [null, '10', '20'].map((cursor) => [`/rest/groups/${group}/audit_logs/search`, cursor]),
  );
});

test('snyk: a reply without items is no error, one without data is', async (t) => {
  const { vendor, values } = await started(t, 0);
  assert.equal((await pullOnce(definition, values, { part })).records.length, 0);
  vendor.fault = (_, response) => (response.end('{"jsonapi":{"version":"1.0"}}'), true);
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.protocol));
});

test('snyk: organizations are read instead of groups, each with a position of its own', async (t) => {
  const { vendor, values } = await started(t, 0);
  const texts = [record(0, start - 1000), record(1, start - 1000)];
  vendor.add('orgs/a', texts[0] ?? '');
  vendor.add('orgs/b', texts[1] ?? '');
  const job = exampleJob(definition, { ...values, SNYK_LEVEL: 'orgs', SNYK_IDS: 'a, b' });
  const { position, problems } = await job.run(start + minute);
  assert.deepEqual(problems, []);
  assert.deepEqual(job.taken, texts);
  assert.deepEqual([...(position?.branches.keys() ?? [])], ['a', 'b']);
});

test('snyk: api.access comes only when it is named, and each name is a parameter of its own', async (t) => {
  const { vendor, values, texts } = await started(t, 3);
  const access = record(0, start - 500).replace('org.edit', 'api.access');
  vendor.add(`groups/${group}`, access);
  const all = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(all.records), texts);
  const named = await pullOnce(definition, values, { part, search: { categories: ['api.access', 'org.user.add'] } });
  assert.deepEqual(textsOf(named.records), [texts[2], access]);
  assert.deepEqual(asked(vendor)[1]?.searchParams.getAll('events'), ['api.access', 'org.user.add']);
});

test('snyk: no more requests are sent in a second than Snyk says', async (t) => {
  const { values } = await started(t, 5, { rate: '2, 2;w=1;name="x"' });
  const tools = sourceTools();
  const { records } = await pullOnce(definition, values, { part, tools, search: { limit: 1 } });
  assert.deepEqual([records.length, tools.waits], [5, [1000, 1000]]);
});

test('snyk: what Snyk can filter is sent, and the most that it gives is asked for', async (t) => {
  const { vendor, values } = await started(t, 1);
  const tools = sourceTools();
  await pullOnce(definition, values, {
    part,
    tools,
    search: {
      limit: 500,
      query: [
        ['user', 'u'],
        ['project', 'p'],
      ],
    },
  });
  const query = asked(vendor)[0]?.searchParams;
  assert.deepEqual(
    ['user_id', 'project_id', 'size'].map((name) => query?.get(name)),
    ['u', 'p', '100'],
  );
});

test('snyk: the words of a JSON:API error are shown', async (t) => {
  const { values } = await started(t, 0);
  await assert.rejects(pullOnce(definition, { ...values, SNYK_TOKEN: 'x' }, { part }), /Not authenticated/);
});
