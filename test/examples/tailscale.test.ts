import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startTailscale, type Tailscale } from '../support/vendors/tailscale.ts';

const tailscale = exampleDefinition('tailscale');
const templates = exampleLines('tailscale');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const part = { slice: { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n } };
const values = (vendor: Tailscale) => ({
  TAILSCALE_URL: vendor.origin,
  TAILSCALE_TOKEN: 'token',
  TAILSCALE_TAILNET: '-',
});
const event = (number: number, time: number, nanos = '456789'): string =>
  (templates[number % templates.length] ?? '').replace('TIME', new Date(time).toISOString().replace('Z', `${nanos}Z`));
const asked = (vendor: Tailscale) => vendor.requests.map(({ target }) => new URL(target, vendor.origin));

conforms('tailscale', {
  definition: tailscale,
  secret: 'TAILSCALE_TOKEN',
  limit: 10,
  onePage: true,
  async start() {
    const vendor = await startTailscale({ now: () => start });
    const times = Array.from({ length: 25 }, (_, number) => start - (number + 1) * 1000);
    const texts = times.map((time, number) => event(number, time));
    vendor.add(...texts);
    return { vendor, texts, times, values: values(vendor), part, asksRecords: () => true };
  },
});

exampleRuns('tailscale', {
  secret: 'TAILSCALE_TOKEN',
  async start() {
    const vendor = await startTailscale();
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map((_, number) => event(number, Date.now() - ago));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('tailscale: both bounds are sent with every digit, for the tailnet that was set', async (t: TestContext) => {
  const vendor = await startTailscale();
  t.after(() => vendor.close());
  const slice = { from: 1_795_132_800_123_456_789n, until: 1_795_136_400_000_000_001n };
  await pullOnce(tailscale, { ...values(vendor), TAILSCALE_TAILNET: 'example.com' }, { part: { slice } });
  const [url] = asked(vendor);
  assert.equal(url?.pathname, '/api/v2/tailnet/example.com/logging/configuration');
  assert.deepEqual(Object.fromEntries(url?.searchParams ?? []), {
    start: '2026-11-20T00:00:00.123456789Z',
    end: '2026-11-20T01:00:00.000000001Z',
  });
});

test('tailscale: a week is asked for day by day, and an event on the edge of two days comes once', async (t: TestContext) => {
  const vendor = await startTailscale({ now: () => start });
  t.after(() => vendor.close());
  const texts = [0, 1, 2, 3].map((days) => event(days, start - days * 1440 * minute - (days === 0 ? 1 : 0), '000000'));
  vendor.add(...texts);
  const job = exampleJob(tailscale, values(vendor));
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  const windows = asked(vendor).map(({ searchParams }) => [searchParams.get('start'), searchParams.get('end')]);
  assert.equal(windows.length, 7);
  for (const [number, [from]] of windows.entries()) if (number > 0) assert.equal(from, windows[number - 1]?.[1]);
});

test('tailscale: the events of one change share a group and are told apart, twins too', async (t: TestContext) => {
  const vendor = await startTailscale({ now: () => start });
  t.after(() => vendor.close());
  const texts = [event(0, start - 1000), event(1, start - 1000), event(1, start - 1000)];
  vendor.add(...texts);
  const job = exampleJob(tailscale, values(vendor));
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
});

test('tailscale: an event that shows up ten minutes late is found', async (t: TestContext) => {
  let now = start;
  const vendor = await startTailscale({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(tailscale, values(vendor));
  await job.run(now);
  const late = event(0, now - 10 * minute);
  vendor.add(late);
  await job.run((now += minute));
  assert.deepEqual(job.taken, [late]);
});

test('tailscale: actors and targets are sent, and matched here', async (t: TestContext) => {
  const vendor = await startTailscale({ now: () => start });
  t.after(() => vendor.close());
  const texts = [event(0, start - 1000), event(1, start - 2000)];
  vendor.add(...texts);
  const query = [
    ['actor', 'uZGVtbzE'],
    ['target', 'nDEMO1'],
  ] as const;
  const { records, unmatched } = await pullOnce(tailscale, values(vendor), { part, search: { query } });
  assert.deepEqual([records.map(({ text }) => text), unmatched], [[texts[0]], 1]);
  assert.equal(asked(vendor)[0]?.searchParams.get('actor'), 'uZGVtbzE');
  assert.equal(asked(vendor)[0]?.searchParams.get('target'), 'nDEMO1');
});
