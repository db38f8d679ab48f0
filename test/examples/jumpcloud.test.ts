import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startJumpCloud, type JumpCloud } from '../support/vendors/jumpcloud.ts';

const jumpcloud = exampleDefinition('jumpcloud');
const templates = exampleLines('jumpcloud');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const part = { slice: { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n } };

let serial = 0;

function event(time: number, template = serial): string {
  const id = `63c264c6c1bd55c1${String(serial++).padStart(8, '0')}`;
  return (templates[template % templates.length] ?? '').replace('ID', id).replace('TIME', new Date(time).toISOString());
}

const valuesFor = ({ origin }: JumpCloud) => ({ JUMPCLOUD_URL: origin, JUMPCLOUD_API_KEY: 'key' });
const bodies = ({ requests }: JumpCloud) => requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

async function started(count = 25, now = () => start) {
  const vendor = await startJumpCloud({ now });
  const times = Array.from({ length: count }, (_, number) => start - (count - number) * 1000);
  const texts = times.map((time) => event(time));
  vendor.add('', ...texts);
  return { vendor, texts, times, values: valuesFor(vendor) };
}

conforms('jumpcloud', {
  definition: jumpcloud,
  secret: 'JUMPCLOUD_API_KEY',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('jumpcloud', {
  secret: 'JUMPCLOUD_API_KEY',
  async start() {
    const vendor = await startJumpCloud();
    return {
      vendor,
      environment: valuesFor(vendor),
      add(ago) {
        const texts = [ago, ago].map((each) => event(Date.now() - each));
        vendor.add('', ...texts);
        return texts;
      },
    };
  },
});

test('jumpcloud: later pages are the same query, with the place of the header as a list', async (t: TestContext) => {
  const { vendor, texts, times, values } = await started();
  t.after(() => vendor.close());
  await pullOnce(jumpcloud, values, { part, search: { limit: 10 } });
  const query = {
    service: ['all'],
    start_time: '2026-11-20T08:00:00Z',
    end_time: '2026-11-20T09:00:00Z',
    sort: 'ASC',
    limit: 10,
  };
  const place = (index: number) => [times[index], (JSON.parse(texts[index] ?? '') as { id: string }).id];
  assert.deepEqual(bodies(vendor), [
    query,
    { ...query, search_after: place(9) },
    { ...query, search_after: place(19) },
  ]);
  assert.ok(vendor.requests.every(({ headers }) => headers['x-org-id'] === undefined));
});

test('jumpcloud: a last page that is full is followed by an empty one', async (t: TestContext) => {
  const { vendor, texts, values } = await started(20);
  t.after(() => vendor.close());
  const { records } = await pullOnce(jumpcloud, values, { part, search: { limit: 10 } });
  assert.deepEqual([records.length, vendor.requests.length], [texts.length, 3]);
});

test('jumpcloud: more events of one millisecond than a page holds are read', async (t: TestContext) => {
  const { vendor, values } = await started(0);
  t.after(() => vendor.close());
  const texts = Array.from({ length: 25 }, () => event(start - 1000));
  vendor.add('', ...texts);
  const { records } = await pullOnce(jumpcloud, values, { part, search: { limit: 10 } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
});

test('jumpcloud: the organizations of a service provider are read one by one', async (t: TestContext) => {
  const { vendor, values } = await started(3);
  t.after(() => vendor.close());
  const texts = [event(start - 1000), event(start - 1000)];
  vendor.add('5a2af2a82cf2b0010053ea41', texts[0] ?? '');
  vendor.add('5a2af2a82cf2b0010053ea42', texts[1] ?? '');
  const organizations = '5a2af2a82cf2b0010053ea41, 5a2af2a82cf2b0010053ea42';
  const job = exampleJob(jumpcloud, { ...values, JUMPCLOUD_ORGANIZATIONS: organizations });
  const { position, problems } = await job.run(start);
  assert.deepEqual(problems, []);
  assert.deepEqual(job.taken, texts);
  assert.deepEqual([...(position?.branches.keys() ?? [])], organizations.split(', '));
});

test('jumpcloud: an event that shows up ten minutes late is found', async (t: TestContext) => {
  let now = start;
  const { vendor, values } = await started(0, () => now);
  t.after(() => vendor.close());
  const job = exampleJob(jumpcloud, values);
  await job.run(now);
  const late = event(now - 10 * minute);
  vendor.add('', late);
  await job.run((now += minute));
  assert.deepEqual(job.taken, [late]);
});

test('jumpcloud: --categories are its services', async (t: TestContext) => {
  const { vendor, values } = await started(0);
  t.after(() => vendor.close());
  const texts = [event(start - 3000, 0), event(start - 2000, 2)];
  vendor.add('', ...texts);
  const { records } = await pullOnce(jumpcloud, values, { part, search: { categories: ['radius', 'sso'] } });
  assert.deepEqual(
    records.map(({ text }) => text),
    [texts[1]],
  );
  assert.deepEqual(bodies(vendor)[0]?.['service'], ['radius', 'sso']);
  await assert.rejects(
    pullOnce(jumpcloud, values, { part, search: { categories: ['radios'] } }),
    (error) => error instanceof Problem && error.status === exit.usage && /radius\?/.test(error.message),
  );
});

test('jumpcloud: more than 10,000 at once are not asked for', async (t: TestContext) => {
  const { vendor, values } = await started(1);
  t.after(() => vendor.close());
  const tools = sourceTools();
  await pullOnce(jumpcloud, values, { part, tools, search: { limit: 20_000 } });
  assert.equal(bodies(vendor)[0]?.['limit'], 10_000);
  assert.match(tools.warnings.join(), /--limit 20000/);
});

test('jumpcloud: what it says of a query that it refuses is told', async (t: TestContext) => {
  const { vendor, values } = await started(0);
  t.after(() => vendor.close());
  const future = { from: BigInt(start + minute) * 1_000_000n, until: BigInt(start + 2 * minute) * 1_000_000n };
  await assert.rejects(
    pullOnce(jumpcloud, values, { part: { slice: future } }),
    (error) => error instanceof Problem && /start_time must be in the past/.test(error.message),
  );
});
