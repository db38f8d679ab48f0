import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startWiz, type Wiz } from '../support/vendors/wiz.ts';

const { definition, part, next, started } = example('wiz', {
  secret: 'WIZ_CLIENT_SECRET',
  tokens: true,
  lateness: 50,
  newestFirst: true,
  apart: 1001,
  start: startWiz,
  values: ({ origin }) => ({
    WIZ_URL: origin,
    WIZ_TOKEN_URL: `${origin}/oauth/token`,
    WIZ_CLIENT_ID: 'client',
    WIZ_CLIENT_SECRET: 'secret',
  }),
  write: (template, number, time) =>
    template
      .replace('ID', `0000-4000-8000-${String(number).padStart(12, '0')}`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target === '/graphql',
});

const variables = ({ requests }: Wiz) =>
  requests.flatMap(({ target, body }) =>
    target === '/graphql' ? [(JSON.parse(body) as { variables: Record<string, unknown> }).variables] : [],
  );

test('wiz: the beginning of the window and the number are variables of every page, and the cursor is one of later pages', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const [first, { after, ...second } = {}, ...more] = variables(vendor);
  const asked = { first: 10, filter: { timestamp: { after: '2026-11-20T07:59:59.999999Z' } } };
  assert.deepEqual([first, second, typeof after, more], [asked, asked, 'string', []]);
});

test('wiz: what happens between two pages is lost neither there nor in the next run, and nothing is delivered twice', async (t) => {
  const { vendor, texts, values } = await started(t, 250);
  const job = exampleJob(definition, values);
  const meanwhile = [1, 2, 3].map((number) => next(start + number));
  let pages = 0;
  vendor.fault = ({ target }) => {
    if (target === '/graphql' && ++pages === 2) vendor.add(...meanwhile);
    return false;
  };
  for (const later of [0, 60_000]) assert.deepEqual((await job.run(start + later)).problems, []);
  assert.deepEqual(job.taken.toSorted(), [...texts, ...meanwhile].toSorted());
});

test('wiz: an error beside the data is one, and its message is told', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 501 } }),
    (error) => error instanceof Problem && /first must be between 1 and 500/.test(error.message),
  );
});

test('wiz: actions and users are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['Login'], query: [['user', 'zoe@example.com']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"Login"')),
  );
});
