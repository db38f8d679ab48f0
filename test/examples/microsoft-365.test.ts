import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { contentTypes, startMicrosoft365, tenant, type Microsoft365 } from '../support/vendors/microsoft365.ts';
import { sendJson } from '../support/vendors/server.ts';

const definition = exampleDefinition('microsoft-365');
const templates = exampleLines('microsoft-365');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const day = 24 * 60 * minute;
const [directory, exchange, sharePoint, general] = contentTypes;
const audit = [directory, exchange, sharePoint, general];

const values = ({ origin }: Microsoft365) => ({
  MICROSOFT365_TENANT: tenant,
  MICROSOFT365_CLIENT_ID: 'client',
  MICROSOFT365_CLIENT_SECRET: 'secret',
  MICROSOFT365_URL: origin,
  MICROSOFT365_LOGIN_URL: origin,
});

/** In whole seconds and without a zone, as the vendor writes it. */
function record(number: number, time: number): string {
  return (templates[number % templates.length] ?? '')
    .replace('ID', `0000-4000-8000-${String(number).padStart(12, '0')}`)
    .replace('TIME', new Date(time).toISOString().slice(0, 19));
}

/** Three parts of ten records or fewer, which happened hours before they became available, the newest first. */
async function started() {
  const vendor = await startMicrosoft365({ now: () => start });
  const times = Array.from({ length: 25 }, (_, number) => start - day - number * 1000);
  const texts = times.map((time, number) => record(number, time));
  for (const begin of [0, 10, 20]) {
    const created = start - (30 - begin) * minute;
    vendor.blobs.push({ type: general, created, texts: texts.slice(begin, begin + 10) });
  }
  return { vendor, texts, times, values: values(vendor) };
}

const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { branch: general, slice };

const asked = ({ requests, origin }: Microsoft365, ending: string) =>
  requests.flatMap(({ method, target }) => {
    const { pathname, searchParams } = new URL(target, origin);
    return pathname.endsWith(ending) ? [{ method, ...Object.fromEntries(searchParams) }] : [];
  });

conforms('microsoft-365', {
  definition,
  secret: 'MICROSOFT365_CLIENT_SECRET',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: ({ target }) => target.includes('/audit/') }),
});

exampleRuns('microsoft-365', {
  secret: 'MICROSOFT365_CLIENT_SECRET',
  async start() {
    const vendor = await startMicrosoft365({ perPage: 1 });
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add: (ago) =>
        audit.flatMap((type) => {
          const texts = templates.map(() => record(number++, Date.now() - ago));
          vendor.blobs.push({ type, created: Date.now() - ago, texts });
          return texts;
        }),
    };
  },
});

test('microsoft-365: each type is started once a run, and it is no error that it was started already', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  vendor.started.add(exchange);
  const job = exampleJob(definition, settings);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
  const once = audit.map((contentType) => ({ method: 'POST', contentType, PublisherIdentifier: tenant }));
  assert.deepEqual(asked(vendor, '/start'), [...once, ...once]);
});

test('microsoft-365: a type that is refused stops no other', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  const job = exampleJob(definition, { ...settings, MICROSOFT365_CONTENT: 'Audit.Genral, Audit.General' });
  const { problems } = await job.run(start);
  assert.deepEqual(
    problems.map(({ status }) => status),
    [exit.protocol],
  );
  assert.match(problems[0]?.message ?? '', /preparation 1 .*Not a valid content type/);
  assert.deepEqual(job.taken, texts);
});

test('microsoft-365: no window is longer than 24 hours or begins more than 7 days ago, whatever the fractions of a second', async (t: TestContext) => {
  const now = start + 999;
  const vendor = await startMicrosoft365({ now: () => now + 10 * minute }); // its clock is ahead, and a run takes time
  t.after(() => vendor.close());
  const old = [160, 100, 40].map((hours, number) => {
    const texts = [record(number, start - 8 * day)];
    vendor.blobs.push({ type: directory, created: start - hours * 60 * minute, texts });
    return texts;
  });
  const job = exampleJob(definition, values(vendor));
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken, old.flat());
});

test('microsoft-365: what becomes available later is delivered, however old, and nothing twice', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  const job = exampleJob(definition, settings);
  await job.run(start);
  const late = [record(90, start - 5 * day), record(0, start - day)]; // the second one was in another part
  vendor.blobs.push({ type: general, created: start - 10 * minute, texts: late });
  for (const minutes of [5, 10]) assert.deepEqual((await job.run(start + minutes * minute)).problems, []);
  assert.deepEqual(job.taken, [...texts, late[0]]);
});

for (const gone of ['AF20050', 'AF20051'] as const) {
  test(`microsoft-365: a part that is listed and answered ${gone} is told as a gap, and the others are delivered`, async (t: TestContext) => {
    const { vendor, texts, values: settings } = await started();
    t.after(() => vendor.close());
    vendor.blobs.splice(1, 1, { type: general, created: start - 20 * minute, texts: [], gone });
    const job = exampleJob(definition, settings);
    const { problems } = await job.run(start);
    assert.deepEqual(
      problems.map(({ status }) => status),
      [exit.partial],
    );
    assert.match(problems[0]?.message ?? '', /no longer has 1 of the parts/);
    assert.deepEqual(job.taken, [...texts.slice(0, 10), ...texts.slice(20)]);
  });
}

test('microsoft-365: a rate limit that is told with HTTP 403 is waited for', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  let limited = 0;
  vendor.fault = ({ target }, response) => {
    if (!target.includes('/audit/') || limited++ > 1) return false;
    const message = 'Too many requests. Method=GetBlob, PublisherId=00000000-0000-0000-0000-000000000000';
    sendJson(response, 403, JSON.stringify({ error: { code: 'AF429', message } }));
    return true;
  };
  const tools = sourceTools();
  const { records } = await pullOnce(definition, settings, { part, tools });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
  assert.equal(tools.waits.length, 2);
});

test('microsoft-365: a pause of more than a week is told as a gap', async (t: TestContext) => {
  let now = start;
  const vendor = await startMicrosoft365({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(definition, { ...values(vendor), MICROSOFT365_CONTENT: general });
  await job.run(now);
  const { problems } = await job.run((now += 8 * day));
  assert.match(problems[0]?.message ?? '', /2026-11-20T09:00:00Z to 2026-11-21T10:00:00Z/);
});
