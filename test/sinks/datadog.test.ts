import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hintText } from '../../src/core/hint.ts';
import { packer } from '../../src/core/batch.ts';
import { exit } from '../../src/core/problem.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { datadog } from '../../src/sinks/datadog.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';
import { deliverTo } from '../support/send-all.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { run, scratch } from '../support/program.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { makeSink, sinkTools, testNow } from '../support/sink-tools.ts';
import { fakeDatadog, type FakeDatadog } from '../support/sinks/datadog.ts';

const servers: FakeDatadog[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function start(more: SettingValues = {}) {
  const server = await fakeDatadog('a-long-key', () => testNow);
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const sink = makeSink(datadog, { DATADOG_URL: server.url, DATADOG_API_KEY: 'a-long-key', ...more }, tools);
  const send = async (records: readonly AuditRecord[]) => {
    const packing = packer(sink, '');
    for (const [entry, record] of records.entries()) assert.equal(packing.add(record, entry), 'added');
    const packed = packing.take();
    assert.ok(packed);
    return deliverTo(sink, packed, tools);
  };
  return { server, sink, tools, send };
}

sinkConformance('datadog', async () => {
  const server = await fakeDatadog();
  return {
    definition: datadog,
    values: { DATADOG_URL: server.url, DATADOG_API_KEY: 'a-long-key' },
    wrongKey: { DATADOG_API_KEY: 'wrong-secret' },
    secrets: ['a-long-key', 'wrong-secret'],
    server,
    isData: ({ method }) => method === 'POST',
    received: () => server.logs.map(({ message }) => message),
    refuse(id) {
      server.refuses = (log) => log.record_id === id;
    },
  };
});

test('an entry holds the text of the record, its time in milliseconds, as the agent of Datadog sends it, its ID, and the fields that were asked for', async () => {
  const { server, send } = await start({
    DATADOG_SOURCE: 'sysdig',
    DATADOG_SERVICE: 'audit "x"',
    DATADOG_HOSTNAME: 'h1',
    DATADOG_TAGS: 'env:prod',
  });
  const record = auditRecord('{"n":\t9007199254740993123,"s":"\\u00e9 é \\\\"}', '"r\\"1"', testNow, 120_000);
  await send([record, auditRecord('{}', '7')]);
  assert.deepEqual(server.logs, [
    {
      ddsource: 'sysdig',
      service: 'audit "x"',
      hostname: 'h1',
      ddtags: 'env:prod',
      timestamp: testNow,
      record_id: 'r"1',
      message: textOf(record),
    },
    { ddsource: 'sysdig', service: 'audit "x"', hostname: 'h1', ddtags: 'env:prod', record_id: '7', message: '{}' },
  ]);
});

test('source and service are the name of the source, the rest is left out, when nothing is said', async () => {
  const { server, send } = await start();
  await send([auditRecord('{}', '"a"')]);
  assert.deepEqual(server.logs, [{ ddsource: 'acme', service: 'acme', record_id: 'a', message: '{}' }]);
});

test('batches are compressed, of at most 1,000 logs and 4.25 MB', async () => {
  const { server, sink, send } = await start();
  await send(auditRecords(100));
  assert.equal(server.requests[0]?.headers['content-encoding'], 'gzip');
  assert.deepEqual(sink.limits(), { records: 1000, bytes: 4_250_000, record: 1_000_000 });
});

test('a log of more than 1 MB would be cut off in silence: it is not sent', async () => {
  const { sink, server, send } = await start();
  const fits = auditRecord(`{"x":"${'a'.repeat(999_800)}"}`);
  assert.equal(packer(sink, '').add(fits, 0), 'added');
  await send([fits]);
  assert.equal(server.logs[0]?.message, textOf(fits));
  assert.equal(packer(sink, '').add(auditRecord(`{"x":"${'a'.repeat(1_000_000)}"}`), 0), 'tooLarge');
});

test('records older than 18 hours, which Datadog drops and accepts, are given no date that it knows, and a warning', async () => {
  const { send, tools, server } = await start();
  const hours = (count: number): number => testNow - count * 3_600_000;
  await send([auditRecord('{"a":1}', '"a"', hours(16)), auditRecord('{"n":1}', '"n"')]);
  assert.deepEqual(tools.warnings, []);
  const texts = [
    '{"b":1}',
    `{"date":"${new Date(hours(19)).toISOString()}"}`,
    `{"@timestamp":${hours(48)},"s":"\\"é"}`,
  ];
  await send(texts.map((text, number) => auditRecord(text, String(number), hours(19))));
  assert.match(tools.warnings.join(), /older than 18 hours/);
  assert.deepEqual(
    server.logs.map(({ message, timestamp }) => [message, timestamp === undefined]),
    [['{"a":1}', false], ['{"n":1}', true], ...texts.map((text) => [`{"record":${text}}`, true])],
  );
});

test('a record whose time is not known, or another one, is given no date that is too old either', async () => {
  const { send, tools, server } = await start();
  const [old, young] = [19, 1].map((hours) => testNow - hours * 3_600_000);
  assert.ok(old !== undefined && young !== undefined);
  const dated = ['timestamp', '@timestamp', 'date'].map((name, at) => {
    return JSON.stringify({ [name]: at === 1 ? old : new Date(old).toISOString() });
  });
  const nanoseconds = '{"timestamp":1606322948648718268}'; // as Sysdig's
  const fine = [nanoseconds, `{"timestamp":${young}}`, `{"a":{"date":${old}}}`, '{"date":null}', '{"date":{}}'];
  await send(fine.map((text, number) => auditRecord(text, String(number))));
  assert.deepEqual(tools.warnings, []);
  dated.push(`{"syslog":{"timestamp":"${new Date(old).toISOString()}"}}`);
  await send([...dated.map((text) => auditRecord(text, '"u"')), auditRecord(`{"date":${old}}`, '"k"', young)]);
  assert.match(tools.warnings.join(), /older than 18 hours/);
  assert.deepEqual(
    server.logs.map(({ message }) => message),
    [...fine, ...[...dated, `{"date":${old}}`].map((text) => `{"record":${text}}`)],
  );
  assert.equal(server.logs.at(-1)?.timestamp, young);
});

test('a record whose own date Datadog reads as 1970, because it is in seconds, arrives with its time, and without a warning', async () => {
  const { send, tools, server } = await start();
  const texts = [`{"timestamp":${Math.floor(testNow / 1000)}}`, `{"timestamp":${testNow / 1000 + 0.5}}`, '{"date":0}'];
  await send(texts.map((text, number) => auditRecord(text, String(number), testNow)));
  assert.deepEqual(
    server.logs.map(({ message, timestamp }) => [message, timestamp]),
    texts.map((text) => [`{"record":${text}}`, testNow]),
  );
  assert.deepEqual(tools.warnings, []);
});

test('records of a time to come, of which Datadog takes the next two hours, are given no date that it knows, and a warning', async () => {
  const { send, tools, server } = await start();
  const soon = new Date(testNow + 30 * 60_000).toISOString();
  const later = new Date(testNow + 3 * 3_600_000).toISOString();
  await send([auditRecord(`{"date":"${soon}"}`, '"s"', Date.parse(soon))]);
  assert.deepEqual(tools.warnings, []);
  await send([auditRecord('{"l":1}', '"l"', Date.parse(later)), auditRecord(`{"date":"${later}"}`, '"d"', testNow)]);
  assert.deepEqual(
    server.logs.map(({ message, timestamp }) => [message, timestamp]),
    [
      [`{"date":"${soon}"}`, Date.parse(soon)],
      ['{"record":{"l":1}}', undefined],
      [`{"record":{"date":"${later}"}}`, testNow],
    ],
  );
  assert.match(tools.warnings.join(), /two hours ahead/);
});

test('a date without a zone is UTC to Datadog, wherever the program runs', async (t) => {
  const { TZ } = process.env;
  t.after(() => {
    if (TZ === undefined) delete process.env['TZ'];
    else process.env['TZ'] = TZ;
  });
  for (const [zone, hours] of [
    ['America/Los_Angeles', -19],
    ['Asia/Tokyo', 3],
  ] as const) {
    process.env['TZ'] = zone;
    const { send, server } = await start();
    const text = `{"date":"${new Date(testNow + hours * 3_600_000).toISOString().slice(0, 19)}"}`;
    await send([auditRecord(text, '"z"', testNow)]);
    assert.deepEqual(
      server.logs.map(({ message }) => message),
      [`{"record":${text}}`],
    );
  }
});

test('a record that becomes too old while its batch waits goes without a date as well', async () => {
  const { send, server } = await start();
  await send([auditRecord('{"a":1}', '"a"', testNow - 17 * 3_600_000 - 60_000)]);
  assert.deepEqual(
    server.logs.map(({ message }) => message),
    ['{"record":{"a":1}}'],
  );
});

test('only the answer of an intake that accepted the entries counts as success', async () => {
  for (const [answer, status] of [
    [{ status: 200, body: '<html>' }, exit.protocol],
    [{ status: 202, body: { errors: [{ title: 'no' }] } }, exit.protocol],
    [{ status: 202, body: '[]' }, exit.protocol],
    [{ status: 401, body: '' }, exit.noperm],
    [{ status: 403, body: '' }, exit.noperm],
    [{ status: 404, body: '' }, exit.config],
    [{ status: 408, body: '' }, exit.unavailable],
    [{ status: 429, body: '' }, exit.tempfail],
    [{ status: 500, body: '' }, exit.unavailable],
    [{ status: 503, body: '' }, exit.unavailable],
  ] as const) {
    const { server, send } = await start();
    server.hook = () => answer;
    await assert.rejects(send(auditRecords(2)), { status }, JSON.stringify(answer));
  }
  for (const body of ['', '{}', '{"errors":[]}']) {
    const { server, send } = await start();
    server.hook = () => ({ status: 202, body });
    assert.deepEqual((await send(auditRecords(2))).kept, [0, 1]);
  }
});

test('what the intake says about a bad entry is the reason, fit for a terminal', async () => {
  const { server, send } = await start();
  server.hook = () => ({ status: 400, body: { errors: [{ detail: 'bad \u001b entry' }] } });
  const { refused } = await send(auditRecords(1));
  assert.deepEqual(
    refused.map(({ reason, doubt }) => [reason, hintText(doubt)]),
    [[String.raw`bad \u001b entry`, 'check DATADOG_API_KEY and DATADOG_SITE']],
    'it may be about something else',
  );
});

test('a site stands for its address, and must be one', () => {
  const tools = sinkTools({ http: openSinkHttp });
  const scope = (values: SettingValues): string => makeSink(datadog, { DATADOG_API_KEY: 'k', ...values }, tools).scope;
  assert.equal(scope({}), 'https://http-intake.logs.datadoghq.com');
  assert.equal(scope({ DATADOG_SITE: 'datadoghq.eu' }), 'https://http-intake.logs.datadoghq.eu');
  assert.equal(scope({ DATADOG_URL: 'https://intake.example/api/v2/logs' }), 'https://intake.example');
  for (const site of ['https://datadoghq.eu', 'eu', 'evil.example/x', 'a@b.example']) {
    assert.throws(() => scope({ DATADOG_SITE: site }), { status: exit.config }, site);
  }
});

test('a probe sends no log and shows a key that is refused', async () => {
  const { server, sink } = await start();
  assert.match((await sink.probe?.()) ?? '', /takes the key/);
  assert.deepEqual(server.logs, []);
  const wrong = await start({ DATADOG_API_KEY: 'other' });
  await assert.rejects(async () => wrong.sink.probe?.(), {
    status: exit.noperm,
    message: /refused the key \(HTTP 403\): Forbidden$/,
  });
});

test('a probe does not take something else for an intake, and says when the key was not proven', async () => {
  const { server, sink } = await start();
  server.hook = () => ({ status: 400, body: { errors: [{ title: 'Bad Request' }] } });
  assert.match((await sink.probe?.()) ?? '', /the key is proven by the first delivery/);
  for (const [answer, status] of [
    [{ status: 200, body: '<html>log in' }, exit.protocol],
    [{ status: 404, body: '<html>not here' }, exit.config],
    [{ status: 503, body: '' }, exit.unavailable],
  ] as const) {
    server.hook = () => answer;
    await assert.rejects(async () => sink.probe?.(), { status });
  }
});

test('the program delivers the sample there once, and says nothing', async (t) => {
  const server = await fakeDatadog();
  servers.push(server);
  const environment = { DATADOG_URL: server.url, DATADOG_API_KEY: 'a-long-key' };
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'datadog', '--state-dir', scratch(t)];
  for (let time = 0; time < 2; time++) {
    const { status, stdout, stderr } = await run(argv, { environment });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  }
  const ids = server.logs.map(({ record_id }) => record_id);
  assert.ok(ids.length > 2);
  assert.equal(new Set(ids).size, ids.length);
  for (const { message, record_id } of server.logs) assert.equal((JSON.parse(message) as { id: string }).id, record_id);
});

test('a refusal (400) that is not the words of Datadog is no word about the records: 76, and none is set aside', async () => {
  for (const body of [
    '<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n</html>',
    '',
    { message: 'bad request' },
  ]) {
    const { server, send } = await start();
    server.hook = () => ({ status: 400, body });
    await assert.rejects(send(auditRecords(3)), { status: exit.protocol, hint: /^check DATADOG_URL/ });
  }
});

test('where the site leads to the address, it is named when something else answers there', async () => {
  const server = await fakeDatadog();
  servers.push(server);
  const http = openSinkHttp(server.url);
  const atSite: typeof http = {
    ...http,
    send: (request) =>
      http.send({ ...request, url: request.url.replace('https://http-intake.logs.datadoghq.eu', server.url) }),
  };
  const values = { DATADOG_SITE: 'datadoghq.eu', DATADOG_API_KEY: 'a-long-key' };
  const sink = makeSink(datadog, values, sinkTools({ http: () => atSite }));
  server.hook = () => ({ status: 200, body: '<html>' });
  await assert.rejects(async () => sink.probe?.(), {
    status: exit.protocol,
    hint: 'check DATADOG_SITE: a proxy or another service may be answering there',
  });
  await sink.close();
});
