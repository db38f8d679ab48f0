import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hintText } from '../../src/core/hint.ts';
import { packer } from '../../src/core/batch.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { webhook } from '../../src/sinks/webhook.ts';
import { problem } from '../support/problem.ts';
import { run, scratch } from '../support/program.ts';
import { rawServerFor, reply, silence } from '../support/raw-server.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';
import { deliverTo } from '../support/send-all.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { makeSink, sinkTools, testNow } from '../support/sink-tools.ts';
import { fakeWebhook, type FakeWebhook, type WebhookOptions } from '../support/sinks/webhook.ts';
import { sendJson, serve } from '../support/vendors/server.ts';

const servers: FakeWebhook[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

const keyBytes = Buffer.from('0123456789abcdef0123456789abcdef');
const whsec = `whsec_${keyBytes.toString('base64')}`;

async function start(more: SettingValues = {}, options: WebhookOptions = {}) {
  const server = await fakeWebhook(options);
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const sink = makeSink(webhook, { WEBHOOK_URL: `${server.url}/hook`, ...more }, tools);
  const send = async (records: readonly AuditRecord[]) => {
    const packing = packer(sink, '');
    for (const [entry, record] of records.entries()) assert.equal(packing.add(record, entry), 'added');
    const packed = packing.take();
    assert.ok(packed);
    return deliverTo(sink, packed, tools);
  };
  return { server, sink, tools, send };
}

for (const format of ['lines', 'array']) {
  sinkConformance(`webhook ${format}`, async () => {
    const server = await fakeWebhook({ authorization: 'Bearer a-long-key' });
    return {
      definition: webhook,
      values: {
        WEBHOOK_URL: `${server.url}/hook`,
        WEBHOOK_HEADERS: 'Authorization: Bearer a-long-key',
        WEBHOOK_SECRET: 'a-signing-key',
        WEBHOOK_FORMAT: format,
      },
      wrongKey: { WEBHOOK_HEADERS: 'Authorization: Bearer wrong-secret' },
      secrets: ['a-long-key', 'wrong-secret', 'a-signing-key'],
      server,
      isData: ({ method }) => method === 'POST',
      received: () => server.records,
      refuse(id) {
        server.refuses = (record) => record.includes(`"id":"${id}"`);
      },
    };
  });
}

test('a receiver can check the signature, with either key while it is exchanged', async () => {
  for (const secret of [whsec, `another-key ${whsec}`, `${whsec}  whsec_AAAA`]) {
    const { server, send } = await start({ WEBHOOK_SECRET: secret }, { key: keyBytes, now: () => testNow });
    await send(auditRecords(3));
    assert.equal(server.records.length, 3);
  }
  const { send } = await start({ WEBHOOK_SECRET: 'another-key' }, { key: keyBytes, now: () => testNow });
  await assert.rejects(send(auditRecords(1)), { status: exit.noperm });
  const plain = await start({ WEBHOOK_SECRET: 'a plain' }, { key: Buffer.from('plain'), now: () => testNow });
  await plain.send(auditRecords(1));
});

test('where clocks differ, a signature that is refused says so: it tells the time, and receivers take five minutes of it', async () => {
  for (const [status, secret, said] of [
    [401, whsec, true],
    [403, whsec, true],
    [401, '', false],
    [400, whsec, true],
    [422, whsec, true],
    [400, '', false],
  ] as const) {
    const { server, send } = await start({ WEBHOOK_SECRET: secret });
    server.hook = () => ({ status, headers: { date: new Date(testNow + 3_600_000).toUTCString() }, body: '' });
    const told = await send(auditRecords(2)).then(
      ({ refused }) => hintText(refused[0]?.doubt),
      ({ hint }: Problem) => hint,
    );
    assert.equal(told?.includes('the clock of this machine is 3600 s behind'), said, `${status}: ${told}`);
    assert.equal(told?.includes('WEBHOOK_SECRET'), true);
  }
});

test('the signature is that of the text before compression', async () => {
  const { server, send } = await start(
    { WEBHOOK_SECRET: whsec, WEBHOOK_GZIP: 'true' },
    { key: keyBytes, now: () => testNow },
  );
  await send(auditRecords(100));
  assert.equal(server.requests[0]?.headers['content-encoding'], 'gzip');
  assert.equal(server.records.length, 100);
  const plain = await start();
  await plain.send(auditRecords(100));
  assert.equal(plain.server.requests[0]?.headers['content-encoding'], undefined);
});

test('a receiver that takes no gzip is sent the same records as they are, and from then on all others', async () => {
  const { server, send } = await start({ WEBHOOK_GZIP: 'true' });
  server.hook = ({ headers }) => (headers['content-encoding'] === 'gzip' ? { status: 415, body: '' } : undefined);
  await send(auditRecords(100));
  await send(auditRecords(90));
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['content-encoding']),
    ['gzip', undefined, undefined],
  );
  assert.equal(server.records.length, 190);
});

