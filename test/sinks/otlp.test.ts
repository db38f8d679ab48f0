import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hintText } from '../../src/core/hint.ts';
import { packer } from '../../src/core/batch.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { Http } from '../../src/core/tools.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { otlp } from '../../src/sinks/otlp.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';
import { problem } from '../support/problem.ts';
import { run, scratch } from '../support/program.ts';
import { sendAll } from '../support/send-all.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { makeSink, sinkTools, testNow } from '../support/sink-tools.ts';
import { fakeOtlp, type FakeOtlp } from '../support/sinks/otlp.ts';
import type { Received } from '../support/sinks/server.ts';

const servers: FakeOtlp[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

const headers = { OTLP_HEADERS: 'api-key: a-long-key' };

async function start(more: SettingValues = {}, path = '') {
  const server = await fakeOtlp('a-long-key', path);
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const sink = makeSink(otlp, { OTLP_URL: server.url + path, ...headers, ...more }, tools);
  const send = (records: readonly AuditRecord[]) => sendAll(sink, records, tools);
  return { server, sink, tools, send };
}

function isData({ body }: Received): boolean {
  return body.includes('"logRecords":[{');
}

/** An ExportLogsServiceResponse in Protobuf; what is 0 or empty is left out. */
function protobuf(rejected: number, said: string): Buffer {
  const number = rejected === 0 ? [] : [0x08, ...varint(rejected)];
  const text = said === '' ? [] : [0x12, ...varint(said.length), ...Buffer.from(said)];
  return Buffer.from([0x0a, ...varint(number.length + text.length), ...number, ...text]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

sinkConformance('otlp', async () => {
  const server = await fakeOtlp();
  return {
    definition: otlp,
    values: { OTLP_URL: server.url, ...headers },
    wrongKey: { OTLP_HEADERS: 'api-key: wrong-key' },
    secrets: ['a-long-key', 'wrong-key'],
    server,
    isData,
    received: () => server.records.map(({ body }) => body),
    refuse(id) {
      server.refuses = ({ uid }) => uid.endsWith(`:${id}`);
    },
  };
});

test('a log record holds the text of the record, its time to the nanosecond, and where it is from', async () => {
  const { server, send } = await start();
  const record = auditRecord('{"n":\t9007199254740993123,"s":"\\u00e9 é \\\\"}', '"r\\"1"', testNow + 7, 120_001);
  await send([record]);
  assert.deepEqual(server.records, [
    {
      service: 'acme',
      time: '1763596800007120001',
      observed: `${testNow}000000`,
      uid: server.records[0]?.uid,
      body: textOf(record),
    },
  ]);
  assert.match(server.records[0]?.uid ?? '', /^acme:[0-9a-f]{8}:r"1$/);
});

test('a record without a time is sent without one', async () => {
  const { server, send } = await start();
  const last = Date.UTC(2200, 0) - 1;
  await send([Number.NaN, 1, last].map((time, at) => auditRecord('{}', String(at), time, 999_999)));
  assert.deepEqual(
    server.records.map(({ time }) => time),
    [undefined, '1999999', `${last}999999`],
  );
});

test('a record that was edited has another uid than before, and one that comes again has the same', async () => {
  const { server, send } = await start();
  const first = auditRecord('{"id":"1","by":"ann"}', '"1"');
  await send([first, first, { ...first, fingerprint: first.fingerprint + 1 }]);
  const [one, two, three] = server.records.map(({ uid }) => uid);
  assert.equal(one, two);
  assert.notEqual(one, three);
});

test('the service is what OTLP_SERVICE says', async () => {
  const { server, send } = await start({ OTLP_SERVICE: 'okta "prod"' });
  await send(auditRecords(1));
  assert.equal(server.records[0]?.service, 'okta "prod"');
});

test('/v1/logs is added to the address where it is missing, and nowhere twice; a query stays', async () => {
  for (const [path, given] of [
    ['', '/'],
    ['', '/v1/logs'],
    ['/otlp', '/otlp'],
    ['/otlp', '/otlp/'],
    ['/otlp', '/otlp/v1/logs/'],
    ['/api/default', '/api/default?stream=audit'],
  ] as const) {
    const server = await fakeOtlp('a-long-key', path);
    servers.push(server);
    const tools = sinkTools({ http: openSinkHttp });
    const sink = makeSink(otlp, { OTLP_URL: server.url + given, ...headers }, tools);
    await sendAll(sink, auditRecords(1), tools);
    assert.equal(server.records.length, 1, given);
    assert.equal(server.requests[0]?.query.get('stream'), given.includes('?') ? 'audit' : null);
  }
});

test('what a receiver rejects of a request is found by sending the rest again, and nothing is left out', async () => {
  const { server, send, tools } = await start();
  server.rejects = ({ uid }) => uid.endsWith(':r3');
  const { refused, kept } = await send(auditRecords(10));
  assert.deepEqual(
    refused.map(({ entry, reason }) => [entry, reason]),
    [[3, 'some are older than the retention']],
  );
  assert.equal(kept.length, 9);
  const wanted = auditRecords(10)
    .map(textOf)
    .filter((_, at) => at !== 3);
  assert.deepEqual([...new Set(server.records.map(({ body }) => body))].toSorted(), wanted.toSorted());
  const times = new Map<string, number>();
  for (const { uid } of server.records) times.set(uid, (times.get(uid) ?? 0) + 1);
  assert.equal(times.size, 9, 'a repeat has the uid of what it repeats');
  assert.ok(Math.max(...times.values()) > 2, 'and its neighbours in each part come again, as the promise says');
  assert.deepEqual(tools.warnings, []);
});

test('a record that a collector will never pass on (500, Permanent error) is found and set aside; what fails otherwise (500) is not', async () => {
  const { server, send } = await start();
  const failing = (code: number, message: string): void =>
    void (server.hook = (received) =>
      received.body.includes(':r3"') ? { status: 500, body: { code, message } } : undefined);
  failing(13, 'Permanent error: cannot convert it');
  const { refused, kept } = await send(auditRecords(10));
  assert.deepEqual(
    refused.map(({ entry, reason }) => [entry, reason]),
    [[3, 'Permanent error: cannot convert it (HTTP 500)']],
  );
  assert.equal(kept.length, 9);
  failing(13, 'data dropped due to high memory usage');
  await assert.rejects(send(auditRecords(10)), problem(exit.unavailable, /failed on the records \(HTTP 500\)/));
});

test('with another status the words of a permanent error are about no record: none is set aside', async () => {
  const { server, send } = await start();
  for (const [status, expected] of [
    [401, exit.noperm],
    [503, exit.unavailable],
  ] as const) {
    server.hook = () => ({ status, body: { code: 16, message: 'Permanent error: the exporter is refused' } });
    await assert.rejects(send(auditRecords(2)), problem(expected, new RegExp(`HTTP ${status}`)));
  }
});

test('headers that are none are refused before anything is sent, and their setting is named', () => {
  const tools = sinkTools({ http: openSinkHttp });
  const values = { OTLP_URL: 'http://127.0.0.1:4318', OTLP_HEADERS: 'a-long-key' };
  assert.throws(() => makeSink(otlp, values, tools), problem(exit.config, / in OTLP_HEADERS is not /));
});

test('a collector that passes nothing on (500, Permanent error) has none set aside', async (t) => {
  const { server } = await start();
  server.hook = (received) =>
    isData(received) ? { status: 500, body: { code: 13, message: 'Permanent error: 401' } } : undefined;
  const directory = scratch(t);
  const environment = { HOME: directory, OTLP_URL: server.url, OTLP_HEADERS: 'api-key: a-long-key' };
  const words = ['-s', 'sample', '-o', 'otlp', '--state-dir', 'state', '--job', 'one'];
  const { status, stderr } = await run(words, { directory, environment });
  assert.equal(status, exit.config, stderr);
  assert.match(stderr, /Permanent error: 401 \(HTTP 500\); it took no other record in this run$/m);
  assert.match(
    stderr,
    /^hint: see the log of the collector: what it exports to may refuse everything; or it may be this one/m,
  );
  assert.ok(!existsSync(join(directory, 'state', 'one.quarantine.jsonl')));
});

test('a success is an empty object, an empty answer, or one that tells of something other than rejections', async () => {
  const successes = [
    undefined,
    {},
    { partialSuccess: {} },
    { partialSuccess: null },
    { partialSuccess: { rejectedLogRecords: 0 } },
  ];
  for (const says of successes) {
    const { server, send, tools } = await start();
    server.says = says;
    assert.equal((await send(auditRecords(3))).kept.length, 3);
    assert.deepEqual(tools.warnings, []);
  }
  const { server, send, tools } = await start();
  server.hook = () => ({ status: 204 });
  assert.equal((await send(auditRecords(3))).kept.length, 3);
  server.hook = undefined;
  server.says = { partialSuccess: { errorMessage: 'time stamps are cut to milliseconds' } };
  await send(auditRecords(3));
  await send(auditRecords(3));
  assert.deepEqual(tools.warnings, [
    `otlp at ${server.url} took the records, and says: time stamps are cut to milliseconds`,
  ]);
});

test('rejections are read in Protobuf, too, and under the names that a receiver takes from it', async () => {
  const why = 'Too old data, only last 5 hours data can be ingested. Data discarded. You can adjust ingestion max time';
  const bare = protobuf(1, '');
  for (const answer of [
    protobuf(1, why),
    bare,
    protobuf(500, why),
    { partial_success: { rejected_log_records: 1, error_message: why } },
  ]) {
    const { server, send, tools } = await start();
    server.hook = ({ body }) => (body.includes(':r3"') ? { status: 200, body: answer } : undefined);
    const { refused, kept } = await send(auditRecords(10));
    assert.deepEqual(
      refused.map(({ entry, reason }) => [entry, reason]),
      [[3, answer === bare ? 'the receiver rejected it, without saying why' : why]],
    );
    assert.equal(kept.length, 9);
    assert.deepEqual(tools.warnings, []);
  }
});

test('a success in Protobuf that rejects nothing is one, and what it says is told', async () => {
  for (const [answer, said] of [
    [protobuf(0, ''), []],
    [protobuf(0, 'slow down'), ['slow down']],
    [protobuf(0, 'slow down '.repeat(20)), ['slow down '.repeat(20).trimEnd()]],
  ] as const) {
    const { server, send, tools } = await start();
    server.says = answer;
    assert.equal((await send(auditRecords(3))).kept.length, 3);
    assert.deepEqual(
      tools.warnings.map((warning) => warning.replace(/.* says: /, '')),
      said,
    );
  }
});

test('what is sent again because the receiver rejected some without saying which counts as repeated', async () => {
  const { server, sink } = await start();
  server.says = { partialSuccess: { rejectedLogRecords: 1, errorMessage: 'too old' } };
  const packing = packer(sink, '');
  for (const [entry, record] of auditRecords(2).entries()) packing.add(record, entry);
  assert.deepEqual(await sink.send(packing.take()!.batch), { split: 'too old', repeats: true });
});

test('what a collector will never pass on may have got to another of its exporters: to send it again counts as repeated', async () => {
  const { server, sink } = await start();
  server.hook = () => ({ status: 500, body: { code: 13, message: 'Permanent error: cannot convert it' } });
  const packing = packer(sink, '');
  for (const [entry, record] of auditRecords(2).entries()) packing.add(record, entry);
  const reply = await sink.send(packing.take()!.batch);
  assert.ok('split' in reply);
  assert.equal(reply.repeats, true);
});

test('a success that reports an error, or something that cannot be read, is not one', async () => {
  for (const says of [
    { error: 'no such tenant' },
    { errors: [] },
    [],
    'ok',
    '\n{',
    { partialSuccess: { rejectedLogRecords: 'some' } },
  ]) {
    const { server, send } = await start();
    server.says = says;
    await assert.rejects(
      send(auditRecords(1)),
      problem(exit.protocol, /did not answer as a receiver of OTLP/, /OTLP_URL/),
    );
  }
});

for (const body of ['no label pair', { code: 3, message: 'no label pair' }]) {
  const form = typeof body === 'string' ? 'as text' : 'as a Status';
  test(`a request that is refused (${form}), though no record is to blame, is in doubt: nothing is set aside`, async () => {
    const { server, sink, tools } = await start();
    server.hook = () => ({ status: 400, body });
    const packing = packer(sink, '');
    for (const [entry, record] of auditRecords(2).entries()) packing.add(record, entry);
    const packed = packing.take();
    assert.ok(packed);
    const reply = await sink.send(packed.batch);
    assert.ok('split' in reply);
    const expected = ['no label pair (HTTP 400)', 'check OTLP_URL and OTLP_HEADERS'];
    assert.deepEqual([reply.split, hintText(reply.doubt)], expected);
    assert.deepEqual(tools.warnings, []);
  });
}

test('a refusal in another form than that of OTLP is quoted when it is text, and left out when it is a web page', async () => {
  const { server, send, sink } = await start();
  for (const [body, told] of [
    ['415 unsupported media type', /HTTP 415\): 415 unsupported media type$/],
    ['<html>415</html>', /HTTP 415\)$/],
    ['{"error":"no"}', /HTTP 415\)$/],
    [' \n', /HTTP 415\)$/],
  ] as const) {
    server.hook = () => ({ status: 415, body });
    await assert.rejects(send(auditRecords(1)), problem(exit.protocol, told, /Collector/));
  }
  server.hook = () => ({ status: 400, body: 'no logs in it' });
  assert.equal(
    await sink.probe?.(),
    'it answers, though not well to a delivery without records (HTTP 400: no logs in it); address and key are proven by the first delivery',
  );
});

