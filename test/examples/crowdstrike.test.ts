import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startCrowdStrike, type CrowdStrike } from '../support/vendors/crowdstrike.ts';
import { refusesOnce } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started } = example('crowdstrike', {
  secret: 'CROWDSTRIKE_CLIENT_SECRET',
  tokens: true,
  lateness: 10,
  apart: 1001,
  start: startCrowdStrike,
  values: ({ origin }) => ({
    CROWDSTRIKE_URL: origin,
    CROWDSTRIKE_CLIENT_ID: 'client',
    CROWDSTRIKE_CLIENT_SECRET: 'secret',
  }),
  // In nanoseconds.
  write: (template, number, time) =>
    template
      .replaceAll(':ID', `:${String(number).padStart(9, '0')}`)
      .replace('TIME', new Date(time).toISOString().replace('Z', '000000Z')),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/alerts/'),
});

const bodies = ({ requests }: CrowdStrike) =>
  requests.flatMap(({ target, body }) =>
    target.startsWith('/alerts/') ? [JSON.parse(body) as Record<string, unknown>] : [],
  );

test('crowdstrike: the filter is the same on every page, and the token is in the body', async (t) => {
  const { vendor, texts, values } = await started(t, 12);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  const filter = "updated_timestamp:>='2026-11-20T08:00:00.000Z'+updated_timestamp:<'2026-11-20T09:00:00.000Z'";
  const body = { filter, sort: 'updated_timestamp|asc', limit: 10 };
  const [first, second, ...more] = bodies(vendor);
  assert.deepEqual(first, body);
  const { after, ...rest } = second ?? {};
  assert.deepEqual([rest, typeof after, more], [body, 'string', []]);
});

test('crowdstrike: an alert that is changed is delivered again, also when it is changed while pages are read', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const changed = (text: string, time: number): string =>
    text.replace('"new"', '"closed"').replace(/(updated_timestamp":")[^"]+/, `$1${new Date(time).toISOString()}`);
  const [alert, other] = [next(start - 20 * minute), next(start - 10 * minute)];
  vendor.add(alert, other);
  assert.deepEqual((await job.run(now)).problems, []);
  const closed = changed(alert, start + minute);
  vendor.add(closed);
  now += 2 * minute;
  let moved = '';
  vendor.fault = ({ target }) => {
    if (target.startsWith('/alerts/') && moved === '') vendor.add((moved = changed(closed, now)));
    return false;
  };
  assert.deepEqual((await job.run(now)).problems, []);
  now += 2 * minute;
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken, [alert, other, moved]);
});

test('crowdstrike: a member is asked for with the token', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, { ...values, CROWDSTRIKE_MEMBER_CID: 'member' }, { part });
  const form = Object.fromEntries(new URLSearchParams(vendor.requests[0]?.body));
  assert.deepEqual(form, {
    grant_type: 'client_credentials',
    client_id: 'client',
    client_secret: 'secret',
    member_cid: 'member',
  });
});

for (const moment of [start + 41_000, (start + 41_000) / 1000]) {
  test(`crowdstrike: a rate limit is waited for until the moment that its header tells, as ${moment}`, async (t) => {
    const { vendor, texts, values } = await started(t, 1);
    const refuse = refusesOnce(429, '{"errors":[{"code":429,"message":"API rate limit exceeded."}]}', {
      'X-RateLimit-Limit': '6000',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-RetryAfter': String(moment),
    });
    vendor.fault = (request, response) => request.target.startsWith('/alerts/') && refuse(request, response);
    const tools = sourceTools(start);
    const { records } = await pullOnce(definition, values, { part, tools });
    assert.deepEqual([records.length, tools.waits], [texts.length, [41_000]]);
  });
}

test('crowdstrike: an error is reported in its words, such as for a filter that Falcon does not know', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { rawQuery: 'nonsense' } }),
    problem(76, /filter must be a time/),
  );
});

test('crowdstrike: --raw-query narrows the window, products and states are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const expected = texts.filter((text) => text.includes('"idp"'));
  for (const search of [
    { rawQuery: "product:'idp'" },
    { categories: ['idp'] },
    { query: [['status', 'closed']] as const },
  ]) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), expected);
  }
});