test('a repeat has the same message ID and a new time, so that a receiver drops it', async () => {
  const { server, send, tools } = await start({ WEBHOOK_SECRET: whsec }, { key: keyBytes, now: () => tools.now() });
  server.hook = (_request, number) =>
    number === 1 ? 'late' : number === 2 ? { status: 429, headers: { 'retry-after': '600' } } : undefined;
  await send(auditRecords(3));
  assert.deepEqual(server.records, auditRecords(3).map(textOf));
  const [first, second, third] = server.requests.map(({ headers }) => headers);
  assert.equal(first?.['webhook-id'], third?.['webhook-id']);
  assert.match(String(first?.['webhook-id']), /^msg_[0-9a-f]{40}$/);
  assert.equal(second?.['webhook-signature'] === third?.['webhook-signature'], false);
  assert.equal(Number(third?.['webhook-timestamp']) - Number(second?.['webhook-timestamp']), 600);
});

test('other records, another order or other content is another message', async () => {
  const { server, send } = await start();
  const [a, b] = auditRecords(2);
  assert.ok(a && b);
  await send([a, b]);
  await send([b, a]);
  await send([a]);
  await send([auditRecord('{"id":"r0","n":1}', '"r0"')]);
  await send([auditRecord(textOf(a), 'sha256:1#2')]);
  assert.equal(new Set(server.requests.map(({ headers }) => headers['webhook-id'])).size, 5);
});

test('records of two branches that are equal in every byte are two messages: a receiver that drops repeats drops neither', async (t) => {
  const line = `{"what":"nightly backup done","at":"${new Date(Date.now() - 60_000).toISOString()}"}`;
  const vendor = await serve({}, (_, response) => sendJson(response, 200, `[${line}]`));
  t.after(() => vendor.close());
  const server = await fakeWebhook();
  servers.push(server);
  const directory = scratch(t);
  writeFileSync(
    join(directory, 'twice.yaml'),
    `{name: twice, summary: Twice., settings: {TWICE_URL: {summary: Address., kind: url}}, url: '{TWICE_URL}', auth: {type: none},
      branches: {values: [berlin, madrid]}, request: {path: '/{branch}/events', query: {from: '{from}', until: '{until}'}},
      paging: {type: none}, window: {filter: event, time: iso-ms}, records: {id: {content: true}, time: {path: at, format: iso}}}`,
  );
  const { status, stderr } = await run(['--source', 'twice.yaml', '--sink', 'webhook', '--state-dir', 'state'], {
    directory,
    environment: { TWICE_URL: vendor.origin, WEBHOOK_URL: `${server.url}/hook` },
  });
  assert.deepEqual([status, stderr, server.records], [0, '', [line, line]]);
});

test('a delivery says that it is JSON Lines, or one JSON array', async () => {
  for (const [format, type] of [
    ['lines', 'application/x-ndjson'],
    ['array', 'application/json'],
  ] as const) {
    const { server, send } = await start({ WEBHOOK_FORMAT: format });
    server.hook = () => ({ status: 204 });
    await send(auditRecords(1));
    assert.equal(server.requests[0]?.headers['content-type'], type);
  }
});

test('own headers are sent, and can name another content type', async () => {
  const { server, send } = await start({
    WEBHOOK_HEADERS: 'X-Tenant: 7;Accept: text/plain; q=0.5\nContent-Type: application/jsonl ; X-Empty:',
  });
  server.hook = () => ({ status: 204 });
  await send(auditRecords(1));
  const headers = server.requests[0]?.headers ?? {};
  assert.deepEqual(
    ['x-tenant', 'accept', 'content-type', 'x-empty'].map((name) => headers[name]),
    ['7', 'text/plain; q=0.5', 'application/jsonl', ''],
  );
});

