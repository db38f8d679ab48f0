import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startZoom, type Zoom } from '../support/vendors/zoom.ts';

const start = Date.UTC(2026, 10, 20, 9);
const hour = 3_600_000;
const day = 24 * hour;
const slice = { from: BigInt(start - hour) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { slice };
const values = (vendor: Zoom) => ({
  ZOOM_URL: vendor.origin,
  ZOOM_LOGIN_URL: vendor.login.origin,
  ZOOM_ACCOUNT_ID: 'account',
  ZOOM_CLIENT_ID: 'client',
  ZOOM_CLIENT_SECRET: 'secret',
});

let serial = 0;

for (const [name, report] of [
  ['zoom-operations', 'operationlogs'],
  ['zoom-activities', 'activities'],
] as const) {
  const zoom = exampleDefinition(name);
  const templates = exampleLines(name);
  const asked = (vendor: Zoom) =>
    vendor.requests.map(({ target }) => Object.fromEntries(new URL(target, vendor.origin).searchParams));

  /** In whole seconds. */
  const event = (time: number): string =>
    (templates[serial % templates.length] ?? '')
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`)
      .replace('NUMBER', String(serial++));

  /** Newest first. */
  async function started(count = 25) {
    const vendor = await startZoom({ report, now: () => start });
    const times = Array.from({ length: count }, (_, number) => start - (number + 1) * 1000);
    const texts = times.map(event);
    vendor.add(...texts);
    return { vendor, texts, times, values: values(vendor) };
  }

  conforms(name, {
    definition: zoom,
    secret: 'ZOOM_CLIENT_SECRET',
    limit: 10,
    async start() {
      const { vendor, ...more } = await started();
      return { vendor, login: { ...vendor.login, close: async () => {} }, ...more, part, asksRecords: () => true };
    },
  });

  exampleRuns(name, {
    secret: 'ZOOM_CLIENT_SECRET',
    async start() {
      const vendor = await startZoom({ report });
      return {
        vendor,
        environment: values(vendor),
        add(ago) {
          const texts = [ago, ago].map((each) => event(Date.now() - each));
          vendor.add(...texts);
          return texts;
        },
      };
    },
  });

  test(`${name}: the token comes from the other host, and days are asked for, the same ones on every page`, async (t: TestContext) => {
    const { vendor, values: settings } = await started();
    t.after(() => vendor.close());
    await pullOnce(zoom, settings, { part, search: { limit: 10 } });
    assert.deepEqual(
      vendor.login.requests.map(({ target, body }) => [target, body]),
      [['/oauth/token', 'grant_type=account_credentials&account_id=account']],
    );
    const pages = asked(vendor);
    assert.equal(pages.length, 3);
    for (const { next_page_token: _, ...page } of pages) {
      assert.deepEqual(page, { from: '2026-11-20', to: '2026-11-21', page_size: '10' });
    }
  });

  test(`${name}: a token for a page that has ended means the window once more`, async (t: TestContext) => {
    const { vendor, texts, values: settings } = await started();
    t.after(() => vendor.close());
    vendor.fault = () => {
      if (vendor.requests.length === 2) vendor.expireTokens();
      return false;
    };
    const { records } = await pullOnce(zoom, settings, { part, search: { limit: 10 } });
    assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
  });

  test(`${name}: of the days asked for, what lies before the window is left out, and nothing comes twice`, async (t: TestContext) => {
    const vendor = await startZoom({ report, now: () => start });
    t.after(() => vendor.close());
    const job = exampleJob(zoom, values(vendor));
    const [before, twin] = [event(start - 7 * day - hour), event(start - hour)];
    vendor.add(before, twin, twin);
    assert.deepEqual((await job.run(start)).problems, []);
    assert.deepEqual(job.taken, [twin, twin]);
    const late = event(start - 20 * hour);
    vendor.add(late, twin);
    for (const _ of [1, 2]) assert.deepEqual((await job.run(start + hour)).problems, []);
    assert.deepEqual(job.taken, [twin, twin, twin, late]);
  });

  test(`${name}: months are read in parts that Zoom gives whole, also around February`, async (t: TestContext) => {
    const end = Date.UTC(2026, 2, 20, 9);
    const vendor = await startZoom({ report, now: () => end });
    t.after(() => vendor.close());
    const texts = Array.from({ length: 80 }, (_, days) => event(end - (days + 0.5) * day));
    vendor.add(...texts);
    const long = { ...zoom, window: { ...zoom.window, firstRun: '80d' } };
    const job = exampleJob(long, values(vendor));
    assert.deepEqual((await job.run(end)).problems, []);
    assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  });

  for (const ahead of [-11, 14]) {
    test(`${name}: nothing is lost where the day of the account is ${ahead} hours ahead`, async (t: TestContext) => {
      const vendor = await startZoom({ report, ahead, now: () => start });
      t.after(() => vendor.close());
      const job = exampleJob(zoom, values(vendor));
      const texts: string[] = [];
      for (let now = start; now < start + 4 * day; now += 2 * hour) {
        if (now < start + 2 * day) {
          const text = event(now - 1000);
          vendor.add(text);
          texts.push(text);
        }
        assert.deepEqual((await job.run(now)).problems, []);
      }
      assert.deepEqual(job.taken, texts);
    });
  }
}

test('zoom-activities: what Zoom says of wrong credentials is told', async (t: TestContext) => {
  const vendor = await startZoom({ report: 'activities', now: () => start });
  t.after(() => vendor.close());
  vendor.login.fault = (_, response) => {
    sendJson(response, 400, '{"reason":"Invalid client_id or client_secret","error":"invalid_client"}');
    return true;
  };
  await assert.rejects(
    pullOnce(exampleDefinition('zoom-activities'), values(vendor), { part }),
    (error) =>
      error instanceof Problem &&
      error.status === exit.noperm &&
      error.message.endsWith(': Invalid client_id or client_secret'),
  );
});

test('zoom-operations: a category is asked for as Zoom spells it', async (t: TestContext) => {
  const vendor = await startZoom({ report: 'operationlogs', now: () => start });
  t.after(() => vendor.close());
  const texts = exampleLines('zoom-operations').map((text) => text.replace('TIME', '2026-11-20T08:30:00Z'));
  vendor.add(...texts);
  const search = { query: [['category_type', 'account']] as const };
  const { records } = await pullOnce(exampleDefinition('zoom-operations'), values(vendor), { part, search });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.slice(1),
  );
});
