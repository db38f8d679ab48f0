import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import { sysdigAudit } from '../../src/sources/sysdig-audit.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import {
  asked,
  hour,
  start,
  startedSysdig,
  sysdigConforms,
  sysdigRunsFromCron,
  sysdigValues,
} from '../support/sysdig.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startSysdig } from '../support/vendors/sysdig.ts';
import { problem } from '../support/problem.ts';

sysdigConforms(sysdigAudit, 'audit');
sysdigRunsFromCron('sysdig-audit', 'audit', {
  query: 'content.requestMethod=DELETE',
  matches: (text) => text.includes('"DELETE"'),
});

const started = (count?: number, options = {}) => startedSysdig('sysdig-audit', 'audit', count, options);
const part = { slice: hour };

test('the window is sent in nanoseconds, every digit, and only to the first page', async () => {
  const { vendor, values } = await started();
  const slice = { from: hour.from + 123_456_789n, until: hour.until - 1n };
  await pullOnce(sysdigAudit, values, { search: { limit: 10 }, part: { slice } });
  const [first, ...later] = asked(vendor).map((query) => Object.fromEntries(query));
  assert.deepEqual(first, { from: '1795129200123456789', to: '1795132799999999999', limit: '10' });
  assert.equal(later.length, 2);
  for (const { cursor, ...rest } of later) {
    assert.ok(cursor !== undefined);
    assert.deepEqual(rest, { limit: '10' });
  }
  await vendor.close();
});

test('as many records as the vendor gives are asked for, and no more', async () => {
  const { vendor, values } = await started(1);
  const tools = sourceTools();
  await pullOnce(sysdigAudit, values, { part, tools });
  await pullOnce(sysdigAudit, values, { part, tools, search: { limit: 5000 } });
  assert.deepEqual(
    asked(vendor).map((query) => query.get('limit')),
    ['999', '999'],
  );
  assert.match(tools.warnings.join(), /--limit 5000 is more than sysdig-audit gives at once; 999 is used/);
  await vendor.close();
});

test('what the vendor can compare is sent in its language, and matched here as well', async () => {
  const { vendor, texts, values } = await started(6);
  const { records, unmatched } = await pullOnce(sysdigAudit, values, {
    part,
    search: {
      query: [
        ['content.requestMethod', 'GET'],
        ['content.teamName', 'the "red" team'],
        ['content.userId', '12345'],
      ],
    },
  });
  assert.equal(
    asked(vendor)[0]?.get('filter'),
    String.raw`auditTrail.requestMethod = "GET" and auditTrail.teamName = "the \"red\" team"`,
  );
  assert.deepEqual(
    records.map((record) => record.text),
    [texts[0], texts[3]],
  );
  assert.equal(unmatched, 0);
  await vendor.close();
});

test('integers beyond 2^53 are compared digit by digit', async () => {
  const { vendor, texts, values } = await started(3);
  const search = (id: string) => ({ part, search: { query: [['content.serviceAccountId', id]] as const } });
  const exact = await pullOnce(sysdigAudit, values, search('9007199254740993'));
  assert.deepEqual(
    exact.records.map((record) => record.text),
    [texts[1]],
  );
  assert.equal((await pullOnce(sysdigAudit, values, search('9007199254740992'))).records.length, 0);
  await vendor.close();
});

test('SYSDIG_FILTER goes with every page as it is, and --raw-query replaces it', async () => {
  const { vendor, values } = await started();
  const filtered = { ...values, SYSDIG_FILTER: 'auditTrail.entityType in ("team", "policy")' };
  const { records } = await pullOnce(sysdigAudit, filtered, { part, search: { limit: 10 } });
  assert.equal(records.length, 25);
  assert.deepEqual(
    asked(vendor).map((query) => query.get('filter')),
    [filtered.SYSDIG_FILTER, filtered.SYSDIG_FILTER, filtered.SYSDIG_FILTER],
  );
  const rawQuery = 'not auditTrail.requestMethod = "GET"';
  const raw = await pullOnce(sysdigAudit, filtered, { part, search: { rawQuery } });
  assert.deepEqual([asked(vendor).at(-1)?.get('filter'), raw.records.length], [rawQuery, 16]);
  await vendor.close();
});

