import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { duoKeys, startDuo, type Duo, type DuoLog, type DuoOptions } from '../support/vendors/duo.ts';
import type { LoggedRequest } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const minute = 60_000;
const day = 1440 * minute;
const newer = ['authentication', 'activity', 'telephony'] as const;
const logs = [...newer, 'administrator'] as const;
const definitions = Object.fromEntries(logs.map((log) => [log, exampleDefinition(`duo-${log}`)] as const)) as Record<
  DuoLog,
  ReturnType<typeof exampleDefinition>
>;
const administrator = definitions.administrator;
// A Duo whose full pages have ten records, so that a few are several pages.
definitions.administrator = { ...administrator, limits: { ...administrator.limits, page: 10 } };
const values = ({ origin }: Duo) => ({
  DUO_URL: origin,
  DUO_INTEGRATION_KEY: duoKeys.ikey,
  DUO_SECRET_KEY: duoKeys.skey,
});

/** Times are as Duo's clock had them: the newer logs have microseconds, the older one whole seconds. */
function record(log: DuoLog, time: number, number: number, template = number): string {
  const lines = exampleLines(`duo-${log}`);
  const iso = new Date(time).toISOString();
  return (lines[template % lines.length] ?? '')
    .replace('TIME', log === 'administrator' ? iso.replace('.000Z', '+00:00') : iso.replace('Z', '417+00:00'))
    .replace('SECOND', String(Math.floor(time / 1000)))
    .replace('ID', `5bea1c1e-612c-4f1d-b310-${String(number).padStart(12, '0')}`)
    .replace('NUMBER', String(number));
}

/** A whole second of half an hour ago. */
const recently = (): number => Math.floor(Date.now() / 1000) * 1000 - 30 * minute;
const queryOf = ({ target }: LoggedRequest) => Object.fromEntries(new URLSearchParams(target.split('?')[1]));

/** A vendor whose clock is that of the client, and records a second apart, oldest first. */
async function started(t: TestContext | undefined, log: DuoLog, count: number, options: DuoOptions = {}) {
  const vendor: Duo = await startDuo({ now: () => clockOf(vendor), most: 10, ...options });
  t?.after(() => vendor.close());
  const start = recently();
  const times = Array.from({ length: count }, (_, number) => start - (count - number) * 1000);
  const texts = times.map((time, number) => record(log, time, number));
  vendor.add(log, ...texts);
  const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };
  return { vendor, texts, times, start, values: values(vendor), part: { slice } };
}

const clockOf = ({ requests }: Duo): number => Date.parse(String(requests.at(-1)?.headers['date']));

/** A client's clock that stands at the time, until it waits. */
const toolsAt = (time: number) => sourceTools(time);

for (const log of logs) {
  conforms(`duo-${log}`, {
    definition: definitions[log],
    secret: 'DUO_SECRET_KEY',
    limit: 10,
    otherShape: /does not say that page 1 is a success/,
    repeats: log === 'administrator',
    start: async () => ({ ...(await started(undefined, log, 25)), asksRecords: () => true }),
  });

  exampleRuns(`duo-${log}`, {
    secret: 'DUO_SECRET_KEY',
    late: 3 * minute,
    async start() {
      const vendor = await startDuo();
      let number = 0;
      return {
        vendor,
        environment: values(vendor),
        add(ago) {
          const time = Math.floor((Date.now() - ago) / 1000) * 1000;
          const texts = exampleLines(`duo-${log}`).map(() => record(log, time, number++));
          vendor.add(log, ...texts);
          return texts;
        },
      };
    },
  });

  test(`duo-${log}: pages are a minute apart, so that Duo never has to say that it was asked too often`, async (t: TestContext) => {
    const { vendor, texts, values: settings, part } = await started(t, log, 25, { interval: minute });
    const tools = toolsAt(Date.now());
    const { records } = await pullOnce(definitions[log], settings, { part, tools, search: { limit: 10 } });
    assert.deepEqual([...new Set(records.map(({ text }) => text))], texts);
    assert.deepEqual([vendor.requests.length, tools.waits], [3, [minute, minute]]);
  });

  test(`duo-${log}: what fits on one page is one request, and no wait`, async (t: TestContext) => {
    const { vendor, texts, values: settings, part } = await started(t, log, 9, { interval: minute });
    const tools = toolsAt(Date.now());
    const { records } = await pullOnce(definitions[log], settings, { part, tools, search: { limit: 10 } });
    assert.deepEqual(
      records.map(({ text }) => text),
      texts,
    );
    assert.deepEqual([vendor.requests.length, tools.waits], [1, []]);
  });

  test(`duo-${log}: asked too often all the same, it is asked again after a minute`, async (t: TestContext) => {
    const { vendor, texts, values: settings, part } = await started(t, log, 3, { interval: minute });
    const now = Date.now();
    await pullOnce(definitions[log], settings, { part, tools: toolsAt(now) }); // another client, half a minute before
    const tools = toolsAt(now + minute / 2);
    const { records } = await pullOnce(definitions[log], settings, { part, tools });
    assert.deepEqual([records.length, vendor.requests.length], [texts.length, 3]);
    assert.equal(
      tools.waits.reduce((sum, each) => sum + each),
      minute,
    );
  });

  test(`duo-${log}: a wrong integration key, and a clock that is wrong, are 77 with what Duo says of it`, async (t: TestContext) => {
    const now = Date.now();
    const { values: settings, part } = await started(t, log, 3, { now: () => now });
    for (const [what, change, ahead] of [
      ['Invalid integration key in request credentials', { DUO_INTEGRATION_KEY: 'DIXXXXXXXXXXXXXXXXXX' }, 0],
      ['Bad request timestamp', {}, 6 * minute],
    ] as const) {
      await assert.rejects(
        pullOnce(definitions[log], { ...settings, ...change }, { part, tools: toolsAt(now + ahead) }),
        (error) => error instanceof Problem && error.status === exit.noperm && error.message.includes(what),
      );
    }
  });
}

