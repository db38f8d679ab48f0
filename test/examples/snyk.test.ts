import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startSnyk, type Snyk } from '../support/vendors/snyk.ts';

const snyk = exampleDefinition('snyk');
const templates = exampleLines('snyk');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const group = '0d3728ec-0000-484d-9907-ba238019f10b';
const part = { slice, branch: group };
const values = (vendor: Snyk) => ({
  SNYK_URL: vendor.origin,
  SNYK_TOKEN: 'secret',
  SNYK_LEVEL: 'groups',
  SNYK_IDS: group,
});
const event = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '').replace('TIME', new Date(time).toISOString());

async function started(count = 25) {
  const vendor = await startSnyk({ now: () => start });
  const times = Array.from({ length: count }, (_, number) => start - (count - number) * 1000);
  const texts = times.map((time, number) => event(number, time));
  vendor.add(`groups/${group}`, ...texts);
  return { vendor, texts, times, values: values(vendor) };
}

const asked = (vendor: Snyk) => vendor.requests.map(({ target }) => new URL(target, vendor.origin));

conforms('snyk', {
  definition: snyk,
  secret: 'SNYK_TOKEN',
  limit: 10,
  otherShape: /told of an error/,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('snyk', {
  secret: 'SNYK_TOKEN',
  async start() {
    const vendor = await startSnyk();
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map((_, number) => event(number, Date.now() - ago));
        vendor.add(`groups/${group}`, ...texts);
        return texts;
      },
    };
  },
});

test('snyk: the window, the version and the order are sent; later pages are the relative links, as they are', async (t: TestContext) => {
  const { vendor, values: settings } = await started();
  t.after(() => vendor.close());
  await pullOnce(snyk, settings, { part, search: { limit: 10 } });
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

test('snyk: a reply without items is no error, one without data is', async (t: TestContext) => {
  const { vendor, values: settings } = await started(0);
  t.after(() => vendor.close());
  assert.equal((await pullOnce(snyk, settings, { part })).records.length, 0);
  vendor.fault = (_, response) => (response.end('{"jsonapi":{"version":"1.0"}}'), true);
  await assert.rejects(
    pullOnce(snyk, settings, { part }),
    (error) => error instanceof Problem && error.status === exit.protocol,
  );
});

test('snyk: organizations are read instead of groups, each with a position of its own', async (t: TestContext) => {
  const { vendor, values: settings } = await started(0);
  t.after(() => vendor.close());
  const texts = [event(0, start - 1000), event(1, start - 1000)];
  vendor.add('orgs/a', texts[0] ?? '');
  vendor.add('orgs/b', texts[1] ?? '');
  const job = exampleJob(snyk, { ...settings, SNYK_LEVEL: 'orgs', SNYK_IDS: 'a, b' });
  const { position, problems } = await job.run(start + minute);
  assert.deepEqual(problems, []);
  assert.deepEqual(job.taken, texts);
  assert.deepEqual([...(position?.branches.keys() ?? [])], ['a', 'b']);
});

test('snyk: identical events of the same moment are each delivered, and once', async (t: TestContext) => {
  const { vendor, values: settings } = await started(0);
  t.after(() => vendor.close());
  const twin = event(0, start - 1000);
  vendor.add(`groups/${group}`, twin, twin);
  const job = exampleJob(snyk, settings);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [twin, twin]);
});

test('snyk: an event that shows up ten minutes late is found', async (t: TestContext) => {
  let now = start;
  const vendor = await startSnyk({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(snyk, values(vendor));
  await job.run(now);
  const late = event(0, now - 10 * minute);
  vendor.add(`groups/${group}`, late);
  await job.run((now += minute));
  assert.deepEqual(job.taken, [late]);
});

test('snyk: api.access comes only when it is named, and each name is a parameter of its own', async (t: TestContext) => {
  const { vendor, values: settings, texts } = await started(3);
  t.after(() => vendor.close());
  const access = event(0, start - 500).replace('org.edit', 'api.access');
  vendor.add(`groups/${group}`, access);
  const all = await pullOnce(snyk, settings, { part });
  assert.deepEqual(
    all.records.map(({ text }) => text),
    texts,
  );
  const named = await pullOnce(snyk, settings, { part, search: { categories: ['api.access', 'org.user.add'] } });
  assert.deepEqual(
    named.records.map(({ text }) => text),
    [texts[2], access],
  );
  assert.deepEqual(asked(vendor)[1]?.searchParams.getAll('events'), ['api.access', 'org.user.add']);
});

test('snyk: no more requests are sent in a second than Snyk says', async (t: TestContext) => {
  const vendor = await startSnyk({ now: () => start, rate: '2, 2;w=1;name="x"' });
  t.after(() => vendor.close());
  vendor.add(`groups/${group}`, ...[1, 2, 3, 4, 5].map((number) => event(number, start - number * 1000)));
  const tools = sourceTools();
  const { records } = await pullOnce(snyk, values(vendor), { part, tools, search: { limit: 1 } });
  assert.deepEqual([records.length, tools.waits], [5, [1000, 1000]]);
});

test('snyk: what Snyk can filter is sent, and the most that it gives is asked for', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  const tools = sourceTools();
  await pullOnce(snyk, settings, {
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

test('snyk: the words of a JSON:API error are told', async (t: TestContext) => {
  const { vendor, values: settings } = await started(0);
  t.after(() => vendor.close());
  await assert.rejects(pullOnce(snyk, { ...settings, SNYK_TOKEN: 'x' }, { part }), /Not authenticated/);
});
