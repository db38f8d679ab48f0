import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startBitwarden, type Bitwarden } from '../support/vendors/bitwarden.ts';

const credentials = {
  BITWARDEN_CLIENT_ID: 'organization.1',
  BITWARDEN_CLIENT_SECRET: 'secret',
  BITWARDEN_REGION: 'us',
};

const { definition, part, record, started, asked } = example('bitwarden', {
  secret: 'BITWARDEN_CLIENT_SECRET',
  tokens: true,
  lateness: 50,
  twins: true,
  limit: 50,
  newestFirst: true,
  start: startBitwarden,
  values: ({ origin }) => ({ ...credentials, BITWARDEN_URL: origin }),
  // With seven decimal places of a second, as .NET writes them.
  write: (template, _, time) => template.replace('TIME', new Date(time).toISOString().replace('Z', '0000Z')),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.includes('/events'),
});

test('bitwarden: the token comes from the identity host of the region, and only the token goes to the API host', async (t) => {
  const cloud = { paths: { api: '', identity: '' } };
  const [identity, api] = [await startBitwarden(cloud), await startBitwarden(cloud)];
  t.after(() => Promise.all([identity.close(), api.close()]));
  api.fault = (request) => {
    assert.ok(identity.grants.opens(request));
    api.grants.opens = () => true;
    return false;
  };
  const hosts: Readonly<Record<string, Bitwarden>> = {
    'https://identity.bitwarden.eu': identity,
    'https://api.bitwarden.eu': api,
  };
  const tools = sourceTools(start);
  const { records } = await pullOnce(
    definition,
    { ...credentials, BITWARDEN_REGION: 'eu' },
    {
      part,
      tools: {
        ...tools,
        http(base) {
          const { origin } = new URL(base);
          const moved = (address: string) => address.replace(origin, hosts[origin]?.origin ?? 'nowhere');
          const client = tools.http(moved(base));
          return { ...client, send: (request) => client.send({ ...request, url: moved(request.url) }) };
        },
      },
    },
  );
  assert.deepEqual(records, []);
  assert.deepEqual(
    identity.requests.map(({ target }) => target),
    ['/connect/token'],
  );
  assert.equal(api.requests.length, 1);
  assert.doesNotMatch(JSON.stringify(api.requests), /secret/);
});

test('bitwarden: the window stays the same on every page', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part });
  const pages = asked(vendor);
  assert.equal(pages.length, 3);
  for (const page of pages) {
    assert.deepEqual([page.get('start'), page.get('end')], ['2026-11-20T08:00:00.000Z', '2026-11-20T09:00:00.000Z']);
  }
});

test('bitwarden: an empty page with a token is not the end', async (t) => {
  const { texts, values } = await started(t, 60, { emptyFirst: true });
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
});

test('bitwarden: more than a year is asked for in parts', async (t) => {
  const { vendor, values } = await started(t, 0);
  const text = record(0, start - 500 * day);
  vendor.add(text);
  const long = { ...definition, window: { ...definition.window, firstRun: '800d' } };
  const job = exampleJob(long, values);
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [text]);
});

test('bitwarden: of a user and an item Bitwarden looks for the user, and the item is looked for here', async (t) => {
  const { vendor, texts, values } = await started(t, 10);
  const user = ['actingUserId', 'b2549f79-a71f-4eb9-9234-eb7247333f95'] as const;
  const item = (id: string) => ['itemId', id] as const;
  const { records } = await pullOnce(definition, values, {
    part,
    search: { query: [user, item('3767a302-8208-4dc6-b842-030428a1cfad')] },
  });
  assert.deepEqual(
    textsOf(records),
    texts.filter((_, number) => number % 2 === 1),
  );
  assert.equal(asked(vendor)[0]?.get(user[0]), user[1]);
  const none = await pullOnce(definition, values, { part, search: { query: [user, item('no-such-item')] } });
  assert.deepEqual([none.records, none.unmatched], [[], 5]);
});
