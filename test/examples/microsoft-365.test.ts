import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import {
  contentTypes,
  startMicrosoft365,
  tenant,
  type Microsoft365,
  type Microsoft365Options,
} from '../support/vendors/microsoft365.ts';
import { sendJson } from '../support/vendors/server.ts';

const [directory, exchange, sharePoint, general] = contentTypes;
const audit = [directory, exchange, sharePoint, general];

const { definition, part, record, started } = example('microsoft-365', {
  secret: 'MICROSOFT365_CLIENT_SECRET',
  tokens: true,
  lateness: 5 * 1440,
  branches: [general, directory, exchange, sharePoint],
  // Hours before they became available, the newest first.
  ago: (index) => day + index * 1000,
  start: (options: Microsoft365Options) => startMicrosoft365({ perPage: 1, ...options }),
  values: ({ origin }) => ({
    MICROSOFT365_TENANT: tenant,
    MICROSOFT365_CLIENT_ID: 'client',
    MICROSOFT365_CLIENT_SECRET: 'secret',
    MICROSOFT365_URL: origin,
    MICROSOFT365_LOGIN_URL: origin,
  }),
  // In whole seconds and without a zone, as the vendor writes it.
  write: (template, number, time) =>
    template
      .replace('ID', `0000-4000-8000-${String(number).padStart(12, '0')}`)
      .replace('TIME', new Date(time).toISOString().slice(0, 19)),
  add(vendor, texts, type) {
    for (let begin = 0; begin < texts.length; begin += 10) vendor.publish(type, texts.slice(begin, begin + 10));
  },
  asksRecords: ({ target }) => target.includes('/audit/'),
});

const asked = ({ requests, origin }: Microsoft365, ending: string) =>
  requests.flatMap(({ method, target }) => {
    const { pathname, searchParams } = new URL(target, origin);
    return pathname.endsWith(ending) ? [{ method, ...Object.fromEntries(searchParams) }] : [];
  });

test('microsoft-365: each type is started once a run, and it is no error that it was started already', async (t) => {
  const { vendor, texts, values } = await started(t);
  vendor.started.add(exchange);
  const job = exampleJob(definition, values);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
  const once = audit.map((contentType) => ({ method: 'POST', contentType, PublisherIdentifier: tenant }));
  assert.deepEqual(asked(vendor, '/start'), [...once, ...once]);
});

test('microsoft-365: every request says whose quota it belongs to, those for later pages and for the parts among them', async (t) => {
  const { vendor, texts, values } = await started(t, 25);
  const job = exampleJob(definition, { ...values, MICROSOFT365_CONTENT: general });
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
  assert.ok(vendor.requests.some(({ target }) => target.includes('nextPage=2')));
  const named = vendor.requests.filter(({ target }) => target.startsWith('/api/')).map(({ target }) => target);
  assert.deepEqual(
    named.map((target) => new URL(target, vendor.origin).searchParams.getAll('PublisherIdentifier')),
    named.map(() => [tenant]),
  );
});

test('microsoft-365: a type that is refused stops no other', async (t) => {
  const { texts, values } = await started(t);
  const job = exampleJob(definition, { ...values, MICROSOFT365_CONTENT: 'Audit.Genral, Audit.General' });
  const { problems } = await job.run(start);
  assert.deepEqual(
    problems.map(({ status }) => status),
    [exit.protocol],
  );
  assert.match(problems[0]?.message ?? '', /preparation 1 .*Not a valid content type/);
  assert.deepEqual(job.taken, texts);
});

test('microsoft-365: no window is longer than 24 hours or begins more than 7 days ago, whatever the fractions of a second', async (t) => {
  const now = start + 999;
  const { vendor, values } = await started(t, 0, { now: () => now + 10 * minute }); // its clock is ahead, and a run takes time
  const old = [160, 100, 40].map((hours, number) => {
    const texts = [record(number, start - 8 * day)];
    vendor.blobs.push({ type: directory, created: start - hours * 60 * minute, texts });
    return texts;
  });
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken, old.flat());
});

test('microsoft-365: what becomes available later is delivered, however old, and nothing twice', async (t) => {
  const { vendor, texts, values } = await started(t);
  const job = exampleJob(definition, values);
  await job.run(start);
  const late = [record(90, start - 5 * day), record(0, start - day)]; // the second one was in another part
  vendor.blobs.push({ type: general, created: start - 10 * minute, texts: late });
  for (const minutes of [5, 10]) assert.deepEqual((await job.run(start + minutes * minute)).problems, []);
  assert.deepEqual(job.taken, [...texts, late[0]]);
});

for (const gone of ['AF20050', 'AF20051'] as const) {
  test(`microsoft-365: a part that is listed and answered ${gone} is reported as a gap, and the others are delivered`, async (t) => {
    const { vendor, texts, values } = await started(t);
    vendor.blobs.splice(1, 1, { type: general, created: start - 20 * minute, texts: [], gone });
    const job = exampleJob(definition, values);
    const { problems } = await job.run(start);
    assert.deepEqual(
      problems.map(({ status }) => status),
      [exit.partial],
    );
    assert.match(problems[0]?.message ?? '', /no longer has 1 of the parts/);
    assert.deepEqual(job.taken, [...texts.slice(0, 10), ...texts.slice(20)]);
  });
}

test('microsoft-365: a rate limit with HTTP 403 is waited for', async (t) => {
  const { vendor, texts, values } = await started(t);
  let limited = 0;
  vendor.fault = ({ target }, response) => {
    if (!target.includes('/audit/') || limited++ > 1) return false;
    const message = 'Too many requests. Method=GetBlob, PublisherId=00000000-0000-0000-0000-000000000000';
    sendJson(response, 403, JSON.stringify({ error: { code: 'AF429', message } }));
    return true;
  };
  const tools = sourceTools();
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.deepEqual(textsOf(records), texts);
  assert.equal(tools.waits.length, 2);
});

test('microsoft-365: a pause of more than a week is reported as a gap', async (t) => {
  let now = start;
  const { values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, { ...values, MICROSOFT365_CONTENT: general });
  await job.run(now);
  const { problems } = await job.run((now += 8 * day));
  assert.match(problems[0]?.message ?? '', /2026-11-20T09:00:00Z to 2026-11-21T10:00:00Z/);
});
