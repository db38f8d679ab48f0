import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import type { Vendor } from '../support/vendors/server.ts';
import { startOpenai } from '../support/vendors/openai.ts';

const openai = exampleDefinition('openai');
const templates = exampleLines('openai');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const part = { slice: { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n } };
const values = (vendor: Vendor) => ({ OPENAI_URL: vendor.origin, OPENAI_ADMIN_KEY: 'key' });
const event = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '')
    .replace('"ID"', `"audit_log-${String(number).padStart(6, '0')}"`)
    .replace('TIME', String(Math.floor(time / 1000)));
const asked = (vendor: Vendor) => vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams);

async function started(count = 25, apart = 1000) {
  const vendor = await startOpenai({ now: () => start });
  const times = Array.from({ length: count }, (_, number) => start - 1000 - number * apart);
  const texts = times.map((time, number) => event(count - number, time));
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

conforms('openai', {
  definition: openai,
  secret: 'OPENAI_ADMIN_KEY',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('openai', {
  secret: 'OPENAI_ADMIN_KEY',
  async start() {
    const vendor = await startOpenai();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map(() => event(number++, Date.now() - ago));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('openai: every page has the window, in seconds and with brackets encoded, and goes on after the last ID', async (t: TestContext) => {
  const { vendor, values: settings } = await started();
  t.after(() => vendor.close());
  await pullOnce(openai, settings, { part, search: { limit: 10 } });
  const window = { 'effective_at[gte]': '1795161600', 'effective_at[lt]': '1795165200', limit: '10' };
  assert.deepEqual(
    asked(vendor).map((query) => Object.fromEntries(query)),
    [window, { ...window, after: 'audit_log-000016' }, { ...window, after: 'audit_log-000006' }],
  );
  assert.match(vendor.requests[0]?.target ?? '', /effective_at%5Bgte%5D=/);
});

test('openai: events of one second, more than a page of them, all come', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(25, 0);
  t.after(() => vendor.close());
  const { records } = await pullOnce(openai, settings, { part, search: { limit: 10 } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
});

test('openai: has_more ends the pages, not the number of records', async (t: TestContext) => {
  const { vendor, values: settings } = await started(20);
  t.after(() => vendor.close());
  await pullOnce(openai, settings, { part, search: { limit: 10 } });
  assert.equal(vendor.requests.length, 2, 'two full pages, and no third request');
});

test('openai: an event that shows up ten minutes late is found, and once', async (t: TestContext) => {
  let now = start;
  const vendor = await startOpenai({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(openai, values(vendor));
  await job.run(now);
  const late = event(0, now - 10 * minute);
  vendor.add(late);
  for (const _ of [1, 2]) await job.run((now += minute));
  assert.deepEqual(job.taken, [late]);
});

test('openai: types and keys that OpenAI can filter are sent, and no more than a hundred are asked for', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  const query = [
    ['project', 'proj_abc'],
    ['actor', 'user-1'],
    ['email', 'zoe@example.com'],
    ['resource', 'r'],
  ] as const;
  const tools = sourceTools();
  await pullOnce(openai, settings, {
    part,
    tools,
    search: { limit: 500, query, categories: ['project.archived', 'login.failed'] },
  });
  const [sent] = asked(vendor);
  assert.deepEqual(sent?.getAll('event_types[]'), ['project.archived', 'login.failed']);
  const names = ['project_ids[]', 'actor_ids[]', 'actor_emails[]', 'resource_ids[]', 'limit'];
  assert.deepEqual(
    names.map((name) => sent?.get(name)),
    ['proj_abc', 'user-1', 'zoe@example.com', 'r', '100'],
  );
});
