import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startBitwarden, type Bitwarden } from '../support/vendors/bitwarden.ts';

const bitwarden = exampleDefinition('bitwarden');
const templates = exampleLines('bitwarden');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { slice };
const credentials = {
  BITWARDEN_CLIENT_ID: 'organization.1',
  BITWARDEN_CLIENT_SECRET: 'secret',
  BITWARDEN_REGION: 'us',
};
const values = (vendor: Bitwarden) => ({ ...credentials, BITWARDEN_URL: vendor.origin });

/** With seven digits behind the second, as .NET writes them. */
const event = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '').replace('TIME', new Date(time).toISOString().replace('Z', '0000Z'));

/** Newest first. */
async function started(count = 125, options = {}) {
  const vendor = await startBitwarden({ now: () => start, ...options });
  const times = Array.from({ length: count }, (_, number) => start - (number + 1) * 1000);
  const texts = times.map((time, number) => event(number, time));
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

const asked = (vendor: Bitwarden) =>
  vendor.requests
    .filter(({ target }) => target.includes('/events'))
    .map(({ target }) => new URL(target, vendor.origin).searchParams);

conforms('bitwarden', {
  definition: bitwarden,
  secret: 'BITWARDEN_CLIENT_SECRET',
  limit: 50,
  start: async () => ({ ...(await started()), part, asksRecords: ({ target }) => target.includes('/events') }),
});

exampleRuns('bitwarden', {
  secret: 'BITWARDEN_CLIENT_SECRET',
  async start() {
    const vendor = await startBitwarden();
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map((_, number) => event(number, Date.now() - ago));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('bitwarden: the token comes from the identity host of the region, and only the token goes to the API host', async (t: TestContext) => {
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
    bitwarden,
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

test('bitwarden: the window stays the same on every page', async (t: TestContext) => {
  const { vendor, values: settings } = await started();
  t.after(() => vendor.close());
  await pullOnce(bitwarden, settings, { part });
  const pages = asked(vendor);
  assert.equal(pages.length, 3);
  for (const page of pages) {
    assert.deepEqual([page.get('start'), page.get('end')], ['2026-11-20T08:00:00.000Z', '2026-11-20T09:00:00.000Z']);
  }
});

test('bitwarden: an empty page with a token is not the end', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(60, { emptyFirst: true });
  t.after(() => vendor.close());
  const { records } = await pullOnce(bitwarden, settings, { part });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
});

test('bitwarden: more than a year is asked for in parts', async (t: TestContext) => {
  const vendor = await startBitwarden({ now: () => start });
  t.after(() => vendor.close());
  const text = event(0, start - 500 * 1440 * minute);
  vendor.add(text);
  const long = { ...bitwarden, window: { ...bitwarden.window, firstRun: '800d' } };
  const job = exampleJob(long, values(vendor));
  assert.deepEqual((await job.run(start)).problems, []);
  assert.deepEqual(job.taken, [text]);
});

test('bitwarden: events that are the same to the last digit are told apart, and one that a client tells of later is found', async (t: TestContext) => {
  const vendor = await startBitwarden({ now: () => start });
  t.after(() => vendor.close());
  const job = exampleJob(bitwarden, values(vendor));
  const [twin, late] = [event(0, start - minute), event(1, start - 50 * minute)];
  vendor.add(twin, twin);
  for (const each of [[], [late], [twin], []]) {
    vendor.add(...each);
    assert.deepEqual((await job.run(start)).problems, []);
  }
  assert.deepEqual(job.taken, [twin, twin, late, twin]);
});

test('bitwarden: of a user and an item Bitwarden looks for the user, and the item is looked for here', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(10);
  t.after(() => vendor.close());
  const user = ['actingUserId', 'b2549f79-a71f-4eb9-9234-eb7247333f95'] as const;
  const item = (id: string) => ['itemId', id] as const;
  const { records } = await pullOnce(bitwarden, settings, {
    part,
    search: { query: [user, item('3767a302-8208-4dc6-b842-030428a1cfad')] },
  });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((_, number) => number % 2 === 1),
  );
  assert.equal(asked(vendor)[0]?.get(user[0]), user[1]);
  const none = await pullOnce(bitwarden, settings, { part, search: { query: [user, item('no-such-item')] } });
  assert.deepEqual([none.records, none.unmatched], [[], 5]);
});
