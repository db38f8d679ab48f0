import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { deliveredOnceAtEnd } from '../support/end-of-window.ts';
import { day, example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startMiro } from '../support/vendors/miro.ts';

const { definition, part, next, started, queries } = example('miro', {
  secret: 'MIRO_TOKEN',
  lateness: 10,
  apart: 1001,
  start: startMiro,
  values: ({ origin }) => ({ MIRO_URL: origin, MIRO_TOKEN: 'token' }),
  // With an offset without a colon.
  write: (template, number, time) =>
    template
      .replace('ID"', `2026#${String(number).padStart(19, '0')}-DDB"`)
      .replace('TIME', new Date(time).toISOString().replace('Z', '+0000')),
  add: (vendor, texts) => vendor.add(...texts),
});

test('miro: the window is the same on every page, from the millisecond before, until a page is empty', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const query = {
    createdAfter: '2026-11-20T07:59:59.999Z',
    createdBefore: '2026-11-20T09:00:00.000Z',
    sorting: 'ASC',
    limit: '10',
  };
  const asked = queries(vendor).map(({ cursor, ...rest }) => [rest, cursor !== undefined]);
  assert.deepEqual(asked, [
    [query, false],
    [query, true],
    [query, true],
  ]);
});

test('miro: events of the millisecond in which a window ends are delivered, once', (t) =>
  deliveredOnceAtEnd({ definition, next }, (now) => started(t, 0, { now })));

test('miro: a pause that is longer than the 90 days that Miro shows is told as a gap', async (t) => {
  let now = start;
  const { values } = await started(t, 1, { now: () => now });
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  now += 100 * day;
  const { problems } = await job.run(now);
  assert.match(problems[0]?.message ?? '', /from 2026-11-20T09:00:00Z to 2026-11-30T09:00:00Z are gone/);
});

test('miro: what is wrong is told in its words', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 501 } }),
    (error) => error instanceof Problem && /limit must be between 1 and 500/.test(error.message),
  );
});

test('miro: types of events and users are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['sign_in_succeeded'], query: [['user', 'zoe@example.com']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('sign_in_succeeded')),
  );
});
