import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startAnthropic } from '../support/vendors/anthropic.ts';

const { definition, part, record, started, asked, queries } = example('anthropic', {
  secret: 'ANTHROPIC_COMPLIANCE_KEY',
  lateness: 1,
  late: 2 * minute, // the last minute is left to the next run
  newestFirst: true,
  start: startAnthropic,
  values: ({ origin }) => ({ ANTHROPIC_URL: origin, ANTHROPIC_COMPLIANCE_KEY: 'key' }),
  write: (template, number, time) =>
    template
      .replace('"ID"', `"activity_${String(number).padStart(6, '0')}"`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('anthropic: every page has the window and goes on after the last ID, with key and version in headers', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const window = {
    'created_at.gte': '2026-11-20T08:00:00.000000Z',
    'created_at.lt': '2026-11-20T09:00:00.000000Z',
    limit: '10',
  };
  assert.deepEqual(queries(vendor), [
    window,
    { ...window, after_id: 'activity_000016' },
    { ...window, after_id: 'activity_000006' },
  ]);
  for (const { headers } of vendor.requests) assert.equal(headers['anthropic-version'], '2023-06-01');
});

test('anthropic: the last minute is left to the next run, so that an activity that takes so long to show up is found', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  await job.run(now);
  assert.equal(asked(vendor)[0]?.get('created_at.lt'), '2026-11-20T08:59:00.000000Z');
  const late = record(0, now - 500);
  now += 60_000;
  vendor.add(late);
  await job.run(now);
  await job.run((now += minute));
  assert.deepEqual(job.taken, [late]);
});

test('anthropic: types, actors and organizations are sent, and no more than five thousand are asked for', async (t) => {
  const { vendor, values } = await started(t, 1);
  const query = [
    ['actor', 'user_01'],
    ['organization', 'org_01Example'],
  ] as const;
  const search = { limit: 9000, query, categories: ['claude_chat_created', 'sso_login_failed'] };
  await pullOnce(definition, values, { part, tools: sourceTools(), search });
  const [sent] = asked(vendor);
  assert.deepEqual(sent?.getAll('activity_types[]'), ['claude_chat_created', 'sso_login_failed']);
  const names = ['actor_ids[]', 'organization_ids[]', 'limit'];
  assert.deepEqual(
    names.map((name) => sent?.get(name)),
    ['user_01', 'org_01Example', '5000'],
  );
});
