import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, start } from '../support/example.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startBuildkite, type Buildkite } from '../support/vendors/buildkite.ts';
import { refusesOnce } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, started } = example('buildkite', {
  secret: 'BUILDKITE_TOKEN',
  lateness: 10,
  newestFirst: true,
  apart: 1001,
  start: startBuildkite,
  values: ({ origin }) => ({
    BUILDKITE_URL: origin,
    BUILDKITE_ORGANIZATION: 'acme-inc',
    BUILDKITE_TOKEN: 'bkua_key',
  }),
  write: (template, number, time) =>
    template.replace('ID', String(number).padStart(12, '0')).replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

const variables = ({ requests }: Buildkite) =>
  requests.map(({ body }) => (JSON.parse(body) as { variables: Record<string, unknown> }).variables);

test('buildkite: the window and the number are variables of every page, and the cursor is one of later pages', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const all = {
    organization: 'acme-inc',
    from: '2026-11-20T07:59:59.999Z',
    until: '2026-11-20T09:00:00.000Z',
    first: 10,
  };
  const [first, second, ...more] = variables(vendor);
  assert.deepEqual(first, all);
  const { after, ...rest } = second ?? {};
  assert.deepEqual([rest, typeof after, more], [all, 'string', []]);
});

test('buildkite: a limit of complexity is waited for as many seconds as its header tells', async (t) => {
  const { vendor, texts, values } = await started(t, 1);
  vendor.fault = refusesOnce(429, '{"errors":[{"message":"Your organization has exceeded the limit"}]}', {
    'RateLimit-Remaining': '0',
    'RateLimit-Limit': '20000',
    'RateLimit-Reset': '187',
  });
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.deepEqual([records.length, tools.waits], [texts.length, [187_000]]);
});

test('buildkite: an organization that does not exist is not taken for an empty log, and an error with HTTP 200 is reported', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, BUILDKITE_ORGANIZATION: 'other' }, { part }),
    problem(76, /no list of records at data\.organization/),
  );
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 501 } }),
    problem(76, /first must be between 1 and 500/),
  );
});

test('buildkite: types are a list, and actors are matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const expected = texts.filter((text) => text.includes('ORGANIZATION_UPDATED'));
  for (const search of [{ categories: ['ORGANIZATION_UPDATED'] }, { query: [['actor', '3d3c']] as const }]) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), expected);
  }
  assert.deepEqual(
    variables(vendor).map(({ types }) => types),
    [['ORGANIZATION_UPDATED'], undefined],
  );
});

/** What Buildkite tells of where an event came from: AuditContext of its schema, without `sessionUser`, whose UUID is there. */
const contexts: Readonly<Record<string, readonly string[]>> = {
  AuditAPIContext: ['requestApiAccessTokenUuid', 'requestIpAddress', 'requestUserAgent'],
  AuditAgentAPIContext: [
    'agentUuid',
    'authenticationType',
    'connectionState',
    'organizationUuid',
    'requestIpAddress',
    'sessionIpAddress',
  ],
  AuditWebContext: [
    'requestIpAddress',
    'requestUserAgent',
    'sessionCreatedAt',
    'sessionEscalatedAt',
    'sessionUserUuid',
  ],
};

test('buildkite: all is asked for that Buildkite tells of where an event came from: a browser, a token or an agent', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, values, { part });
  const { query } = JSON.parse(vendor.requests[0]?.body ?? '') as { query: string };
  const asked = [...query.matchAll(/\.\.\. on (\w+) \{([^}]+)\}/g)].map(([, type = '', members = '']) => [
    type,
    members.trim().split(/\s+/).toSorted(),
  ]);
  assert.deepEqual(Object.fromEntries(asked), contexts);
});
