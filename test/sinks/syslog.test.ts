import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { packer } from '../../src/core/batch.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { version } from '../../src/core/version.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { SinkTools } from '../../src/core/sink-tools.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { openWire } from '../../src/io/wire.ts';
import { syslog } from '../../src/sinks/syslog.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { run, scratch } from '../support/program.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';
import { deliverTo } from '../support/send-all.ts';
import { makeSink, sinkTools, testNow } from '../support/sink-tools.ts';
import { fakeSyslog } from '../support/sinks/syslog.ts';
import { problem } from '../support/problem.ts';

const authority = certificateAuthority();
after(() => authority.remove());

const wire = (address: string) =>
  openWire(address, { timeout: 5000, farewell: 2000, insecure: false, environment: {}, extraRoots: authority.cert });

async function start(t: TestContext, more: SettingValues = {}, tls?: TlsOptions, parts: Partial<SinkTools> = {}) {
  const server = await fakeSyslog(tls);
  t.after(() => server.close());
  const tools = sinkTools({ wire, ...parts });
  const sink = makeSink(syslog, { SYSLOG_URL: server.address, ...more }, tools);
  const send = async (records: readonly AuditRecord[]) => {
    const packing = packer(sink, '');
    for (const [entry, record] of records.entries()) assert.equal(packing.add(record, entry), 'added');
    const packed = packing.take();
    assert.ok(packed);
    return deliverTo(sink, packed, tools);
  };
  return { server, sink, tools, send };
}

const delicate = [
  '{"id":"d0","n":9007199254740993123,"x":1.10,"y":1e400,"z":-0.0}',
  '{"id":"d1","s":"\\u00e9 é 💥 \\" \\\\ \\/ \\ud83d = | ^ ] \\t"}',
  '{"id":"d2", "spaced" : [ 1 ,2 ]}',
].map((text, index) => auditRecord(text, `"d${index}"`, testNow + index));

for (const kind of ['tcp', 'tls']) {
  test(`syslog over ${kind}: every record arrives, byte for byte and in order`, async (t) => {
    const { server, send } = await start(t, {}, kind === 'tls' ? authority.issue() : undefined);
    const records = [...delicate, ...auditRecords(300)];
    const { kept, refused } = await send(records);
    assert.equal(kept.length, records.length);
    assert.deepEqual(refused, []);
    assert.deepEqual(
      server.messages.map(({ text }) => text),
      records.map(textOf),
    );
    assert.deepEqual(server.faults, []);
    assert.equal(server.deliveries, 1);
  });
}

test('a message has the header of RFC 5424, the time of the event and the ID of the record', async (t) => {
  const { server, send } = await start(t, {
    SYSLOG_FACILITY: '4',
    SYSLOG_SEVERITY: '5',
    SYSLOG_HOSTNAME: 'h1.example',
    SYSLOG_APPNAME: 'app',
    SYSLOG_MSGID: 'login',
    SYSLOG_SD_ID: 'audit@99999',
  });
  await send([auditRecord('{"a":"é"}', '"x\\"]\\\\\\n"', testNow, 123_456)]);
  const [message] = server.messages;
  assert.deepEqual(message, {
    facility: 4,
    severity: 5,
    timestamp: '2025-11-20T00:00:00.000123Z',
    hostname: 'h1.example',
    appName: 'app',
    processId: '-',
    messageId: 'login',
    data: { 'audit@99999': { id: 'x"]\\\\n' } },
    text: '{"a":"é"}',
    length: message?.length,
  });
});

test('without settings it is log audit, informational, from the source; without a time it is NILVALUE', async (t) => {
  const { server, send } = await start(t);
  await send([auditRecord('{}', '7')]);
  const [{ facility, severity, timestamp, hostname, appName, messageId, data } = assert.fail()] = server.messages;
  assert.deepEqual(
    [facility, severity, timestamp, hostname, appName, messageId, data],
    [13, 6, '-', 'acme', 'audit-export', 'audit', { 'record@32473': { id: '7' } }],
  );
  const long = await start(t, {}, undefined, { sourceName: 'a'.repeat(256) });
  await long.send([auditRecord('{}', '7')]);
  assert.equal(long.server.messages[0]?.hostname, 'a'.repeat(255)); // as long as a host name may be
});

test('a host name that cannot be one has a hint that can be followed, however long the name of the source is', () => {
  const values = { SYSLOG_URL: 'tcp://127.0.0.1:1', SYSLOG_HOSTNAME: 'not a name' };
  assert.throws(
    () => makeSink(syslog, values, sinkTools({ wire, sourceName: 'a'.repeat(256) })),
    problem(exit.config, /^SYSLOG_HOSTNAME must be /, `set SYSLOG_HOSTNAME=${'a'.repeat(255)}`),
  );
});

