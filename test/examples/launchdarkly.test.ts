import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startLaunchdarkly } from '../support/vendors/launchdarkly.ts';
import type { Vendor } from '../support/vendors/server.ts';

const launchdarkly = exampleDefinition('launchdarkly');
const templates = exampleLines('launchdarkly');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const windowTo = (until: number) => ({
  slice: { from: BigInt(until - 60 * minute) * 1_000_000n, until: BigInt(until) * 1_000_000n },
});
const values = (vendor: Vendor) => ({ LAUNCHDARKLY_URL: vendor.origin, LAUNCHDARKLY_TOKEN: 'api-token' });
const entry = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '')
    .replaceAll('ID', `5a0000000000000000${String(number).padStart(6, '0')}`)
    .replace('TIME', String(time));
const asked = (vendor: Vendor) => vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams);

conforms('launchdarkly', {
  definition: launchdarkly,
  secret: 'LAUNCHDARKLY_TOKEN',
  limit: 10,
  async start() {
    const vendor = await startLaunchdarkly({ now: () => start });
    const times = Array.from({ length: 25 }, (_, number) => start - 1000 - number * 1000);
    const texts = times.map((time, number) => entry(number, time));
    vendor.add(...texts);
    return { vendor, texts, times, values: values(vendor), part: windowTo(start), asksRecords: () => true };
  },
});

exampleRuns('launchdarkly', {
  secret: 'LAUNCHDARKLY_TOKEN',
  async start() {
    const vendor = await startLaunchdarkly();
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

test('launchdarkly: bounds are milliseconds, and the token goes without a word before it', async (t: TestContext) => {
  const vendor = await startLaunchdarkly();
  t.after(() => vendor.close());
  await pullOnce(launchdarkly, values(vendor), {
    part: windowTo(start),
    search: { rawQuery: 'proj/*', query: [['text', 'x']] },
  });
  assert.deepEqual(Object.fromEntries(asked(vendor)[0] ?? []), {
    after: '1795161600000',
    before: '1795165200999',
    limit: '20',
    spec: 'proj/*',
    q: 'x',
  });
  assert.equal(vendor.requests[0]?.headers['authorization'], 'api-token');
});

test('launchdarkly: an entry at the very edge of two windows is in one of them', async (t: TestContext) => {
  const vendor = await startLaunchdarkly({ now: () => start + 60 * minute });
  t.after(() => vendor.close());
  const texts = [-1, 0, 1].map((milliseconds) => entry(milliseconds + 1, start + milliseconds));
  vendor.add(...texts);
  const pulled = await Promise.all(
    [start, start + 60 * minute].map((until) => pullOnce(launchdarkly, values(vendor), { part: windowTo(until) })),
  );
  const found = new Set(pulled.flatMap(({ records }) => records.map(({ text }) => text)));
  assert.deepEqual([...found].toSorted(), texts.toSorted());
});

test('launchdarkly: an entry that shows up ten minutes late is found, and once', async (t: TestContext) => {
  let now = start;
  const vendor = await startLaunchdarkly({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(launchdarkly, values(vendor));
  await job.run(now);
  const late = entry(0, now - 10 * minute);
  vendor.add(late);
  for (const _ of [1, 2]) await job.run((now += minute));
  assert.deepEqual(job.taken, [late]);
});
