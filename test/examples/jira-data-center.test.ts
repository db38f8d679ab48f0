import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, start } from '../support/example.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startJiraDataCenter } from '../support/vendors/jira-data-center.ts';

const { definition, part, started } = example('jira-data-center', {
  secret: 'JIRA_TOKEN',
  lateness: 8,
  twins: true,
  newestFirst: true,
  apart: 1001,
  start: startJiraDataCenter,
  values: ({ origin }) => ({ JIRA_URL: `${origin}/jira`, JIRA_TOKEN: 'token' }),
  write: (template, _, time) => template.replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('jira-data-center: later pages keep the window and are asked of the host that is set', async (t) => {
  const { vendor, texts, values } = await started(t, 15);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.equal(records.length, texts.length);
  const window = 'from=2026-11-20T07%3A59%3A59.999Z&to=2026-11-20T09%3A00%3A00.000Z&limit=10';
  assert.deepEqual(
    vendor.requests.map(({ target }) => target.split('?')[1]),
    [window, `${window}&pageCursor=${start - 10 * 1001}%2C9`],
  );
});

test('jira-data-center: --categories are matched here, --raw-query is searched for', async (t) => {
  const { texts, values } = await started(t, 6);
  const wanted = texts.filter((text) => text.includes('"category":"projects"'));
  const projects = await pullOnce(definition, values, { part, search: { categories: ['projects'] } });
  assert.deepEqual([projects.records.map(({ text }) => text), projects.unmatched], [wanted, 3]);
  const found = await pullOnce(definition, values, { part, search: { rawQuery: 'version' } });
  assert.deepEqual([found.records.map(({ text }) => text), found.unmatched], [wanted, 0]);
});
