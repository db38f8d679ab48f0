import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { minute, start, windowTo } from '../support/example.ts';
import { exampleDefinition } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startSalesforceFiles, type LogFile } from '../support/vendors/salesforce-files.ts';

const name = 'salesforce-event-log';
const definition = exampleDefinition(name);
const hour = 60 * minute;

const settings = (origin: string) => ({
  SALESFORCE_URL: origin,
  SALESFORCE_CLIENT_ID: 'client',
  SALESFORCE_CLIENT_SECRET: 'secret',
  SALESFORCE_INTERVAL: 'Hourly',
  SALESFORCE_API_VERSION: 'v62.0',
});

const columns = '"EVENT_TYPE","TIMESTAMP","REQUEST_ID","USER_ID","URI","TIMESTAMP_DERIVED"';

/** A row as it comes, and as it is delivered. */
function row(time: number, uri = '/home', request = 'TID:1'): { readonly line: string; readonly text: string } {
  const at = new Date(time).toISOString();
  const values = { EVENT_TYPE: 'URI', TIMESTAMP: at.replaceAll(/[-:TZ]/g, ''), REQUEST_ID: request, USER_ID: '005' };
  const all = { ...values, URI: uri, TIMESTAMP_DERIVED: at };
  const line = Object.values(all)
    .map((value) => `"${value.replaceAll('"', '""')}"`)
    .join(',');
  return { line, text: JSON.stringify(all) };
}

const file = (made: number, rows: readonly { line: string }[], more: Partial<LogFile> = {}): LogFile => ({
  type: 'URI',
  made,
  lines: [columns, ...rows.map(({ line }) => line)],
  ...more,
});

async function org(t: TestContext, now: () => number = () => start) {
  const vendor = await startSalesforceFiles({ now });
  t.after(() => vendor.close());
  return { vendor, values: settings(vendor.origin), job: exampleJob(definition, settings(vendor.origin)) };
}

exampleRuns(name, {
  secret: 'SALESFORCE_CLIENT_SECRET',
  async start() {
    const vendor = await startSalesforceFiles();
    return {
      vendor,
      environment: settings(vendor.origin),
      add(ago) {
        const rows = [row(Date.now() - ago - 4 * hour), row(Date.now() - ago - 4 * hour, '/"Zürich, ✓"')];
        vendor.files.push(file(Date.now() - ago, rows));
        return rows.map(({ text }) => text);
      },
    };
  },
});

test('salesforce-event-log: rows of all files of the window come, those that are equal as well, and no other file is asked for', async (t) => {
  const { vendor, values } = await org(t);
  const twin = row(start - 5 * hour);
  const files = [1, 2, 3].map((number) => [twin, twin, row(start - 5 * hour, `/${number}`)]);
  for (const [index, rows] of files.entries()) vendor.files.push(file(start - (40 - 10 * index) * minute, rows));
  vendor.files.push(
    file(start - 30 * minute, [row(start, '/daily')], { interval: 'Daily' }),
    file(start, [row(start, '/later')]),
  );
  const { records } = await pullOnce(definition, values, { part: { slice: windowTo(start) } });
  assert.deepEqual(
    textsOf(records),
    files.flat().map(({ text }) => text),
  );
  assert.equal(new Set(records.map(({ id }) => id)).size, 9);
});

test('salesforce-event-log: what is added to an hour in a further file is delivered, though it equals what was in the first, and nothing twice', async (t) => {
  let now = start;
  const { vendor, job } = await org(t, () => now);
  const [twin, other] = [row(start - 5 * hour), row(start - 5 * hour, '/other')];
  vendor.files.push(file(start - 10 * minute, [twin, twin]));
  await job.run(now);
  vendor.files.push(file(start + minute, [twin, other]));
  for (const _ of [1, 2, 3]) assert.deepEqual((await job.run((now += 10 * minute))).problems, []);
  assert.deepEqual(
    job.taken,
    [twin, twin, twin, other].map(({ text }) => text),
  );
});

test('salesforce-event-log: a file that shows up half an hour after it was made is found', async (t) => {
  let now = start;
  const { vendor, job } = await org(t, () => now);
  await job.run(now);
  await job.run((now += 30 * minute));
  const late = row(start - 5 * hour);
  vendor.files.push(file(start + minute, [late]));
  await job.run((now += minute));
  assert.deepEqual(job.taken, [late.text]);
});

test('salesforce-event-log: a file that was deleted is told as a gap, and a row of another shape is set aside', async (t) => {
  const { vendor, job } = await org(t);
  const good = row(start - 5 * hour);
  vendor.files.push(
    file(start - 30 * minute, [good], { deleted: true }),
    file(start - 20 * minute, [good, { line: '"URI","1"' }]),
  );
  const { problems, summary } = await job.run(start);
  assert.deepEqual(
    problems.map(({ status }) => status),
    [exit.partial, exit.partial],
  );
  assert.match(problems.map(({ message }) => message).join('\n'), /no longer has 1 of the parts/);
  assert.equal(summary.quarantined, 1);
  assert.deepEqual(job.taken, [good.text]);
});

test('salesforce-event-log: a condition chooses files, and an org without hourly files is not asked for an interval', async (t) => {
  const { vendor, values } = await org(t);
  const [login, uri] = [row(start - 5 * hour, '/login'), row(start - 5 * hour)];
  vendor.files.push(
    file(start - minute, [login], { type: 'Login', interval: 'Daily' }),
    file(start - minute, [uri], { interval: 'Daily' }),
  );
  const own = { ...values, SALESFORCE_INTERVAL: '', SALESFORCE_FILTER: "EventType IN ('Login')" };
  const { records } = await pullOnce(definition, own, { part: { slice: windowTo(start) } });
  assert.deepEqual(textsOf(records), [login.text]);
});

test('salesforce-event-log: a session that ends before the next page of the list takes the query along, which is sent again in a new one', async (t) => {
  const { vendor, values } = await org(t);
  const rows = [1, 2, 3].map((number) => row(start - 5 * hour, `/${number}`));
  for (const [index, each] of rows.entries()) vendor.files.push(file(start - (40 - 10 * index) * minute, [each]));
  let isOpen = true;
  vendor.fault = ({ target }) => {
    if (isOpen && target.includes('/query/01g')) {
      isOpen = false;
      vendor.grants.revoke();
    }
    return false;
  };
  const { records } = await pullOnce(definition, values, { part: { slice: windowTo(start) } });
  assert.deepEqual(
    [...new Set(textsOf(records))],
    rows.map(({ text }) => text),
  );
});
