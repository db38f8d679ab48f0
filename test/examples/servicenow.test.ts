import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startServiceNow } from '../support/vendors/servicenow.ts';

const { definition, part, next, started, queries } = example('servicenow', {
  secret: 'SERVICENOW_PASSWORD',
  lateness: 10,
  start: startServiceNow,
  values: ({ origin }) => ({
    SERVICENOW_URL: origin,
    SERVICENOW_USERNAME: 'auditor',
    SERVICENOW_PASSWORD: 'password',
    SERVICENOW_TABLE: 'sys_audit',
  }),
  // In whole seconds.
  write: (template, number, time) =>
    template
      .replace('ID"', `${String(number).padStart(32, '0')}"`)
      .replace('TIME', new Date(time).toISOString().slice(0, 19).replace('T', ' ')),
  add: (vendor, texts) => vendor.add(...texts),
});

test('servicenow: window and order are in the query, and the Link header leads on', async (t) => {
  const { vendor, values } = await started(t, 20);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const query = {
    sysparm_query:
      'sys_created_on>=2026-11-20 08:00:00^sys_created_on<2026-11-20 09:00:00^ORDERBYsys_created_on^ORDERBYsys_id',
    sysparm_exclude_reference_link: 'true',
    sysparm_limit: '10',
  };
  assert.deepEqual(queries(vendor), [query, { ...query, sysparm_offset: '10' }]);
});

test('servicenow: a page whose rows are all hidden is not the last one', async (t) => {
  const { vendor, texts, values } = await started(t, 20, { hidden: '"user":"admin"' });
  const { records } = await pullOnce(definition, values, { part, search: { limit: 1 } });
  const shown = texts.filter((text) => !text.includes('"user":"admin"'));
  assert.deepEqual([textsOf(records), vendor.requests.length], [shown, 20]);
});

test('servicenow: a row that shows up while pages are read moves others, and none is left out or comes twice', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 2500, { now: () => now });
  const job = exampleJob(definition, values);
  const meanwhile = [next(start - 700_000)];
  let pages = 0;
  vendor.fault = () => {
    if (++pages === 3) vendor.add(...meanwhile.splice(0));
    return false;
  };
  const all = [...texts, ...meanwhile];
  for (const _ of [1, 2]) assert.deepEqual((await job.run((now += 60_000))).problems, []);
  assert.deepEqual(job.taken.toSorted(), all.toSorted());
});

test('servicenow: an answer that was cut short by a limit of time is an error, although it came with HTTP 200', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = (_, response) => {
    const error = { message: 'Transaction cancelled: maximum execution time exceeded', detail: null };
    sendJson(response, 200, JSON.stringify({ result: [], error, status: 'failure' }));
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part }),
    (error) => error instanceof Problem && /maximum execution time exceeded/.test(error.message),
  );
});

test('servicenow: another table is another address, and what is wrong with it is told', async (t) => {
  const { vendor, values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, SERVICENOW_TABLE: 'no_such' }, { part }),
    (error) => error instanceof Problem && /Invalid table/.test(error.message),
  );
  assert.match(vendor.requests[0]?.target ?? '', /^\/api\/now\/table\/no_such\?/);
});

test('servicenow: what is searched for is matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, { part, search: { query: [['tablename', 'sys_user']] } });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"tablename":"sys_user"')),
  );
});
