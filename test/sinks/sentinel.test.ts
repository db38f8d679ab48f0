import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { packer } from '../../src/core/batch.ts';
import { exit } from '../../src/core/problem.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { sentinel } from '../../src/sinks/sentinel.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';
import { problem } from '../support/problem.ts';
import { run, scratch } from '../support/program.ts';
import { sendAll } from '../support/send-all.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { makeSink, sinkTools, testNow } from '../support/sink-tools.ts';
import { fakeSentinel, type FakeSentinel, sentinelPlace } from '../support/sinks/sentinel.ts';
import type { Received } from '../support/sinks/server.ts';

const servers: FakeSentinel[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

function settingsOf(server: FakeSentinel): SettingValues {
  return {
    SENTINEL_URL: server.url,
    SENTINEL_LOGIN_URL: server.url,
    SENTINEL_CLIENT_SECRET: 'a-long-secret',
    ...sentinelPlace,
  };
}

async function start(more: SettingValues = {}) {
  const server = await fakeSentinel();
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const sink = makeSink(sentinel, { ...settingsOf(server), ...more }, tools);
  const send = (records: readonly AuditRecord[]) => sendAll(sink, records, tools);
  return { server, sink, tools, send };
}

function isData({ path }: Received): boolean {
  return path.includes('/streams/');
}

sinkConformance('sentinel', async () => {
  const server = await fakeSentinel();
  return {
    definition: sentinel,
    values: settingsOf(server),
    wrongKey: { SENTINEL_CLIENT_SECRET: 'wrong-secret' },
    secrets: ['a-long-secret', 'wrong-secret', 'token-of-the-application'],
    server,
    isData,
    received: () => server.rows.map(({ RawData }) => RawData),
    refuse(id) {
      server.refuses = (row) => row.RecordId === id;
    },
  };
});

test('a row holds the text of the record, its time, its ID and its source, whatever the vendor calls its members', async () => {
  const { server, send } = await start();
  const record = auditRecord(
    '{"n":\t9007199254740993123,"TimeGenerated":"x","s":"\\u00e9 é \\\\"}',
    '"r\\"1"',
    testNow,
    120_000,
  );
  await send([record]);
  assert.deepEqual(server.rows, [
    {
      TimeGenerated: '2025-11-20T00:00:00.00012Z',
      RecordSource: 'acme',
      RecordId: 'r"1',
      RawData: textOf(record),
    },
  ]);
});

test('a record without a time of its own has that of its delivery: a table has no row without one', async () => {
  const { server, send } = await start();
  await send([auditRecord('{}', '7')]);
  assert.equal(server.rows[0]?.TimeGenerated, new Date(testNow).toISOString());
});

test('requests are compressed, and before that below the 1 MB that a call takes', async () => {
  const { server, send } = await start();
  await send(Array.from({ length: 60 }, (_, at) => auditRecord(`{"x":"${'a'.repeat(50_000)}"}`, String(at))));
  const posts = server.requests.filter(isData);
  assert.equal(server.rows.length, 60);
  assert.ok(posts.length >= 4);
  for (const { bytes, headers } of posts) {
    assert.ok(bytes < 1_000_000);
    assert.equal(headers['content-encoding'], 'gzip');
  }
});

test('a record longer than a column would be cut off in silence: it is set aside, and its neighbours arrive', async () => {
  const { server, send } = await start();
  const fits = `{"x":"${'\\"'.repeat(31_900)}"}`;
  const long = `{"x":"${'a'.repeat(64_000)}"}`;
  const { kept, refused } = await send([auditRecord(fits, '1'), auditRecord(long, '2'), auditRecord('{}', '3')]);
  assert.deepEqual([kept.length, refused.map(({ entry }) => entry)], [2, [1]]);
  assert.match(refused[0]?.reason ?? '', /64000 bytes/);
  assert.deepEqual(
    server.rows.map(({ RawData }) => RawData),
    [fits, '{}'],
  );
  const { sink } = await start();
  assert.equal(packer(sink, '').add(auditRecord(`{"x":"${'a'.repeat(200_000)}"}`), 0), 'tooLarge');
});

test('one token does for all requests, and one that was revoked is replaced', async () => {
  const { server, send } = await start();
  await send(auditRecords(3));
  await send(auditRecords(3));
  assert.equal(server.tokens(), 1);
  server.revoke();
  await send(auditRecords(2));
  assert.equal(server.tokens(), 2);
  assert.equal(server.rows.length, 8);
});

test('a token that is refused even when it is new is 77, and speaks of the cloud', async () => {
  const { server, send } = await start();
  server.hook = (received) => (isData(received) ? { status: 401, body: '' } : undefined);
  await assert.rejects(send(auditRecords(1)), problem(exit.noperm, /refused/, /SENTINEL_SCOPE/));
  assert.equal(server.tokens(), 2);
});

test('an application without the role is 77, and the hint names it', async () => {
  const { server, send } = await start();
  server.hook = (received) =>
    isData(received)
      ? { status: 403, body: { error: { code: 'OperationFailed', message: 'no access to the DCR' } } }
      : undefined;
  await assert.rejects(
    send(auditRecords(1)),
    problem(exit.noperm, /no access to the DCR/, /Monitoring Metrics Publisher/),
  );
});

test('a stream that the rule does not have is 78 at once, and sets nothing aside', async () => {
  const { server, send } = await start();
  server.hook = (received) =>
    isData(received)
      ? { status: 400, body: { error: { code: 'InvalidStream', message: 'no such stream' } } }
      : undefined;
  await assert.rejects(send(auditRecords(8)), problem(exit.config, /no such stream/, /SENTINEL_STREAM/));
  assert.equal(server.requests.filter(isData).length, 1);
});

for (const status of [200, 400]) {
  test(`a page with status ${status} in place of the API, though the login is right, is 76: no row is taken for delivered or set aside`, async () => {
    const { server, send, sink } = await start();
    server.hook = (received) => (isData(received) ? { status, body: '<html>welcome' } : undefined);
    const expected = problem(exit.protocol, /did not answer as the Logs Ingestion API/, /SENTINEL_URL/);
    await assert.rejects(send(auditRecords(2)), expected);
    await assert.rejects(async () => sink.probe?.(), expected);
    assert.equal(server.rows.length, 0);
  });
}

test('where every row is refused, rule and stream may be to blame: 78, and nothing is set aside', async (t) => {
  const { server } = await start();
  server.refuses = () => true;
  const state = scratch(t);
  const given = Object.entries(settingsOf(server));
  const environment = Object.fromEntries(given.map(([name, value]) => [name, value ?? '']));
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'sentinel', '--state-dir', state];
  const { status, stderr } = await run(argv, { environment });
  assert.equal(status, 78, stderr);
  assert.match(
    stderr,
    /a row is malformed; it took no other record in this run\nhint: check SENTINEL_RULE and SENTINEL_STREAM/,
  );
  assert.deepEqual(
    readdirSync(state).filter((file) => file.includes('quarantine')),
    [],
  );
});

