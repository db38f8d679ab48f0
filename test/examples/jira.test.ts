import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from '../support/vendors/server.ts';

const jira = exampleDefinition('jira');
const templates = exampleLines('jira');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };

interface AuditRecord {
  readonly time: number;
  readonly text: string;
}

interface JiraOptions extends ServerOptions {
  /** Records in a page, whatever is asked for. */
  readonly most?: number;
}

/**
 * Jira Cloud after its REST reference, and as collectors found it: newest first, `total` is that of the site, larger
 * pages than it gives are cut down in silence, and a time without a zone finds nothing.
 */
async function startJira({ most = 1000, ...options }: JiraOptions = {}) {
  const log: AuditRecord[] = [];
  const credentials = `Basic ${Buffer.from('admin@example.com:token').toString('base64')}`;

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, message: string): void =>
      sendJson(response, status, JSON.stringify({ errorMessages: [message], errors: {} }));
    if (headers.authorization !== credentials) return refuse(401, 'Client must be authenticated.');
    if (url.pathname !== '/rest/api/3/auditing/record') return refuse(404, 'dead link');
    const {
      from = '',
      to = '',
      offset = '0',
      limit = '1000',
      filter = '',
      ...unknown
    } = Object.fromEntries(url.searchParams);
    if (Object.keys(unknown).length > 0) return refuse(400, 'unknown parameters');
    const hasZone = [from, to].every((time) => /T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d{4})$/.test(time));
    const size = Math.min(Number(limit), most);
    const shown = log
      .filter(({ time }) => hasZone && time >= Date.parse(from) && time <= Date.parse(to))
      .filter(({ text }) => text.includes(filter))
      .toSorted((a, b) => b.time - a.time)
      .slice(Number(offset), Number(offset) + size);
    const records = shown.map(({ text }) => text).join(',');
    sendJson(response, 200, `{"offset":${offset},"limit":${size},"total":${log.length},"records":[${records}]}`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { add: (record: AuditRecord) => void log.push(record) });
}

function record(number: number, time: number): AuditRecord {
  const text = (templates[number % templates.length] ?? '')
    .replace('ID', String(10_000 + number))
    .replace('TIME', new Date(time).toISOString().replace('Z', '+0000'));
  return { time, text };
}

const values = ({ origin }: Vendor) => ({
  JIRA_URL: origin,
  JIRA_USERNAME: 'admin@example.com',
  JIRA_TOKEN: 'token',
});

async function started(count = 25, options: JiraOptions = {}) {
  const vendor = await startJira({ now: () => start, ...options });
  const records = Array.from({ length: count }, (_, number) => record(number, start - (number + 1) * 1000));
  for (const each of records) vendor.add(each);
  vendor.add(record(count, start - 30 * 1440 * minute)); // outside the window, and counted in `total`
  return {
    vendor,
    texts: records.map(({ text }) => text),
    times: records.map(({ time }) => time),
    values: values(vendor),
  };
}

conforms('jira', {
  definition: jira,
  secret: 'JIRA_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part: { slice }, asksRecords: () => true }),
});

exampleRuns('jira', {
  secret: 'JIRA_TOKEN',
  async start() {
    const vendor = await startJira();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add: (ago) =>
        templates.map(() => {
          const made = record(number++, Date.now() - ago);
          vendor.add(made);
          return made.text;
        }),
    };
  },
});

test('jira: a page that is smaller than was asked for is not the last one', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(25, { most: 10 });
  t.after(() => vendor.close());
  const { records } = await pullOnce(jira, settings, { part: { slice } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
  const offsets = vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams.get('offset'));
  assert.deepEqual(offsets, ['0', '10', '20', '25']);
});

test('jira: times are sent with their zone, and --raw-query as its filter', async (t: TestContext) => {
  const { vendor, values: settings } = await started(4);
  t.after(() => vendor.close());
  const { records } = await pullOnce(jira, settings, { part: { slice }, search: { rawQuery: 'workflows' } });
  assert.equal(records.length, 2);
  assert.equal(
    vendor.requests[0]?.target,
    '/rest/api/3/auditing/record?from=2026-11-20T08%3A00%3A00.000Z&to=2026-11-20T09%3A00%3A00.000Z&filter=workflows&offset=0&limit=1000',
  );
});

test('jira: records that push others to later pages while they are read lose none', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  vendor.fault = () => {
    if (vendor.requests.length === 2) vendor.add(record(99, start - 500));
    return false;
  };
  const { records } = await pullOnce(jira, settings, { part: { slice }, search: { limit: 10 } });
  assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
});

test('jira: a record that shows up late, and one of the same moment, come once each', async (t: TestContext) => {
  let now = start;
  const vendor = await startJira({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(jira, values(vendor));
  const records = [0, 1, 2].map((number) => record(number, start - minute));
  for (const each of records) {
    vendor.add(each);
    assert.deepEqual((await job.run(now)).problems, []);
    now += 4 * minute;
  }
  assert.deepEqual(
    job.taken,
    records.map(({ text }) => text),
  );
});
