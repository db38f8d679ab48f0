import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startDropbox, type Dropbox } from '../support/vendors/dropbox.ts';
import { problem } from '../support/problem.ts';

const isPage = ({ target }: { readonly target: string }) => target.startsWith('/2/');

const { definition, part, next, started } = example('dropbox', {
  secret: 'DROPBOX_REFRESH_TOKEN',
  otherSecrets: ['DROPBOX_APP_SECRET'],
  tokens: true,
  lateness: 3 * 1440,
  twins: true,
  // In no order of time.
  ago: (index, count) => (((index * 7) % count) + 1) * 1000,
  start: startDropbox,
  values: ({ origin }) => ({
    DROPBOX_URL: origin,
    DROPBOX_APP_KEY: 'key',
    DROPBOX_APP_SECRET: 'secret',
    DROPBOX_REFRESH_TOKEN: 'refresh',
  }),
  // In whole seconds.
  write: (template, number, time) =>
    template.replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`).replace('NUMBER', String(number)),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: isPage,
});

const asked = (vendor: Dropbox) =>
  vendor.requests.filter(isPage).map(({ target, body }) => [target, JSON.parse(body) as unknown] as const);

test('dropbox: it begins with a time and no end, and goes on at another path with the cursor and nothing else', async (t) => {
  const { vendor, texts, values } = await started(t, 15);
  const { bookmark } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  const [first, later, ...more] = asked(vendor);
  assert.deepEqual(first, ['/2/team_log/get_events', { limit: 10, time: { start_time: '2026-11-20T08:00:00Z' } }]);
  assert.equal(later?.[0], '/2/team_log/get_events/continue');
  assert.deepEqual(Object.keys(later[1] as object), ['cursor']);
  assert.deepEqual(more, [], 'has_more is false, although there is a cursor');
  const old = next(start - 55 * minute);
  vendor.add(old);
  const again = await pullOnce(definition, values, { part: { ...part, bookmark } });
  assert.deepEqual(textsOf(again.records), [old]);
  assert.ok(!texts.includes(old));
});

test('dropbox: an empty page with more after it is not the end', async (t) => {
  const { texts, values } = await started(t, 25, { pauses: true });
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
});

for (const how of ['reset', 'bad_cursor'] as const) {
  test(`dropbox: after ${how} the window is read again, and nothing of it is delivered twice`, async (t) => {
    const { vendor, texts, values } = await started(t, 12);
    const job = exampleJob(definition, values);
    await job.run(start);
    vendor.expire(how);
    const late = [next(start - 30 * minute), next(start + 1000)];
    vendor.add(...late);
    assert.deepEqual((await job.run(start + minute)).problems, []);
    assert.deepEqual(job.taken, [...texts, ...late]);
    const tools = sourceTools(start);
    const { bookmark } = await pullOnce(definition, values, { part });
    vendor.expire(how);
    await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
    assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
  });
}

test('dropbox: an error is reported as Dropbox sums it up', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = (request) => {
    if (isPage(request)) vendor.grants.revoke();
    return false;
  };
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.noperm, /expired_access_token\/\.\./));
});

test('dropbox: types and categories are compared here', async (t) => {
  const { texts, values } = await started(t);
  const wanted = texts.filter((text) => text.includes('"shared_link_create"'));
  for (const search of [
    { query: [['event_type', 'shared_link_create']] as const },
    { categories: ['sharing', 'tfa'] },
  ]) {
    const { records, unmatched } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(textsOf(records), wanted);
    assert.equal(unmatched, texts.length - wanted.length);
  }
});
