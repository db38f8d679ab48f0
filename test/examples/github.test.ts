import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { restSource } from '../../src/core/rest.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from '../support/vendors/server.ts';

const github = exampleDefinition('github');
const templates = exampleLines('github');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };

interface Entry {
  readonly time: number;
  readonly text: string;
}

/**
 * GitHub after its REST reference: an organization and an enterprise; later pages are at an address with the ID of the
 * organization, and carry a cursor and an empty `before`.
 */
async function startGitHub(options: ServerOptions = {}): Promise<Vendor & { add(time: number, text: string): void }> {
  const log: Entry[] = [];
  const places = ['/orgs/octo-corp', '/enterprises/octo', '/organizations/1'].map((place) => `${place}/audit-log`);

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, message: string): void => sendJson(response, status, JSON.stringify({ message }));
    if (headers['user-agent'] === undefined) return refuse(403, 'Request forbidden by administrative rules.');
    if (headers.authorization !== 'Bearer token') return refuse(401, 'Bad credentials');
    if (!places.includes(url.pathname)) return refuse(404, 'Not Found');
    const {
      phrase,
      include,
      order,
      per_page: size,
      after = '',
      before,
      ...unknown
    } = Object.fromEntries(url.searchParams);
    const [, from = '', until = '', more] = /^created:(\S+?)\.\.(\S+)( .*)?$/.exec(phrase ?? '') ?? [];
    const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/.test(text);
    if (!isTime(from) || !isTime(until)) return refuse(422, `The search is no range: ${phrase ?? ''}`);
    if (Object.keys(unknown).length > 0 || (before ?? '') !== '' || order !== 'asc' || Number(size) > 100)
      return refuse(422, 'Unknown parameters');
    const found = log
      .filter(({ time }) => time >= Date.parse(from) && time <= Date.parse(until))
      .filter(({ text }) => include === 'all' || (include === 'git') === text.includes('"git.'))
      .filter(({ text }) => more === undefined || text.includes(`"${more.split(':')[1] ?? ''}"`))
      .toSorted((a, b) => a.time - b.time);
    const begin = Number(after.split('|')[1] ?? 0);
    const end = begin + Number(size);
    if (end < found.length) {
      const next = new URL('/organizations/1/audit-log', url);
      next.search = url.search;
      next.searchParams.set('after', `MS42|${end}`);
      next.searchParams.set('before', '');
      response.setHeader('Link', `<${next.href}>; rel="next", <${vendor.origin}${target}>; rel="first"`);
    }
    sendJson(
      response,
      200,
      `[${found
        .slice(begin, end)
        .map(({ text }) => text)
        .join(',')}]`,
    );
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { add: (time: number, text: string) => void log.push({ time, text }) });
}

const values = ({ origin }: Vendor) => ({
  GITHUB_URL: origin,
  GITHUB_ORGANIZATION: 'octo-corp',
  GITHUB_TOKEN: 'token',
  GITHUB_INCLUDE: 'all',
});

const entry = (number: number, time: number): string =>
  (templates[number % templates.length] ?? '').replaceAll('TIME', String(time)).replace('ID', `xJJFlFOhQ6b-${number}`);

async function started(count = 25) {
  const vendor = await startGitHub({ now: () => start });
  const times = Array.from({ length: count }, (_, number) => start - (count - number) * 1000);
  const texts = times.map((time, number) => entry(number, time));
  for (const [number, text] of texts.entries()) vendor.add(times[number] ?? 0, text);
  return { vendor, texts, times, values: values(vendor) };
}

conforms('github', {
  definition: github,
  secret: 'GITHUB_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part: { slice }, asksRecords: () => true }),
});

exampleRuns('github', {
  secret: 'GITHUB_TOKEN',
  async start() {
    const vendor = await startGitHub();
    let number = 0;
    return {
      vendor,
      environment: values(vendor),
      add: (ago) =>
        templates.map(() => {
          const text = entry(number++, Date.now() - ago);
          vendor.add(Date.now() - ago, text);
          return text;
        }),
    };
  },
});

test('github: the window is one range, --raw-query is searched for inside it, and pages are followed as they are', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  const search = { limit: 10, rawQuery: 'actor:octo-bot' };
  const { records } = await pullOnce(github, settings, { part: { slice }, search });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((_, number) => number % 2 === 1),
  );
  const [first, second] = vendor.requests.map(({ target }) => new URL(target, vendor.origin));
  assert.deepEqual(Object.fromEntries(first?.searchParams ?? []), {
    phrase: 'created:2026-11-20T08:00:00+00:00..2026-11-20T09:00:00+00:00 actor:octo-bot',
    include: 'all',
    order: 'asc',
    per_page: '10',
  });
  assert.equal(second?.pathname, '/organizations/1/audit-log');
});

test('github: an enterprise, or an organization, by its setting; each kind of entries has a position of its own', async (t: TestContext) => {
  const { vendor, values: settings } = await started(4);
  t.after(() => vendor.close());
  const enterprise = { ...settings, GITHUB_ORGANIZATION: '', GITHUB_ENTERPRISE: 'octo', GITHUB_INCLUDE: 'git' };
  const { records } = await pullOnce(github, enterprise, { part: { slice } });
  assert.deepEqual([records.length, vendor.requests[0]?.target.split('?')[0]], [2, '/enterprises/octo/audit-log']);
  const scopes = [settings, enterprise, { ...settings, GITHUB_INCLUDE: 'web' }].map(
    (each) => restSource(github, each, noSearch, sourceTools()).scope,
  );
  assert.equal(new Set(scopes).size, 3);
});

test('github: 403 with nothing remaining is a rate limit, and is waited for', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started();
  t.after(() => vendor.close());
  let refusals = 1;
  vendor.fault = (_, response) => {
    if (refusals-- <= 0) return false;
    const headers = { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(start / 1000 + 120) };
    sendJson(response, 403, '{"message":"API rate limit exceeded"}', headers);
    return true;
  };
  const tools = sourceTools(start);
  const { records } = await pullOnce(github, settings, { part: { slice }, tools });
  assert.deepEqual([records.length, tools.waits], [texts.length, [120_000]]);
});

test('github: an entry that shows up ten minutes late is found, and those of its second come once', async (t: TestContext) => {
  let now = start;
  const vendor = await startGitHub({ now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(github, values(vendor));
  const texts = [0, 1, 2].map((number) => entry(number, start - 30_000));
  for (const text of texts) {
    vendor.add(start - 30_000, text);
    assert.deepEqual((await job.run(now)).problems, []);
    now += 5 * minute;
  }
  assert.deepEqual(job.taken, texts);
});