test('a refusal of every request is not about the records: only Protobuf is taken, or TLS', async () => {
  for (const [body, hint] of [
    ["json encoding isn't supported for opentelemetry format. Use protobuf encoding", /Protobuf alone/],
    ['Client sent an HTTP request to an HTTPS server.\n', /https:/],
    ['<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>', /https:/],
  ] as const) {
    const { server, send, sink } = await start();
    server.hook = () => ({ status: 400, body });
    await assert.rejects(send(auditRecords(1)), problem(exit.protocol, /HTTP 400/, hint));
    await assert.rejects(async () => sink.probe?.(), problem(exit.protocol, /HTTP 400/, hint));
  }
  // The same words in a record that a Status quotes are about the record.
  const { server, send } = await start();
  server.hook = (_, at) => (at === 1 ? { status: 400, body: { code: 3, message: 'found "protobuf"' } } : undefined);
  assert.equal((await send(auditRecords(2))).kept.length, 2);
});

test('a collector says of what is too large that it is no good (400): the next batches are smaller', async () => {
  const { server, sink, send } = await start();
  server.hook = ({ bytes }) =>
    bytes > 200_000 ? { status: 400, body: { code: 3, message: 'http: request body too large' } } : undefined;
  const records = Array.from({ length: 40 }, (_, at) => auditRecord(`{"x":"${'a'.repeat(20_000)}"}`, String(at)));
  const large = auditRecord(`{"x":"${'a'.repeat(300_000)}"}`, '"large"');
  const { kept, refused } = await send([...records, large]);
  assert.equal(kept.length, 40);
  assert.deepEqual(
    refused.map(({ entry, reason }) => [entry, reason]),
    [[40, 'http: request body too large (HTTP 400)']],
  );
  assert.ok(sink.limits().bytes <= 500_000, String(sink.limits().bytes));
});

