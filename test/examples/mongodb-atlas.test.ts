import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import { startAtlas, type Atlas } from '../support/vendors/mongodb-atlas.ts';

const atlas = exampleDefinition('mongodb-atlas');
const templates = exampleLines('mongodb-atlas');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const organization = '5dd5a6b6f10fab1d71a58495';
const part = { slice, branch: organization };
const values = (vendor: Atlas) => ({
  MONGODB_ATLAS_URL: vendor.origin,
  MONGODB_ATLAS_CLIENT_ID: 'mdb_sa_id_1',
  MONGODB_ATLAS_CLIENT_SECRET: 'secret',
  MONGODB_ATLAS_LEVEL: 'orgs',
  MONGODB_ATLAS_IDS: '',
});

/** In whole seconds, as Atlas writes them. */
const event = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '')
    .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`)
    .replaceAll('ID', `6a00000000000000${String(number).padStart(8, '0')}`);

/** Newest first. */
async function started(count = 25) {
  const vendor = await startAtlas({ now: () => start });
  const times = Array.from({ length: count }, (_, number) => start - (number + 1) * 1000);
  const texts = times.map((time, number) => event(number, time));
  vendor.add(`orgs/${organization}`, ...texts.toReversed());
  return { vendor, texts, times, values: values(vendor) };
}

const asked = (vendor: Atlas) => vendor.requests.map(({ target }) => new URL(target, vendor.origin));

conforms('mongodb-atlas', {
  definition: atlas,
  secret: 'MONGODB_ATLAS_CLIENT_SECRET',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: ({ target }) => target.includes('/events') }),
});

let number = 0;
exampleRuns('mongodb-atlas', {
  secret: 'MONGODB_ATLAS_CLIENT_SECRET',
  async start() {
    const vendor = await startAtlas();
    vendor.add(`orgs/${organization}`);
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map(() => event(number++, Date.now() - ago));
        vendor.add(`orgs/${organization}`, ...texts);
        return texts;
      },
    };
  },
});

test('mongodb-atlas: the token comes by Basic authentication, and the version of the API goes to the API alone', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  await pullOnce(atlas, settings, { part });
  const [login, page] = vendor.requests;
  assert.deepEqual(
    [login?.method, login?.target, login?.body],
    ['POST', '/api/oauth/token', 'grant_type=client_credentials'],
  );
  assert.equal(login?.headers['accept'], 'application/json');
  assert.deepEqual(
    [page?.headers['authorization'], page?.headers['accept']],
    ['Bearer granted-1', 'application/vnd.atlas.2023-01-01+json'],
  );
});

test('mongodb-atlas: a token that ends between two pages is renewed, and nothing comes twice', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  let pages = 0;
  vendor.fault = ({ target }) => {
    if (target.includes('/events') && ++pages === 2) vendor.grants.revoke();
    return false;
  };
  const { records } = await pullOnce(atlas, settings, { part, search: { limit: 10 } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
  assert.equal(asked(vendor).filter(({ pathname }) => pathname === '/api/oauth/token').length, 2);
});

test('mongodb-atlas: the link to the next page is found among the others, and keeps to the window', async (t: TestContext) => {
  const { vendor, values: settings } = await started();
  t.after(() => vendor.close());
  await pullOnce(atlas, settings, { part, search: { limit: 10 } });
  const [, ...pages] = asked(vendor);
  const window = { minDate: '2026-11-20T08:00:00Z', maxDate: '2026-11-20T09:00:00Z' };
  assert.deepEqual(
    pages.map(({ searchParams }) => Object.fromEntries(searchParams)),
    [{}, { pageNum: '2' }, { pageNum: '3' }].map((page) => ({
      ...window,
      itemsPerPage: '10',
      ...page,
    })),
  );
});

test('mongodb-atlas: what arrives while pages are read shifts them, and nothing is passed over', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  let pages = 0;
  vendor.fault = ({ target }) => {
    if (target.includes('/events') && ++pages === 2) vendor.add(`orgs/${organization}`, event(1000, start - 500));
    return false;
  };
  const { records } = await pullOnce(atlas, settings, { part, search: { limit: 10 } });
  assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
  assert.equal(records.length, texts.length + 1, 'the last of a page was the first of the next one again');
});

test('mongodb-atlas: events of the same second on the edge of two windows are delivered once', async (t: TestContext) => {
  const vendor = await startAtlas({ now: () => start });
  t.after(() => vendor.close());
  const texts = [0, 1, 2].map((each) => event(each, start - 1000));
  const job = exampleJob(atlas, values(vendor));
  for (const text of texts) {
    vendor.add(`orgs/${organization}`, text);
    assert.deepEqual((await job.run(start)).problems, []);
  }
  assert.deepEqual(job.taken, texts);
});

test('mongodb-atlas: without IDs all projects are read, each with a position of its own', async (t: TestContext) => {
  const vendor = await startAtlas({ now: () => start });
  t.after(() => vendor.close());
  const projects = ['32b6e34b3d91647abb20e7b1', '32b6e34b3d91647abb20e7b2'];
  const texts = projects.map((project, each) => {
    const text = event(each, start - minute);
    vendor.add(`groups/${project}`, text);
    return text;
  });
  vendor.add(`orgs/${organization}`, event(9, start - minute));
  const job = exampleJob(atlas, { ...values(vendor), MONGODB_ATLAS_LEVEL: 'groups' });
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
});

test('mongodb-atlas: a list of projects goes on, and a position of organizations is none of projects', async (t: TestContext) => {
  const vendor = await startAtlas({ now: () => start });
  t.after(() => vendor.close());
  const projects = Array.from({ length: 501 }, (_, each) => `32b6e34b3d91647abb20${String(each).padStart(4, '0')}`);
  for (const project of projects) vendor.add(`groups/${project}`);
  const [organizations, groups] = ['orgs', 'groups'].map((level) =>
    restSource(atlas, { ...values(vendor), MONGODB_ATLAS_LEVEL: level }, noSearch, sourceTools(start)),
  );
  assert.deepEqual(await groups?.branches(), projects);
  assert.notEqual(groups?.scope, organizations?.scope);
  for (const source of [organizations, groups]) await source?.close();
});

test('mongodb-atlas: names of events are sent one by one', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  const categories = ['USER_ROLES_CHANGED_AUDIT', 'JOINED_ORG'];
  const { records } = await pullOnce(atlas, settings, { part, search: { categories } });
  assert.deepEqual(asked(vendor).at(-1)?.searchParams.getAll('eventType'), categories);
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((text) => text.includes('USER_ROLES_CHANGED_AUDIT')),
  );
});
