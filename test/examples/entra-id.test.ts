import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startGraph, type Graph, type GraphRules } from '../support/vendors/graph.ts';

const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const slice = { from: BigInt(start - 60 * minute) * 1_000_000n, until: BigInt(start) * 1_000_000n };

const audits = { path: '/v1.0/auditLogs/directoryAudits', timeField: 'activityDateTime', most: 999 };
const signIns = { path: '/v1.0/auditLogs/signIns', timeField: 'createdDateTime', most: 1000 };
const others = { 'entra-id': "result eq 'failure'", 'entra-id-sign-ins': "userPrincipalName eq 'ada@example.com'" };

const values = ({ origin }: Graph) => ({
  ENTRA_TENANT: 'tenant-1',
  ENTRA_CLIENT_ID: 'client',
  ENTRA_CLIENT_SECRET: 'secret',
  ENTRA_API_VERSION: 'v1.0', // of the sign-ins alone
  ENTRA_URL: origin,
  ENTRA_LOGIN_URL: origin,
});

const asked = ({ requests, origin }: Graph) =>
  requests.flatMap(({ target }) => {
    const { pathname, searchParams } = new URL(target, origin);
    return pathname.includes('/auditLogs/') ? [Object.fromEntries(searchParams)] : [];
  });

function tries(name: keyof typeof others, rules: GraphRules): void {
  const definition = exampleDefinition(name);
  const templates = exampleLines(name);

  /** With seven digits of a second, as Microsoft writes it. */
  function record(number: number, time: number): string {
    return (templates[number % templates.length] ?? '')
      .replace('ID', `0000-4000-8000-${String(number).padStart(12, '0')}`)
      .replace('TIME', new Date(time).toISOString().replace('Z', '0001Z'));
  }

  /** The newest first. */
  async function started(count = 25, path = rules.path) {
    const vendor = await startGraph({ ...rules, path }, { now: () => start });
    const times = Array.from({ length: count }, (_, number) => start - (number + 1) * 1001);
    const texts = times.map((time, number) => record(number, time));
    vendor.add(...texts);
    return { vendor, texts, times, values: values(vendor) };
  }

  conforms(name, {
    definition,
    secret: 'ENTRA_CLIENT_SECRET',
    limit: 10,
    start: async () => ({
      ...(await started()),
      part: { slice },
      asksRecords: ({ target }) => target.includes('/auditLogs/'),
    }),
  });

  exampleRuns(name, {
    secret: 'ENTRA_CLIENT_SECRET',
    hours: 24, // sign-ins are asked for day by day, two seconds apart
    async start() {
      const vendor = await startGraph(rules);
      let number = 0;
      return {
        vendor,
        environment: values(vendor),
        add(ago) {
          const texts = templates.map(() => record(number++, Date.now() - ago));
          vendor.add(...texts);
          return texts;
        },
      };
    },
  });

  test(`${name}: the window is in $filter, with bounds in whole seconds, and as many are asked for as it gives`, async (t: TestContext) => {
    const { vendor, values: settings } = await started(1);
    t.after(() => vendor.close());
    const odd = { from: slice.from + 1_500_000_000n, until: slice.until - 1n };
    await pullOnce(definition, settings, { part: { slice: odd }, search: { limit: 5000 } });
    const { timeField, most } = rules;
    const $filter = `${timeField} ge 2026-11-20T08:00:01Z and ${timeField} le 2026-11-20T09:00:00Z`;
    assert.deepEqual(asked(vendor), [{ $filter, $top: String(most) }]);
  });

  test(`${name}: ENTRA_FILTER and --raw-query narrow the window, and do not replace it`, async (t: TestContext) => {
    const { vendor, texts, values: settings } = await started(6);
    t.after(() => vendor.close());
    const filtered = { ...settings, ENTRA_FILTER: others[name] };
    const wanted = texts.filter((_, number) => number % 2 === 1);
    const { records } = await pullOnce(definition, filtered, { part: { slice } });
    assert.deepEqual(
      records.map(({ text }) => text),
      wanted,
    );
    const other = { from: slice.from - 10n ** 15n, until: slice.from };
    const raw = await pullOnce(definition, filtered, {
      part: { slice: other },
      search: { rawQuery: "id eq 'nothing'" },
    });
    assert.equal(raw.records.length, 0);
    assert.match(asked(vendor).at(-1)?.['$filter'] ?? '', / le 2026-11-20T08:00:00Z and \(id eq 'nothing'\)$/);
  });

  test(`${name}: a first run reads a week, and a record that shows up half an hour late is found, once`, async (t: TestContext) => {
    let now = start;
    const vendor = await startGraph(rules, { now: () => now });
    t.after(() => vendor.close());
    const old = [6, 3].map((days, number) => record(2 + number, start - days * 1440 * minute));
    const [early, late] = [record(0, start - minute), record(1, start - 5 * minute)];
    vendor.add(...old, early);
    const job = exampleJob(definition, values(vendor));
    for (; now < start + 30 * minute; now += 10 * minute) await job.run(now);
    vendor.add(late);
    for (const _ of [1, 2]) assert.deepEqual((await job.run((now += minute))).problems, []);
    assert.deepEqual(job.taken.toSorted(), [...old, early, late].toSorted());
  });

  test(`${name}: no more than 5 requests are sent in 10 seconds`, async (t: TestContext) => {
    const { vendor, values: settings } = await started(25);
    t.after(() => vendor.close());
    const tools = sourceTools(start);
    await pullOnce(definition, settings, { part: { slice }, search: { limit: 5 }, tools });
    assert.equal(asked(vendor).length, 5);
    assert.deepEqual(tools.waits, [2000, 2000, 2000, 2000]);
  });

  test(`${name}: a token that ends between two pages is replaced, and nothing is lost`, async (t: TestContext) => {
    const { vendor, texts, values: settings } = await started(25);
    t.after(() => vendor.close());
    let pages = 0;
    vendor.fault = ({ target }) => {
      if (target.includes('/auditLogs/') && (pages += 1) === 2) vendor.grants.revoke();
      return false;
    };
    const { records } = await pullOnce(definition, settings, { part: { slice }, search: { limit: 10 } });
    assert.deepEqual(
      records.map(({ text }) => text),
      texts,
    );
    assert.equal(vendor.requests.filter(({ method }) => method === 'POST').length, 2);
  });
}

tries('entra-id', audits);
tries('entra-id-sign-ins', signIns);

test('entra-id-sign-ins: the beta is asked where that is set', async (t: TestContext) => {
  const definition = exampleDefinition('entra-id-sign-ins');
  const vendor = await startGraph({ ...signIns, path: '/beta/auditLogs/signIns' }, { now: () => start });
  t.after(() => vendor.close());
  const settings = { ...values(vendor), ENTRA_API_VERSION: 'beta' };
  assert.deepEqual((await pullOnce(definition, settings, { part: { slice } })).records, []);
});
