import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import { startAuth0, type Auth0 } from '../support/vendors/auth0.ts';
import type { LoggedRequest } from '../support/vendors/server.ts';

const definition = exampleDefinition('auth0');
const templates = exampleLines('auth0');
const start = Date.parse('2026-11-20T00:00:00Z');
const day = { from: BigInt(start - 86_400_000) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { slice: day };

let serial = 0;

/** Its ID comes from the vendor. */
function dated(time: number): string {
  return (templates[serial++ % templates.length] ?? '').replace('TIME', new Date(time).toISOString());
}

const idOf = (text = ''): string => /"log_id":"([^"]+)"/.exec(text)?.[1] ?? '';

async function started(count = 25) {
  const vendor = await startAuth0({ now: () => start });
  const times = Array.from({ length: count }, (_, number) => start - (count - number) * 1001);
  const texts = vendor.add(...times.map(dated));
  return { vendor, texts, times, values: valuesFor(vendor) };
}

function valuesFor({ origin }: Auth0) {
  return {
    AUTH0_DOMAIN: 'example.eu.auth0.com',
    AUTH0_URL: origin,
    AUTH0_CLIENT_ID: 'client',
    AUTH0_CLIENT_SECRET: 'secret',
  };
}

const asksRecords = ({ target }: LoggedRequest): boolean => target.startsWith('/api/v2/logs');

const queries = ({ requests, origin }: Auth0) =>
  requests.filter(asksRecords).map(({ target }) => Object.fromEntries(new URL(target, origin).searchParams));

// From a checkpoint on, as all runs but the first. The first is tried below.
conforms('auth0', {
  definition,
  secret: 'AUTH0_CLIENT_SECRET',
  limit: 10,
  async start() {
    const { vendor, texts, times, values } = await started(26);
    const bookmark = idOf(texts[0]);
    const later = { texts: texts.slice(1), times: times.slice(1) };
    return { vendor, values, ...later, part: { ...part, bookmark }, asksRecords };
  },
});

exampleRuns('auth0', {
  secret: 'AUTH0_CLIENT_SECRET',
  async start() {
    const vendor = await startAuth0();
    return {
      vendor,
      environment: valuesFor(vendor),
      add: (ago) => vendor.add(...[ago, ago].map((each) => dated(Date.now() - each))),
    };
  },
});

test('the first run searches for one record only, and reads on from there by checkpoint until a page is short', async () => {
  const { vendor, texts, values } = await started(15);
  const { records, bookmark } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(
    records.map((record) => record.text),
    texts,
  );
  assert.ok(bookmark?.includes(idOf(texts.at(-1))));
  assert.deepEqual(queries(vendor), [
    { q: 'date:[2026-11-19T00:00:00.000Z TO *]', sort: 'date:1', per_page: '1', page: '0' },
    { from: idOf(texts[0]), take: '10' },
    { from: idOf(texts[10]), take: '10' },
  ]);
  await vendor.close();
});

test('more than the 1,000 records that a search shows are read', async () => {
  const { vendor, texts, values } = await started(1200);
  assert.equal((await pullOnce(definition, values, { part })).records.length, texts.length);
  await vendor.close();
});

test('records are read in the order of storage, so that those that Auth0 stores late are not skipped', async () => {
  const { vendor, texts, values } = await started(3);
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(start)).problems, []);
  const late = vendor.add(dated(start - 10 * 86_400_000), dated(start + 1000), dated(start - 1_800_000));
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [...texts, ...late]);
  await vendor.close();
});

test('a run that finds nothing has no checkpoint yet, and the next one searches again', async () => {
  const { vendor, values } = await started(0);
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(start)).problems, []);
  const first = vendor.add(dated(start - 60_000));
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, first);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(
    queries(vendor).map((query) => 'from' in query),
    [false, false, true, true],
  );
  await vendor.close();
});

test('a tenant in which something always happens is read to a page that is not full', async () => {
  const { vendor, values } = await started(250);
  vendor.fault = () => {
    if (vendor.requests.length < 50) vendor.add(dated(start), dated(start), dated(start));
    return false;
  };
  await pullOnce(definition, values, { part });
  assert.equal(queries(vendor).length, 4);
  await vendor.close();
});

test('a token that ends during the run is replaced by another one', async () => {
  const { vendor, texts, values } = await started(250);
  let asked = 0;
  vendor.fault = (request) => {
    if (asksRecords(request) && asked++ === 2) vendor.grants.revoke();
    return false;
  };
  assert.equal((await pullOnce(definition, values, { part })).records.length, texts.length);
  assert.equal(vendor.requests.filter(({ target }) => target === '/oauth/token').length, 2);
  await vendor.close();
});

test('the address is that of AUTH0_DOMAIN where nothing else is said', async () => {
  const { vendor, values } = await started(0);
  const { AUTH0_URL: _, ...others } = values;
  const source = restSource(definition, others, noSearch, sourceTools());
  assert.match(source.scope, /^https:\/\/example\.eu\.auth0\.com\/api\/v2/);
  await source.close();
  await vendor.close();
});

test('a checkpoint that Auth0 no longer keeps means a search from the position on, and a warning', async () => {
  const { vendor, texts, values } = await started(20);
  const tools = sourceTools(start);
  vendor.forget(5);
  const bookmark = idOf(texts[2]);
  const { records } = await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
  assert.deepEqual(
    records.map((record) => record.text),
    texts.slice(15),
  );
  assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
  await vendor.close();
});