test('settings that cannot be used are 78 before anything is sent, and their values are not shown', async () => {
  for (const more of [
    { WEBHOOK_HEADERS: 'hidden-value' },
    { WEBHOOK_HEADERS: 'Host: hidden-value' },
    { WEBHOOK_HEADERS: 'webhook-id: hidden-value' },
    { WEBHOOK_HEADERS: 'X-A: hidden-value; x-a: 7' }, // one of the two would be left out
    { WEBHOOK_HEADERS: 'X-A: hidden-value\u2019' },
    { WEBHOOK_SECRET: 'whsec_hidden-value!' },
    { WEBHOOK_SECRET: 'whsec_' }, // nothing would be proven by a key without a byte
    { WEBHOOK_SUCCESS: '2xx' },
    { WEBHOOK_SUCCESS: '200-399' },
    { WEBHOOK_BATCH: '0' },
    { WEBHOOK_BATCH: '1.5' },
    { WEBHOOK_BATCH: '100001' },
  ] as SettingValues[]) {
    await assert.rejects(start(more), (error) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.status, exit.config);
      assert.ok(!`${error.message} ${error.hint}`.includes('hidden-value'), error.message);
      return true;
    });
  }
});

test('every status has its meaning', async () => {
  const expected: Readonly<Record<number, number>> = {
    301: exit.protocol,
    302: exit.protocol,
    304: exit.protocol,
    307: exit.protocol,
    308: exit.protocol,
    401: exit.noperm,
    403: exit.noperm,
    404: exit.config,
    405: exit.config,
    406: exit.config,
    407: exit.config,
    408: exit.unavailable,
    410: exit.config,
    411: exit.config,
    414: exit.config,
    415: exit.config,
    417: exit.config,
    421: exit.config,
    425: exit.unavailable,
    426: exit.config,
    429: exit.tempfail,
    431: exit.config,
    500: exit.unavailable,
    501: exit.protocol,
    502: exit.unavailable,
    503: exit.unavailable,
    504: exit.unavailable,
  };
  const transient = [408, 425, 429, 500, 502, 503, 504];
  for (const [status, code] of Object.entries(expected)) {
    const { server, send } = await start();
    server.hook = () => ({ status: Number(status), headers: { location: '/hook' }, body: '' });
    await assert.rejects(send(auditRecords(2)), { status: code }, status);
    assert.equal(server.requests.length, transient.includes(Number(status)) ? 5 : 1, status);
  }
  for (const [status, hint] of [
    [401, /^check WEBHOOK_HEADERS and WEBHOOK_SECRET$/],
    [403, /^check WEBHOOK_HEADERS and WEBHOOK_SECRET$/],
    [404, /^check WEBHOOK_URL and WEBHOOK_FORMAT$/],
    [415, /^check WEBHOOK_URL and WEBHOOK_FORMAT$/],
    [410, /^check WEBHOOK_URL$/],
  ] as const) {
    const { server, send } = await start();
    server.hook = () => ({ status, body: '' });
    await assert.rejects(send(auditRecords(1)), problem(expected[status] ?? 0, /./, hint));
  }
  for (const status of [400, 409, 422, 451]) {
    const { server, send } = await start();
    server.hook = () => ({ status, body: '' });
    assert.deepEqual(
      (await send(auditRecords(2))).refused.map(({ doubt }) => hintText(doubt)),
      Array(2).fill('check WEBHOOK_URL, WEBHOOK_HEADERS, WEBHOOK_SECRET and WEBHOOK_FORMAT'),
      String(status),
    );
  }
});

test('WEBHOOK_SUCCESS alone decides what is success', async () => {
  const { server, sink, send } = await start({ WEBHOOK_SUCCESS: '200, 202-204,409-429,503' });
  for (const status of [200, 202, 203, 409, 410, 413, 415, 429, 503]) {
    server.hook = () => ({ status, body: '<html>thank you' });
    assert.deepEqual((await send(auditRecords(100))).kept.length, 100, String(status));
    await sink.probe?.();
  }
  server.hook = () => ({ status: 201, body: '' });
  await assert.rejects(send(auditRecords(1)), { status: exit.protocol, hint: /WEBHOOK_SUCCESS/ });
});