test('tokens come from the same place with a slash at its end', async () => {
  const { server } = await start();
  const { send } = await start({ SENTINEL_LOGIN_URL: `${server.url}/`, SENTINEL_URL: `${server.url}/` });
  await send(auditRecords(1));
  assert.equal(server.rows.length, 1);
});

test('a rule that is named otherwise than by its immutable ID is 78, before any request', async () => {
  const path = '/subscriptions/x/resourceGroups/y/providers/Microsoft.Insights/dataCollectionRules/z';
  for (const rule of [path, 'dcr-1/../dcr-2', 'dcr-1?x']) {
    await assert.rejects(start({ SENTINEL_RULE: rule }), problem(exit.config, /SENTINEL_RULE/, /dcr-/));
  }
});

test('an address that was pasted with its path means the same', async () => {
  const { server } = await start();
  const tools = sinkTools({ http: openSinkHttp });
  const url = `${server.url}/dataCollectionRules/dcr-1/streams/Custom-X?api-version=2023-01-01`;
  const sink = makeSink(sentinel, { ...settingsOf(server), SENTINEL_URL: url }, tools);
  await sendAll(sink, auditRecords(1), tools);
  assert.equal(server.rows.length, 1);
});

test('the version of the API is a setting', async () => {
  const { server, send } = await start({ SENTINEL_API_VERSION: '2024-01-01' });
  const asked: (string | null)[] = [];
  server.hook = (received) => {
    if (isData(received)) asked.push(received.query.get('api-version'));
    return isData(received) ? { status: 204, body: '' } : undefined;
  };
  await send(auditRecords(1));
  assert.deepEqual(asked, ['2024-01-01']);
});

test('a probe says what the API said of no rows at all, and 78 where it has no such rule', async () => {
  const { server, sink } = await start();
  assert.match((await sink.probe?.()) ?? '', /takes the token/);
  server.hook = (received) =>
    isData(received)
      ? { status: 400, body: { error: { code: 'InvalidRequest', message: 'nothing in it' } } }
      : undefined;
  assert.match((await sink.probe?.()) ?? '', /first delivery.*nothing in it/);
  server.hook = undefined;
  const other = await start({ SENTINEL_RULE: 'dcr-1' });
  await assert.rejects(async () => other.sink.probe?.(), problem(exit.config, /no address/, /SENTINEL_RULE/));
});

test('a probe that the API did not answer well has shown nothing, whether or not the answer says why', async () => {
  for (const [status, body, expected] of [
    [503, '', problem(exit.unavailable, /HTTP 503/)],
    [401, '', problem(exit.noperm, /HTTP 401/, /SENTINEL_SCOPE/)],
    [403, '', problem(exit.noperm, /HTTP 403/, /Monitoring Metrics Publisher/)],
    [
      400,
      { error: { code: 'InvalidStream', message: 'no such stream' } },
      problem(exit.config, /no such stream/, /STREAM/),
    ],
  ] as const) {
    const { server, sink } = await start();
    server.hook = (received) => (isData(received) ? { status, body } : undefined);
    await assert.rejects(async () => sink.probe?.(), expected, String(status));
  }
});

test('the program delivers the sample there once, says nothing, and tells neither secret nor token when asked to say more', async (t) => {
  const { server } = await start();
  const given = Object.entries(settingsOf(server));
  const environment = Object.fromEntries(given.map(([name, value]) => [name, value ?? '']));
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'sentinel', '--state-dir', scratch(t)];
  const { status, stdout, stderr } = await run(argv, { environment });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
  const more = await run([...argv, '-vv', '--log-format', 'json'], { environment });
  assert.deepEqual([more.status, more.stdout], [0, '']);
  assert.match(more.stderr, /got a token/);
  assert.doesNotMatch(more.stderr, /a-long-secret|token-of-the-application/);
  const ids = server.rows.map(({ RecordId }) => RecordId);
  assert.ok(ids.length > 2);
  assert.equal(new Set(ids).size, ids.length);
  for (const { RawData, RecordId } of server.rows) assert.equal((JSON.parse(RawData) as { id: string }).id, RecordId);
});
