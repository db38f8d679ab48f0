import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startAtlassian } from '../support/vendors/atlassian.ts';
import { refusesOnce, type Vendor } from '../support/vendors/server.ts';

const { definition, part, record, started } = example('atlassian', {
  secret: 'ATLASSIAN_TOKEN',
  lateness: 3 * 1440,
  start: startAtlassian,
  values: ({ origin }) => ({ ATLASSIAN_URL: origin, ATLASSIAN_ORGANIZATION: 'a-1', ATLASSIAN_TOKEN: 'token' }),
  write: (template, number, time) =>
    template.replaceAll('"ID"', `"${number}-7d2a"`).replaceAll(/TIME|PROCESSED/g, new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

/** What each request asked for; cursors in plain text. */
const asked = ({ requests, origin }: Vendor): string[] =>
  requests.map(({ target }) =>
    [...new URL(target, origin).searchParams]
      .map(([name, value]) => `${name}=${name === 'cursor' ? Buffer.from(value, 'base64').toString() : value}`)
      .join(' '),
  );

test('atlassian: the next run goes on with the cursor of the last page, and finds what was processed late', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const texts = [record(0, start - minute), record(1, start - 3 * 1440 * minute), record(2, start + minute)];
  for (const each of texts) {
    vendor.add(each);
    assert.deepEqual((await job.run(now)).problems, []);
    now += 30 * minute;
  }
  assert.deepEqual(job.taken, texts);
  const from = String(start - 7 * 1440 * minute);
  assert.deepEqual(asked(vendor), [
    `from=${from} sortOrder=asc limit=200`,
    ...[1, 1, 2, 2, 3].map((place) => `cursor=1:${place}:${from} limit=200`),
  ]);
});

test('atlassian: a cursor that is no longer known means reading the window, without a repeat', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const texts = [0, 1, 2].map((number) => record(number, start - (3 - number) * minute));
  for (const each of texts) vendor.add(each);
  await job.run(now);
  vendor.expire();
  now += 10 * minute;
  const late = record(3, start - 60 * minute); // before what was delivered: a day is read again
  vendor.add(late);
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken, [...texts, late]);
});

test('atlassian: a rate limit that says when it ends as a date without seconds is waited for', async (t) => {
  const { vendor, texts, values } = await started(t);
  vendor.fault = refusesOnce(429, '{"errors":[{"title":"Too Many Requests"}]}', {
    'X-RateLimit-Reset': '2026-11-20T09:03Z',
  });
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.deepEqual([records.length, tools.waits], [texts.length, [3 * minute]]);
});
