import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startAirtable } from '../support/vendors/airtable.ts';
import { sendJson } from '../support/vendors/server.ts';

const { definition, part, started, asked, queries } = example('airtable', {
  secret: 'AIRTABLE_TOKEN',
  lateness: 10,
  apart: 1001,
  start: startAirtable,
  values: ({ origin }) => ({ AIRTABLE_URL: origin, AIRTABLE_TOKEN: 'token', AIRTABLE_ACCOUNT: 'entUBq2RGdihxl3vU' }),
  write: (template, number, time) =>
    template.replace('ID', `01FYFFDE39BDDBC0HWK${number}`).replace('TIME', new Date(time).toISOString()),
  add: (vendor, texts) => vendor.add(...texts),
});

test('airtable: the window and the order go with every page, and the page without events is the last one', async (t) => {
  const { vendor, texts, values } = await started(t, 20);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  const query = {
    startTime: '2026-11-20T08:00:00.000Z',
    endTime: '2026-11-20T09:00:00.000Z',
    sortOrder: 'ascending',
    pageSize: '10',
  };
  const pages = queries(vendor).map(({ next, ...rest }) => [rest, next !== undefined]);
  assert.deepEqual(pages, [
    [query, false],
    [query, true],
    [query, true],
  ]);
});

test('airtable: where there are no events, one page is asked for', async (t) => {
  const { vendor, values } = await started(t, 0);
  const { records } = await pullOnce(definition, values, { part });
  assert.equal(records.length, 0);
  assert.equal(vendor.requests.length, 1);
});

test('airtable: a run that Airtable refuses for half a minute ends with 75, and the next one goes on without loss', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 1500, { now: () => now });
  const job = exampleJob(definition, values);
  const message = 'Rate limit exceeded. Please try again later';
  vendor.fault = ({ target }, response) => {
    if (!target.includes('next=')) return false;
    sendJson(response, 429, JSON.stringify({ errors: [{ error: 'RATE_LIMIT_REACHED', message }] }));
    return true;
  };
  const [problem] = (await job.run(now)).problems;
  assert.equal(problem?.status, exit.tempfail, problem?.message);
  vendor.fault = undefined;
  assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

test('airtable: types of events are a parameter each, and users are sent and matched here, too', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, {
    part,
    search: { categories: ['createBase', 'deleteBase'], query: [['user', 'usrL2PNC5o3H4lBEi']] },
  });
  const [query] = asked(vendor);
  assert.deepEqual(query?.getAll('eventType'), ['createBase', 'deleteBase']);
  assert.equal(query?.get('originatingUserId'), 'usrL2PNC5o3H4lBEi');
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('createBase')),
  );
});

test('airtable: what happened within a workspace is for Airtable to tell, and not matched here', async (t) => {
  const { texts, values } = await started(t, 4);
  const search = { query: [['model', 'wspmhESAta6clCCwF']] } as const;
  const { records, unmatched } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('wspmhESAta6clCCwF')),
  );
  assert.equal(unmatched, 0);
});