for (const setting of ['SYSDIG_FILTER', 'rawQuery'] as const) {
  test(`--query beside ${setting} is right even when that one says "or"`, async () => {
    const { vendor, texts, values } = await started(6);
    const text = 'auditTrail.entityType = "policy" or auditTrail.entityType = "team"';
    const { records } = await pullOnce(
      sysdigAudit,
      { ...values, ...(setting === 'rawQuery' ? {} : { SYSDIG_FILTER: text }) },
      {
        part,
        search: {
          rawQuery: setting === 'rawQuery' ? text : undefined,
          query: [['content.requestMethod', 'GET']],
        },
      },
    );
    assert.equal(asked(vendor)[0]?.get('filter'), `${text} and auditTrail.requestMethod = "GET"`);
    assert.deepEqual(
      records.map((record) => record.text),
      [texts[0], texts[3]],
    );
    await vendor.close();
  });
}

test("a filter that is none is refused in the vendor's words", async () => {
  const { vendor, values } = await started(1);
  await assert.rejects(
    pullOnce(sysdigAudit, values, { part, search: { rawQuery: 'method = "GET"' } }),
    problem(
      exit.protocol,
      /did not accept page 1 \(HTTP 400\): invalid filter: unknown field 'method'/,
      'check SYSDIG_FILTER, and --raw-query: they say what is asked for; or correct the request in the definition',
    ),
  );
  await vendor.close();
});

test('a cursor that expires before its page is asked for means reading the window once more', async () => {
  for (const [times, expected] of [
    [1, 'all of it'],
    [2, 'an error'],
  ] as const) {
    const { vendor, texts, values } = await started();
    let left: number = times;
    vendor.fault = ({ target }, response) => {
      if (!target.includes('cursor=') || left === 0) return false;
      left -= 1;
      sendJson(response, 400, '{"type":"bad_request","message":"invalid cursor: expired","details":[]}');
      return true;
    };
    const reading = pullOnce(sysdigAudit, values, { part, search: { limit: 10 } });
    if (expected === 'all of it') {
      const { records } = await reading;
      assert.deepEqual(new Set(records.map(({ text }) => text)), new Set(texts));
    } else {
      await assert.rejects(
        reading,
        problem(
          76,
          'sysdig-audit did not accept page 2 (HTTP 400): invalid cursor: expired',
          /^it gave the cursor for this page itself, so no setting or flag is wrong; /,
        ),
      );
    }
    await vendor.close();
  }
});

test('the limit of requests a minute is kept: the vendor never has to refuse one', async () => {
  const tools = sourceTools(start);
  const { vendor, texts, values } = await started(25, { now: tools.now, perMinute: 4 });
  const { records } = await pullOnce(sysdigAudit, values, { part, search: { limit: 3 }, tools });
  assert.equal(records.length, texts.length);
  assert.equal(vendor.requests.length, 9, 'as many requests as pages');
  assert.deepEqual(tools.waits, [60_000, 60_000]);
  await vendor.close();
});

test('a limit that another client used up is waited for as long as the vendor says', async () => {
  const tools = sourceTools(start);
  const { vendor, texts, values } = await started(25, { now: tools.now, perMinute: 2 });
  await Promise.all([fetch(vendor.origin), fetch(vendor.origin)].map(async (reply) => (await reply).arrayBuffer()));
  const { records } = await pullOnce(sysdigAudit, values, { part, tools });
  assert.equal(records.length, texts.length);
  assert.deepEqual(tools.waits, [60_000]);
  await vendor.close();
});

test('the address is SYSDIG_URL, or that of SYSDIG_REGION; without both it says what to set', () => {
  const scope = (values: Record<string, string>) => restSource(sysdigAudit, values, noSearch, sourceTools()).scope;
  assert.equal(scope({ SYSDIG_REGION: 'us1' }), 'https://secure.sysdig.com');
  assert.match(scope({ SYSDIG_REGION: 'eu1' }), /^https:\/\/eu1\.app\.sysdig\.com/);
  assert.match(scope({ SYSDIG_REGION: 'eu1', SYSDIG_URL: 'https://sysdig.example/' }), /^https:\/\/sysdig\.example/);
  assert.throws(() => scope({}), problem(exit.config, /./, 'set SYSDIG_URL or SYSDIG_REGION'));
});

