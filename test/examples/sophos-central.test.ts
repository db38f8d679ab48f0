import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { day, example, minute, start } from '../support/example.ts';
import { exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { noSearch, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { feeds, startSophosCentral, tenant } from '../support/vendors/sophos-central.ts';

const { definition, part, next, started, queries } = example('sophos-central', {
  secret: 'SOPHOS_CLIENT_SECRET',
  tokens: true,
  lateness: 59,
  hours: 22, // Sophos shows no more than a day
  branches: feeds,
  start: startSophosCentral,
  values: ({ origin }) => ({
    SOPHOS_URL: origin,
    SOPHOS_LOGIN_URL: origin,
    SOPHOS_TENANT: tenant,
    SOPHOS_CLIENT_ID: 'client',
    SOPHOS_CLIENT_SECRET: 'secret',
  }),
  templates: (feed) => exampleLines(`sophos-central-${feed}`),
  write: (template, number, time) =>
    template
      .replaceAll('"ID"', `"76b1c5f0-0000-4000-8000-${String(number).padStart(12, '0')}"`)
      .replaceAll('TIME', new Date(time).toISOString()),
  add: (vendor, texts, feed) => vendor.add(feed, ...texts),
  asksRecords: ({ target }) => target.startsWith('/siem/'),
});

test('sophos-central: each run begins with a time, and goes on with cursors', async (t) => {
  const { vendor, texts, values } = await started(t, 12);
  const { records, bookmark } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.equal(records.length, texts.length);
  assert.equal(bookmark, undefined);
  const [first, second, ...more] = queries(vendor);
  assert.deepEqual([first, more], [{ from_date: '1795161600', limit: '10' }, []]);
  assert.deepEqual(Object.keys(second ?? {}).toSorted(), ['cursor', 'limit']);
});

test('sophos-central: an event that is stored after later ones were shown is found by the next run', async (t) => {
  const { vendor, texts, values } = await started(t, 3);
  const job = exampleJob(definition, { ...values, SOPHOS_FEEDS: 'events' });
  assert.deepEqual((await job.run(start)).problems, []);
  const late = next(start - 5 * minute);
  vendor.add('events', late);
  assert.deepEqual((await job.run(start + minute)).problems, []);
  assert.deepEqual(job.taken.toSorted(), [...texts, late].toSorted());
});

test('sophos-central: what a computer saw hours or months before it could tell Sophos is delivered, and once', async (t) => {
  const { vendor, texts, values } = await started(t, 3);
  const job = exampleJob(definition, { ...values, SOPHOS_FEEDS: 'events' });
  assert.deepEqual((await job.run(start)).problems, []);
  const reported = [90 * minute, 26 * 60 * minute, 400 * day].map((earlier) =>
    next(start + minute).replace(/(?<="when":")[^"]+/, new Date(start - earlier).toISOString()),
  );
  vendor.add('events', ...reported);
  for (const after of [2, 3, 59]) assert.deepEqual((await job.run(start + after * minute)).problems, []);
  assert.deepEqual(job.taken.toSorted(), [...texts, ...reported].toSorted());
});

test('sophos-central: a first run reads less than the 24 hours that Sophos shows, and a pause of two days is told as a gap', async (t) => {
  let now = start;
  const { texts, values } = await started(t, 3, { now: () => now });
  const job = exampleJob(definition, { ...values, SOPHOS_FEEDS: 'events' });
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  now += 2 * day;
  const { problems } = await job.run(now);
  assert.match(problems[0]?.message ?? '', /from 2026-11-20T09:00:00Z to 2026-11-21T10:00:00Z are gone/);
});

test('sophos-central: events and alerts are read, or what SOPHOS_FEEDS names', async (t) => {
  const { values } = await started(t, 0);
  for (const [set, expected] of [
    [{}, feeds],
    [{ SOPHOS_FEEDS: 'alerts' }, ['alerts']],
  ] as const) {
    const source = restSource(definition, { ...values, ...set }, noSearch, sourceTools());
    assert.deepEqual(await source.branches(), expected);
    await source.close();
  }
});

test('sophos-central: types and severities are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = {
    categories: ['Event::Endpoint::Threat::CleanedUp'],
    query: [['severity', 'medium']],
  } as const;
  const { records } = await pullOnce(definition, values, { part, search, tools: sourceTools(start) });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('CleanedUp')),
  );
});