test('a status of WEBHOOK_SUCCESS that comes before the records have left is success once they have', async (t) => {
  const server = await rawServerFor(t, silence, {
    onConnection(socket) {
      socket.once('data', () => socket.pause().write(reply(409), () => socket.resetAndDestroy()));
      return true;
    },
  });
  const tools = sinkTools({ http: openSinkHttp });
  const sink = makeSink(webhook, { WEBHOOK_URL: server.url, WEBHOOK_SUCCESS: '409' }, tools);
  t.after(() => sink.close());
  const packing = packer(sink, '');
  packing.add(auditRecord(JSON.stringify({ id: 'a', text: 'x'.repeat(64 * 1024 * 1024) })), 0);
  const packed = packing.take();
  assert.ok(packed);
  await assert.rejects(sink.send(packed.batch), problem(exit.unavailable, /broke the connection/));
});

test('what the receiver says about a bad record is the reason, fit for a terminal', async () => {
  const { server, send } = await start();
  server.refuses = () => true;
  const { refused } = await send(auditRecords(1));
  assert.equal(refused[0]?.reason, String.raw`the receiver refused it (HTTP 422): a record is\u0007 bad`);
});

test('a request has as many records as WEBHOOK_BATCH says', async () => {
  for (const records of [1, 20, 100_000]) {
    assert.equal((await start({ WEBHOOK_BATCH: String(records) })).sink.limits().records, records);
  }
  assert.equal((await start()).sink.limits().records, 500);
});

test('the program delivers the sample there once, with headers from a file, and shows no path that is a token', async (t) => {
  const directory = scratch(t);
  const path = '/T0123/abcdefghijklmnopqrstuvwxyz';
  const server = await fakeWebhook({ path, authorization: 'Bearer a-long-key', key: keyBytes, now: () => Date.now() });
  servers.push(server);
  const headers = join(directory, 'headers');
  writeFileSync(headers, 'Authorization: Bearer a-long-key\nX-Tenant: 7\n', { mode: 0o600 });
  const environment = {
    WEBHOOK_URL: `${server.url}${path}`,
    WEBHOOK_HEADERS_FILE: headers,
    WEBHOOK_SECRET: whsec,
    WEBHOOK_FORMAT: 'array',
    WEBHOOK_BATCH: '7',
  };
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'webhook', '--state-dir', join(directory, 's')];
  for (let time = 0; time < 2; time++) {
    const { status, stdout, stderr } = await run(argv, { environment });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  }
  const ids = server.records.map((text) => (JSON.parse(text) as { id: string }).id);
  assert.ok(ids.length > 7);
  assert.equal(new Set(ids).size, ids.length);
  server.hook = () => ({ status: 404, body: '' });
  const refused = await run([...argv, '--job', 'other', '-vv'], { environment });
  assert.equal(refused.status, exit.config);
  assert.match(refused.stderr, /"path":"\[redacted\]"/); // the trace of a request
  assert.doesNotMatch(refused.stderr, /T0123|abcdefghijklmnop/);
});

test('a probe asks with OPTIONS and without the key, and whatever the receiver says to that, it is there', async () => {
  const { server, sink } = await start({ WEBHOOK_HEADERS: 'Authorization: Bearer a-long-key' });
  assert.equal(
    await sink.probe?.(),
    'it answers (HTTP 204 to OPTIONS); address and key are proven by the first delivery',
  );
  for (const status of [401, 404, 405, 501]) {
    server.hook = () => ({ status });
    assert.match((await sink.probe?.()) ?? '', new RegExp(`HTTP ${status} to OPTIONS`));
  }
  for (const { method, headers } of server.requests)
    assert.deepEqual([method, headers.authorization], ['OPTIONS', undefined]);
});

test('a probe fails where the receiver is gone, moved, or behind a proxy that does not reach it', async () => {
  const { server, sink } = await start();
  for (const [answer, status] of [
    [{ status: 410 }, exit.config],
    [{ status: 302, headers: { location: 'http://elsewhere.example/' } }, exit.protocol],
    [{ status: 502 }, exit.unavailable],
    [{ status: 503 }, exit.unavailable],
    [{ status: 504 }, exit.unavailable],
  ] as const) {
    server.hook = () => answer;
    await assert.rejects(async () => sink.probe?.(), { status });
  }
});

