import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { noSearch, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startAtlas, type Atlas } from '../support/vendors/mongodb-atlas.ts';

const organization = '5dd5a6b6f10fab1d71a58495';

const { definition, part, record, started } = example('mongodb-atlas', {
  secret: 'MONGODB_ATLAS_CLIENT_SECRET',
  tokens: true,
  lateness: 50,
  branches: [organization],
  newestFirst: true,
  async start(options) {
    const vendor = await startAtlas(options);
    vendor.add(`orgs/${organization}`);
    return vendor;
  },
  values: ({ origin }) => ({
    MONGODB_ATLAS_URL: origin,
    MONGODB_ATLAS_CLIENT_ID: 'mdb_sa_id_1',
    MONGODB_ATLAS_CLIENT_SECRET: 'secret',
    MONGODB_ATLAS_LEVEL: 'orgs',
    MONGODB_ATLAS_IDS: '',
  }),
  // In whole seconds, as Atlas writes them.
  write: (template, number, time) =>
    template
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`)
      .replaceAll('ID', `6a00000000000000${String(number).padStart(8, '0')}`),
  add: (vendor, texts, branch) => vendor.add(`orgs/${branch}`, ...texts),
  asksRecords: ({ target }) => target.includes('/events'),
});

const asked = (vendor: Atlas) => vendor.requests.map(({ target }) => new URL(target, vendor.origin));

test('mongodb-atlas: the token comes by Basic authentication, and the version of the API goes to the API alone', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, values, { part });
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

test('mongodb-atlas: the link to the next page is found among the others, and keeps to the window', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
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

test('mongodb-atlas: what arrives while pages are read shifts them, and nothing is passed over', async (t) => {
  const { vendor, texts, values } = await started(t);
  let pages = 0;
  vendor.fault = ({ target }) => {
    if (target.includes('/events') && ++pages === 2) vendor.add(`orgs/${organization}`, record(1000, start - 500));
    return false;
  };
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
  assert.equal(records.length, texts.length + 1, 'the last of a page was the first of the next one again');
});

test('mongodb-atlas: without IDs all projects are read, each with a position of its own', async (t) => {
  const { vendor, values } = await started(t, 0);
  const projects = ['32b6e34b3d91647abb20e7b1', '32b6e34b3d91647abb20e7b2'];
  const texts = projects.map((project, each) => {
    const text = record(each, start - minute);
    vendor.add(`groups/${project}`, text);
    return text;
  });
  vendor.add(`orgs/${organization}`, record(9, start - minute));
  const job = exampleJob(definition, { ...values, MONGODB_ATLAS_LEVEL: 'groups' });
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, texts);
});

test('mongodb-atlas: a list of projects goes on, and a position of organizations is not one of projects', async (t) => {
  const { vendor, values } = await started(t, 0);
  const projects = Array.from({ length: 501 }, (_, each) => `32b6e34b3d91647abb20${String(each).padStart(4, '0')}`);
  for (const project of projects) vendor.add(`groups/${project}`);
  const [organizations, groups] = ['orgs', 'groups'].map((level) =>
    restSource(definition, { ...values, MONGODB_ATLAS_LEVEL: level }, noSearch, sourceTools(start)),
  );
  assert.deepEqual(await groups?.branches(), projects);
  assert.notEqual(groups?.scope, organizations?.scope);
  for (const source of [organizations, groups]) await source?.close();
});

test('mongodb-atlas: names of events are sent one by one', async (t) => {
  const { vendor, texts, values } = await started(t);
  const categories = ['USER_ROLES_CHANGED_AUDIT', 'JOINED_ORG'];
  const { records } = await pullOnce(definition, values, { part, search: { categories } });
  assert.deepEqual(asked(vendor).at(-1)?.searchParams.getAll('eventType'), categories);
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('USER_ROLES_CHANGED_AUDIT')),
  );
});
