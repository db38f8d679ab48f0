import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startBox, type Box, type BoxOptions } from '../support/vendors/box.ts';

const box = exampleDefinition('box');
const templates = exampleLines('box');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const day = 1440 * minute;
const values = (vendor: Box) => ({
  BOX_URL: vendor.origin,
  BOX_CLIENT_ID: 'client',
  BOX_CLIENT_SECRET: 'secret',
  BOX_ENTERPRISE_ID: '1',
});

let serial = 0;

/** By the clock of California, as Box writes times. */
function event(time: number): string {
  const shown = new Date(time - 8 * 60 * minute).toISOString().replace('.000Z', '-08:00').replace('Z', '-08:00');
  return (templates[serial % templates.length] ?? '')
    .replace('TIME', shown)
    .replace('ID', `b9a2393a-20cf-4307-90f5-${String(serial++).padStart(12, '0')}`);
}

/** In no order of time. */
async function started(count = 25, options: BoxOptions = {}) {
  const vendor = await startBox({ now: () => start, ...options });
  const times = Array.from({ length: count }, (_, number) => start - ((number * 7) % count) * 1000);
  const texts = times.map(event);
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

const asked = (vendor: Box) =>
  vendor.requests
    .filter(({ target }) => target.startsWith('/2.0/'))
    .map(({ target }) => Object.fromEntries(new URL(target, vendor.origin).searchParams));

conforms('box', {
  definition: box,
  secret: 'BOX_CLIENT_SECRET',
  limit: 10,
  start: async () => ({ ...(await started()), asksRecords: ({ target }) => target.startsWith('/2.0/') }),
});

exampleRuns('box', {
  secret: 'BOX_CLIENT_SECRET',
  async start() {
    const vendor = await startBox();
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = [ago, ago].map((each) => event(Date.now() - each));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

for (const [what, options, end] of [
  ['a number of 17 digits', {}, '30401068076176269'],
  ['a text', { asText: true }, '30401068076176269'],
  ['another one at each request', { restless: true }, '30401068076176270'],
] as const) {
  test(`box: the position is ${what}, comes back digit by digit, and the next run goes on there`, async (t: TestContext) => {
    const { vendor, texts, values: settings } = await started(12, options);
    t.after(() => vendor.close());
    const { records, bookmark } = await pullOnce(box, settings, { search: { limit: 10 } });
    assert.equal(records.length, texts.length);
    const stream = { stream_type: 'admin_logs_streaming', limit: '10' };
    assert.deepEqual(asked(vendor), [
      { ...stream, stream_position: '0' },
      { ...stream, stream_position: '30401068076174269' },
      { ...stream, stream_position: '30401068076176269' },
    ]);
    const late = event(start - 5 * day);
    vendor.add(late);
    const next = await pullOnce(box, settings, { part: { bookmark } });
    assert.deepEqual(
      next.records.map(({ text }) => text),
      [late],
    );
    assert.equal(asked(vendor)[3]?.['stream_position'], end);
  });
}

test('box: a short page is not the end', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(25, { most: 7 });
  t.after(() => vendor.close());
  assert.equal((await pullOnce(box, settings)).records.length, texts.length);
});

test('box: an event that Box gives twice is delivered once, also in the next run, and one that is late is not missed', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(3);
  t.after(() => vendor.close());
  const job = exampleJob(box, settings);
  const late = event(start - 3 * day);
  for (const [index, more] of [texts.slice(1), [...texts, late], []].entries()) {
    vendor.add(...more);
    assert.deepEqual((await job.run(start + index * minute)).problems, []);
  }
  assert.deepEqual(job.taken, [...texts, late]);
});

test('box: after a pause of more than two weeks, what is there is read, and the gap is told', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(5);
  t.after(() => vendor.close());
  let now = start;
  const job = exampleJob(box, settings);
  await job.run(now);
  const later = [event(start + 20 * day), event(start + 20 * day)];
  vendor.add(event(start + 1 * day), ...later);
  vendor.forget(later.length);
  now += 20 * day;
  const { summary } = await job.run(now);
  assert.deepEqual(job.taken, [...texts, ...later]);
  assert.equal(summary.gaps.length, 1);
});

test('box: a position that Box no longer knows means all that it has, and a warning', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(20);
  t.after(() => vendor.close());
  const { bookmark } = await pullOnce(box, settings, { search: { limit: 10, single: true } });
  vendor.forget(5);
  const tools = sourceTools(start);
  const { records } = await pullOnce(box, settings, { part: { bookmark }, tools });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.slice(15),
  );
  assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
});

test('box: types of events are one parameter, with commas', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  const { records } = await pullOnce(box, settings, { search: { categories: ['NEW_USER', 'DELETE_USER'] } });
  assert.equal(asked(vendor)[0]?.['event_type'], 'NEW_USER,DELETE_USER');
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((text) => text.includes('"NEW_USER"')),
  );
});
