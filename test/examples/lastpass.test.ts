import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { example, minute, start, windowTo } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startLastpass, type LastpassOptions } from '../support/vendors/lastpass.ts';
import type { Vendor } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const hour = 60 * minute;

/** As the clock of a zone shows it, to the second. */
function local(time: number, timeZone = 'America/New_York'): string {
  return new Date(time).toLocaleString('sv-SE', { timeZone });
}

const written = (template: string, number: number, time: string): string =>
  template.replace('TIME', time).replace('NUMBER', String(number));

const { definition, templates, part, started } = example('lastpass', {
  secret: 'LASTPASS_SECRET',
  lateness: 600,
  twins: true,
  otherShape: /does not say that page 1 is a success/,
  newestFirst: true,
  start: (options: LastpassOptions) => startLastpass({ most: 10, ...options }),
  values: ({ origin }) => ({ LASTPASS_URL: origin, LASTPASS_ACCOUNT: '12345678', LASTPASS_SECRET: 'secret' }),
  write: (template, number, time) => written(template, number, local(time)),
  add: (vendor, texts) => vendor.add(...texts),
});
const event = (number: number, time: string): string =>
  written(templates[number % templates.length] ?? '', number, time);
const asked = (vendor: Vendor) =>
  vendor.requests.map(({ body }) => (JSON.parse(body) as { data: Record<string, unknown> }).data);

test('lastpass: the window is by the clock of New York, in winter and in summer, and later pages name a microsecond', async (t) => {
  const { vendor, values } = await started(t, 15);
  await pullOnce(definition, values, { part });
  const winter = { from: '2026-11-20 02:59:59', to: '2026-11-20 04:00:00', user: 'allusers' };
  const [first, second] = asked(vendor);
  assert.deepEqual(first, winter);
  assert.deepEqual(second, { ...winter, next: Date.UTC(2026, 10, 20, 3, 59, 49) * 1000 + 10 });
  await pullOnce(definition, values, { part: { slice: windowTo(Date.UTC(2026, 6, 20, 9)) } });
  assert.deepEqual(asked(vendor)[2], { from: '2026-07-20 03:59:59', to: '2026-07-20 05:00:00', user: 'allusers' });
});

test('lastpass: account and secret go in the body, and the events of all users are asked for', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, values, { part });
  const { data: _, ...rest } = JSON.parse(vendor.requests[0]?.body ?? '') as Record<string, unknown>;
  assert.deepEqual(rest, { cid: '12345678', provhash: 'secret', cmd: 'reporting', user: 'allusers' });
  assert.equal(vendor.requests[0]?.target, '/enterpriseapi.php');
});

test('lastpass: an empty list, which is no object, means no events; a status other than OK is an error', async (t) => {
  const { vendor, values } = await started(t, 0);
  assert.equal((await pullOnce(definition, values, { part })).records.length, 0);
  vendor.fault = (_, response) => (response.end('{"status":"FAIL","error":["no such command"],"data":[]}'), true);
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.protocol, /no such command/));
});

test('lastpass: the events of the hour that the clock shows twice all come, and once', async (t) => {
  let now = Date.UTC(2026, 10, 1, 5, 30); // at 06:00 UTC, New York goes back from 02:00 to 01:00
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
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
  test(`lastpass: an account by the clock of ${zone} loses no event`, async (t) => {
    let now = start;
    const { vendor, values } = await started(t, 0, { now: () => now });
    const job = exampleJob(definition, values);
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
