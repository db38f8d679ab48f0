import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import { example, start } from '../support/example.ts';
import { noSearch, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startGitHub } from '../support/vendors/github.ts';
import { refusesOnce } from '../support/vendors/server.ts';

const { definition, part, started, queries } = example('github', {
  secret: 'GITHUB_TOKEN',
  lateness: 10,
  start: startGitHub,
  values: ({ origin }) => ({
    GITHUB_URL: origin,
    GITHUB_ORGANIZATION: 'octo-corp',
    GITHUB_TOKEN: 'token',
    GITHUB_INCLUDE: 'all',
  }),
  write: (template, number, time) => template.replaceAll('TIME', String(time)).replace('ID', `xJJFlFOhQ6b-${number}`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('github: the window is one range, --raw-query is searched for inside it, and pages are followed as they are', async (t) => {
  const { vendor, texts, values } = await started(t);
  const search = { limit: 10, rawQuery: 'actor:octo-bot' };
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((_, number) => number % 2 === 1),
  );
  assert.deepEqual(queries(vendor)[0], {
    phrase: 'created:2026-11-20T08:00:00+00:00..2026-11-20T09:00:00+00:00 actor:octo-bot',
    include: 'all',
    order: 'asc',
    per_page: '10',
  });
  assert.match(vendor.requests[1]?.target ?? '', /^\/organizations\/1\/audit-log\?/);
});

test('github: an enterprise, or an organization, by its setting; each kind of entries has a position of its own', async (t) => {
  const { vendor, values } = await started(t, 4);
  const enterprise = { ...values, GITHUB_ORGANIZATION: '', GITHUB_ENTERPRISE: 'octo', GITHUB_INCLUDE: 'git' };
  const { records } = await pullOnce(definition, enterprise, { part });
  assert.deepEqual([records.length, vendor.requests[0]?.target.split('?')[0]], [2, '/enterprises/octo/audit-log']);
  const scopes = [values, enterprise, { ...values, GITHUB_INCLUDE: 'web' }].map(
    (each) => restSource(definition, each, noSearch, sourceTools()).scope,
  );
  assert.equal(new Set(scopes).size, 3);
});

test('github: 403 for the secondary rate limit is one as well, although much remains and no header says when', async (t) => {
  const { vendor, texts, values } = await started(t);
  const body = {
    message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    documentation_url: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits',
  };
  vendor.fault = refusesOnce(403, JSON.stringify(body), { 'X-RateLimit-Remaining': '4999' });
  const { records } = await pullOnce(definition, values, { part });
  assert.equal(records.length, texts.length);
  vendor.fault = refusesOnce(403, '{"message":"Must have admin rights"}', { 'X-RateLimit-Remaining': '4999' });
  await assert.rejects(pullOnce(definition, values, { part }), { status: exit.noperm });
});

test('github: 403 with nothing remaining is a rate limit, and is waited for', async (t) => {
  const { vendor, texts, values } = await started(t);
  const headers = { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(start / 1000 + 120) };
  vendor.fault = refusesOnce(403, '{"message":"API rate limit exceeded"}', headers);
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.deepEqual([records.length, tools.waits], [texts.length, [120_000]]);
});
