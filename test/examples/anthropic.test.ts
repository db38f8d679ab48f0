import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startAnthropic } from '../support/vendors/anthropic.ts';
import type { Vendor } from '../support/vendors/server.ts';

const anthropic = exampleDefinition('anthropic');
const templates = exampleLines('anthropic');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const part = { slice: { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n } };
const values = (vendor: Vendor) => ({ ANTHROPIC_URL: vendor.origin, ANTHROPIC_COMPLIANCE_KEY: 'key' });
const activity = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '')
    .replace('"ID"', `"activity_${String(number).padStart(6, '0')}"`)
    .replace('TIME', new Date(time).toISOString());
const asked = (vendor: Vendor) => vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams);

async function started(count = 25) {
  const vendor = await startAnthropic({ now: () => start });
  const times = Array.from({ length: count }, (_, number) => start - 1000 - number * 1000);
  const texts = times.map((time, number) => activity(count - number, time));
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

conforms('anthropic', {
  definition: anthropic,
  secret: 'ANTHROPIC_COMPLIANCE_KEY',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('anthropic', {
  secret: 'ANTHROPIC_COMPLIANCE_KEY',
  async start() {
    const vendor = await startAnthropic();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        // The last minute is left to the next run.
        const texts = templates.map(() => activity(number++, Date.now() - ago - minute));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('anthropic: every page has the window and goes on after the last ID, with key and version in headers', async (t: TestContext) => {
  const { vendor, values: settings } = await started();
  t.after(() => vendor.close());
  await pullOnce(anthropic, settings, { part, search: { limit: 10 } });
  const window = {
    'created_at.gte': '2026-11-20T08:00:00.000000Z',
    'created_at.lt': '2026-11-20T09:00:00.000000Z',
    limit: '10',
  };
  assert.deepEqual(
    asked(vendor).map((query) => Object.fromEntries(query)),
    [window, { ...window, after_id: 'activity_000016' }, { ...window, after_id: 'activity_000006' }],
  );
  for (const { headers } of vendor.requests) assert.equal(headers['anthropic-version'], '2023-06-01');
});

test('anthropic: the last minute is left to the next run, so that an activity that takes so long to show up is found', async (t: TestContext) => {
  let now = start;
  const vendor = await startAnthropic({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(anthropic, values(vendor));
  await job.run(now);
  assert.equal(asked(vendor)[0]?.get('created_at.lt'), '2026-11-20T08:59:00.000000Z');
  const late = activity(0, now - 500);
  now += 60_000;
  vendor.add(late);
  await job.run(now);
  await job.run((now += minute));
  assert.deepEqual(job.taken, [late]);
});

test('anthropic: types, actors and organizations are sent, and no more than five thousand are asked for', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  const query = [
    ['actor', 'user_01'],
    ['organization', 'org_01Example'],
  ] as const;
  const search = { limit: 9000, query, categories: ['claude_chat_created', 'sso_login_failed'] };
  await pullOnce(anthropic, settings, { part, tools: sourceTools(), search });
  const [sent] = asked(vendor);
  assert.deepEqual(sent?.getAll('activity_types[]'), ['claude_chat_created', 'sso_login_failed']);
  const names = ['actor_ids[]', 'organization_ids[]', 'limit'];
  assert.deepEqual(
    names.map((name) => sent?.get(name)),
    ['user_01', 'org_01Example', '5000'],
  );
});