test('a reply that says it is HTML and begins with < is a web page; a few words are the receiver’s', async () => {
  for (const type of ['text/html', 'Text/HTML; charset=utf-8', 'application/xhtml+xml']) {
    for (const body of [
      '<!-- login --><!DOCTYPE html><html>',
      '<?xml version="1.0"?>\n<!DOCTYPE html>',
      '\ufeff\n <head><title>Welcome</title>',
      '<script>location = "/login"</script>',
    ]) {
      const { server, send } = await start();
      server.hook = () => ({ status: 200, headers: { 'content-type': type }, body });
      await assert.rejects(send(auditRecords(2)), { status: exit.protocol, hint: /WEBHOOK_SUCCESS=200/ }, body);
    }
  }
  for (const [type, body] of [
    ['text/html', 'ok'],
    ['text/html', ''],
    ['application/xml', '<?xml version="1.0"?><taken/>'],
    ['text/plain', '<3>'],
  ]) {
    const { server, send } = await start();
    server.hook = () => ({ status: 200, headers: { 'content-type': String(type) }, body });
    assert.deepEqual((await send(auditRecords(2))).kept, [0, 1], body);
  }
});

test('of its address, messages show where the receiver is, and never path or query', async (t) => {
  const server = await fakeWebhook();
  servers.push(server);
  server.hook = () => ({ status: 404, body: '' });
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'webhook', '--state-dir', scratch(t)];
  for (const rest of ['', '/', '/T0123/abcdefghijklmnopqrstuvwxyz', '/hook?key=abcdefghijklmnopqrstuvwxyz']) {
    const { status, stderr } = await run(argv, { environment: { WEBHOOK_URL: server.url + rest } });
    assert.equal(status, exit.config);
    const [first] = stderr.split('\n');
    assert.ok(first?.includes(`webhook at ${server.url} `), stderr);
    assert.doesNotMatch(stderr, /abcdefgh/);
    const seen = await run(['check', ...argv], { environment: { WEBHOOK_URL: server.url + rest } });
    assert.ok(seen.stdout.includes(`sink webhook: ${server.url}: it answers`), seen.stdout);
    assert.doesNotMatch(seen.stdout + seen.stderr, /abcdefgh/);
  }
});

test('what is refused in doubt where nothing is taken is not set aside: 78', async (t) => {
  const directory = scratch(t);
  const server = await fakeWebhook();
  servers.push(server);
  server.hook = () => ({ status: 422, body: '' });
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'webhook', '--state-dir', directory];
  const { status, stderr } = await run(argv, { environment: { WEBHOOK_URL: server.url } });
  assert.equal(status, exit.config, stderr);
  assert.ok(!readdirSync(directory).some((name) => name.includes('quarantine')));
});

test('with --job, another path or query of the same receiver is a warning, and another receiver is refused', async (t) => {
  const directory = scratch(t);
  const [server, other] = [await fakeWebhook(), await fakeWebhook()];
  servers.push(server, other);
  const pull = (url: string, more: readonly string[] = ['--job', 'one']) =>
    run(['--source', 'sample', '--first-run', '2h', '--sink', 'webhook', '--state-dir', directory, ...more], {
      environment: { WEBHOOK_URL: url },
    });
  for (const token of ['first-token', 'second-token']) {
    for (const said of token === 'first-token' ? [''] : ['WEBHOOK_URL is not the one that this job used last', '']) {
      const { status, stderr } = await pull(`${server.url}/hook?key=${token}`);
      assert.equal(status, 0, stderr);
      assert.ok(said === '' ? stderr === '' : stderr.includes(said), stderr);
    }
  }
  const ids = server.records.map((text) => (JSON.parse(text) as { id: string }).id);
  assert.equal(new Set(ids).size, ids.length, 'it went on where it was');
  const elsewhere = await pull(`${other.url}/hook?key=second-token`);
  assert.equal(elsewhere.status, exit.config);
  assert.match(elsewhere.stderr, /belongs to another sink: webhook \S+, not webhook \S+\nhint: /);
  for (const key of ['1', '2']) assert.equal((await pull(`${server.url}/hook?key=${key}`, [])).stderr, '');
  const names = readdirSync(directory).filter((name) => /^sample\.webhook\..+\.position$/.test(name));
  assert.equal(names.length, 2, 'without --job another address is another job');
});
