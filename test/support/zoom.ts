/** What the tests of the two reports of Zoom have in common. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from './conformance.ts';
import { exampleDefinition, exampleLines } from './example-definition.ts';
import { exampleJob } from './example-job.ts';
import { exampleRuns } from './example-runs.ts';
import { pullOnce } from './source-tools.ts';
import { startZoom, type Zoom } from './vendors/zoom.ts';

export const start = Date.UTC(2026, 10, 20, 9);
const hour = 3_600_000;
const day = 24 * hour;
const slice = { from: BigInt(start - hour) * 1_000_000n, until: BigInt(start) * 1_000_000n };
export const part = { slice };
export const values = (vendor: Zoom) => ({
  ZOOM_URL: vendor.origin,
  ZOOM_LOGIN_URL: vendor.login.origin,
  ZOOM_ACCOUNT_ID: 'account',
  ZOOM_CLIENT_ID: 'client',
  ZOOM_CLIENT_SECRET: 'secret',
});

let serial = 0;

/** The tests that hold for both. */
export function zoomReport(name: string, report: 'operationlogs' | 'activities'): void {
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
      assert.deepEqual(page, { from: '2026-11-20', to: '2026-11-20', page_size: '10' });
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
      let now = start;
      const vendor = await startZoom({ report, ahead, now: () => now });
      t.after(() => vendor.close());
      const job = exampleJob(zoom, values(vendor));
      const texts: string[] = [];
      for (; now < start + 4 * day; now += 2 * hour) {
        if (now < start + 2 * day) {
          const text = event(now - 1000);
          vendor.add(text);
          texts.push(text);
        }
        assert.deepEqual((await job.run(now)).problems, []);
      }
      assert.deepEqual(job.taken.toSorted(), texts.toSorted());
    });
  }
}