test('LEEF 2.0 holds time, ID and the whole record', async (t) => {
  const { server, send } = await start(t, { SYSLOG_FORMAT: 'leef' });
  await send([...delicate, auditRecord('{"a":\t1}', '"t"')]);
  const fields = server.messages.map(({ text }) => {
    const [magic, vendor, product, number, event, delimiter, ...rest] = text.split('|');
    assert.deepEqual(
      [magic, vendor, product, number, event, delimiter],
      ['LEEF:2.0', 'audit-export', 'acme', version, 'audit', 'x09'],
    );
    return Object.fromEntries(
      rest
        .join('|')
        .split('\t')
        .map((field): [string, string] => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]),
    );
  });
  assert.deepEqual(
    fields.slice(0, 3),
    delicate.map((record, at) => ({ devTime: String(testNow + at), externalId: `d${at}`, raw: textOf(record) })),
  );
  assert.deepEqual(fields[3], { externalId: 't', raw: '{"a": 1}' });
});

test('with LEEF the time in the header has milliseconds and no more, as QRadar reads it', async (t) => {
  const { server, send } = await start(t, { SYSLOG_FORMAT: 'leef' });
  await send([auditRecord('{}', '1', testNow, 123_456), auditRecord('{}', '2', testNow + 5)]);
  assert.deepEqual(
    server.messages.map(({ timestamp }) => timestamp),
    ['2025-11-20T00:00:00.000Z', '2025-11-20T00:00:00.005Z'],
  );
});

test('CEF holds time, ID and the whole record, escaped', async (t) => {
  const { server, send } = await start(t, { SYSLOG_FORMAT: 'cef', SYSLOG_SEVERITY: '3' });
  const id = auditRecord('{"a":1}', '"k=1\\\\"');
  await send([...delicate, id]);
  const parsed = server.messages.map(({ text }) => {
    const found =
      /^CEF:0\|audit-export\|acme\|([^|]+)\|audit\|audit record\|6\|(?:rt=(\d+) )?externalId=(.*?) msg=(.*)$/.exec(
        text,
      );
    assert.ok(found, text);
    assert.doesNotMatch(found[4] ?? '', /(?<!\\)(?:\\\\)*=/);
    const plain = (value = ''): string => value.replace(/\\([\\=])/g, '$1');
    return [found[2], plain(found[3]), plain(found[4])];
  });
  assert.deepEqual(parsed, [
    ...delicate.map((record, at) => [String(testNow + at), `d${at}`, textOf(record)]),
    [undefined, 'k=1\\', '{"a":1}'],
  ]);
});

test('CEF counts importance from 0 to 10, where syslog counts severity from 7 to 0', async (t) => {
  const importances = await Promise.all(
    [7, 6, 5, 4, 3, 2, 1, 0].map(async (severity) => {
      const { server, send } = await start(t, { SYSLOG_FORMAT: 'cef', SYSLOG_SEVERITY: String(severity) });
      await send(auditRecords(1));
      return server.messages[0]?.text.split('|')[6];
    }),
  );
  assert.deepEqual(importances, ['0', '1', '3', '4', '6', '7', '9', '10']);
});

test('an event ID with a character that means something in the header of LEEF or CEF has a dash in its place', async (t) => {
  for (const format of ['leef', 'cef']) {
    const { server, send } = await start(t, { SYSLOG_FORMAT: format, SYSLOG_MSGID: 'a|b^c=d\\e' });
    await send(auditRecords(1));
    const [message] = server.messages;
    assert.deepEqual([message?.messageId, message?.text.split('|')[4]], ['a|b^c=d\\e', 'a-b-c-d-e']);
  }
});

test('a message as long as is allowed is sent, a longer one is not', async (t) => {
  const { sink, server, send } = await start(t, { SYSLOG_MAX_BYTES: '1000' });
  const head = '<110>1 - acme audit-export - audit [record@32473 id="a"] '.length;
  const record = (length: number): AuditRecord => auditRecord(`{"x":"${'é'.repeat((length - head - 8) / 2)}"}`, '"a"');
  const fits = record(999 + (head % 2));
  await send([fits]);
  assert.ok((server.messages[0]?.length ?? 0) >= 999);
  assert.equal(packer(sink, '').add(record(1001 + (head % 2)), 0), 'tooLarge');
  assert.equal(sink.limits().told, '1000 bytes of SYSLOG_MAX_BYTES');
});

