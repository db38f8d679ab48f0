import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { problem } from '../support/problem.ts';
import { startNewRelic, type NewRelic } from '../support/vendors/new-relic.ts';
import { sendJson } from '../support/vendors/server.ts';

const { definition, part, next, started } = example('new-relic', {
  secret: 'NEW_RELIC_USER_KEY',
  repeats: true,
  lateness: 10,
  apart: 1001,
  branches: ['1234567', '7654321'],
  start: startNewRelic,
  values: ({ origin }) => ({
    NEW_RELIC_URL: origin,
    NEW_RELIC_USER_KEY: 'NRAK-key',
    NEW_RELIC_ACCOUNTS: '1234567, 7654321',
  }),
  write: (template, number, time, account) =>
    template
      .replace('ID"', `${account}-4000-8000-${String(number).padStart(12, '0')}"`)
      .replace('TIME', String(Math.floor(time))),
  add: (vendor, texts, account) => vendor.add(account, ...texts),
});

const asked = ({ requests }: NewRelic) =>
  requests.map(({ body }) => (JSON.parse(body) as { variables: { nrql: string } }).variables.nrql);

test('new-relic: later pages begin with the time of the last event, until one has fewer than were asked for', async (t) => {
  const { vendor, times, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const from = [Date.UTC(2026, 10, 20, 8), times[9], times[18], times[19]].slice(0, 3);
  assert.deepEqual(
    asked(vendor),
    from.map((at) => `SELECT * FROM NrAuditEvent SINCE ${at} UNTIL ${start} ORDER BY timestamp LIMIT 10`),
  );
});

test('new-relic: events of one moment that fill a page are no endless loop, and not the end either', async (t) => {
  const { values } = await started(
    t,
    Array.from({ length: 12 }, () => start - 1000),
  );
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 10 } }),
    (error) => error instanceof Problem && error.status === exit.protocol,
  );
});

test('new-relic: accounts are read one by one', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const other = next(start - 5000, '7654321');
  vendor.add('7654321', other);
  const first = await pullOnce(definition, values, { part });
  const second = await pullOnce(definition, values, { part: { ...part, branch: '7654321' } });
  assert.deepEqual([textsOf(first.records), textsOf(second.records)], [texts, [other]]);
});

test('new-relic: an error beside the data is one, and its message is told', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { rawQuery: 'actorEmail = 1' } }),
    (error) => error instanceof Problem && /NRQL Syntax Error/.test(error.message),
  );
});

test('new-relic: a query that took too long is asked again, and 69 if that lasts, as is a failure of its own', async (t) => {
  const { vendor, texts, values } = await started(t, 1);
  for (const errorClass of ['TIMEOUT', 'SERVER_ERROR', 'INTERNAL_SERVER_ERROR']) {
    let failures = 1;
    vendor.fault = (_, response) => {
      if (failures-- <= 0) return false;
      const error = { extensions: { errorClass }, message: 'Query duration exceeded the set timeout' };
      sendJson(response, 200, JSON.stringify({ data: { actor: { account: { nrql: null } } }, errors: [error] }));
      return true;
    };
    assert.deepEqual(textsOf((await pullOnce(definition, values, { part })).records), texts);
    failures = Infinity;
    await assert.rejects(pullOnce(definition, values, { part }), problem(exit.unavailable, /exceeded the set timeout/));
  }
});

test('new-relic: of a window that always takes too long, shorter parts are read, so that the job goes on', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 4, { now: () => now });
  vendor.fault = ({ body }, response) => {
    const [, from, until] = /SINCE (\d+) UNTIL (\d+)/.exec(body) ?? [];
    if (Number(until) - Number(from) <= 1.1 * day) return false;
    sendJson(response, 200, '{"errors":[{"extensions":{"errorClass":"TIMEOUT"},"message":"Query duration exceeded"}]}');
    return true;
  };
  const job = exampleJob(definition, values);
  for (let runs = 0; runs < 12; runs++) {
    await job.run(now);
    now += 10 * minute;
  }
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

test('new-relic: a key that is not valid is 77, though HTTP 200 says so', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = (_, response) => {
    const error = { extensions: { error_code: 'BAD_API_KEY' }, message: 'The API key provided is invalid' };
    sendJson(response, 200, JSON.stringify({ errors: [error] }));
    return true;
  };
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.noperm, /API key provided is invalid/));
});

test('new-relic: --raw-query is a condition, and actions and users are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const expected = texts.filter((text) => text.includes('user.login'));
  for (const search of [
    { rawQuery: "actorEmail = 'zoe@example.com'" },
    { categories: ['user.login'] },
    { query: [['user', 'zoe@example.com']] as const },
  ]) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), expected);
  }
});
