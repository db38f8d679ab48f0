import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from '../support/vendors/server.ts';

const gitlab = exampleDefinition('gitlab');
const templates = exampleLines('gitlab');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const day = 1440 * minute;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };

interface Event {
  readonly id: number;
  readonly time: number;
  readonly text: string;
}

interface GitLab extends Vendor {
  add(event: Event): void;
}

/** GitLab after its page "Audit events API": newest first by ID, keyset pages, windows of thirty days with both ends. */
async function startGitLab(options: ServerOptions = {}): Promise<GitLab> {
  const log: Event[] = [];
  const places = ['', '/groups/60', '/projects/7'].map((place) => `/api/v4${place}/audit_events`);

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, message: string): void => sendJson(response, status, JSON.stringify({ message }));
    if (headers['private-token'] !== 'token') return refuse(401, '401 Unauthorized');
    if (!places.includes(url.pathname)) return refuse(404, '404 Not Found');
    const asked = url.searchParams;
    const [from, until] = ['created_after', 'created_before'].map((name) => asked.get(name) ?? '');
    const isTime = (text = ''): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
    if (!isTime(from) || !isTime(until)) return refuse(400, 'created_after is invalid');
    const [begin, end] = [Date.parse(from ?? ''), Date.parse(until ?? '')];
    if (end - begin > 30 * day) return refuse(400, 'Date range limited to only 30 days');
    if (asked.get('pagination') !== 'keyset') return refuse(405, 'Offset pagination is not supported');
    const size = Math.min(Number(asked.get('per_page') ?? 20), 100);
    const cursor = asked.get('cursor');
    const below =
      cursor === null ? Infinity : Number((JSON.parse(Buffer.from(cursor, 'base64').toString()) as Event).id);
    const found = log
      .filter(({ id, time }) => time >= begin && time <= end && id < below)
      .filter(({ text }) => text.includes(`"entity_type":"${asked.get('entity_type') ?? ''}`))
      .toSorted((a, b) => b.id - a.id);
    const shown = found.slice(0, size);
    if (shown.length < found.length) {
      const next = new URL(url);
      next.searchParams.set('cursor', Buffer.from(`{"id":"${shown.at(-1)?.id}","_kd":"n"}`).toString('base64'));
      response.setHeader('Link', `<${next.href}>; rel="next"`);
    }
    response.setHeader('RateLimit-Limit', '2000');
    sendJson(response, 200, `[${shown.map(({ text }) => text).join(',')}]`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { add: (event: Event) => void log.push(event) });
}

function event(id: number, time: number): Event {
  const text = (templates[id % templates.length] ?? '')
    .replace('ID', String(id))
    .replace('TIME', new Date(time).toISOString());
  return { id, time, text };
}

const values = ({ origin }: Vendor) => ({ GITLAB_URL: origin, GITLAB_TOKEN: 'token' });

async function started(count = 25) {
  const vendor = await startGitLab({ now: () => start });
  const events = Array.from({ length: count }, (_, number) => event(count - number, start - (number + 1) * 1001));
  for (const each of events) vendor.add(each);
  return {
    vendor,
    texts: events.map(({ text }) => text),
    times: events.map(({ time }) => time),
    values: values(vendor),
  };
}

conforms('gitlab', {
  definition: gitlab,
  secret: 'GITLAB_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part: { slice }, asksRecords: () => true }),
});

exampleRuns('gitlab', {
  secret: 'GITLAB_TOKEN',
  async start() {
    const vendor = await startGitLab();
    let id = 1;
    return {
      vendor,
      environment: values(vendor),
      add: (ago) =>
        templates.map(() => {
          const made = event(id++, Date.now() - ago);
          vendor.add(made);
          return made.text;
        }),
    };
  },
});

test('gitlab: the instance, a group or a project, by its setting, each with a position of its own', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  const all = [settings, { ...settings, GITLAB_GROUP: '60' }, { ...settings, GITLAB_PROJECT: '7' }];
  for (const each of all) assert.equal((await pullOnce(gitlab, each, { part: { slice } })).records.length, 1);
  const query =
    '?created_after=2026-11-20T08%3A00%3A00Z&created_before=2026-11-20T09%3A00%3A00Z&pagination=keyset&per_page=100';
  assert.deepEqual(
    vendor.requests.map(({ target }) => target),
    ['', '/groups/60', '/projects/7'].map((place) => `/api/v4${place}/audit_events${query}`),
  );
  assert.equal(new Set(all.map((each) => restSource(gitlab, each, noSearch, sourceTools()).scope)).size, 3);
});

test('gitlab: entity_type is sent; another key is compared here', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(6);
  t.after(() => vendor.close());
  const query = [
    ['entity_type', 'User'],
    ['entity_id', '9007199254740993'],
  ] as const;
  const { records, unmatched } = await pullOnce(gitlab, settings, { part: { slice }, search: { query } });
  assert.deepEqual(
    [records.map(({ text }) => text), unmatched],
    [texts.filter((text) => text.includes('"entity_type":"User"')), 0],
  );
  assert.match(vendor.requests[0]?.target ?? '', /&entity_type=User/);
});

test('gitlab: two months without a run are read in windows that it accepts, and what ties with an edge comes once', async (t: TestContext) => {
  let now = start;
  const vendor = await startGitLab({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(gitlab, values(vendor));
  assert.deepEqual((await job.run(now)).problems, []);
  const since = start - 10 * minute;
  const events = [0, 29, 29, 58, 60].map((days, id) => event(id + 1, since + days * day));
  for (const each of events) vendor.add(each);
  now += 61 * day;
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken.toSorted(), events.map(({ text }) => text).toSorted());
});

test('gitlab: the longest window that is asked for is accepted with fractions of a second at its ends', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(1);
  t.after(() => vendor.close());
  const { longest = 0n } = restSource(gitlab, settings, noSearch, sourceTools()).window;
  const until = BigInt(start) * 1_000_000n + 500_000_000n;
  const { records } = await pullOnce(gitlab, settings, { part: { slice: { from: until - longest, until } } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
});
