import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, start } from '../support/example.ts';
import { exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { kinds, realm, startKeycloak } from '../support/vendors/keycloak.ts';

const { definition, part, next, started, queries } = example('keycloak', {
  secret: 'KEYCLOAK_CLIENT_SECRET',
  tokens: true,
  lateness: 10,
  apart: 1001,
  repeats: true,
  branches: kinds,
  start: startKeycloak,
  values: ({ origin }) => ({
    KEYCLOAK_URL: origin,
    KEYCLOAK_REALM: realm,
    KEYCLOAK_CLIENT_ID: 'client',
    KEYCLOAK_CLIENT_SECRET: 'secret',
  }),
  templates: (kind) => exampleLines(`keycloak-${kind}`),
  write: (template, number, time) =>
    template
      .replace('"ID"', `"0f2e0000-0000-4000-8000-${String(number).padStart(12, '0')}"`)
      .replace('TIME', String(time)),
  add: (vendor, texts, kind) => vendor.add(kind, ...texts),
  asksRecords: ({ target }) => target.startsWith('/admin/'),
});

test('keycloak: no end is asked for, with which 26.2.0 finds nothing, and each page begins at the time of the last event of the one before', async (t) => {
  const { vendor, values } = await started(t, 12);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  const tenth = /"time":(\d+)/.exec(textsOf(records)[9] ?? '')?.[1];
  const query = { direction: 'asc', max: '10' };
  assert.deepEqual(queries(vendor).slice(0, 2), [
    { ...query, dateFrom: String(start - 3_600_000) },
    { ...query, dateFrom: tenth },
  ]);
});

test('keycloak: events of one millisecond are all read, in whatever order each page has them', async (t) => {
  const { vendor, values } = await started(t, 0);
  const texts = Array.from({ length: 30 }, (_, number) => next(start - 600_000 + Math.floor(number / 5)));
  vendor.add('events', ...texts);
  const only = { ...values, KEYCLOAK_EVENTS: 'events' };
  const { records } = await pullOnce(definition, only, { part: { ...part, branch: 'events' }, search: { limit: 7 } });
  assert.deepEqual(new Set(textsOf(records)), new Set(texts));
});

test('keycloak: an event that expires between two pages costs no other', async (t) => {
  const { vendor, texts, values } = await started(t, 1200);
  const job = exampleJob(definition, { ...values, KEYCLOAK_EVENTS: 'events' });
  let asked = 0;
  vendor.fault = ({ target }) => {
    if (target.startsWith('/admin/') && asked++ === 1) vendor.expire('events', texts[0] ?? '');
    return false;
  };
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(new Set(job.taken), new Set(texts));
  assert.equal(job.taken.length, texts.length);
});

test('keycloak: what happens during a run is delivered by it or by the next one, and once', async (t) => {
  const { vendor, texts, values } = await started(t, 600);
  const job = exampleJob(definition, { ...values, KEYCLOAK_EVENTS: 'events' });
  const meanwhile = [1, 2].map((number) => next(start + number));
  let asked = 0;
  vendor.fault = ({ target }) => {
    if (target.startsWith('/admin/') && asked++ === 1) vendor.add('events', ...meanwhile);
    return false;
  };
  for (const after of [0, 60_000]) assert.deepEqual((await job.run(start + after)).problems, []);
  assert.deepEqual(job.taken.toSorted(), [...texts, ...meanwhile].toSorted());
});

test('keycloak: a realm in which something happens at each request is read to its end', async (t) => {
  const { vendor, values } = await started(t, 30);
  let asked = 0;
  vendor.fault = ({ target }) => {
    if (target.startsWith('/admin/')) vendor.add('events', next(start + ++asked));
    return asked > 20;
  };
  const only = { ...values, KEYCLOAK_EVENTS: 'events' };
  const { records } = await pullOnce(definition, only, { part: { ...part, branch: 'events' }, search: { limit: 10 } });
  assert.ok(new Set(textsOf(records)).size >= 30);
});

test('keycloak: the client may be in another realm than the one that is read', async (t) => {
  const { texts, values } = await started(t, 3, { home: 'master' });
  const elsewhere = { ...values, KEYCLOAK_LOGIN_REALM: 'master' };
  assert.deepEqual(new Set(textsOf((await pullOnce(definition, elsewhere, { part })).records)), new Set(texts));
});

test('keycloak: types and operations are matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const logins = await pullOnce(definition, values, { part, search: { query: [['type', 'LOGIN']] } });
  assert.deepEqual(new Set(textsOf(logins.records)), new Set(texts.filter((text) => text.includes('"LOGIN"'))));
  const change = next(start - 5000, 'admin-events');
  vendor.add('admin-events', change);
  const search = { query: [['operation', /"operationType":"(\w+)"/.exec(change)?.[1] ?? '']] } as const;
  const changes = await pullOnce(definition, values, { part: { ...part, branch: 'admin-events' }, search });
  assert.deepEqual(new Set(textsOf(changes.records)), new Set([change]));
});
