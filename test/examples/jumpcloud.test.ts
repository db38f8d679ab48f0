import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { example, minute, start, windowTo } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startJumpCloud } from '../support/vendors/jumpcloud.ts';
import type { Vendor } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started } = example('jumpcloud', {
  secret: 'JUMPCLOUD_API_KEY',
  lateness: 10,
  start: startJumpCloud,
  values: ({ origin }) => ({ JUMPCLOUD_URL: origin, JUMPCLOUD_API_KEY: 'key' }),
  write: (template, number, time) =>
    template
      .replace('ID', `63c264c6c1bd55c1${String(number).padStart(8, '0')}`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts, organization) => vendor.add(organization, ...texts),
});

const bodies = ({ requests }: Vendor) => requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

test('jumpcloud: later pages are the same query, with the place of the header as a list', async (t) => {
  const { vendor, texts, times, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const query = {
    service: ['all'],
    start_time: '2026-11-20T08:00:00Z',
    end_time: '2026-11-20T09:00:00Z',
    sort: 'ASC',
    limit: 10,
  };
  const place = (index: number) => [times[index], (JSON.parse(texts[index] ?? '') as { id: string }).id];
  assert.deepEqual(bodies(vendor), [
    query,
    { ...query, search_after: place(9) },
    { ...query, search_after: place(19) },
  ]);
  assert.ok(vendor.requests.every(({ headers }) => headers['x-org-id'] === undefined));
});

test('jumpcloud: a last page that is full is followed by an empty one', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual([records.length, vendor.requests.length], [texts.length, 3]);
});

test('jumpcloud: more events of one millisecond than a page holds are read', async (t) => {
  const { texts, values } = await started(t, Array<number>(25).fill(start - 1000));
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
});

test('jumpcloud: the organizations of a service provider are read one by one', async (t) => {
  const { vendor, values } = await started(t, 3);
  const texts = [next(start - 1000), next(start - 1000)];
  vendor.add('5a2af2a82cf2b0010053ea41', texts[0] ?? '');
  vendor.add('5a2af2a82cf2b0010053ea42', texts[1] ?? '');
  const organizations = '5a2af2a82cf2b0010053ea41, 5a2af2a82cf2b0010053ea42';
  const job = exampleJob(definition, { ...values, JUMPCLOUD_ORGANIZATIONS: organizations });
  const { position, problems } = await job.run(start);
  assert.deepEqual(problems, []);
  assert.deepEqual(job.taken, texts);
  assert.deepEqual([...(position?.branches.keys() ?? [])], organizations.split(', '));
});

test('jumpcloud: --categories are its services', async (t) => {
  const { vendor, texts, values } = await started(t, 3);
  const { records } = await pullOnce(definition, values, { part, search: { categories: ['radius', 'sso'] } });
  assert.deepEqual(textsOf(records), [texts[2]]);
  assert.deepEqual(bodies(vendor)[0]?.['service'], ['radius', 'sso']);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { categories: ['radios'] } }),
    problem(exit.usage, /radius\?/),
  );
});

test('jumpcloud: more than 10,000 at once are not asked for', async (t) => {
  const { vendor, values } = await started(t, 1);
  const tools = sourceTools();
  await pullOnce(definition, values, { part, tools, search: { limit: 20_000 } });
  assert.equal(bodies(vendor)[0]?.['limit'], 10_000);
  assert.match(tools.warnings.join(), /--limit 20000/);
});

test('jumpcloud: what it says about a query that it refuses is shown', async (t) => {
  const { values } = await started(t, 0);
  const future = windowTo(start + 2 * minute, minute);
  await assert.rejects(
    pullOnce(definition, values, { part: { slice: future } }),
    problem(exit.protocol, /start_time must be in the past/),
  );
});
