import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startCockroachDb } from '../support/vendors/cockroachdb.ts';

const { definition, part, started, queries } = example('cockroachdb', {
  secret: 'COCKROACHDB_API_KEY',
  lateness: 10,
  apart: 1001,
  start: startCockroachDb,
  values: ({ origin }) => ({ COCKROACHDB_URL: origin, COCKROACHDB_API_KEY: 'key' }),
  write: (template, number, time) =>
    template
      .replace('ID', `0000-4000-8000-${String(number).padStart(12, '0')}`)
      .replace('TIME', new Date(time).toISOString().replace('Z', '000Z')),
  add: (vendor, texts) => vendor.add(...texts),
});

test('cockroachdb: it begins the microsecond before the window, and goes on after the time that a page tells', async (t) => {
  const { vendor, values } = await started(t, 12);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const query = { sort_order: 'ASC', limit: '10' };
  assert.deepEqual(queries(vendor), [
    { ...query, starting_from: '2026-11-20T07:59:59.999999Z' },
    { ...query, starting_from: new Date(start - 3 * 1001).toISOString().replace('Z', '000Z') },
  ]);
});

test('cockroachdb: a page may have more entries than were asked for, and all of one time come', async (t) => {
  const times = [1, 2, 2, 2, 2, 3].map((seconds) => start - seconds * 1000).toReversed();
  const { vendor, texts, values } = await started(t, times);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 2 } });
  assert.deepEqual(textsOf(records), texts);
  assert.equal(queries(vendor).length, 2);
});

test('cockroachdb: no list of entries means that there are none', async (t) => {
  for (const nothing of ['{}', '{"next_starting_from":null}']) {
    const { values } = await started(t, 0, { nothing });
    const job = exampleJob(definition, values);
    assert.deepEqual((await job.run(start)).problems, [], nothing);
  }
});

test('cockroachdb: actions and users are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['AUDIT_LOG_ACTION_CREATE_CLUSTER'], query: [['user', 'zoe@example.com']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('CREATE_CLUSTER')),
  );
});
