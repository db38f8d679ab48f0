import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveredOnceAtEnd } from '../support/end-of-window.ts';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startOneLogin } from '../support/vendors/onelogin.ts';
import { sendJson } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, queries } = example('onelogin', {
  secret: 'ONELOGIN_CLIENT_SECRET',
  tokens: true,
  lateness: 10,
  apart: 1001,
  start: startOneLogin,
  values: ({ origin }) => ({
    ONELOGIN_URL: origin,
    ONELOGIN_CLIENT_ID: 'client',
    ONELOGIN_CLIENT_SECRET: 'secret',
  }),
  write: (template, number, time) =>
    template.replace('ID', String(2_000_000_000 + number)).replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/api/1/events'),
});

test('onelogin: both ends go with every page, in milliseconds, and the beginning is the one before: it does not belong to the window', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const asked = queries(vendor).map(({ after_cursor: cursor, ...rest }) => [rest, cursor !== undefined]);
  const query = { since: '2026-11-20T07:59:59.999Z', until: '2026-11-20T09:00:00.000Z', limit: '10' };
  assert.deepEqual(asked, [
    [query, false],
    [query, true],
    [query, true],
  ]);
});

test('onelogin: records of the millisecond in which a window ends are delivered, once', (t) =>
  deliveredOnceAtEnd({ definition, next }, (now) => started(t, 0, { now })));

test('onelogin: a status that says error is one, even with HTTP 200, and its message is shown', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = ({ target }, response) => {
    if (!target.startsWith('/api/1/events')) return false;
    sendJson(response, 200, '{"status":{"error":true,"code":500,"type":"x","message":"Made up"},"data":[]}');
    return true;
  };
  await assert.rejects(pullOnce(definition, values, { part }), problem(76, /Made up/));
});

test('onelogin: types of events and users are compared by OneLogin, and here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const search = {
    query: [
      ['event_type', '8'],
      ['user', '88888'],
    ],
  } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  const [{ event_type_id: type, user_id: user } = {}] = queries(vendor);
  assert.deepEqual([type, user], ['8', '88888']);
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"user_id":88888')),
  );
});
