import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startTailscale, type Tailscale } from '../support/vendors/tailscale.ts';

const { definition, part, record, started } = example('tailscale', {
  secret: 'TAILSCALE_TOKEN',
  lateness: 700,
  onePage: true,
  newestFirst: true,
  start: startTailscale,
  values: ({ origin }) => ({ TAILSCALE_URL: origin, TAILSCALE_TOKEN: 'token', TAILSCALE_TAILNET: '-' }),
  write: (template, _, time) => template.replace('TIME', new Date(time).toISOString().replace('Z', '456789Z')),
  add: (vendor, texts) => vendor.add(...texts),
});
const asked = (vendor: Tailscale) => vendor.requests.map(({ target }) => new URL(target, vendor.origin));

test('tailscale: both bounds are sent with every digit, for the tailnet that was set', async (t) => {
  const { vendor, values } = await started(t, 0);
  const slice = { from: 1_795_132_800_123_456_789n, until: 1_795_136_400_000_000_001n };
  await pullOnce(definition, { ...values, TAILSCALE_TAILNET: 'example.com' }, { part: { slice } });
  const [url] = asked(vendor);
  assert.equal(url?.pathname, '/api/v2/tailnet/example.com/logging/configuration');
  assert.deepEqual(Object.fromEntries(url?.searchParams ?? []), {
    start: '2026-11-20T00:00:00.123456789Z',
    end: '2026-11-20T01:00:00.000000001Z',
  });
});

test('tailscale: a week is asked for day by day, and an event on the edge of two days comes once', async (t) => {
  const { vendor, values } = await started(t, 0);
  const texts = [0, 1, 2, 3].map((days) =>
    record(days, start - days * day - (days === 0 ? 1 : 0)).replace('456789Z', '000000Z'),
  );
  vendor.add(...texts);
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  const windows = asked(vendor).map(({ searchParams }) => [searchParams.get('start'), searchParams.get('end')]);
  assert.equal(windows.length, 7);
  for (const [number, [from]] of windows.entries()) if (number > 0) assert.equal(from, windows[number - 1]?.[1]);
});

test('tailscale: a record that the rate limiter of the log put off for hours is delivered, and a run takes one request', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const texts: string[] = [];
  const run = async (after: number, text: string) => {
    now = start + after * minute;
    vendor.add(text);
    texts.push(text);
    assert.deepEqual((await job.run(now)).problems, []);
  };
  for (const after of [0, 10, 20, 340, 350, 680]) await run(after, record(after, start + (after - 1) * minute));
  const before = vendor.requests.length;
  const late =
    [0, 1].map((number) => record(number, start - 2 * minute)).find((text) => text.includes('deferredAt')) ?? '';
  await run(690, late.replace(/(?<="deferredAt":")[^"]+/, new Date(start + 690 * minute).toISOString()));
  assert.deepEqual(job.taken, texts);
  assert.equal(vendor.requests.length, before + 1);
});

test('tailscale: the events of one change share a group and are told apart, twins too', async (t) => {
  const { vendor, values } = await started(t, 0);
  const texts = [record(0, start - 1000), record(1, start - 1000), record(1, start - 1000)];
  vendor.add(...texts);
  const job = exampleJob(definition, values);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
});

test('tailscale: actors and targets are sent, and matched here', async (t) => {
  const { vendor, values } = await started(t, 0);
  const texts = [record(0, start - 1000), record(1, start - 2000)];
  vendor.add(...texts);
  const query = [
    ['actor', 'uZGVtbzE'],
    ['target', 'nDEMO1'],
  ] as const;
  const { records, unmatched } = await pullOnce(definition, values, { part, search: { query } });
  assert.deepEqual([records.map(({ text }) => text), unmatched], [[texts[0]], 1]);
  assert.equal(asked(vendor)[0]?.searchParams.get('actor'), 'uZGVtbzE');
  assert.equal(asked(vendor)[0]?.searchParams.get('target'), 'nDEMO1');
});
