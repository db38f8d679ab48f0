import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { deliveredOnceAtEnd } from '../support/end-of-window.ts';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startLacework } from '../support/vendors/lacework.ts';

const { definition, part, next, started, queries } = example('lacework', {
  secret: 'LACEWORK_SECRET',
  lateness: 10,
  twins: true,
  newestFirst: true,
  start: startLacework,
  values: ({ origin }) => ({ LACEWORK_URL: origin, LACEWORK_KEY_ID: 'KEY', LACEWORK_SECRET: 'secret' }),
  // In whole seconds.
  write: (template, number, time) =>
    template
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`)
      .replace('"number":0', `"number":${number}`),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/api/v2/AuditLogs'),
});

test('lacework: the window begins with the second before, and the addresses of further pages are followed', async (t) => {
  const { vendor, texts, values } = await started(t, 25);
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
  const query = { startTime: '2026-11-20T07:59:59Z', endTime: '2026-11-20T09:00:00Z' };
  assert.deepEqual(queries(vendor), [query, query, query]);
});

test('lacework: no content is nothing, and a long pause is asked for week by week', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  now += 30 * 1440 * minute;
  const late = next(now - 20 * 1440 * minute);
  vendor.add(late);
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken, [late]);
});

test('lacework: events of the second in which a window ends are delivered, once', (t) =>
  deliveredOnceAtEnd({ definition, next }, (now) => started(t, 0, { now }), 1000));

test('lacework: a token that ends between two pages is replaced by another login, and nothing is lost', async (t) => {
  const { vendor, texts, values } = await started(t, 25);
  let pages = 0;
  vendor.fault = ({ target }) => {
    if (target.startsWith('/api/v2/AuditLogs') && ++pages === 2) vendor.revoke();
    return false;
  };
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
});

test('lacework: what is wrong is told in its words', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = ({ target }, response) => {
    if (!target.startsWith('/api/v2/AuditLogs')) return false;
    response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"message":"Invalid time range"}');
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part }),
    (error) => error instanceof Problem && /Invalid time range/.test(error.message),
  );
});

test('lacework: actions and users are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['login'], query: [['user', 'zoe@example.com']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"login"')),
  );
});
