import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import type { Vendor } from '../support/vendors/server.ts';
import { startTines } from '../support/vendors/tines.ts';

const tines = exampleDefinition('tines');
const templates = exampleLines('tines');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const part = { slice: { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n } };
const values = (vendor: Vendor) => ({ TINES_URL: vendor.origin, TINES_TOKEN: 'token' });
const log = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '')
    .replace('ID', String(19_990_000 + number))
    .replace('TIME', new Date(time).toISOString().replace(/\.\d+/, ''));
const asked = (vendor: Vendor) => vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams);

async function started(count = 25) {
  const vendor = await startTines({ now: () => start });
  const times = Array.from({ length: count }, (_, number) => start - 1000 - number * 1000);
  const texts = times.map((time, number) => log(count - number, time));
  vendor.add(...texts);
  return { vendor, texts, times, values: values(vendor) };
}

conforms('tines', {
  definition: tines,
  secret: 'TINES_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('tines', {
  secret: 'TINES_TOKEN',
  async start() {
    const vendor = await startTines();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = templates.map(() => log(number++, Date.now() - ago));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('tines: the beginning goes with every page, in whole seconds, and the next page is the one that was named', async (t: TestContext) => {
  const { vendor, values: settings } = await started();
  t.after(() => vendor.close());
  await pullOnce(tines, settings, { part, search: { limit: 10 } });
  const query = { after: '2026-11-20T08:00:00Z', per_page: '10' };
  assert.deepEqual(
    asked(vendor).map((each) => Object.fromEntries(each)),
    [query, { ...query, page: '2' }, { ...query, page: '3' }],
  );
});

test('tines: what is logged between two pages shifts them, and no record is passed over', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  const more = [log(100, start), log(101, start)];
  vendor.fault = ({ target }) => {
    if (target.includes('&page=2')) vendor.add(...more.splice(0));
    return false;
  };
  const { records } = await pullOnce(tines, settings, { part, search: { limit: 10 } });
  assert.equal(more.length, 0);
  const found = new Set(records.map(({ text }) => text));
  assert.deepEqual(
    texts.filter((text) => !found.has(text)),
    [],
  );
});

test('tines: a record of the very second in which one window ends and the next begins is in one of them', async (t: TestContext) => {
  const vendor = await startTines({ now: () => start + 60 * minute });
  t.after(() => vendor.close());
  const texts = [-1000, 0, 1000].map((milliseconds, number) => log(number, start + milliseconds));
  vendor.add(...texts);
  const hour = BigInt(60 * minute) * 1_000_000n;
  const next = { from: part.slice.until, until: part.slice.until + hour };
  const pulled = await Promise.all(
    [part.slice, next].map((slice) => pullOnce(tines, values(vendor), { part: { slice } })),
  );
  const found = new Set(pulled.flatMap(({ records }) => records.map(({ text }) => text)));
  assert.deepEqual([...found].toSorted(), texts.toSorted());
});

test('tines: a record that shows up ten minutes late is found, and one from after the window is not repeated', async (t: TestContext) => {
  let now = start;
  const vendor = await startTines({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(tines, values(vendor));
  const early = log(0, now + 30_000);
  vendor.add(early);
  await job.run(now);
  const late = log(1, now - 10 * minute);
  vendor.add(late);
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken, [early, late]);
});

test('tines: operations are a parameter each, and users are sent and matched here', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(2);
  t.after(() => vendor.close());
  const { records } = await pullOnce(tines, settings, {
    part,
    search: { categories: ['CredentialSave', 'StoryItemsMovement'], query: [['user', '8']] },
  });
  const [sent] = asked(vendor);
  assert.deepEqual(sent?.getAll('operation_name[]'), ['CredentialSave', 'StoryItemsMovement']);
  assert.equal(sent?.get('user_id[]'), '8');
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((text) => text.includes('"user_id":8')),
  );
});
