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

const slack = exampleDefinition('slack');
const templates = exampleLines('slack');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };

interface Entry {
  /** Seconds. */
  readonly time: number;
  readonly text: string;
}

interface Slack extends Vendor {
  add(entry: Entry): void;
  /** Every page is followed by an empty one that leads on. */
  gaps: boolean;
}

const known = ['oldest', 'latest', 'action', 'actor', 'entity', 'limit', 'cursor'];

/** Slack after its page "Audit Logs API methods & actions": whole seconds with both ends, newest first, an empty cursor at the end. */
async function startSlack(options: ServerOptions = {}): Promise<Slack> {
  const log: Entry[] = [];

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, error: string): void =>
      sendJson(response, status, JSON.stringify({ ok: false, error }));
    if (headers.authorization !== 'Bearer token') return refuse(401, 'invalid_authentication');
    if (url.pathname !== '/audit/v1/logs') return refuse(404, 'method_not_supported');
    const asked = url.searchParams;
    const names = [...asked.keys()];
    if (names.some((name) => !known.includes(name)) || new Set(names).size < names.length)
      return refuse(400, 'invalid_arguments');
    const [oldest, latest, limit] = ['oldest', 'latest', 'limit'].map((name) => asked.get(name) ?? '');
    if (![oldest, latest, limit].every((text) => /^\d{1,10}$/.test(text ?? '')))
      return refuse(400, 'invalid_arguments');
    if (Number(limit) > 9999) return refuse(400, 'invalid_limit');
    const [place, gap] = Buffer.from(asked.get('cursor') ?? '', 'base64')
      .toString()
      .split(':');
    const actions = asked.get('action')?.split(',');
    const found = log
      .filter(({ time }) => time >= Number(oldest) && time <= Number(latest))
      .filter(({ text }) => actions?.some((action) => text.includes(`"action":"${action}"`)) ?? true)
      .filter(({ text }) => text.includes(`"id":"${asked.get('entity') ?? ''}`))
      .toSorted((a, b) => b.time - a.time);
    const begin = Number(place);
    const end = gap === 'gap' ? begin : begin + Number(limit);
    const follows = end < found.length ? `${end}:${played.gaps && gap !== 'gap' ? 'gap' : ''}` : '';
    const cursor = Buffer.from(follows).toString('base64');
    const texts = found.slice(begin, end).map(({ text }) => text);
    sendJson(response, 200, `{"entries":[${texts.join(',')}],"response_metadata":{"next_cursor":"${cursor}"}}`);
  }

  const vendor = await serve(options, answer);
  const played: Slack = Object.assign(vendor, {
    gaps: false,
    add: (entry: Entry) => void log.push(entry),
  });
  return played;
}

function entry(number: number, milliseconds: number): Entry {
  const time = Math.floor(milliseconds / 1000);
  const text = (templates[number % templates.length] ?? '')
    .replace('ID', `0123a45b-6c7d-8900-e12f-${String(number).padStart(12, '0')}`)
    .replace('TIME', String(time));
  return { time, text };
}

const values = ({ origin }: Vendor) => ({ SLACK_URL: origin, SLACK_TOKEN: 'token' });

/** Newest first, five in each second. */
async function started(count = 25) {
  const vendor = await startSlack({ now: () => start });
  const entries = Array.from({ length: count }, (_, number) =>
    entry(number, start - (1 + Math.floor(number / 5)) * 1000),
  );
  for (const each of entries) vendor.add(each);
  const texts = entries.map(({ text }) => text);
  return { vendor, texts, times: entries.map(({ time }) => time * 1000), values: values(vendor) };
}

conforms('slack', {
  definition: slack,
  secret: 'SLACK_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part: { slice }, asksRecords: () => true }),
});

exampleRuns('slack', {
  secret: 'SLACK_TOKEN',
  async start() {
    const vendor = await startSlack();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add: (ago) =>
        templates.map(() => {
          const made = entry(number++, Date.now() - ago);
          vendor.add(made);
          return made.text;
        }),
    };
  },
});

test('slack: an empty page that leads on is not the end', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  vendor.gaps = true;
  const { records } = await pullOnce(slack, settings, { part: { slice }, search: { limit: 10 } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
  assert.equal(vendor.requests.length, 5);
});

for (const status of [200, 400]) {
  test(`slack: a cursor that has expired, with HTTP ${status}, means reading the window again`, async (t: TestContext) => {
    const { vendor, texts, values: settings } = await started();
    t.after(() => vendor.close());
    vendor.fault = (_, response) => {
      if (vendor.requests.length !== 2) return false;
      sendJson(response, status, '{"ok":false,"error":"invalid_cursor"}');
      return true;
    };
    const { records } = await pullOnce(slack, settings, { part: { slice }, search: { limit: 10 } });
    assert.deepEqual(
      records.map(({ text }) => text),
      [...texts.slice(0, 10), ...texts],
    );
  });
}

test('slack: entries of one second, some of them later than others, come once each', async (t: TestContext) => {
  let now = start;
  const vendor = await startSlack({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(slack, values(vendor));
  const entries = [0, 1, 2, 3].map((number) => entry(number, start));
  for (const each of entries) {
    vendor.add(each);
    assert.deepEqual((await job.run(now)).problems, []);
    now += minute;
  }
  await job.run(now);
  assert.deepEqual(
    job.taken,
    entries.map(({ text }) => text),
  );
});

test('slack: categories are its actions, in one parameter; entities are compared by it alone', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(6);
  t.after(() => vendor.close());
  const logins = await pullOnce(slack, settings, {
    part: { slice },
    search: { categories: ['user_login', 'user_logout'] },
  });
  assert.deepEqual(
    logins.records.map(({ text }) => text),
    texts.filter((text) => text.includes('"user_login"')),
  );
  const query = [
    ['entity', 'F123AB456'],
    ['actor', 'W777ZZ777'],
  ] as const;
  assert.equal((await pullOnce(slack, settings, { part: { slice }, search: { query } })).records.length, 3);
  const queries = vendor.requests.map(({ target }) => Object.fromEntries(new URL(target, vendor.origin).searchParams));
  const window = { oldest: '1795161600', latest: '1795165200', limit: '1000' };
  assert.deepEqual(queries, [
    { ...window, action: 'user_login,user_logout' },
    { ...window, entity: 'F123AB456', actor: 'W777ZZ777' },
  ]);
});
