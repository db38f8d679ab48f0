import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from '../support/vendors/server.ts';

const jira = exampleDefinition('jira-data-center');
const templates = exampleLines('jira-data-center');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };

interface Event {
  readonly number: number;
  readonly time: number;
  readonly text: string;
}

/**
 * Jira Data Center after the reference of its auditing API: newest first, the cursor is the time and number of the last
 * event, the last page has none, and the next address names another host, as behind a proxy.
 */
async function startJira(options: ServerOptions = {}) {
  const log: Event[] = [];

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, message: string): void => sendJson(response, status, JSON.stringify({ message }));
    if (headers.authorization !== 'Bearer token')
      return refuse(401, 'Client must be authenticated to access this resource.');
    if (url.pathname !== '/jira/rest/auditing/1.0/events') return refuse(404, 'null for uri');
    const {
      from = '',
      to = '',
      limit = '200',
      pageCursor,
      search = '',
      ...unknown
    } = Object.fromEntries(url.searchParams);
    if (Object.keys(unknown).length > 0) return refuse(400, 'unknown parameters');
    if (![from, to].every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time)))
      return refuse(400, 'no time');
    if (Number(limit) < 1 || Number(limit) > 100_000) return refuse(400, 'limit must be between 1 and 100000');
    const [time = Infinity, number = Infinity] = pageCursor?.split(',').map(Number) ?? [];
    const found = log
      .filter((event) => event.time >= Date.parse(from) && event.time <= Date.parse(to))
      .filter(({ text }) => text.includes(search))
      .filter((event) => event.time < time || (event.time === time && event.number < number))
      .toSorted((a, b) => b.time - a.time || b.number - a.number);
    const shown = found.slice(0, Number(limit));
    const last = shown.at(-1);
    const cursor = `${last?.time},${last?.number}`;
    const next = `"nextPageOffset":0,"nextPageCursor":"${cursor}","nextPageLink":"http://jira.internal:8080/x?pageCursor=${cursor}",`;
    const info = shown.length < found.length ? `${next}"lastPage":false` : '"lastPage":true';
    const entities = shown.map(({ text }) => text).join(',');
    sendJson(response, 200, `{"entities":[${entities}],"pagingInfo":{${info},"size":${shown.length}}}`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { add: (event: Event) => void log.push(event) });
}

function event(number: number, time: number): Event {
  const text = (templates[number % templates.length] ?? '').replace('TIME', new Date(time).toISOString());
  return { number, time, text };
}

const values = ({ origin }: Vendor) => ({ JIRA_URL: `${origin}/jira`, JIRA_TOKEN: 'token' });

async function started(count = 25) {
  const vendor = await startJira({ now: () => start });
  const events = Array.from({ length: count }, (_, number) => event(count - number, start - (number + 1) * 1001));
  for (const each of events) vendor.add(each);
  return {
    vendor,
    texts: events.map(({ text }) => text),
    times: events.map(({ time }) => time),
    values: values(vendor),
  };
}

conforms('jira-data-center', {
  definition: jira,
  secret: 'JIRA_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part: { slice }, asksRecords: () => true }),
});

exampleRuns('jira-data-center', {
  secret: 'JIRA_TOKEN',
  async start() {
    const vendor = await startJira();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add: (ago) =>
        templates.map(() => {
          const made = event(number++, Date.now() - ago);
          vendor.add(made);
          return made.text;
        }),
    };
  },
});

test('jira-data-center: later pages keep the window and are asked of the host that is set', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(15);
  t.after(() => vendor.close());
  const { records } = await pullOnce(jira, settings, { part: { slice }, search: { limit: 10 } });
  assert.equal(records.length, texts.length);
  const window = 'from=2026-11-20T08%3A00%3A00.000Z&to=2026-11-20T09%3A00%3A00.000Z&limit=10';
  assert.deepEqual(
    vendor.requests.map(({ target }) => target.split('?')[1]),
    [window, `${window}&pageCursor=${start - 10 * 1001}%2C6`],
  );
});

test('jira-data-center: equal events of one moment are as many as there were, and come once each', async (t: TestContext) => {
  let now = start;
  const vendor = await startJira({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(jira, values(vendor));
  const twins = [0, 2, 4].map((number) => event(number, start - minute));
  for (const each of twins) vendor.add(each);
  for (let runs = 0; runs < 3; runs++) {
    assert.deepEqual((await job.run(now)).problems, []);
    now += minute;
  }
  assert.deepEqual(
    job.taken,
    twins.map(({ text }) => text),
  );
});

test('jira-data-center: --categories are matched here, --raw-query is searched for', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(6);
  t.after(() => vendor.close());
  const wanted = texts.filter((text) => text.includes('"category":"projects"'));
  const projects = await pullOnce(jira, settings, { part: { slice }, search: { categories: ['projects'] } });
  assert.deepEqual([projects.records.map(({ text }) => text), projects.unmatched], [wanted, 3]);
  const found = await pullOnce(jira, settings, { part: { slice }, search: { rawQuery: 'version' } });
  assert.deepEqual([found.records.map(({ text }) => text), found.unmatched], [wanted, 0]);
});