test('every region in the settings is an address of its own, and is named in the help', () => {
  const { values = [], summary = '' } = sysdigAudit.settings['SYSDIG_REGION'] ?? {};
  const scopes = values.map(
    (region) => restSource(sysdigAudit, { SYSDIG_REGION: region }, noSearch, sourceTools()).scope,
  );
  assert.equal(new Set(scopes).size, 10);
  for (const scope of scopes) assert.ok(summary.includes(new URL(scope).host), scope);
});

test('jobs with other filters have positions of their own', () => {
  const values = { SYSDIG_REGION: 'eu1' };
  const one = restSource(sysdigAudit, { ...values, SYSDIG_FILTER: 'a = "1"' }, noSearch, sourceTools());
  const other = restSource(sysdigAudit, { ...values, SYSDIG_FILTER: 'a = "2"' }, noSearch, sourceTools());
  assert.notEqual(one.scope, other.scope);
});

test('a record as the vendor prints it comes byte for byte but for line breaks and indentation', async () => {
  const printed = await readFile(new URL('sysdig-audit/printed.json', import.meta.url), 'utf8');
  const vendor = await startSysdig({ now: () => start });
  vendor.add('audit', printed);
  const slice = { from: 1_763_632_800_000_000_000n, until: 1_763_632_801_000_000_000n };
  const { records } = await pullOnce(sysdigAudit, sysdigValues(vendor), { part: { slice } });
  assert.deepEqual(records, [
    {
      id: '"17a1b2c3d4e5f60718293a4b5c6d7e8f"',
      text: printed.trim().replaceAll(/\n */g, ''),
      time: 1_763_632_800_123,
      nanos: 456_789,
    },
  ]);
  await vendor.close();
});

const totals: readonly (readonly [what: string, pages: readonly string[], gave: number | undefined])[] = [
  ['no list of the seven records that match', ['{"data":null,"page":{"total":7}}'], 0],
  ['none of the seven records that match', ['{"data":[],"page":{"total":7}}'], 0],
  [
    'the last page without a next one, before all came',
    ['{"data":[1],"page":{"total":3,"next":"b"}}', '{"data":[2],"page":{"total":3}}'],
    2,
  ],
  ['all that match', ['{"data":[1],"page":{"total":2,"next":"b"}}', '{"data":[2],"page":{"total":2}}'], undefined],
  ['a total that grows', ['{"data":[1],"page":{"total":2,"next":"b"}}', '{"data":[2],"page":{"total":9}}'], undefined],
  [
    'a total of what is left',
    ['{"data":[1],"page":{"total":2,"next":"b"}}', '{"data":[2],"page":{"total":1}}'],
    undefined,
  ],
];
for (const [what, pages, gave] of totals) {
  test(`${what}: ${gave === undefined ? 'the whole window' : 'read again once, and then an error'}`, async () => {
    const vendor = await startSysdig({ now: () => start });
    vendor.fault = ({ target }, response) => {
      const text = pages[target.includes('cursor') ? 1 : 0] ?? '';
      response.end(text.replace(/\[(\d)\]/, (_, id: string) => `[{"id":"${id}","timestamp":${start}000000}]`));
      return true;
    };
    const tools = sourceTools();
    const read = pullOnce(sysdigAudit, sysdigValues(vendor), { part, search: { limit: 1 }, tools });
    if (gave === undefined) assert.equal((await read).records.length, pages.length);
    else await assert.rejects(read, new RegExp(`sysdig-audit announced \\d records from .* and gave ${gave}$`));
    assert.equal(vendor.requests.length, gave === undefined ? pages.length : 2 * pages.length);
    assert.deepEqual(tools.warnings, []);
    await vendor.close();
  });
}

test('one query that has none of the records that match says that more is there', async () => {
  const vendor = await startSysdig({ now: () => start });
  vendor.fault = (_, response) => {
    response.end('{"data":[],"page":{"total":7}}');
    return true;
  };
  const { truncated } = await pullOnce(sysdigAudit, sysdigValues(vendor), { part, search: { single: true } });
  assert.ok(truncated);
  await vendor.close();
});

test('a last page that is full needs no warning', async () => {
  const { vendor, values } = await started(10);
  const tools = sourceTools();
  const { records } = await pullOnce(sysdigAudit, values, { part, search: { limit: 10 }, tools });
  assert.deepEqual([records.length, vendor.requests.length, tools.warnings], [10, 1, []]);
  await vendor.close();
});
