import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startGraph, type GraphOptions, type GraphRules } from '../support/vendors/graph.ts';

const audits = { path: '/v1.0/auditLogs/directoryAudits', timeField: 'activityDateTime', most: 999 };
const signIns = { path: '/v1.0/auditLogs/signIns', timeField: 'createdDateTime', most: 1000 };
const others = { 'entra-id': "result eq 'failure'", 'entra-id-sign-ins': "userPrincipalName eq 'ada@example.com'" };

function tries(name: keyof typeof others, rules: GraphRules) {
  const entra = example(name, {
    secret: 'ENTRA_CLIENT_SECRET',
    tokens: true,
    lateness: name === 'entra-id' ? 50 : 119,
    hours: 24, // sign-ins are asked for day by day, two seconds apart
    newestFirst: true,
    apart: 1001,
    start: (options: Partial<GraphOptions>) => startGraph({ ...rules, ...options }),
    values: ({ origin }) => ({
      ENTRA_TENANT: 'tenant-1',
      ENTRA_CLIENT_ID: 'client',
      ENTRA_CLIENT_SECRET: 'secret',
      ENTRA_API_VERSION: 'v1.0', // of the sign-ins alone
      ENTRA_URL: origin,
      ENTRA_LOGIN_URL: origin,
    }),
    // With seven digits of a second, as Microsoft writes it.
    write: (template, number, time) =>
      template
        .replace('ID', `0000-4000-8000-${String(number).padStart(12, '0')}`)
        .replace('TIME', new Date(time).toISOString().replace('Z', '0001Z')),
    add: (vendor, texts) => vendor.add(...texts),
    asksRecords: ({ target }) => target.includes('/auditLogs/'),
  });
  const { definition, part, next, started, queries } = entra;

  test(`${name}: the window is in $filter, with bounds in whole seconds, and as many are asked for as it gives`, async (t) => {
    const { vendor, values } = await started(t, 1);
    const odd = { from: part.slice.from + 1_500_000_000n, until: part.slice.until - 1n };
    await pullOnce(definition, values, { part: { slice: odd }, search: { limit: 5000 } });
    const { timeField, most } = rules;
    const $filter = `${timeField} ge 2026-11-20T08:00:01Z and ${timeField} le 2026-11-20T09:00:00Z`;
    assert.deepEqual(queries(vendor), [{ $filter, $top: String(most) }]);
  });

  test(`${name}: ENTRA_FILTER and --raw-query narrow the window, and do not replace it`, async (t) => {
    const { vendor, texts, values } = await started(t, 6);
    const filtered = { ...values, ENTRA_FILTER: others[name] };
    const wanted = texts.filter((_, number) => number % 2 === 1);
    const { records } = await pullOnce(definition, filtered, { part });
    assert.deepEqual(textsOf(records), wanted);
    const other = { from: part.slice.from - 10n ** 15n, until: part.slice.from };
    const raw = await pullOnce(definition, filtered, {
      part: { slice: other },
      search: { rawQuery: "id eq 'nothing'" },
    });
    assert.equal(raw.records.length, 0);
    assert.match(queries(vendor).at(-1)?.['$filter'] ?? '', / le 2026-11-20T08:00:00Z and \(id eq 'nothing'\)$/);
  });

  test(`${name}: a first run reads a week`, async (t) => {
    const { vendor, values } = await started(t, 0);
    const texts = [6, 3, 1].map((days) => next(start - days * day));
    vendor.add(next(start - 8 * day), ...texts);
    const job = exampleJob(definition, values);
    assert.deepEqual((await job.run(start)).problems, []);
    assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  });

  test(`${name}: no more than 5 requests are sent in 10 seconds`, async (t) => {
    const { vendor, values } = await started(t, 25);
    const tools = sourceTools(start);
    await pullOnce(definition, values, { part, search: { limit: 5 }, tools });
    assert.equal(queries(vendor).length, 5);
    assert.deepEqual(tools.waits, [2000, 2000, 2000, 2000]);
  });

  return entra;
}

tries('entra-id', audits);
const { definition, part, started } = tries('entra-id-sign-ins', signIns);

test('entra-id-sign-ins: the beta is asked where that is set', async (t) => {
  const { values } = await started(t, 1, { path: '/beta/auditLogs/signIns' });
  const { records } = await pullOnce(definition, { ...values, ENTRA_API_VERSION: 'beta' }, { part });
  assert.equal(records.length, 1);
});
