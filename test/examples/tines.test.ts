import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startTines } from '../support/vendors/tines.ts';

const { definition, part, record, started, asked, queries, assertGapTold } = example('tines', {
  secret: 'TINES_TOKEN',
  lateness: 10,
  newestFirst: true,
  start: startTines,
  values: ({ origin }) => ({ TINES_URL: origin, TINES_TOKEN: 'token' }),
  write: (template, number, time) =>
    template
      .replace('ID', String(19_990_000 + number))
      .replace('TIME', new Date(time).toISOString().replace(/\.\d+/, '')),
  add: (vendor, texts) => vendor.add(...texts),
});

test('tines: both ends go with every page, in whole seconds, the beginning as the one before, and the next page is the one that was named', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const query = { after: '2026-11-20T07:59:59Z', before: '2026-11-20T09:00:00Z', per_page: '10' };
  assert.deepEqual(queries(vendor), [query, { ...query, page: '2' }, { ...query, page: '3' }]);
});

test('tines: what is logged between two pages shifts them, and no record is passed over', async (t) => {
  const { vendor, texts, values } = await started(t);
  const more = [record(100, start), record(101, start)];
  vendor.fault = ({ target }) => {
    if (target.includes('&page=2')) vendor.add(...more.splice(0));
    return false;
  };
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.equal(more.length, 0);
  const found = new Set(records.map(({ text }) => text));
  assert.deepEqual(
    texts.filter((text) => !found.has(text)),
    [],
  );
});

test('tines: a record from after the window is not repeated, and a late one is found', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const early = record(0, now + 30_000);
  vendor.add(early);
  await job.run(now);
  const late = record(1, now - 10 * minute);
  vendor.add(late);
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken, [early, late]);
});

test('tines: operations are a parameter each, and users are sent and matched here', async (t) => {
  const { vendor, texts, values } = await started(t, 2);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { categories: ['CredentialSave', 'StoryItemsMovement'], query: [['user', '8']] },
  });
  const [sent] = asked(vendor);
  assert.deepEqual(sent?.getAll('operation_name[]'), ['CredentialSave', 'StoryItemsMovement']);
  assert.equal(sent?.get('user_id[]'), '8');
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"user_id":8')),
  );
});

test('tines: a search finds the record of the second in which it begins', async (t) => {
  const { texts, values } = await started(t, [start - 60 * minute]);
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
});

test('tines: after a pause of more than the two years that Tines keeps records for, the gap is told', async (t) => {
  await assertGapTold(t, 750 * day);
});
