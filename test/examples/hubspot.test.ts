import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveredOnceAtEnd } from '../support/end-of-window.ts';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startHubSpot } from '../support/vendors/hubspot.ts';

const { definition, part, next, started, queries } = example('hubspot', {
  secret: 'HUBSPOT_TOKEN',
  lateness: 10,
  apart: 1001,
  start: startHubSpot,
  values: ({ origin }) => ({ HUBSPOT_URL: origin, HUBSPOT_TOKEN: 'token', HUBSPOT_API_VERSION: '2026-03' }),
  write: (template, number, time) =>
    template.replace('ID', String(5_000_000 + number)).replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('hubspot: both ends and the order go with every page, and the beginning is the millisecond before', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const query = {
    occurredAfter: '2026-11-20T07:59:59.999Z',
    occurredBefore: '2026-11-20T09:00:00.000Z',
    sort: 'occurredAt',
    limit: '10',
  };
  assert.deepEqual(
    queries(vendor).map(({ after, ...rest }) => [rest, after !== undefined]),
    [
      [query, false],
      [query, true],
      [query, true],
    ],
  );
});

test('hubspot: records of the millisecond in which a window ends are delivered, once', (t) =>
  deliveredOnceAtEnd({ definition, next }, (now) => started(t, 0, { now })));

test('hubspot: users are compared by HubSpot, and here, to the last digit', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const search = { query: [['user', '9007199254740993123']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.equal(queries(vendor)[0]?.['actingUserId'], '9007199254740993123');
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('9007199254740993123')),
  );
});
