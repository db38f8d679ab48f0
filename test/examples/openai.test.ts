import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { example, start } from '../support/example.ts';
import { noSearch, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startOpenai } from '../support/vendors/openai.ts';

const { definition, part, started, asked, queries } = example('openai', {
  secret: 'OPENAI_ADMIN_KEY',
  lateness: 10,
  newestFirst: true,
  start: startOpenai,
  values: ({ origin }) => ({ OPENAI_URL: origin, OPENAI_ADMIN_KEY: 'key' }),
  write: (template, number, time) =>
    template
      .replace('"ID"', `"audit_log-${String(number).padStart(6, '0')}"`)
      .replace('TIME', String(Math.floor(time / 1000))),
  add: (vendor, texts) => vendor.add(...texts),
});

test('openai: every page has the window, in seconds and with brackets encoded, and goes on after the last ID', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const window = { 'effective_at[gte]': '1795161600', 'effective_at[lt]': '1795165200', limit: '10' };
  assert.deepEqual(queries(vendor), [
    window,
    { ...window, after: 'audit_log-000016' },
    { ...window, after: 'audit_log-000006' },
  ]);
  assert.match(vendor.requests[0]?.target ?? '', /effective_at%5Bgte%5D=/);
});

test('openai: events of one second, more than a page of them, all come', async (t) => {
  const { texts, values } = await started(t, Array<number>(25).fill(start - 1000));
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
});

test('openai: has_more ends the pages, not the number of records', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.equal(vendor.requests.length, 2, 'two full pages, and no third request');
});

test('openai: types and keys that OpenAI can filter are sent, and no more than a hundred are asked for', async (t) => {
  const { vendor, values } = await started(t, 1);
  const query = [
    ['project', 'proj_abc'],
    ['actor', 'user-1'],
    ['email', 'zoe@example.com'],
    ['resource', 'r'],
  ] as const;
  const tools = sourceTools();
  await pullOnce(definition, values, {
    part,
    tools,
    search: { limit: 500, query, categories: ['project.archived', 'login.failed'] },
  });
  const [sent] = asked(vendor);
  assert.deepEqual(sent?.getAll('event_types[]'), ['project.archived', 'login.failed']);
  const names = ['project_ids[]', 'actor_ids[]', 'actor_emails[]', 'resource_ids[]', 'limit'];
  assert.deepEqual(
    names.map((name) => sent?.get(name)),
    ['proj_abc', 'user-1', 'zoe@example.com', 'r', '100'],
  );
});

test("openai: the tenant's events, which are not among the organization's, are a job of their own", async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const time = start / 1000 - 60;
  const bound = `{"id":"audit_log-900001","type":"role.bound_to_resource","effective_at":${time}}`;
  const revoked = `{"id":"audit_log-900002","type":"tenant.session_revocation.started","effective_at":${time}}`;
  vendor.add(bound, revoked);
  const own = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(own.records).toSorted(), texts.toSorted());
  const ofTenant = { ...values, OPENAI_TENANT_ONLY: 'true' };
  const { records } = await pullOnce(definition, ofTenant, { part });
  assert.deepEqual(textsOf(records), [revoked, bound]);
  const scopes = [values, ofTenant].map((each) => restSource(definition, each, noSearch, sourceTools()).scope);
  assert.notEqual(scopes[0], scopes[1]);
});
