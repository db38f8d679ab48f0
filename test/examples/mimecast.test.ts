import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveredOnceAtEnd } from '../support/end-of-window.ts';
import { example, start } from '../support/example.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startMimecast, type Mimecast } from '../support/vendors/mimecast.ts';
import { refusesOnce } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started } = example('mimecast', {
  secret: 'MIMECAST_CLIENT_SECRET',
  tokens: true,
  lateness: 10,
  newestFirst: true,
  start: startMimecast,
  values: ({ origin }) => ({
    MIMECAST_URL: origin,
    MIMECAST_CLIENT_ID: 'client',
    MIMECAST_CLIENT_SECRET: 'secret',
  }),
  // In whole seconds, and with an offset without a colon.
  write: (template, number, time) =>
    template
      .replace('ID"', `${String(number).padStart(10, '0')}"`)
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}+0000`),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/api/'),
});

const bodies = ({ requests }: Mimecast) =>
  requests.flatMap(({ target, body }) => (target.startsWith('/api/') ? [JSON.parse(body) as object] : []));

test('mimecast: the window is the same on every page, with an offset and the second before, and the token is in meta', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const data = [{ startDateTime: '2026-11-20T07:59:59+0000', endDateTime: '2026-11-20T09:00:00+0000' }];
  const [first, second, ...more] = bodies(vendor);
  assert.deepEqual(first, { meta: { pagination: { pageSize: 10 } }, data });
  const { meta, ...rest } = second as { meta: { pagination: { pageToken?: string } } };
  assert.deepEqual([rest, typeof meta.pagination.pageToken, more], [{ data }, 'string', []]);
});

test('mimecast: events of the second in which a window ends are delivered, once', (t) =>
  deliveredOnceAtEnd({ definition, next }, (now) => started(t, 0, { now }), 1000));

test('mimecast: an error in a reply with HTTP 200 is one, and its message is shown', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 501 } }),
    problem(76, /pageSize must be between 1 and 500/),
  );
});

test('mimecast: a rate limit is waited for as many milliseconds as its header tells', async (t) => {
  const { vendor, texts, values } = await started(t, 1);
  const refuse = refusesOnce(429, '{"fail":[{"errors":[{"code":"err_rate","message":"Too many"}]}]}', {
    'X-RateLimit-Limit': '300',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': '12000',
  });
  vendor.fault = (request, response) => request.target.startsWith('/api/') && refuse(request, response);
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.deepEqual([records.length, tools.waits], [texts.length, [12_000]]);
});

test('mimecast: categories are a list, and --raw-query is a text to search for', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const search = { categories: ['policy_logs'], rawQuery: 'Changed' };
  const { records } = await pullOnce(definition, values, { part, search });
  const [{ data: [asked] = [] } = {}] = bodies(vendor) as { data?: Record<string, unknown>[] }[];
  assert.deepEqual([asked?.['categories'], asked?.['query']], [['policy_logs'], 'Changed']);
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('policy_logs')),
  );
});