/** Whose message has so many bytes, with the settings that are there when nothing is set. */
function recordOf(length: number): AuditRecord {
  const head = '<110>1 - acme audit-export - audit [record@32473 id="a"] '.length;
  return auditRecord(`{"x":"${'x'.repeat(length - head - 8)}"}`, '"a"');
}

test('unless told otherwise, no message is longer than rsyslog takes whole: 8,096 bytes, not 8,192', async (t) => {
  const { sink, server, send } = await start(t);
  await send([recordOf(8096)]);
  assert.equal(server.messages[0]?.length, 8096);
  assert.equal(packer(sink, '').add(recordOf(8097), 0), 'tooLarge');
});

for (const kind of ['tcp', 'tls']) {
  test(`syslog over ${kind}: a receiver that breaks off at a message too long for it, as syslog-ng does, is reported with the length`, async (t) => {
    const more = { SYSLOG_MAX_BYTES: '400000' };
    const { server, send } = await start(t, more, kind === 'tls' ? authority.issue() : undefined);
    server.longest = 65_536;
    const long = auditRecord(`{"x":"${'x'.repeat(300_000)}"}`, '"l"');
    const refusal = send([...auditRecords(2), long, ...auditRecords(2)]);
    await assert.rejects(
      refusal,
      problem(
        exit.unavailable,
        /./,
        /; a message of 300065 bytes, as SYSLOG_MAX_BYTES allows, may be longer than it takes(?:; if it speaks TLS|$)/,
      ),
    );
  });
}

test('a connection that breaks under messages of ordinary length is reported without a word about their length', async (t) => {
  const { server, send } = await start(t, { SYSLOG_MAX_BYTES: '400000' });
  server.misbehave = () => 'reset';
  for (const [length, isTold] of [
    [8096, false],
    [8097, true],
  ] as const) {
    await assert.rejects(
      send([...auditRecords(2), recordOf(length)]),
      (error) => error instanceof Problem && error.hint?.includes('a message of') === isTold,
    );
  }
});

test('a batch whose connection broke is sent again as a whole', async (t) => {
  for (const misbehaviour of ['reset', 'hangUp'] as const) {
    const { server, send, tools } = await start(t);
    server.misbehave = (connection) => (connection <= 2 ? misbehaviour : undefined);
    const records = auditRecords(50);
    // A receiver that hangs up may do so when everything is written: only much data shows it for certain.
    const long = auditRecord(`{"id":"l","x":"${'x'.repeat(7000)}"}`, '"l"');
    const { kept } = await send([...records, ...Array.from({ length: 100 }, () => long)]);
    assert.equal(kept.length, 150);
    assert.ok(tools.waits.length >= 1 && tools.waits.length <= 2, misbehaviour);
    assert.deepEqual(
      server.messages.slice(0, 50).map(({ text }) => text),
      records.map(textOf),
    );
    assert.equal(server.messages.length, 150);
  }
});

test('a receiver that keeps breaking the connection is 69, and nothing is set aside', async (t) => {
  const { server, send } = await start(t);
  server.misbehave = () => 'reset';
  await assert.rejects(send(auditRecords(3)), { status: exit.unavailable });
  assert.equal(server.connections, 5);
});

test('a receiver that never closes its side has been given the records, and only then the log says what is not known', async (t) => {
  const notes: string[] = [];
  const { server, send } = await start(t, {}, undefined, { debug: (note) => void notes.push(note) });
  assert.deepEqual((await send(auditRecords(3))).kept, [0, 1, 2]);
  assert.deepEqual(notes, []);
  server.misbehave = () => 'keep';
  assert.deepEqual((await send(auditRecords(3))).kept, [0, 1, 2]);
  assert.deepEqual(notes, ['the receiver did not close the connection: what it has read is not known']);
});

test('a probe sends no message', async (t) => {
  const { server, sink } = await start(t);
  assert.match((await sink.probe?.()) ?? '', /acknowledges nothing/);
  assert.ok(server.connections > 0);
  assert.deepEqual([server.deliveries, server.messages.length, server.faults.length], [0, 0, 0]);
  await server.close();
  await assert.rejects(async () => sink.probe?.(), { status: exit.unavailable });
});

