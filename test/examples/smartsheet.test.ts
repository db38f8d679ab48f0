import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start, windowTo } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startSmartsheet } from '../support/vendors/smartsheet.ts';

const { definition, part, next, started, queries } = example('smartsheet', {
  secret: 'SMARTSHEET_TOKEN',
  lateness: 10 * 1440,
  // In no order of time.
  ago: (index, count) => (1 + ((index * 7) % count)) * 1000,
  start: startSmartsheet,
  values: ({ origin }) => ({ SMARTSHEET_URL: origin, SMARTSHEET_TOKEN: 'token' }),
  write: (template, number, time) =>
    template
      .replace('"ID"', `"4b12345abc444def333g${String(number).padStart(12, '0')}"`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('smartsheet: it begins with a time, goes on with positions, and the next run goes on there', async (t) => {
  const { vendor, texts, values } = await started(t, 12);
  const { records, bookmark } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.equal(records.length, texts.length);
  const late = next(start - 5 * day);
  vendor.add(late);
  assert.deepEqual(textsOf((await pullOnce(definition, values, { part: { ...part, bookmark } })).records), [late]);
  assert.deepEqual(queries(vendor), [
    { since: '2026-11-20T08:00:00Z', maxCount: '10' },
    { streamPosition: '0_10', maxCount: '10' },
    { streamPosition: '0_12', maxCount: '1000' },
  ]);
});

test('smartsheet: of a window that begins after half past, Smartsheet is asked for the whole hour', async (t) => {
  const times = [50, 25, 5].map((minutes) => start - minutes * minute);
  const { vendor, texts, values } = await started(t, times);
  const { records } = await pullOnce(definition, values, { part: { slice: windowTo(start, 29 * minute) } });
  assert.deepEqual(textsOf(records), texts);
  assert.equal(queries(vendor)[0]?.['since'], '2026-11-20T08:00:00Z');
});

test('smartsheet: a short page is not the end', async (t) => {
  const { texts, values } = await started(t, 25, { most: 7 });
  assert.equal((await pullOnce(definition, values, { part })).records.length, texts.length);
});

test('smartsheet: a position that is no longer known means reading from the saved time on, and a warning', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const { bookmark } = await pullOnce(definition, values, { part });
  vendor.expirePositions();
  const tools = sourceTools();
  const { records } = await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
  assert.equal(records.length, texts.length);
  assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
});

test('smartsheet: a run that finds nothing has a position all the same, so that nothing after it is missed', async (t) => {
  const { vendor, values } = await started(t, 0);
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(start)).problems, []);
  const late = next(start - 30 * day);
  vendor.add(late);
  assert.deepEqual((await job.run(start + minute)).problems, []);
  assert.deepEqual(job.taken, [late]);
});

test('smartsheet: types of objects and actions are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['SHEET'], query: [['action', 'CREATE']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"SHEET"')),
  );
});
