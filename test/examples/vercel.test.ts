import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startVercel } from '../support/vendors/vercel.ts';
import { problem } from '../support/problem.ts';

const { definition, part, started, asked, queries } = example('vercel', {
  secret: 'VERCEL_TOKEN',
  lateness: 10,
  repeats: true,
  newestFirst: true,
  start: startVercel,
  values: ({ origin }) => ({ VERCEL_URL: origin, VERCEL_TOKEN: 'token', VERCEL_TEAM_ID: 'team_1' }),
  write: (template, number, time) =>
    template.replace('"ID"', `"uev_${String(number).padStart(6, '0')}"`).replace('TIME', String(time)),
  add: (vendor, texts) => vendor.add(...texts),
});

test('vercel: the window is asked for as the reference has it, and later pages end at the oldest event', async (t) => {
  const { vendor, values } = await started(t, 3);
  await pullOnce(definition, values, { part, search: { limit: 2 } });
  const query = { teamId: 'team_1', since: '2026-11-20T07:59:59.999Z', limit: '2', withPayload: 'true' };
  const ends = ['2026-11-20T09:00:00.000Z', String(start - 2000), String(start - 3000)];
  assert.deepEqual(
    queries(vendor),
    ends.map((until) => ({ ...query, until })),
  );
});

test('vercel: where Vercel gives fewer at once than are asked for, all come the same', async (t) => {
  const { texts, values } = await started(t, 7, { most: 3 });
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
});

test('vercel: events of one millisecond on both sides of a page all come, and once', async (t) => {
  const times = [1, 2, 2, 2, 3].map((seconds) => start - seconds * 1000);
  const { texts, values } = await started(t, times);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 4 } });
  assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
  const job = exampleJob(definition, values);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

test('vercel: more events of one millisecond than a page holds are an error, not the end', async (t) => {
  const { values } = await started(
    t,
    [1, 2, 2, 2, 2, 2].map((seconds) => start - seconds * 1000),
  );
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 3 } }),
    problem(exit.protocol, /same createdAt/),
  );
});

test('vercel: types go in one parameter, on every page', async (t) => {
  const { vendor, values } = await started(t, 5);
  await pullOnce(definition, values, { part, search: { limit: 2, categories: ['login', 'domain-buy'] } });
  assert.ok(vendor.requests.length > 1);
  for (const query of asked(vendor)) assert.deepEqual(query.getAll('types'), ['login,domain-buy']);
});

test('vercel: without a team, the events are those of the user', async (t) => {
  const { vendor, values } = await started(t, []);
  await pullOnce(definition, { ...values, VERCEL_TEAM_ID: '' }, { part });
  assert.equal(asked(vendor)[0]?.has('teamId'), false);
});
