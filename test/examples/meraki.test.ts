import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startMeraki } from '../support/vendors/meraki.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started, queries } = example('meraki', {
  secret: 'MERAKI_API_KEY',
  lateness: 10,
  twins: true,
  newestFirst: true,
  branches: ['2930418', '555'],
  start: startMeraki,
  values: ({ origin }) => ({ MERAKI_URL: origin, MERAKI_API_KEY: 'key', MERAKI_ORGANIZATIONS: '2930418,555' }),
  // In microseconds.
  write: (template, number, time) =>
    template
      .replace('TIME', new Date(time).toISOString().replace('Z', '000Z'))
      .replace(/"adminId":"(\d+)"/, `"adminId":"$1","number":${number}`),
  add: (vendor, texts, organization) => vendor.add(organization, ...texts),
});

test('meraki: older pages are read, by the link to the page before, and not what comes after the window', async (t) => {
  const { vendor, texts, values } = await started(t, 25);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  const asked = { t0: '2026-11-20T07:59:59.999Z', t1: '2026-11-20T09:00:00.000Z', perPage: '10' };
  assert.deepEqual(
    queries(vendor).map(({ endingBefore, ...rest }) => [rest, endingBefore?.slice(11, 19)]),
    [undefined, '08:59:50', '08:59:40', '08:59:35'].map((before) => [asked, before]),
  );
});

test('meraki: every organization is read, and a pause longer than Meraki shows is a gap, and no window that it refuses', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  now += 370 * day;
  vendor.fault = () => {
    now += 1000;
    return false;
  };
  const texts = ['2930418', '555'].map((organization) => {
    const text = next(now - minute, organization);
    vendor.add(organization, text);
    return text;
  });
  const { problems } = await job.run(now);
  assert.deepEqual(job.taken, texts);
  assert.match(problems.map(({ message }) => message).join('\n'), /^(?:.*keeps.*\n?){2}$/);
});

test('meraki: an error is reported in its words', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, values, { part, search: { limit: 2 } }),
    problem(76, /'perPage' must be between 3 and 5000/),
  );
});

test('meraki: administrators are compared by Meraki', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const { records } = await pullOnce(definition, values, { part, search: { query: [['admin', '77']] } });
  assert.equal(queries(vendor)[0]?.['adminId'], '77');
  assert.deepEqual(
    textsOf(records),
    texts.filter((text) => text.includes('"77"')),
  );
});
