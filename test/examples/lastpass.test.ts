import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startLastpass } from '../support/vendors/lastpass.ts';
import type { Vendor } from '../support/vendors/server.ts';

const lastpass = exampleDefinition('lastpass');
const templates = exampleLines('lastpass');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const hour = 60 * minute;
const windowTo = (until: number) => ({
  slice: { from: BigInt(until - hour) * 1_000_000n, until: BigInt(until) * 1_000_000n },
});
const values = (vendor: Vendor) => ({
  LASTPASS_URL: vendor.origin,
  LASTPASS_ACCOUNT: '12345678',
  LASTPASS_SECRET: 'secret',
});

/** As the clock of a zone shows it, to the second. */
function local(time: number, timeZone = 'America/New_York'): string {
  return new Date(time).toLocaleString('sv-SE', { timeZone });
}

const event = (number: number, time: string): string =>
  (templates[number % templates.length] ?? '').replace('TIME', time).replace('NUMBER', String(number));
const asked = (vendor: Vendor) =>
  vendor.requests.map(({ body }) => (JSON.parse(body) as { data: Record<string, unknown> }).data);

async function started(count = 25, most = 10) {
  const vendor = await startLastpass({ now: () => start, most });
  const times = Array.from({ length: count }, (_, number) => start - 1000 - number * 1000);
  const texts = times.map((time, number) => event(number, local(time)));
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

conforms('lastpass', {
  definition: lastpass,
  secret: 'LASTPASS_SECRET',
  limit: 10,
  otherShape: /told of an error/,
  start: async () => ({ ...(await started()), part: windowTo(start), asksRecords: () => true }),
});

exampleRuns('lastpass', {
  secret: 'LASTPASS_SECRET',
  async start() {
    const vendor = await startLastpass();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map(() => event(number++, local(Date.now() - ago)));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('lastpass: the window is by the clock of New York, in winter and in summer, and later pages name a microsecond', async (t: TestContext) => {
  const { vendor, values: settings } = await started(15);
  t.after(() => vendor.close());
  await pullOnce(lastpass, settings, { part: windowTo(start) });
  const winter = { from: '2026-11-20 03:00:00', to: '2026-11-20 04:00:00', user: 'allusers' };
  const [first, second] = asked(vendor);
  assert.deepEqual(first, winter);
  assert.deepEqual(second, { ...winter, next: Date.UTC(2026, 10, 20, 3, 59, 49) * 1000 + 10 });
  await pullOnce(lastpass, settings, { part: windowTo(Date.UTC(2026, 6, 20, 9)) });
  assert.deepEqual(asked(vendor)[2], { from: '2026-07-20 04:00:00', to: '2026-07-20 05:00:00', user: 'allusers' });
});

test('lastpass: account and secret go in the body, and the events of all users are asked for', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  await pullOnce(lastpass, settings, { part: windowTo(start) });
  const { data: _, ...rest } = JSON.parse(vendor.requests[0]?.body ?? '') as Record<string, unknown>;
  assert.deepEqual(rest, { cid: '12345678', provhash: 'secret', cmd: 'reporting', user: 'allusers' });
  assert.equal(vendor.requests[0]?.target, '/enterpriseapi.php');
});

test('lastpass: an empty list, which is no object, means no events; a status other than OK is an error', async (t: TestContext) => {
  const { vendor, values: settings } = await started(0);
  t.after(() => vendor.close());
  assert.equal((await pullOnce(lastpass, settings, { part: windowTo(start) })).records.length, 0);
  vendor.fault = (_, response) => (response.end('{"status":"FAIL","error":["no such command"],"data":[]}'), true);
  await assert.rejects(
    pullOnce(lastpass, settings, { part: windowTo(start) }),
    (error) => error instanceof Problem && error.status === exit.protocol && /no such command/.test(error.message),
  );
});

test('lastpass: identical events of one second are each delivered, and once', async (t: TestContext) => {
  const { vendor, values: settings } = await started(0);
  t.after(() => vendor.close());
  const twin = event(0, local(start - 1000));
  vendor.add(twin, twin);
  const job = exampleJob(lastpass, settings);
  for (const _ of [1, 2]) assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [twin, twin]);
});

test('lastpass: the events of the hour that the clock shows twice all come, and once', async (t: TestContext) => {
  let now = Date.UTC(2026, 10, 1, 5, 30); // at 06:00 UTC, New York goes back from 02:00 to 01:00
  const vendor = await startLastpass({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(lastpass, values(vendor));
  const texts: string[] = [];
  for (let number = 0; number < 12; number++) {
    const text = event(number, local(now - 1000));
    vendor.add(text);
    texts.push(text);
    assert.deepEqual((await job.run(now)).problems, []);
    now += 10 * minute;
  }
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

for (const zone of ['Pacific/Honolulu', 'America/Los_Angeles', 'Europe/Warsaw', 'Asia/Tokyo']) {
  test(`lastpass: an account by the clock of ${zone} loses no event`, async (t: TestContext) => {
    let now = start;
    const vendor = await startLastpass({ now: () => now });
    t.after(() => vendor.close());
    const job = exampleJob(lastpass, values(vendor));
    await job.run(now);
    const texts: string[] = [];
    for (let number = 0; number < 6; number++) {
      const text = event(number, local(now, zone));
      vendor.add(text);
      texts.push(text);
      assert.deepEqual((await job.run((now += hour))).problems, []);
    }
    for (let hours = 0; hours < 24; hours++) await job.run((now += hour));
    assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  });
}
