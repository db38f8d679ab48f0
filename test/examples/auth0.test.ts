import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { noSearch, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startAuth0 } from '../support/vendors/auth0.ts';

const idOf = (text = ''): string => /"log_id":"([^"]+)"/.exec(text)?.[1] ?? '';

const { definition, part, next, started, queries } = example('auth0', {
  secret: 'AUTH0_CLIENT_SECRET',
  tokens: true,
  lateness: 10 * 1440,
  apart: 1001,
  bookmark: idOf, // the first run is tried below
  start: startAuth0,
  values: ({ origin }) => ({
    AUTH0_DOMAIN: 'example.eu.auth0.com',
    AUTH0_URL: origin,
    AUTH0_CLIENT_ID: 'client',
    AUTH0_CLIENT_SECRET: 'secret',
  }),
  write: (template, number, time) =>
    template
      .replaceAll('"ID"', `"900202611200000000000000000000000000012233720368${String(number).padStart(8, '0')}"`)
      .replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/api/v2/logs'),
});

test('auth0: the first run searches for one record only, and reads on from there by checkpoint until a page is short', async (t) => {
  const { vendor, texts, values } = await started(t, 15);
  const { records, bookmark } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  assert.ok(bookmark?.includes(idOf(texts.at(-1))));
  assert.deepEqual(queries(vendor), [
    { q: 'date:[2026-11-20T08:00:00.000Z TO *]', sort: 'date:1', per_page: '1', page: '0' },
    { from: idOf(texts[0]), take: '10' },
    { from: idOf(texts[10]), take: '10' },
  ]);
});

test('auth0: more than the 1,000 records that a search shows are read', async (t) => {
  const { texts, values } = await started(t, 1200);
  assert.equal((await pullOnce(definition, values, { part })).records.length, texts.length);
});

test('auth0: records are read in the order of storage, so that those that Auth0 stores late are not skipped', async (t) => {
  const { vendor, texts, values } = await started(t, 3);
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(start)).problems, []);
  const late = [-10 * day, 1000, -30 * minute].map((ago) => next(start + ago));
  vendor.add(...late);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [...texts, ...late]);
});

test('auth0: a run that finds nothing has no checkpoint yet, and the next one searches again', async (t) => {
  const { vendor, values } = await started(t, 0);
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(start)).problems, []);
  const first = next(start - minute);
  vendor.add(first);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [first]);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(
    queries(vendor).map((query) => 'from' in query),
    [false, false, true, true],
  );
});

test('auth0: a tenant in which something always happens is read to a page that is not full', async (t) => {
  const { vendor, values } = await started(t, 250);
  vendor.fault = () => {
    if (vendor.requests.length < 50) vendor.add(next(start), next(start), next(start));
    return false;
  };
  await pullOnce(definition, values, { part });
  assert.equal(queries(vendor).length, 4);
});

test('auth0: the address is that of AUTH0_DOMAIN where nothing else is said', async (t) => {
  const { values } = await started(t, 0);
  const { AUTH0_URL: _, ...others } = values;
  const source = restSource(definition, others, noSearch, sourceTools());
  assert.match(source.scope, /^https:\/\/example\.eu\.auth0\.com\/api\/v2/);
  await source.close();
});

test('auth0: a checkpoint that Auth0 no longer keeps means a search from the position on, and a warning', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  const tools = sourceTools(start);
  vendor.forget(5);
  const bookmark = idOf(texts[2]);
  const { records } = await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
  assert.deepEqual(textsOf(records), texts.slice(15));
  assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
});