for (const log of newer) {
  test(`duo-${log}: later pages are the same query, and name their place in one parameter`, async (t: TestContext) => {
    const { vendor, times, values: settings, part, start } = await started(t, log, 25);
    await pullOnce(definitions[log], settings, { part, search: { limit: 10 } });
    const bounds = { mintime: String(start - 60 * minute), maxtime: String(start) };
    const query = { ...bounds, limit: '10', sort: 'ts:asc' };
    const place = (number: number) => ({
      next_offset: `${times[number]},5bea1c1e-612c-4f1d-b310-${String(number).padStart(12, '0')}`,
    });
    assert.deepEqual(vendor.requests.map(queryOf), [query, { ...query, ...place(10) }, { ...query, ...place(20) }]);
  });

  test(`duo-${log}: records of one millisecond on both sides of a page all come, and once`, async (t: TestContext) => {
    const { vendor, values: settings, part, start } = await started(t, log, 0);
    const texts = Array.from({ length: 7 }, (_, number) => record(log, start - minute, number));
    vendor.add(log, ...texts);
    const { records } = await pullOnce(definitions[log], settings, { part, search: { limit: 3 } });
    assert.deepEqual(
      records.map(({ text }) => text),
      texts,
    );
  });

  test(`duo-${log}: the last two minutes, which Duo does not show, are left to the next run`, async (t: TestContext) => {
    const { vendor, start, values: settings } = await started(t, log, 0);
    const texts = [3, 1].map((minutes, number) => record(log, start - minutes * minute, number));
    vendor.add(log, ...texts);
    const job = exampleJob(definitions[log], settings);
    for (const after of [0, minute, 2 * minute]) {
      assert.deepEqual((await job.run(start + after)).problems, []);
      assert.equal(queryOf(vendor.requests.at(-1)!)['maxtime'], String(start + after - 2 * minute));
    }
    assert.deepEqual(job.taken, texts);
  });

  test(`duo-${log}: after a long pause, nothing is asked for that Duo no longer keeps, and the gap is reported`, async (t: TestContext) => {
    const { vendor, start, values: settings } = await started(t, log, 0);
    let now = start - 300 * day;
    const job = exampleJob(definitions[log], settings);
    assert.deepEqual((await job.run(now)).problems, []);
    assert.equal(vendor.requests.length, 1, 'a first run, of a week, costs more than one request');
    now = start;
    // More than a page of the oldest day, so that its second page is asked for a minute later.
    const texts = Array.from({ length: 1100 }, (_, number) => record(log, now - 178 * day + number, number));
    vendor.add(log, record(log, now - 200 * day, 2000), ...texts, record(log, now - day, 3000));
    const { problems, summary } = await job.run(now);
    assert.deepEqual(
      problems.map(({ message }) => /^records from .* no longer keeps them$/.test(message)),
      [true],
    );
    assert.equal(summary.gaps.length, 1);
    assert.deepEqual(job.taken, [...texts, record(log, now - day, 3000)]);
    for (const { mintime, maxtime } of vendor.requests.map(queryOf))
      assert.ok(Number(maxtime) - Number(mintime) <= 7 * day, 'more than a week is read before anything is saved');
  });

  test(`duo-${log}: no more than 1,000 are asked for at once, which is what Duo takes`, async (t: TestContext) => {
    const { vendor, texts, values: settings, part } = await started(t, log, 3);
    const { records } = await pullOnce(definitions[log], settings, { part, search: { limit: 5000 } });
    assert.deepEqual([records.length, queryOf(vendor.requests[0]!)['limit']], [texts.length, '1000']);
  });

  test(`duo-${log}: FAIL inside HTTP 200 is an error, reported in Duo's words`, async (t: TestContext) => {
    const { vendor, values: settings, part } = await started(t, log, 3);
    vendor.fault = (_, response) => {
      const said = { code: 40002, message: 'Invalid request parameters', message_detail: 'limit', stat: 'FAIL' };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
      return true;
    };
    await assert.rejects(pullOnce(definitions[log], settings, { part }), problem(exit.protocol, /: limit$/));
  });
}