test('an address that cannot be used is 78, and passwords in it are not shown', () => {
  const tools = sinkTools({ wire });
  const create = (more: SettingValues) => makeSink(syslog, { SYSLOG_URL: 'tls://siem.example', ...more }, tools);
  assert.equal(create({}).scope, 'tls://siem.example:6514');
  assert.equal(create({ SYSLOG_URL: 'tcp://127.0.0.1/' }).scope, 'tcp://127.0.0.1:514');
  assert.equal(create({ SYSLOG_URL: 'tcp://siem.example' }).scope, 'tcp://siem.example:514');
  assert.equal(create({ SYSLOG_URL: 'tls://[::1]:1' }).scope, 'tls://[::1]:1');
  for (const more of [
    { SYSLOG_URL: 'siem.example' },
    { SYSLOG_URL: 'siem.example:6514' },
    { SYSLOG_URL: 'tls://' },
    { SYSLOG_URL: 'https://siem.example' },
    { SYSLOG_URL: 'udp://siem.example' },
    { SYSLOG_URL: 'tls://user:hidden@siem.example' },
    { SYSLOG_URL: 'tls://user@siem.example' },
    { SYSLOG_URL: 'tls://:hidden@siem.example' },
    { SYSLOG_URL: 'tls://siem.example/path' },
    { SYSLOG_URL: 'tls://siem.example?hidden' },
    { SYSLOG_URL: 'tls://siem.example/#hidden' },
  ]) {
    assert.throws(
      () => create(more),
      (error: Error & { status?: number; hint?: string }) => {
        assert.equal(error.status, exit.config, JSON.stringify(more));
        assert.ok(error.hint);
        assert.ok(!error.message.includes('hidden'));
        return true;
      },
    );
  }
});

test('the least and the most of a number, and the longest of a name, are taken; what lies beyond them is 78, and a value that works is told', () => {
  const create = (more: SettingValues) =>
    makeSink(syslog, { SYSLOG_URL: 'tls://siem.example', ...more }, sinkTools({ wire }));
  const numbers: readonly (readonly [string, number, number])[] = [
    ['SYSLOG_FACILITY', 0, 23],
    ['SYSLOG_SEVERITY', 0, 7],
    ['SYSLOG_MAX_BYTES', 480, 16_777_216],
  ];
  const names: readonly (readonly [string, number])[] = [
    ['SYSLOG_HOSTNAME', 255], // RFC 5424 section 6
    ['SYSLOG_APPNAME', 48],
    ['SYSLOG_MSGID', 32],
  ];
  const bounds: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ...numbers.map(
      ([setting, least, most]) =>
        [setting, [`${least}`, `${most}`], [`${least - 1}`, `${most + 1}`, `${least}.5`]] as const,
    ),
    ...names.map(
      ([setting, most]) =>
        [setting, ['!', '~'.repeat(most)], ['', 'x'.repeat(most + 1), 'two words', 'é', 'a\u007f']] as const,
    ),
    [
      'SYSLOG_SD_ID', // an SD-NAME has 32 characters at most
      ['!@0', '~@1.22.3', `${'a'.repeat(24)}@32473.1`],
      ['record', '@1', 'a@', 'a@1.', 'a@b', 'a b@1', 'a"b@1', 'a=b@1', 'a]b@1', `${'a'.repeat(24)}@32473.12`],
    ],
  ];
  for (const [setting, good, bad] of bounds) {
    for (const value of good) create({ [setting]: value });
    for (const value of bad) {
      const hint = `set ${setting}=${syslog.settings[setting]?.default ?? 'acme'}`;
      assert.throws(() => create({ [setting]: value }), problem(exit.config, new RegExp(`^${setting} must be `), hint));
    }
  }
});

test('the program delivers the sample over TLS once, and says when nobody listens', async (t) => {
  const directory = scratch(t);
  const server = await fakeSyslog(authority.issue());
  t.after(() => server.close());
  const argv = ['--source', 'sample', '--first-run', '2h', '--sink', 'syslog', '--state-dir', join(directory, 'state')];
  const environment = { SYSLOG_URL: server.address };
  for (let time = 0; time < 2; time++) {
    const { status, stdout, stderr } = await run([...argv, '--ca-file', authority.certFile], { environment });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  }
  assert.deepEqual(server.faults, []);
  const ids = server.messages.map(({ text }) => (JSON.parse(text) as { id: string }).id);
  assert.ok(ids.length > 2);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    server.messages.map(({ data }) => data['record@32473']?.['id']),
    ids,
  );
  const untrusted = await run([...argv, '--job', 'other'], { environment });
  assert.equal(untrusted.status, exit.protocol);
  assert.match(untrusted.stderr, /authority that is not trusted here[\s\S]*--ca-file/);
});
