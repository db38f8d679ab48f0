import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startAsana } from '../support/vendors/asana.ts';
import { refusesOnce } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, queries } = example('asana', {
  secret: 'ASANA_TOKEN',
  lateness: 10,
  apart: 1001,
  start: startAsana,
  values: ({ origin }) => ({ ASANA_URL: origin, ASANA_TOKEN: 'token', ASANA_WORKSPACE: '12345' }),
  write: (template, number, time) =>
    template.replace('ID', String(1_200_000_000_000_000 + number)).replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('asana: the window goes with every page, and the page without events is the last one', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  const query = { start_at: '2026-11-20T08:00:00.000Z', end_at: '2026-11-20T09:00:00.000Z', limit: '10' };
  const asked = queries(vendor).map(({ offset, ...rest }) => [rest, offset !== undefined]);
  assert.deepEqual(asked, [
    [query, false],
    [query, true],
    [query, true],
  ]);
});

test('asana: where there are no events, the first page names no next one, and is the only one that is asked for', async (t) => {
  const { vendor, values } = await started(t, 0);
  const { records } = await pullOnce(definition, values, { part });
  assert.equal(records.length, 0);
  assert.equal(vendor.requests.length, 1);
});

test('asana: what happens while pages are read is left to the next run, which finds it once', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 120, { now: () => now });
  const job = exampleJob(definition, values);
  const meanwhile = [next(start), next(start - minute)];
  vendor.fault = ({ target }) => {
    if (target.includes('offset=')) vendor.add(...meanwhile.splice(0));
    return false;
  };
  const all = [...texts, ...meanwhile];
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken.toSorted(), all.toSorted());
});

test('asana: a rate limit is waited for as long as Retry-After says', async (t) => {
  const { vendor, texts, values } = await started(t, 1);
  vendor.fault = refusesOnce(429, '{"errors":[{"message":"You have made too many requests."}]}', {
    'Retry-After': '30',
  });
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.deepEqual([records.length, tools.waits], [texts.length, [30_000]]);
});

test('asana: the reason of a refusal is shown', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(pullOnce(definition, { ...values, ASANA_WORKSPACE: '1' }, { part }), problem(78, /Not Found/));
});

test('asana: events are sent for, and matched here as well, by type, actor and resource', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, {
    part,
    search: {
      query: [
        ['event_type', 'task_deleted'],
        ['actor_type', 'asana'],
        ['resource', '2222'],
      ],
    },
  });
  const [{ event_type: type, actor_type: actor, resource_gid: resource } = {}] = queries(vendor);
  assert.deepEqual([type, actor, resource], ['task_deleted', 'asana', '2222']);
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('task_deleted')),
  );
});
