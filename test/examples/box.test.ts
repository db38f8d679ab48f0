import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startBox } from '../support/vendors/box.ts';

const { definition, next, started, queries } = example('box', {
  secret: 'BOX_CLIENT_SECRET',
  tokens: true,
  lateness: 3 * 1440,
  // In no order of time.
  ago: (index, count) => ((index * 7) % count) * 1000,
  start: startBox,
  values: ({ origin }) => ({
    BOX_URL: origin,
    BOX_CLIENT_ID: 'client',
    BOX_CLIENT_SECRET: 'secret',
    BOX_ENTERPRISE_ID: '1',
  }),
  // By the clock of California, as Box writes times.
  write: (template, number, time) =>
    template
      .replace('TIME', new Date(time - 8 * 60 * minute).toISOString().replace(/(?:\.000)?Z/, '-08:00'))
      .replace('ID', `b9a2393a-20cf-4307-90f5-${String(number).padStart(12, '0')}`),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/2.0/'),
});

for (const [what, options, end] of [
  ['a number of 17 digits', {}, '30401068076176269'],
  ['a text', { asText: true }, '30401068076176269'],
  ['another one at each request', { restless: true }, '30401068076176270'],
] as const) {
  test(`box: the position is ${what}, comes back digit by digit, and the next run goes on there`, async (t) => {
    const { vendor, texts, values } = await started(t, 12, options);
    const { records, bookmark } = await pullOnce(definition, values, { search: { limit: 10 } });
    assert.equal(records.length, texts.length);
    const stream = { stream_type: 'admin_logs_streaming', limit: '10' };
    assert.deepEqual(queries(vendor), [
      { ...stream, stream_position: '0' },
      { ...stream, stream_position: '30401068076174269' },
      { ...stream, stream_position: '30401068076176269' },
    ]);
    const late = next(start - 5 * day);
    vendor.add(late);
    const later = await pullOnce(definition, values, { part: { bookmark } });
    assert.deepEqual(textsOf(later.records), [late]);
    assert.equal(queries(vendor)[3]?.['stream_position'], end);
  });
}

test('box: a short page is not the end', async (t) => {
  const { texts, values } = await started(t, 25, { most: 7 });
  assert.equal((await pullOnce(definition, values)).records.length, texts.length);
});

test('box: an event that Box gives twice is delivered once, also in the next run, and one that is late is not missed', async (t) => {
  const { vendor, texts, values } = await started(t, 3);
  const job = exampleJob(definition, values);
  const late = next(start - 3 * day);
  for (const [index, more] of [texts.slice(1), [...texts, late], []].entries()) {
    vendor.add(...more);
    assert.deepEqual((await job.run(start + index * minute)).problems, []);
  }
  assert.deepEqual(job.taken, [...texts, late]);
});

test('box: after a pause of more than two weeks, what is there is read, and the gap is reported', async (t) => {
  const { vendor, texts, values } = await started(t, 5);
  let now = start;
  const job = exampleJob(definition, values);
  await job.run(now);
  const later = [next(start + 20 * day), next(start + 20 * day)];
  vendor.add(next(start + 1 * day), ...later);
  vendor.forget(later.length);
  now += 20 * day;
  const { summary } = await job.run(now);
  assert.deepEqual(job.taken, [...texts, ...later]);
  assert.equal(summary.gaps.length, 1);
});

test('box: a position that Box no longer knows means all that it has, and a warning', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  const { bookmark } = await pullOnce(definition, values, { search: { limit: 10, single: true } });
  vendor.forget(5);
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part: { bookmark }, tools });
  assert.deepEqual(textsOf(records), texts.slice(15));
  assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
});

test('box: types of events are one parameter, with commas', async (t) => {
  const { vendor, texts, values } = await started(t);
  const { records } = await pullOnce(definition, values, { search: { categories: ['NEW_USER', 'DELETE_USER'] } });
  assert.equal(queries(vendor)[0]?.['event_type'], 'NEW_USER,DELETE_USER');
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"NEW_USER"')),
  );
});
