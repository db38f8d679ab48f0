import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startOkta } from '../support/vendors/okta.ts';

const { definition, part, record, started, asked, queries } = example('okta', {
  secret: 'OKTA_TOKEN',
  lateness: 60,
  start: startOkta,
  values: ({ origin }) => ({ OKTA_URL: origin, OKTA_TOKEN: 'token' }),
  write: (template, number, time) =>
    template
      .replace('PUBLISHED', new Date(time).toISOString())
      .replace('UUID', `7f3d0000-0000-11f1-8000-${String(number).padStart(12, '0')}`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('okta: it polls: since, ascending, without an end; and goes on at the address of the next page', async (t) => {
  const { vendor, texts, values } = await started(t, 25);
  const search = { limit: 10 };
  const { records, bookmark = '' } = await pullOnce(definition, values, { part, search });
  assert.equal(records.length, texts.length);
  const [first, ...later] = queries(vendor);
  assert.deepEqual(first, { since: '2026-11-20T08:00:00.000Z', sortOrder: 'ASCENDING', limit: '10' });
  assert.deepEqual(
    later.map(({ after }) => after),
    ['10', '20'],
  );
  const late = record(99, start - 10 * 24 * 60 * minute);
  vendor.add(late);
  const next = await pullOnce(definition, values, { part: { ...part, bookmark }, search });
  assert.deepEqual(textsOf(next.records), [late]);
  assert.equal(vendor.requests.length, 4);
});

test('okta: an address that it no longer knows is a beginning anew, and said', async (t) => {
  const { vendor, texts, values } = await started(t, 5);
  const tools = sourceTools(start);
  const bookmark = `${vendor.origin}/api/v1/logs?after=1&cursor=old`;
  const { records } = await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
  assert.equal(records.length, texts.length);
  assert.deepEqual(tools.warnings, [
    'okta no longer knows where the last run stopped; reading the window from its beginning',
  ]);
});

test('okta: as many events as it gives are asked for, and no more', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, values, { part });
  await pullOnce(definition, values, { part, search: { limit: 5000 } });
  assert.deepEqual(new Set(asked(vendor).map((query) => query.get('limit'))), new Set(['1000']));
});

test('okta: its limit of requests a minute is kept, and one that others used up is waited for', async (t) => {
  const tools = sourceTools(start + 20_000);
  const { vendor, texts, values } = await started(t, 25, { now: tools.now, perMinute: 3 });
  await Promise.all([1, 2, 3].map(async () => (await fetch(vendor.origin)).arrayBuffer()));
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 }, tools });
  assert.equal(records.length, texts.length);
  assert.equal(tools.waits[0], 40_000, 'until the minute is over, as its reset header says');
  assert.equal(vendor.requests.length, 3 + 1 + 3, 'one refused, then at the pace of the header');
});

test('okta: OKTA_FILTER, --raw-query and --query are one filter, and what only Okta can compare is left to it', async (t) => {
  const { vendor, texts, values } = await started(t, 6);
  const filtered = {
    ...values,
    OKTA_FILTER: 'eventType eq "user.session.start" or eventType eq "group.user_membership.add"',
  };
  const search = {
    query: [
      ['outcome.result', 'FAILURE'],
      ['target.id', '00gTARGET00000000002'],
    ] as const,
  };
  const { records } = await pullOnce(definition, filtered, { part, search });
  const { OKTA_FILTER: own } = filtered;
  assert.equal(
    asked(vendor)[0]?.get('filter'),
    `(${own}) and outcome.result eq "FAILURE" and target.id eq "00gTARGET00000000002"`,
  );
  assert.deepEqual(
    textsOf(records),
    texts.filter((_, number) => number % 2 === 1),
  );
  const raw = await pullOnce(definition, filtered, {
    part,
    search: { rawQuery: 'eventType eq "user.session.start"' },
  });
  assert.deepEqual(
    textsOf(raw.records),
    texts.filter((_, number) => number % 2 === 0),
  );
});

test("okta: an invalid filter is refused in Okta's words", async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { search: { rawQuery: 'eventType eqq 1' } }),
    /HTTP 400\): Api validation failed: Invalid filter 'eventType eqq 1'/,
  );
});