test('a collector that takes no gzip says that with 400, and gets the records uncompressed', async () => {
  const { server, send } = await start();
  server.hook = ({ headers: sent }) =>
    sent['content-encoding'] === 'gzip'
      ? { status: 400, body: { code: 3, message: 'unsupported Content-Encoding: gzip' } }
      : undefined;
  assert.equal((await send(auditRecords(100))).kept.length, 100);
  assert.equal(server.requests.length, 2);
});

test('a connection that breaks at the port for gRPC is reported with the port for HTTP', async () => {
  const { server } = await start();
  for (const [port, hint] of [
    [4317, /^check the network; the port for OTLP over HTTP is 4318, and 4317 that for gRPC$/],
    [4318, /^check the network$/],
  ] as const) {
    const hung: Http = {
      ...openSinkHttp(server.url),
      send: () => Promise.reject(new Problem(exit.unavailable, 'it closed', { hint: 'check the network' })),
    };
    const sink = makeSink(otlp, { OTLP_URL: `http://127.0.0.1:${port}` }, sinkTools({ http: () => hung }));
    await assert.rejects(async () => sink.probe?.(), problem(exit.unavailable, /it closed/, hint));
  }
});

test('an error that OTLP does not retry is reported at once', async () => {
  for (const status of [408, 500]) {
    const { server, send } = await start();
    server.hook = () => ({ status, body: { message: 'out of disk' } });
    await assert.rejects(send(auditRecords(1)), problem(exit.unavailable, /out of disk/, /next run/));
    assert.equal(server.requests.length, 1);
  }
});

