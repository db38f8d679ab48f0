import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { example, start } from '../support/example.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startTenable } from '../support/vendors/tenable.ts';

const { definition, part, record, started, asked } = example('tenable', {
  secret: 'TENABLE_SECRET_KEY',
  otherSecrets: ['TENABLE_ACCESS_KEY'],
  lateness: 10,
  start: startTenable,
  values: ({ origin }) => ({ TENABLE_URL: origin, TENABLE_ACCESS_KEY: 'access', TENABLE_SECRET_KEY: 'secret' }),
  // In whole seconds.
  write: (template, number, time) =>
    template
      .replace('ID"', `${String(number).padStart(32, 'a')}"`)
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('tenable: both bounds are conditions of their own, and go with each cursor', async (t) => {
  const { vendor, values } = await started(t, 25);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const queries: Record<string, unknown>[] = asked(vendor).map((query) => ({
    ...Object.fromEntries(query),
    f: query.getAll('f'),
  }));
  const f = ['date.gte:2026-11-20T08:00:00.000Z', 'date.lt:2026-11-20T09:00:00.000Z'];
  assert.deepEqual(
    queries.map(({ next, ...query }) => [query, next === '0']),
    [true, false, false].map((isFirst) => [{ f, sort: 'received:asc', limit: '10' }, isFirst]),
  );
});

test('tenable: a window of more than 10,000 events, which rows by number do not reach, is read whole', async (t) => {
  const times = Array.from({ length: 10_010 }, (_, index) => start - 1000 * (1 + (index % 3000)));
  const { texts, values } = await started(t, times);
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records).toSorted(), texts.toSorted());
});

test('tenable: fewer events than it announces are an error', async (t) => {
  const { vendor, values } = await started(t, 20);
  vendor.fault = ({ target }, response) => {
    const isFirst = new URL(target, vendor.origin).searchParams.get('next') === '0';
    const events = isFirst ? [record(0, start - 20_000), record(1, start - 19_000)] : [];
    const pagination = JSON.stringify({ limit: 10, count: events.length, total: 20 });
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`{"events":[${events.join(',')}],"pagination":${pagination}}`);
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 10 } }),
    (error) => error instanceof Problem && error.status === exit.protocol,
  );
});

test('tenable: a rate limit, told by a page for people, is waited for', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  vendor.limitAfter(1);
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools, search: { limit: 15 } });
  assert.deepEqual([textsOf(records).toSorted(), tools.waits], [texts.toSorted(), [7000]]);
});

test('tenable: actions and actors are matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { categories: ['session.delete'], query: [['actor', 'b569d85a']] } as const;
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('session.delete')),
  );
});
