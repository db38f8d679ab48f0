import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startNetlify } from '../support/vendors/netlify.ts';
import type { Vendor } from '../support/vendors/server.ts';

const netlify = exampleDefinition('netlify');
const templates = exampleLines('netlify');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const values = (vendor: Vendor) => ({
  NETLIFY_URL: vendor.origin,
  NETLIFY_TOKEN: 'token',
  NETLIFY_ACCOUNT_ID: 'acc1',
});
const entry = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '')
    .replace('"ID"', `"5f0000000000000000${String(number).padStart(6, '0')}"`)
    .replace('TIME', new Date(time).toISOString());
const asked = (vendor: Vendor) => vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams);

async function started(count = 25, most = 100) {
  const vendor = await startNetlify({ now: () => start, most });
  const times = Array.from({ length: count }, (_, number) => start - 1000 - number * 1000);
  const texts = times.map((time, number) => entry(count - number, time));
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

conforms('netlify', {
  definition: netlify,
  secret: 'NETLIFY_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), asksRecords: () => true }),
});

exampleRuns('netlify', {
  secret: 'NETLIFY_TOKEN',
  async start() {
    const vendor = await startNetlify();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map(() => entry(number++, Date.now() - ago));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('netlify: pages are read until one is empty, also where Netlify gives fewer at once than were asked for', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(25, 10);
  t.after(() => vendor.close());
  const { records } = await pullOnce(netlify, settings);
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
  assert.deepEqual(
    asked(vendor).map((query) => [query.get('page'), query.get('per_page')]),
    ['1', '2', '3', '4'].map((page) => [page, '100']),
  );
});

test('netlify: an entry that is logged while pages are read shifts them, and all come once', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(25, 10);
  t.after(() => vendor.close());
  const more = [entry(100, start), entry(101, start)];
  const fresh = [...more];
  vendor.fault = ({ target }) => {
    if (target.includes('page=2')) vendor.add(...more.splice(0));
    return false;
  };
  const job = exampleJob(netlify, settings);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.equal(more.length, 0);
  assert.deepEqual(job.taken.toSorted(), [...texts, ...fresh].toSorted());
});

test('netlify: an entry is recognized however old it is, months later, and one that shows up late is found', async (t: TestContext) => {
  let now = start;
  const vendor = await startNetlify({ now: () => now });
  t.after(() => vendor.close());
  const old = entry(0, start - 400 * 1440 * minute);
  vendor.add(old);
  const job = exampleJob(netlify, values(vendor));
  for (const days of [0, 1, 90]) await job.run((now += days * 1440 * minute));
  const late = entry(1, start - 30 * 1440 * minute);
  vendor.add(late);
  for (const _ of [1, 2]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken, [old, late]);
});
