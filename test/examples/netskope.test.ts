import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { deliveredOnceAtEnd } from '../support/end-of-window.ts';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { problem } from '../support/problem.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startNetskope } from '../support/vendors/netskope.ts';
import { refusesOnce, sendJson } from '../support/vendors/server.ts';

const { definition, part, next, started, queries } = example('netskope', {
  secret: 'NETSKOPE_TOKEN',
  lateness: 50,
  newestFirst: true,
  start: startNetskope,
  values: ({ origin }) => ({ NETSKOPE_URL: origin, NETSKOPE_TOKEN: 'token' }),
  // In whole seconds.
  write: (template, number, time) =>
    template.replace('ID"', `${String(number).padStart(24, '0')}"`).replace('TIME', String(Math.floor(time / 1000))),
  add: (vendor, texts) => vendor.add(...texts),
});

test('netskope: window and size go with every page, and each begins with the last row before', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const query = { insertionstarttime: '1795161600', insertionendtime: '1795165200', limit: '10' };
  assert.deepEqual(
    queries(vendor),
    ['0', '9', '18', '19', '20'].map((offset) => ({ ...query, offset })),
  );
});

test('netskope: events of the second in which a window ends are delivered, once', (t) =>
  deliveredOnceAtEnd({ definition, next }, (now) => started(t, 0, { now }), 1000));

test('netskope: an event that Netskope stored a day after it happened is delivered, once', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const [early, late] = [next(start - minute), next(start - minute)];
  vendor.add(early);
  assert.deepEqual((await job.run(now)).problems, []);
  now += day;
  vendor.store(now - minute, late);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken, [early, late]);
});

test('netskope: what is wrong is told in its words', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, NETSKOPE_URL: `${values.NETSKOPE_URL}/x` }, { part }),
    (error) => error instanceof Problem && /Not found/.test(error.message),
  );
});

test('netskope: a reply that is not ok is no empty window, although it is HTTP 200', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = (_, response) => {
    sendJson(response, 200, '{"ok":0,"message":"Query failed","result":[]}');
    return true;
  };
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.protocol, /: Query failed$/));
});

test('netskope: the wait after 429 is that of ratelimit-reset, in seconds', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = refusesOnce(429, '{}', { 'ratelimit-limit': '4', 'ratelimit-remaining': '0', 'ratelimit-reset': '7' });
  const tools = sourceTools(start);
  assert.equal((await pullOnce(definition, values, { part, tools })).records.length, 1);
  assert.deepEqual(tools.waits, [7000]);
});

test('netskope: --raw-query is its query, and names of events and users are matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const expected = texts.filter((text) => text.includes('Edit Policy'));
  for (const search of [
    { rawQuery: 'policy' },
    { categories: ['Edit Policy'] },
    { query: [['user', 'juergen@example.com']] as const },
  ]) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), expected);
  }
  assert.equal(queries(vendor)[0]?.['query'], 'policy');
});
