import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startNetlify } from '../support/vendors/netlify.ts';

const { definition, record, started, asked } = example('netlify', {
  secret: 'NETLIFY_TOKEN',
  lateness: 30 * 1440,
  newestFirst: true,
  start: startNetlify,
  values: ({ origin }) => ({ NETLIFY_URL: origin, NETLIFY_TOKEN: 'token', NETLIFY_ACCOUNT_ID: 'acc1' }),
  write: (template, number, time) =>
    template
      .replace('"ID"', `"5f0000000000000000${String(number).padStart(6, '0')}"`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('netlify: pages are read until one is empty, also where Netlify gives fewer at once than were asked for', async (t) => {
  const { vendor, texts, values } = await started(t, 25, { most: 10 });
  const { records } = await pullOnce(definition, values);
  assert.deepEqual(textsOf(records), texts);
  assert.deepEqual(
    asked(vendor).map((query) => [query.get('page'), query.get('per_page')]),
    ['1', '2', '3', '4'].map((page) => [page, '100']),
  );
});

test('netlify: an entry that is logged while pages are read shifts them, and all come once', async (t) => {
  const { vendor, texts, values } = await started(t, 25, { most: 10 });
  const more = [record(100, start), record(101, start)];
  const fresh = [...more];
  vendor.fault = ({ target }) => {
    if (target.includes('page=2')) vendor.add(...more.splice(0));
    return false;
  };
  const job = exampleJob(definition, values);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.equal(more.length, 0);
  assert.deepEqual(job.taken.toSorted(), [...texts, ...fresh].toSorted());
});

test('netlify: an entry is recognized however old it is, months later, and one that shows up late is found', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const old = record(0, start - 400 * 1440 * minute);
  vendor.add(old);
  const job = exampleJob(definition, values);
  for (const days of [0, 1, 90]) await job.run((now += days * 1440 * minute));
  const late = record(1, start - 30 * 1440 * minute);
  vendor.add(late);
  for (const _ of [1, 2]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken, [old, late]);
});
