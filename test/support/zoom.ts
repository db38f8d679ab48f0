/** What the tests of the two reports of Zoom have in common. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start } from './example.ts';
import { exampleJob } from './example-job.ts';
import { pullOnce } from './source-tools.ts';
import { startZoom, type ZoomOptions } from './vendors/zoom.ts';

const hour = 60 * minute;

/** The tests that hold for both. Returns what those of one start from. */
export function zoomReport(name: string, report: ZoomOptions['report']) {
  const zoom = example(name, {
    secret: 'ZOOM_CLIENT_SECRET',
    tokens: true,
    lateness: 20 * 60,
    twins: true,
    newestFirst: true,
    start: (options: Partial<ZoomOptions>) => startZoom({ report, ...options }),
    values: ({ origin, login }) => ({
      ZOOM_URL: origin,
      ZOOM_LOGIN_URL: login.origin,
      ZOOM_ACCOUNT_ID: 'account',
      ZOOM_CLIENT_ID: 'client',
      ZOOM_CLIENT_SECRET: 'secret',
    }),
    // In whole seconds.
    write: (template, number, time) =>
      template.replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`).replace('NUMBER', String(number)),
    add: (vendor, texts) => vendor.add(...texts),
  });
  const { definition, part, next, started, queries } = zoom;

  test(`${name}: the token comes from the other host, and days are asked for, the same ones on every page`, async (t) => {
    const { vendor, values } = await started(t);
    await pullOnce(definition, values, { part, search: { limit: 10 } });
    assert.deepEqual(
      vendor.login.requests.map(({ target, body }) => [target, body]),
      [['/oauth/token', 'grant_type=account_credentials&account_id=account']],
    );
    const pages = queries(vendor);
    assert.equal(pages.length, 3);
    for (const { next_page_token: _, ...page } of pages) {
      assert.deepEqual(page, { from: '2026-11-20', to: '2026-11-20', page_size: '10' });
    }
  });

  test(`${name}: a token for a page that has ended means the window once more`, async (t) => {
    const { vendor, texts, values } = await started(t);
    vendor.fault = () => {
      if (vendor.requests.length === 2) vendor.expireTokens();
      return false;
    };
    const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
    assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
  });

  test(`${name}: of the days asked for, what lies before the window is left out, and nothing comes twice`, async (t) => {
    const { vendor, values } = await started(t, 0);
    const job = exampleJob(definition, values);
    const [before, twin] = [next(start - 7 * day - hour), next(start - hour)];
    vendor.add(before, twin, twin);
    assert.deepEqual((await job.run(start)).problems, []);
    assert.deepEqual(job.taken, [twin, twin]);
    const late = next(start - 20 * hour);
    vendor.add(late, twin);
    for (const _ of [1, 2]) assert.deepEqual((await job.run(start + hour)).problems, []);
    assert.deepEqual(job.taken, [twin, twin, twin, late]);
  });

  test(`${name}: months are read in parts that Zoom gives whole, also around February`, async (t) => {
    const end = Date.UTC(2026, 2, 20, 9);
    const { vendor, values } = await started(t, 0, { now: () => end });
    const texts = Array.from({ length: 80 }, (_, days) => next(end - (days + 0.5) * day));
    vendor.add(...texts);
    const long = { ...definition, window: { ...definition.window, firstRun: '80d' } };
    const job = exampleJob(long, values);
    assert.deepEqual((await job.run(end)).problems, []);
    assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  });

  for (const ahead of [-11, 14]) {
    test(`${name}: nothing is lost where the day of the account is ${ahead} hours ahead`, async (t) => {
      let now = start;
      const { vendor, values } = await started(t, 0, { ahead, now: () => now });
      const job = exampleJob(definition, values);
      const texts: string[] = [];
      for (; now < start + 4 * day; now += 2 * hour) {
        if (now < start + 2 * day) {
          const text = next(now - 1000);
          vendor.add(text);
          texts.push(text);
        }
        assert.deepEqual((await job.run(now)).problems, []);
      }
      assert.deepEqual(job.taken.toSorted(), texts.toSorted());
    });
  }

  return zoom;
}