test('duo-authentication: what Duo can filter is sent, and signed whatever it holds', async (t: TestContext) => {
  const { vendor, texts, values: settings, part } = await started(t, 'authentication', 4);
  const pull = (query: readonly (readonly [string, string])[]) =>
    pullOnce(definitions.authentication, settings, { part, search: { query } });
  const { records } = await pull([
    ['user.key', 'DUAN4E1DYBF1A5ZTRZ99'],
    ['event_type', 'enrollment'],
  ]);
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((text) => text.includes('jürgen')),
  );
  const { mintime: _, maxtime: __, ...sent } = queryOf(vendor.requests[0]!);
  assert.deepEqual(sent, {
    limit: '1000',
    sort: 'ts:asc',
    users: 'DUAN4E1DYBF1A5ZTRZ99',
    event_types: 'enrollment',
  });
  assert.equal((await pull([['reason', "ü ~!*'() +%2B&="]])).records.length, 0);
});

test('duo-administrator: only the time is asked for, in seconds, and later pages begin with the last second', async (t: TestContext) => {
  const { vendor, times, values: settings, part, start } = await started(t, 'administrator', 25);
  await pullOnce(definitions.administrator, settings, { part });
  assert.deepEqual(
    vendor.requests.map(queryOf),
    [start - 60 * minute, times[9] ?? 0, times[18] ?? 0].map((time) => ({ mintime: String(time / 1000) })),
  );
});

test('duo-administrator: actions of one second on both sides of a page, twins among them, are each delivered once', async (t: TestContext) => {
  const { vendor, start, values: settings } = await started(t, 'administrator', 0, { most: 1000 });
  const at = (seconds: number, number: number) => record('administrator', start - seconds * 1000, number);
  const first = Array.from({ length: 996 }, (_, number) => at(2000 - number, number));
  const twin = at(60, 5000);
  const texts = [...first, at(60, 5001), twin, twin, at(60, 5002), twin, at(60, 5003), at(59, 5004)];
  vendor.add('administrator', ...texts);
  const job = exampleJob(administrator, settings);
  for (const after of [0, minute, 2 * minute]) assert.deepEqual((await job.run(start + after)).problems, []);
  assert.deepEqual(job.taken, texts);
});

test('duo-administrator: more actions of one second than a page holds are an error, not the end', async (t: TestContext) => {
  const { vendor, start, values: settings, part } = await started(t, 'administrator', 0);
  vendor.add(
    'administrator',
    ...Array.from({ length: 11 }, (_, number) => record('administrator', start - minute, number)),
  );
  await assert.rejects(
    pullOnce(definitions.administrator, settings, { part }),
    problem(exit.protocol, /same timestamp/),
  );
});

test('duo-administrator: an action that shows up a quarter of an hour late is found', async (t: TestContext) => {
  const { vendor, start, values: settings } = await started(t, 'administrator', 0);
  const job = exampleJob(definitions.administrator, settings);
  await job.run(start);
  const late = record('administrator', start - 14 * minute, 1);
  vendor.add('administrator', late);
  await job.run(start + minute);
  await job.run(start + 2 * minute);
  assert.deepEqual(job.taken, [late]);
});
