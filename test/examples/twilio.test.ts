import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startTwilio } from '../support/vendors/twilio.ts';

const { definition, part, started, asked, queries } = example('twilio', {
  secret: 'TWILIO_SECRET',
  lateness: 10,
  newestFirst: true,
  start: startTwilio,
  values: ({ origin }) => ({ TWILIO_URL: origin, TWILIO_ACCOUNT: 'AC01', TWILIO_SECRET: 'token' }),
  // In whole seconds.
  write: (template, number, time) =>
    template
      .replaceAll('ID"', `AE${String(number).padStart(32, '0')}"`)
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('twilio: both ends are asked for in whole seconds, and the next page by its whole address', async (t) => {
  const { vendor, values } = await started(t, 12);
  const odd = { from: part.slice.from + 1_500_000_000n, until: part.slice.until - 1n };
  const { records } = await pullOnce(definition, values, { part: { slice: odd }, search: { limit: 10 } });
  assert.equal(records.length, 12);
  const query = { StartDate: '2026-11-20T08:00:01Z', EndDate: '2026-11-20T09:00:00Z', PageSize: '10' };
  const [first, { PageToken: token, ...second } = {}, ...more] = queries(vendor);
  assert.deepEqual([first, second, more], [query, { ...query, Page: '1' }, []]);
  assert.notEqual(token, undefined);
});

test('twilio: an API key goes in the place of the account, with its own secret', async (t) => {
  const { texts, values } = await started(t, 3);
  const withKey = { ...values, TWILIO_API_KEY: 'SK02', TWILIO_SECRET: 'secret' };
  const { records } = await pullOnce(definition, withKey, { part });
  assert.deepEqual(textsOf(records), texts);
});

test('twilio: a type is sent, and resources and addresses are sent and matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { categories: ['account.updated'], query: [['ip', '192.0.2.250'] as const, ['resource', 'AC01'] as const] },
  });
  const [sent] = asked(vendor);
  assert.deepEqual(
    ['EventType', 'SourceIpAddress', 'ResourceSid'].map((name) => sent?.get(name)),
    ['account.updated', '192.0.2.250', 'AC01'],
  );
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('account.updated')),
  );
});