test('a port for gRPC, and a receiver of Protobuf alone, are named as such', async () => {
  const { server, send } = await start();
  server.hook = () => ({ status: 405, body: '' });
  await assert.rejects(send(auditRecords(1)), problem(exit.protocol, /HTTP 405/, /OTLP_URL: .*4318/));
  server.hook = () => ({ status: 415, body: '' });
  await assert.rejects(send(auditRecords(1)), problem(exit.protocol, /HTTP 415/, /Collector/));
});

test('a probe reports a key that is refused, and an address without a receiver', async () => {
  const { sink } = await start({ OTLP_HEADERS: 'api-key: wrong' });
  await assert.rejects(async () => sink.probe?.(), problem(exit.noperm, /no such key/, /OTLP_HEADERS/));
  const { server, sink: lost } = await start();
  server.hook = () => ({ status: 404, body: '' });
  await assert.rejects(async () => lost.probe?.(), problem(exit.config, /404/, /OTLP_URL: \/v1\/logs/));
  server.hook = () => ({ status: 400, body: '' });
  assert.match((await lost.probe?.()) ?? '', /first delivery/);
  server.hook = () => ({ status: 200, body: '<html>' });
  await assert.rejects(async () => lost.probe?.(), problem(exit.protocol, /receiver of OTLP/, /OTLP_URL/));
});

