import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startDropbox, type Dropbox, type DropboxOptions } from '../support/vendors/dropbox.ts';

const dropbox = exampleDefinition('dropbox');
const templates = exampleLines('dropbox');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { slice };
const values = (vendor: Dropbox) => ({
  DROPBOX_URL: vendor.origin,
  DROPBOX_APP_KEY: 'key',
  DROPBOX_APP_SECRET: 'secret',
  DROPBOX_REFRESH_TOKEN: 'refresh',
});

let serial = 0;

/** In whole seconds. */
const event = (time: number): string =>
  (templates[serial % templates.length] ?? '')
    .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`)
    .replace('NUMBER', String(serial++));

/** In no order of time. */
async function started(count = 25, options: DropboxOptions = {}) {
  const vendor = await startDropbox({ now: () => start, ...options });
  const times = Array.from({ length: count }, (_, number) => start - (((number * 7) % count) + 1) * 1000);
  const texts = times.map(event);
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

const isPage = ({ target }: { readonly target: string }) => target.startsWith('/2/');
const asked = (vendor: Dropbox) =>
  vendor.requests.filter(isPage).map(({ target, body }) => [target, JSON.parse(body) as unknown] as const);

for (const secret of ['DROPBOX_APP_SECRET', 'DROPBOX_REFRESH_TOKEN']) {
  conforms('dropbox', {
    definition: dropbox,
    secret,
    limit: 10,
    start: async () => ({ ...(await started()), part, asksRecords: isPage }),
  });
}

exampleRuns('dropbox', {
  secret: 'DROPBOX_REFRESH_TOKEN',
  async start() {
    const vendor = await startDropbox();
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

test('dropbox: it begins with a time and no end, and goes on at another path with the cursor and nothing else', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(15);
  t.after(() => vendor.close());
  const { bookmark } = await pullOnce(dropbox, settings, { part, search: { limit: 10 } });
  const [first, later, ...more] = asked(vendor);
  assert.deepEqual(first, ['/2/team_log/get_events', { limit: 10, time: { start_time: '2026-11-20T08:00:00Z' } }]);
  assert.equal(later?.[0], '/2/team_log/get_events/continue');
  assert.deepEqual(Object.keys(later[1] as object), ['cursor']);
  assert.deepEqual(more, [], 'has_more is false, although there is a cursor');
  const old = event(start - 55 * minute);
  vendor.add(old);
  const next = await pullOnce(dropbox, settings, { part: { ...part, bookmark } });
  assert.deepEqual(
    next.records.map(({ text }) => text),
    [old],
  );
  assert.ok(!texts.includes(old));
});

test('dropbox: an empty page with more behind it is not the end', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(25, { pauses: true });
  t.after(() => vendor.close());
  const { records } = await pullOnce(dropbox, settings, { part, search: { limit: 10 } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
});

for (const how of ['reset', 'bad_cursor'] as const) {
  test(`dropbox: after ${how} the window is read again, and nothing of it is delivered twice`, async (t: TestContext) => {
    const { vendor, texts, values: settings } = await started(12);
    t.after(() => vendor.close());
    const job = exampleJob(dropbox, settings);
    await job.run(start);
    vendor.expire(how);
    const late = [event(start - 30 * minute), event(start + 1000)];
    vendor.add(...late);
    assert.deepEqual((await job.run(start + minute)).problems, []);
    assert.deepEqual(job.taken, [...texts, ...late]);
    const tools = sourceTools(start);
    const { bookmark } = await pullOnce(dropbox, settings, { part });
    vendor.expire(how);
    await pullOnce(dropbox, settings, { part: { ...part, bookmark }, tools });
    assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
  });
}

test('dropbox: events that are the same to the last digit are all delivered, once each', async (t: TestContext) => {
  const vendor = await startDropbox({ now: () => start });
  t.after(() => vendor.close());
  const twin = event(start - minute);
  const job = exampleJob(dropbox, values(vendor));
  for (const more of [[twin, twin], [], [twin], []]) {
    vendor.add(...more);
    assert.deepEqual((await job.run(start)).problems, []);
  }
  assert.deepEqual(job.taken, [twin, twin, twin]);
});

test('dropbox: a token that has ended is renewed, and an error is told as Dropbox sums it up', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(15);
  t.after(() => vendor.close());
  let pages = 0;
  vendor.fault = (request) => {
    if (isPage(request) && ++pages === 2) vendor.grants.revoke();
    return false;
  };
  const { records } = await pullOnce(dropbox, settings, { part, search: { limit: 10 } });
  assert.equal(records.length, texts.length);
  vendor.fault = (request) => {
    if (isPage(request)) vendor.grants.revoke();
    return false;
  };
  await assert.rejects(
    pullOnce(dropbox, settings, { part }),
    (error) =>
      error instanceof Problem && error.status === exit.noperm && error.message.includes('expired_access_token/..'),
  );
});

test('dropbox: types and categories are compared here', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  const wanted = texts.filter((text) => text.includes('"shared_link_create"'));
  for (const search of [
    { query: [['event_type', 'shared_link_create']] as const },
    { categories: ['sharing', 'tfa'] },
  ]) {
    const { records, unmatched } = await pullOnce(dropbox, settings, { part, search });
    assert.deepEqual(
      records.map(({ text }) => text),
      wanted,
    );
    assert.equal(unmatched, texts.length - wanted.length);
  }
});
