import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startOkta, type Okta } from '../support/vendors/okta.ts';

const okta = exampleDefinition('okta');
const templates = exampleLines('okta');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const values = (vendor: Okta) => ({ OKTA_URL: vendor.origin, OKTA_TOKEN: 'token' });

function event(number: number, published: number): string {
  return (templates[number % templates.length] ?? '')
    .replace('PUBLISHED', new Date(published).toISOString())
    .replace('UUID', `7f3d0000-0000-11f1-8000-${String(number).padStart(12, '0')}`);
}

/** Events a second apart, each stored when it happened. */
async function started(count = 25, options = {}) {
  const vendor = await startOkta({ now: () => start, ...options });
  const times = Array.from({ length: count }, (_, number) => start - (count - number) * 1000);
  const texts = times.map((time, number) => event(number, time));
  for (const [number, text] of texts.entries()) vendor.add(text, times[number]);
  return { vendor, texts, times, values: values(vendor) };
}

const asked = (vendor: Okta): URLSearchParams[] =>
  vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams);

conforms('okta', {
  definition: okta,
  secret: 'OKTA_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part: { slice }, asksRecords: () => true }),
});

exampleRuns('okta', {
  secret: 'OKTA_TOKEN',
  async start() {
    const vendor = await startOkta();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add: (ago) =>
        templates.map(() => {
          const text = event(number++, Date.now() - ago);
          vendor.add(text, Date.now() - ago);
          return text;
        }),
    };
  },
});

test('okta: an event that is stored an hour after it happened is found, and found once', async (t: TestContext) => {
  let now = start;
  const vendor = await startOkta({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(okta, values(vendor));
  const texts = [event(0, start - minute), event(1, start - 60 * minute)];
  vendor.add(texts[0] ?? '', start - minute);
  await job.run(now);
  vendor.add(texts[1] ?? '', (now += 30 * minute));
  for (const _ of texts) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken, texts);
});

test('okta: it polls: since, ascending, without an end; and goes on at the address of the next page', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(25);
  t.after(() => vendor.close());
  const search = { limit: 10 };
  const { records, bookmark = '' } = await pullOnce(okta, settings, { part: { slice }, search });
  assert.equal(records.length, texts.length);
  const [first, ...later] = asked(vendor).map((query) => Object.fromEntries(query));
  assert.deepEqual(first, { since: '2026-11-20T08:00:00.000Z', sortOrder: 'ASCENDING', limit: '10' });
  assert.deepEqual(
    later.map(({ after }) => after),
    ['10', '20'],
  );
  const late = event(99, start - 10 * 24 * 60 * minute);
  vendor.add(late, start);
  const next = await pullOnce(okta, settings, { part: { slice, bookmark }, search });
  assert.deepEqual(
    next.records.map(({ text }) => text),
    [late],
  );
  assert.equal(vendor.requests.length, 4);
});

test('okta: an address that it no longer knows is a beginning anew, and said', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(5);
  t.after(() => vendor.close());
  const tools = sourceTools(start);
  const bookmark = `${vendor.origin}/api/v1/logs?after=1&cursor=old`;
  const { records } = await pullOnce(okta, settings, { part: { slice, bookmark }, tools });
  assert.equal(records.length, texts.length);
  assert.deepEqual(tools.warnings, [
    'okta no longer knows where the last run stopped; reading the window from its beginning',
  ]);
});

test('okta: as many events as it gives are asked for, and no more', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  await pullOnce(okta, settings, { part: { slice } });
  await pullOnce(okta, settings, { part: { slice }, search: { limit: 5000 } });
  assert.deepEqual(new Set(asked(vendor).map((query) => query.get('limit'))), new Set(['1000']));
});

test('okta: its limit of requests a minute is kept, and one that others used up is waited for', async (t: TestContext) => {
  const tools = sourceTools(start + 20_000);
  const { vendor, texts, values: settings } = await started(25, { now: tools.now, perMinute: 3 });
  t.after(() => vendor.close());
  await Promise.all([1, 2, 3].map(async () => (await fetch(vendor.origin)).arrayBuffer()));
  const { records } = await pullOnce(okta, settings, { part: { slice }, search: { limit: 10 }, tools });
  assert.equal(records.length, texts.length);
  assert.equal(tools.waits[0], 40_000, 'until the minute is over, as its reset header says');
  assert.equal(vendor.requests.length, 3 + 1 + 3, 'one refused, then at the pace of the header');
});

test('okta: OKTA_FILTER, --raw-query and --query are one filter, and what only Okta can compare is left to it', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(6);
  t.after(() => vendor.close());
  const filtered = {
    ...settings,
    OKTA_FILTER: 'eventType eq "user.session.start" or eventType eq "group.user_membership.add"',
  };
  const search = {
    query: [
      ['outcome.result', 'FAILURE'],
      ['target.id', '00gTARGET00000000002'],
    ] as const,
  };
  const { records } = await pullOnce(okta, filtered, { part: { slice }, search });
  const { OKTA_FILTER: own } = filtered;
  assert.equal(
    asked(vendor)[0]?.get('filter'),
    `(${own}) and outcome.result eq "FAILURE" and target.id eq "00gTARGET00000000002"`,
  );
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((_, number) => number % 2 === 1),
  );
  const raw = await pullOnce(okta, filtered, {
    part: { slice },
    search: { rawQuery: 'eventType eq "user.session.start"' },
  });
  assert.deepEqual(
    raw.records.map(({ text }) => text),
    texts.filter((_, number) => number % 2 === 0),
  );
});

test("okta: a filter that is none is refused in Okta's words", async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  await assert.rejects(
    pullOnce(okta, settings, { search: { rawQuery: 'eventType eqq 1' } }),
    /HTTP 400\): Api validation failed: Invalid filter 'eventType eqq 1'/,
  );
});
