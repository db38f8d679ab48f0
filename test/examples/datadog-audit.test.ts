import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { day, example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startDatadogAudit } from '../support/vendors/datadog-audit.ts';
import { refusesOnce, sendJson } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, asked, queries } = example('datadog-audit', {
  secret: 'DATADOG_AUDIT_API_KEY',
  otherSecrets: ['DATADOG_AUDIT_APPLICATION_KEY'],
  lateness: 50,
  apart: 1001,
  start: startDatadogAudit,
  values: ({ origin }) => ({
    DATADOG_AUDIT_URL: origin,
    DATADOG_AUDIT_API_KEY: 'api-key',
    DATADOG_AUDIT_APPLICATION_KEY: 'application-key',
  }),
  write: (template, number, time) =>
    template
      .replace('ID', `AQAAAX${String(number).padStart(6, '0')}EXAMPLE==`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('datadog-audit: pages are followed until one has no events, also when its list is null', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual([records.length, vendor.requests.length], [texts.length, 3]);
  const { 'page[cursor]': cursor, ...rest } = queries(vendor)[2] ?? {};
  assert.ok(cursor !== undefined);
  assert.deepEqual(rest, {
    'filter[from]': '2026-11-20T08:00:00.000Z',
    'filter[to]': '2026-11-20T09:00:00.000Z',
    sort: 'timestamp',
    'page[limit]': '10',
  });
});

test('datadog-audit: a search that ran out of time is no end, although it is HTTP 200: it is asked for again', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const job = exampleJob(definition, values);
  const timedOut = `{"data":[${texts[0]}],"meta":{"status":"timeout"}}`;
  vendor.fault = (_, response) => {
    sendJson(response, 200, timedOut);
    return true;
  };
  const { problems } = await job.run(start);
  assert.equal(problems[0]?.status, exit.unavailable);
  vendor.fault = refusesOnce(200, timedOut, {});
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

test('datadog-audit: a reply with warnings may hold only a part: it is asked for again, and told if that lasts', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const job = exampleJob(definition, values);
  const warned = `{"data":[${texts[0]}],"meta":{"status":"done","warnings":[{"code":"unknown_index","detail":"indexes: foo","title":"One or several indexes are missing"}]}}`;
  vendor.fault = (_, response) => {
    sendJson(response, 200, warned);
    return true;
  };
  const { problems } = await job.run(start);
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message.endsWith(': One or several indexes are missing')]),
    [[exit.unavailable, true]],
  );
  vendor.fault = refusesOnce(200, warned, {});
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

test('datadog-audit: a week is read day by day, and each day is saved', async (t) => {
  const { vendor, values } = await started(t, 0);
  const job = exampleJob(definition, values);
  const texts = [6.5, 3.5, 0.5].map((days) => next(start - days * day));
  vendor.add(...texts);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
  const windows = asked(vendor).map((query) => query.get('filter[from]'));
  assert.equal(new Set(windows).size, 7);
});

test('datadog-audit: the wait after 429 is that of X-RateLimit-Reset, in seconds, however long its period is', async (t) => {
  const { vendor, values } = await started(t, 1);
  const headers = { 'X-RateLimit-Limit': '300', 'X-RateLimit-Period': '3600', 'X-RateLimit-Remaining': '0' };
  vendor.fault = refusesOnce(429, '{"errors":["Too many requests"]}', { ...headers, 'X-RateLimit-Reset': '41' });
  const tools = sourceTools(start);
  assert.equal((await pullOnce(definition, values, { part, tools })).records.length, 1);
  assert.deepEqual(tools.waits, [41_000]);
});

test('datadog-audit: --query and --raw-query reach Datadog in its language, the first beside an "or" of the second', async (t) => {
  const { vendor, texts, values } = await started(t, 6);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { rawQuery: '@evt.name:"Monitor"', query: [['user', 'zoe@example.com']] },
  });
  assert.equal(queries(vendor)[0]?.['filter[query]'], '(@evt.name:"Monitor") AND @usr.email:"zoe@example.com"');
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('zoe@')),
  );
});

test('datadog-audit: a key without the permission is refused, in the words of Datadog', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, DATADOG_AUDIT_API_KEY: 'other' }, { part }),
    problem(exit.noperm, /: Forbidden/),
  );
});
