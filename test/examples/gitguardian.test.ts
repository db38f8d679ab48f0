import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startGitGuardian } from '../support/vendors/gitguardian.ts';

const { definition, part, started, queries } = example('gitguardian', {
  secret: 'GITGUARDIAN_TOKEN',
  lateness: 50,
  newestFirst: true,
  apart: 1001,
  start: startGitGuardian,
  values: ({ origin }) => ({ GITGUARDIAN_URL: origin, GITGUARDIAN_TOKEN: 'key' }),
  write: (template, number, time) =>
    template
      .replace('ID', String(20_000_000 + number))
      .replace('TIME', new Date(time).toISOString().replace('Z', '000Z')),
  add: (vendor, texts) => vendor.add(...texts),
});

test('gitguardian: the window begins the millisecond before, and later pages keep it', async (t) => {
  const { vendor, texts, values } = await started(t, 25);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.equal(records.length, texts.length);
  const window = ['2026-11-20T07:59:59.999Z', '2026-11-20T09:00:00.000Z', '10'];
  assert.deepEqual(
    queries(vendor).map((query) => [query['date_after'], query['date_before'], query['per_page']]),
    [window, window, window],
  );
});

test('gitguardian: names of events and members are compared by GitGuardian, actions are matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const wanted = texts.filter((text) => text.includes('"CREATE"'));
  const query = [
    ['event_name', 'personal_access_token.created'],
    ['member_id', '9007199254740993'],
  ] as const;
  for (const search of [{ query }, { categories: ['CREATE'] }]) {
    assert.deepEqual(textsOf((await pullOnce(definition, values, { part, search })).records), wanted);
  }
  assert.deepEqual(
    queries(vendor).map(({ event_name: event, member_id: member }) => [event, member]),
    [
      ['personal_access_token.created', '9007199254740993'],
      [undefined, undefined],
    ],
  );
});
