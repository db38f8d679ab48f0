import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from '../support/vendors/server.ts';

const atlassian = exampleDefinition('atlassian');
const templates = exampleLines('atlassian');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };

interface Event {
  readonly time: number;
  readonly text: string;
}

interface Atlassian extends Vendor {
  /** Processes an event: it stands behind all others, whenever it happened. */
  add(event: Event): void;
  /** Cursors given so far are refused from now on. */
  expire(): void;
}

/** Atlassian's page "Poll events": in the order of processing; a cursor on every page, the last one and an empty one included. */
async function startAtlassian(options: ServerOptions = {}): Promise<Atlassian> {
  const log: Event[] = [];
  let generation = 1;

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, title: string): void =>
      sendJson(response, status, JSON.stringify({ errors: [{ id: 'x', status, code: 'ADMIN-1', title }] }));
    if (headers.authorization !== 'Bearer token') return refuse(401, 'Unauthorized');
    if (url.pathname !== '/admin/v1/orgs/a-1/events-stream') return refuse(404, 'Not Found');
    const { from, cursor, sortOrder, limit, ...unknown } = Object.fromEntries(url.searchParams);
    if (Object.keys(unknown).length > 0) return refuse(400, 'unknown parameters');
    if ((cursor === undefined) === (from === undefined)) return refuse(400, 'cursor and from');
    if (from !== undefined && (!/^\d{13}$/.test(from) || sortOrder !== 'asc')) return refuse(400, 'from is not valid');
    const [made, place, since] = cursor === undefined ? [] : Buffer.from(cursor, 'base64').toString().split(':');
    if (cursor !== undefined && made !== String(generation)) return refuse(400, 'cursor is not valid');
    const earliest = since ?? from ?? '';
    const found = log.filter(({ time }) => time >= Number(earliest));
    const begin = Number(place ?? 0);
    const shown = found.slice(begin, begin + Number(limit ?? 200));
    const next = Buffer.from(`${generation}:${begin + shown.length}:${earliest}`).toString('base64');
    const data = shown.map(({ text }) => text).join(',');
    sendJson(
      response,
      200,
      `{"data":[${data}],"meta":{"next":"${next}","page_size":${shown.length}},"links":{"next":"${next}"}}`,
    );
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { add: (event: Event) => void log.push(event), expire: () => void generation++ });
}

function event(number: number, time: number): Event {
  const text = (templates[number % templates.length] ?? '')
    .replaceAll('"ID"', `"${number}-7d2a"`)
    .replaceAll(/TIME|PROCESSED/g, new Date(time).toISOString());
  return { time, text };
}

const values = ({ origin }: Vendor) => ({
  ATLASSIAN_URL: origin,
  ATLASSIAN_ORGANIZATION: 'a-1',
  ATLASSIAN_TOKEN: 'token',
});

async function started(count = 25) {
  const vendor = await startAtlassian({ now: () => start });
  const events = Array.from({ length: count }, (_, number) => event(number, start - (count - number) * 1000));
  for (const each of events) vendor.add(each);
  return {
    vendor,
    texts: events.map(({ text }) => text),
    times: events.map(({ time }) => time),
    values: values(vendor),
  };
}

/** What each request asked for; cursors in plain text. */
const asked = ({ requests, origin }: Vendor): string[] =>
  requests.map(({ target }) =>
    [...new URL(target, origin).searchParams]
      .map(([name, value]) => `${name}=${name === 'cursor' ? Buffer.from(value, 'base64').toString() : value}`)
      .join(' '),
  );

conforms('atlassian', {
  definition: atlassian,
  secret: 'ATLASSIAN_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part: { slice }, asksRecords: () => true }),
});

exampleRuns('atlassian', {
  secret: 'ATLASSIAN_TOKEN',
  async start() {
    const vendor = await startAtlassian();
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

test('atlassian: the next run goes on with the cursor of the last page, and finds what was processed late', async (t: TestContext) => {
  let now = start;
  const vendor = await startAtlassian({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(atlassian, values(vendor));
  const events = [event(0, start - minute), event(1, start - 3 * 1440 * minute), event(2, start + minute)];
  for (const each of events) {
    vendor.add(each);
    assert.deepEqual((await job.run(now)).problems, []);
    now += 30 * minute;
  }
  assert.deepEqual(
    job.taken,
    events.map(({ text }) => text),
  );
  const from = String(start - 7 * 1440 * minute);
  assert.deepEqual(asked(vendor), [
    `from=${from} sortOrder=asc limit=200`,
    ...[1, 1, 2, 2, 3].map((place) => `cursor=1:${place}:${from} limit=200`),
  ]);
});

test('atlassian: a cursor that is no longer known means reading the window, without a repeat', async (t: TestContext) => {
  let now = start;
  const vendor = await startAtlassian({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(atlassian, values(vendor));
  const events = [0, 1, 2].map((number) => event(number, start - (3 - number) * minute));
  for (const each of events) vendor.add(each);
  await job.run(now);
  vendor.expire();
  now += 10 * minute;
  const late = event(3, start - 60 * minute); // before what was delivered: a day is read again
  vendor.add(late);
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(
    job.taken,
    [...events, late].map(({ text }) => text),
  );
});

test('atlassian: a rate limit that says when it ends as a date without seconds is waited for', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  let refusals = 1;
  vendor.fault = (_, response) => {
    if (refusals-- <= 0) return false;
    sendJson(response, 429, '{"errors":[{"title":"Too Many Requests"}]}', { 'X-RateLimit-Reset': '2026-11-20T09:03Z' });
    return true;
  };
  const tools = sourceTools(start);
  const { records } = await pullOnce(atlassian, settings, { part: { slice }, tools });
  assert.deepEqual([records.length, tools.waits], [texts.length, [3 * minute]]);
});
