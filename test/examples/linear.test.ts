import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, start } from '../support/example.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startLinear } from '../support/vendors/linear.ts';
import { refusesOnce, sendJson } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, started } = example('linear', {
  secret: 'LINEAR_API_KEY',
  lateness: 10,
  newestFirst: true,
  apart: 1001,
  start: startLinear,
  values: ({ origin }) => ({ LINEAR_URL: origin, LINEAR_API_KEY: 'lin_api_key' }),
  write: (template, number, time) =>
    template
      .replace('ID', `0000-4000-8000-${String(number).padStart(12, '0')}`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('linear: the window and the number are variables of every page, and the cursor is one of later pages', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const [first, second, ...more] = vendor.requests.map(
    ({ body }) => (JSON.parse(body) as { variables: Record<string, unknown> }).variables,
  );
  const variables = { from: '2026-11-20T08:00:00.000Z', until: '2026-11-20T09:00:00.000Z', first: 10 };
  assert.deepEqual(first, variables);
  const { after, ...rest } = second ?? {};
  assert.deepEqual([rest, typeof after, more], [variables, 'string', []]);
});

test('linear: 250 entries are asked for at once, as Linear does, where no number is given', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, values, { part });
  assert.match(vendor.requests[0]?.body ?? '', /"first":250[,}]/);
});

test('linear: a rate limit that comes with HTTP 400 is waited for until the moment that its header tells', async (t) => {
  const { vendor, texts, values } = await started(t, 1);
  vendor.fault = refusesOnce(400, '{"errors":[{"message":"Too many","extensions":{"code":"RATELIMITED"}}]}', {
    'X-RateLimit-Requests-Reset': String(start + 41_000),
  });
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.deepEqual([records.length, tools.waits], [texts.length, [41_000]]);
});

test('linear: an error beside the data is one, and its message is shown', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = (_, response) => {
    sendJson(response, 200, '{"errors":[{"message":"Feature not accessible"}],"data":null}');
    return true;
  };
  await assert.rejects(pullOnce(definition, values, { part }), problem(76, /Feature not accessible/));
});

test('linear: types and actors are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['teamMembershipCreated'], query: [['actor', '92b1']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('teamMembershipCreated')),
  );
});
