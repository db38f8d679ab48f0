import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { packer } from '../../src/core/batch.ts';
import { exit } from '../../src/core/problem.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { secops } from '../../src/sinks/secops.ts';
import { auditRecord, auditRecords } from '../support/records.ts';
import { problem } from '../support/problem.ts';
import { run, scratch } from '../support/program.ts';
import { sendAll } from '../support/send-all.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { makeSink, sinkTools, testNow } from '../support/sink-tools.ts';
import {
  fakeSecops,
  type FakeSecops,
  isSecopsData,
  secopsKey,
  secopsPlace,
  strangeKey,
} from '../support/sinks/secops.ts';

const servers: FakeSecops[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

function settingsOf(server: FakeSecops): SettingValues {
  return {
    SECOPS_URL: server.url,
    SECOPS_TOKEN_URL: `${server.url}/token`,
    SECOPS_PRIVATE_KEY: secopsKey,
    ...secopsPlace,
  };
}

async function start(more: SettingValues = {}) {
  const server = await fakeSecops();
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const sink = makeSink(secops, { ...settingsOf(server), ...more }, tools);
  const send = (records: readonly AuditRecord[]) => sendAll(sink, records, tools);
  return { server, sink, tools, send };
}

function textsIn(server: FakeSecops): string[] {
  return server.logs.map(({ data }) => Buffer.from(data, 'base64').toString());
}

sinkConformance('secops', async () => {
  const server = await fakeSecops();
  return {
    definition: secops,
    values: settingsOf(server),
    wrongKey: { SECOPS_PRIVATE_KEY: strangeKey },
    secrets: [secopsKey, strangeKey, 'token-of-the-account'],
    server,
    isData: isSecopsData,
    received: () => textsIn(server),
    refuse(id) {
      server.refuses = (text) => (JSON.parse(text) as { readonly id: string }).id === id;
    },
  };
});

test('a log holds the bytes of the record, the time that it tells, and when it was collected', async () => {
  const { server, send } = await start({ SECOPS_NAMESPACE: 'audit "x"' });
  const text = '{"n":\t9007199254740993123,"s":"\\u00e9 é \\\\"}';
  await send([auditRecord(text, '1', testNow - 1000, 120_000)]);
  assert.deepEqual(server.logs, [
    {
      data: Buffer.from(text).toString('base64'),
      logEntryTime: '2025-11-19T23:59:59.00012Z',
      collectionTime: '2025-11-20T00:00:00.000Z',
      environmentNamespace: 'audit "x"',
    },
  ]);
});

test('a log is collected after it was written, also where the record tells no time, or one to come', async () => {
  const { server, send } = await start();
  await send([auditRecord('{}', '1'), auditRecord('{}', '2', testNow + 5000)]);
  assert.deepEqual(
    server.logs.map(({ logEntryTime, collectionTime }) => [logEntryTime, collectionTime]),
    [
      ['2025-11-20T00:00:00.000Z', '2025-11-20T00:00:00.001Z'],
      ['2025-11-20T00:00:05.000Z', '2025-11-20T00:00:05.001Z'],
    ],
  );
});

test('requests are below the 4 MB that one takes, and not compressed', async () => {
  const { server, send } = await start();
  await send(Array.from({ length: 12 }, (_, at) => auditRecord(`{"x":"${'a'.repeat(500_000)}"}`, String(at))));
  const posts = server.requests.filter(isSecopsData);
  assert.equal(server.logs.length, 12);
  assert.ok(posts.length >= 3);
  for (const { bytes } of posts) assert.ok(bytes <= 3_950_000);
  for (const { headers } of posts) assert.equal(headers['content-encoding'], undefined, 'gzip is not documented');
});

test('a log of more than 1 MB is not sent', async () => {
  const { sink } = await start();
  assert.equal(packer(sink, '').add(auditRecord(`{"x":"${'a'.repeat(999_900)}"}`), 0), 'added');
  assert.equal(packer(sink, '').add(auditRecord(`{"x":"${'a'.repeat(1_001_000)}"}`), 0), 'tooLarge');
});

test('one token does for all requests, and one that was revoked is replaced', async () => {
  const { server, send } = await start();
  await send(auditRecords(3));
  await send(auditRecords(3));
  assert.equal(server.tokens(), 1);
  server.revoke();
  await send(auditRecords(2));
  assert.equal(server.tokens(), 2);
  assert.equal(server.logs.length, 8);
});

test('the assertion names the key where its ID is set', async () => {
  for (const [more, named] of [
    [{}, {}],
    [{ SECOPS_KEY_ID: 'key-7' }, { kid: 'key-7' }],
  ] as const) {
    const { server, send } = await start(more);
    await send(auditRecords(1));
    const { body } = server.requests.find(({ path }) => path === '/token') ?? assert.fail();
    const [head = ''] = (new URLSearchParams(body).get('assertion') ?? '').split('.');
    assert.deepEqual(JSON.parse(Buffer.from(head, 'base64url').toString()), { alg: 'RS256', typ: 'JWT', ...named });
  }
});

test('a new token that is refused is 77, and the hint names the account', async () => {
  const { server, send } = await start();
  const error = { code: 401, status: 'UNAUTHENTICATED', message: 'Invalid credentials.' };
  server.hook = (received) => (isSecopsData(received) ? { status: 401, body: { error } } : undefined);
  await assert.rejects(send(auditRecords(1)), problem(exit.noperm, /Invalid credentials/, /SECOPS_ACCOUNT/));
});

test('a key for which no token is granted is 77, and the hint names what it was asked for with', async () => {
  const { send } = await start({ SECOPS_PRIVATE_KEY: strangeKey });
  const hint = /^check SECOPS_ACCOUNT, SECOPS_KEY_ID, SECOPS_PRIVATE_KEY and SECOPS_TOKEN_URL, /;
  await assert.rejects(send(auditRecords(1)), problem(exit.noperm, /Invalid JWT Signature/, hint));
});

test('an account without the permission is 77, and the hint names it', async () => {
  const { server, send } = await start();
  const error = { code: 403, status: 'PERMISSION_DENIED', message: 'Permission denied on resource' };
  server.hook = (received) => (isSecopsData(received) ? { status: 403, body: { error } } : undefined);
  await assert.rejects(send(auditRecords(1)), problem(exit.noperm, /Permission denied/, /chronicle\.logs\.import/));
});

test('an empty answer with success is not from the API, which answers with an object: 76, and no log counts as taken', async () => {
  const { server, sink, send } = await start();
  server.hook = ({ path }) => (path.endsWith('logs:import') ? { status: 200, body: '' } : undefined);
  const empty = problem(exit.protocol, /did not answer as the Chronicle API/, /SECOPS_URL/);
  await assert.rejects(send(auditRecords(1)), empty);
  await assert.rejects(async () => sink.probe?.(), empty);
});

test('a page, or an error with success, in place of the API is 76: no log counts as taken or is set aside', async () => {
  for (const answer of [
    { status: 200, body: '<html>welcome' },
    { status: 400, body: '<html>welcome' },
    { status: 200, body: { error: { code: 400, message: 'no' } } },
  ]) {
    const { server, sink, send } = await start();
    server.hook = (received) => (received.path.endsWith('logs:import') ? answer : undefined);
    const expected = problem(exit.protocol, /did not answer as the Chronicle API/, /SECOPS_URL/);
    await assert.rejects(send(auditRecords(2)), expected);
    await assert.rejects(async () => sink.probe?.(), expected);
  }
});

test('a key that is none is 78, before any request', async () => {
  await assert.rejects(
    start({ SECOPS_PRIVATE_KEY: 'none' }),
    problem(exit.config, /SECOPS_PRIVATE_KEY/, /SECOPS_PRIVATE_KEY_FILE/),
  );
});

test('a setting that would lead to another address is 78', async () => {
  for (const [setting, value] of [
    ['SECOPS_PROJECT', 'projects/x'],
    ['SECOPS_INSTANCE', '..'],
    ['SECOPS_LOG_TYPE', 'OKTA?x'],
    ['SECOPS_REGION', 'example.com/'],
  ] as const) {
    await assert.rejects(start({ [setting]: value }), problem(exit.config, new RegExp(setting), new RegExp(setting)));
  }
});

test('the address is that of the region, unless it is said', async () => {
  const values = { SECOPS_PRIVATE_KEY: secopsKey, ...secopsPlace };
  const { scope } = makeSink(secops, values, sinkTools({ http: openSinkHttp }));
  assert.match(
    scope,
    /^https:\/\/chronicle\.eu\.rep\.googleapis\.com\/v1beta\/projects\/audit-project\/locations\/eu\//,
  );
});

test('a refusal of a single log says what it may be about instead: the log type, the namespace, the instance', async () => {
  const { server, send } = await start();
  const error = { code: 400, status: 'INVALID_ARGUMENT', message: 'unknown log type' };
  server.hook = (received) => (isSecopsData(received) ? { status: 400, body: { error } } : undefined);
  const { refused } = await send(auditRecords(1));
  assert.match(JSON.stringify(refused), /unknown log type/);
  assert.match(JSON.stringify(refused), /"SECOPS_LOG_TYPE","SECOPS_NAMESPACE","SECOPS_INSTANCE"/);
});

test('a probe says what the API said of no logs at all, and 78 where it has no such instance', async () => {
  const { server, sink } = await start();
  assert.match((await sink.probe?.()) ?? '', /takes the token/);
  const error = { code: 400, status: 'INVALID_ARGUMENT', message: 'no logs' };
  server.hook = ({ path }) => (path.endsWith('logs:import') ? { status: 400, body: { error } } : undefined);
  assert.match((await sink.probe?.()) ?? '', /first delivery.*no logs/);
  const other = await start({ SECOPS_INSTANCE: 'another' });
  await assert.rejects(async () => other.sink.probe?.(), problem(exit.config, /no address/, /SECOPS_INSTANCE/));
});

const places = /logs\.import, and SECOPS_PROJECT, SECOPS_REGION, SECOPS_INSTANCE and SECOPS_LOG_TYPE/;

test('a probe that the API did not answer well has shown nothing, whether or not the answer says why', async () => {
  for (const [status, expected] of [
    [503, problem(exit.unavailable, /HTTP 503/)],
    [401, problem(exit.noperm, /HTTP 401/, /SECOPS_ACCOUNT/)],
    [403, problem(exit.noperm, /HTTP 403/, places)],
  ] as const) {
    for (const body of ['', {}, { error: { code: status, message: 'no' } }]) {
      const { server, sink } = await start();
      server.hook = ({ path }) => (path.endsWith('logs:import') ? { status, body } : undefined);
      await assert.rejects(async () => sink.probe?.(), expected, String(status));
    }
  }
});

test('the program delivers the sample there once, says nothing, and tells neither key nor token when asked to say more', async (t) => {
  const { server } = await start();
  const directory = scratch(t);
  const { SECOPS_PRIVATE_KEY: key = '', ...others } = settingsOf(server);
  const file = join(directory, 'key.pem');
  writeFileSync(file, key, { mode: 0o600 });
  const given = Object.entries({ ...others, SECOPS_PRIVATE_KEY_FILE: file });
  const environment = Object.fromEntries(given.map(([name, value]) => [name, value ?? '']));
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'secops', '--state-dir', join(directory, 'state')];
  const { status, stdout, stderr } = await run(argv, { environment });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
  const more = await run([...argv, '-vv', '--log-format', 'json'], { environment });
  assert.deepEqual([more.status, more.stdout], [0, '']);
  assert.match(more.stderr, /got a token/);
  assert.doesNotMatch(more.stderr, /BEGIN PRIVATE KEY|token-of-the-account/);
  const ids = textsIn(server).map((text) => (JSON.parse(text) as { readonly id: string }).id);
  assert.ok(ids.length > 2);
  assert.equal(new Set(ids).size, ids.length);
});

test('where the region leads to the address, it is named when something else answers there', async () => {
  const server = await fakeSecops();
  servers.push(server);
  const http = openSinkHttp(server.url);
  const atRegion: typeof http = {
    ...http,
    send: (request) =>
      http.send({ ...request, url: request.url.replace('https://chronicle.eu.rep.googleapis.com', server.url) }),
  };
  const { SECOPS_URL: _, ...values } = settingsOf(server);
  const sink = makeSink(secops, values, sinkTools({ http: () => atRegion }));
  server.hook = ({ path }) => (path.endsWith('logs:import') ? { status: 200, body: '<html>' } : undefined);
  await assert.rejects(async () => sink.probe?.(), {
    status: exit.protocol,
    hint: 'check SECOPS_REGION: a proxy or another service may be answering there',
  });
  await sink.close();
});