test('an error in Protobuf, as Loki sends it, is told by its message', async () => {
  const why = 'entry for stream \'{service_name="acme"}\' has timestamp too old: 2026-01-01T00:00:00Z';
  for (const code of [[], [0x08, 3]]) {
    for (const said of [
      'too old',
      why,
      `${why}, oldest acceptable timestamp is: 2026-11-25T09:00:00Z, and so on and on`,
    ]) {
      const status = Buffer.from([...code, 0x12, ...varint(said.length), ...Buffer.from(said)]);
      const { server, send } = await start();
      server.hook = ({ body }) => (body.includes(':r1"') ? { status: 400, body: status } : undefined);
      const { refused, kept } = await send(auditRecords(3));
      assert.equal(kept.length, 2);
      assert.deepEqual(
        refused.map(({ reason }) => reason),
        [`${said} (HTTP 400)`],
      );
    }
  }
});

test('a probe does not mind that Loki wants a log record (422)', async () => {
  const { server, sink } = await start();
  const said = 'error at least one valid stream is required for ingestion';
  server.hook = () => ({ status: 422, body: Buffer.from([0x12, said.length, ...Buffer.from(said)]) });
  assert.equal(
    await sink.probe?.(),
    `it answers, though not well to a delivery without records (HTTP 422: ${said}); address and key are proven by the first delivery`,
  );
});

test('requests are compressed, and before that of at most 1 MB, but for a record that is larger by itself', async () => {
  const { server, send } = await start();
  const texts = Array.from({ length: 40 }, (_, at) => `{"x":"${'a'.repeat(at === 7 ? 3_000_000 : 50_000)}"}`);
  await send(texts.map((text, at) => auditRecord(text, String(at))));
  assert.deepEqual(
    server.records.map(({ body }) => body),
    texts,
  );
  const large = server.requests.filter(({ bytes }) => bytes > 1_001_000);
  assert.equal(large.length, 1);
  for (const { headers: sent } of server.requests) assert.equal(sent['content-encoding'], 'gzip');
});

test('the program delivers to a collector once, and its check says so beforehand', async (t) => {
  const server = await fakeOtlp();
  servers.push(server);
  const environment = { OTLP_URL: server.url, ...headers };
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'otlp', '--state-dir', scratch(t)];
  const checked = await run(['check', ...argv], { environment });
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(checked.stdout, /otlp.*takes a delivery without records/);
  assert.deepEqual(server.records, []);
  const { status, stdout, stderr } = await run(argv, { environment });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
  assert.ok(server.records.length > 3);
  assert.equal(new Set(server.records.map(({ uid }) => uid)).size, server.records.length);
  assert.ok(server.records.every(({ service, time }) => service === 'sample' && time !== undefined));
});
