import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hintText, stepsOf } from '../../src/core/hint.ts';
import { packer } from '../../src/core/batch.ts';
import { byteBuffer } from '../../src/core/bytes.ts';
import { epochSeconds } from '../../src/core/wire/splunk/form.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { AuditRecord, Saved, Sink } from '../../src/core/types.ts';
import { splunk, splunkWireForm } from '../../src/sinks/splunk.ts';
import { problem } from '../support/problem.ts';
import { auditRecord, auditRecords } from '../support/records.ts';
import { deliverTo, sendAll } from '../support/send-all.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { makeSink, sinkTools, testNow, withDefaults } from '../support/sink-tools.ts';
import type { Answer } from '../support/sinks/server.ts';
import { fakeSplunk, type FakeSplunk, type HecEvent, type SplunkOptions } from '../support/sinks/splunk.ts';

const servers: FakeSplunk[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function start(options: SplunkOptions = {}, settings: Record<string, string> = {}, saved?: Saved) {
  const server = await fakeSplunk(options);
  servers.push(server);
  return { server, ...(await connect(server, settings, saved)) };
}

/** Another run of the same job. */
async function connect(server: FakeSplunk, settings: Record<string, string> = {}, saved?: Saved) {
  const tools = sinkTools({ http: openSinkHttp });
  const sink = makeSink(splunk, { SPLUNK_URL: server.url, SPLUNK_TOKEN: 'a-long-token', ...settings }, tools);
  await sink.open?.(saved);
  const send = async (records: readonly AuditRecord[]) => {
    const packing = packer(sink, '');
    for (const [entry, record] of records.entries()) assert.equal(packing.add(record, entry), 'added');
    const packed = packing.take();
    assert.ok(packed);
    return deliverTo(sink, packed, tools);
  };
  return { tools, sink, send };
}

/** What becomes of each acknowledgement, asked for one after the other. */
async function settle(sink: Sink, names: readonly string[]): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (const name of names) outcomes.push((await sink.settle?.(name))?.outcome);
  return outcomes;
}

function idsOf(server: FakeSplunk): unknown[] {
  return server.lines.map((line) => (JSON.parse(line) as HecEvent).fields?.['record_id']);
}

/** Answers to events; everything else is answered as ever. */
function onEvents(answer: () => Answer | undefined): FakeSplunk['hook'] {
  return ({ path }) => (path.endsWith('/event') ? answer() : undefined);
}

/** The text of the event inside the object. */
function eventText(line: string): string {
  return /"event":(.*)\}$/.exec(line)?.[1] ?? '';
}

for (const ack of [false, true]) {
  sinkConformance(ack ? 'splunk with acknowledgement' : 'splunk', async () => {
    const server = await fakeSplunk({ ack });
    return {
      definition: splunk,
      values: { SPLUNK_URL: server.url, SPLUNK_TOKEN: 'a-long-token', SPLUNK_ACK: String(ack) },
      wrongKey: { SPLUNK_TOKEN: 'wrong-secret' },
      secrets: ['a-long-token', 'wrong-secret'],
      server,
      isData: ({ path }) => path.endsWith('/event'),
      received: () => server.lines.map(eventText),
      refuse(id) {
        server.bad = (event) => (event.fields?.['record_id'] === id ? 6 : undefined);
      },
    };
  });
}

test('an event object has a closed set of keys, the exact time, the ID in a flat field, and the record as it came', () => {
  const encoded = (record: AuditRecord, settings: Record<string, string> = {}): string => {
    const buffer = byteBuffer();
    splunkWireForm(withDefaults(splunk.settings, settings), sinkTools())(record, buffer, '');
    return buffer.view().toString();
  };
  assert.equal(
    encoded(auditRecord('{"n":1.10,"a":1,"a":2}', '"a\\"b"', 1_763_596_800_120, 456)),
    '{"time":1763596800.120000456,"host":"acme","source":"audit-export:acme","sourcetype":"_json","fields":{"record_id":"a\\"b"},"event":{"n":1.10,"a":1,"a":2}}\n',
  );
  assert.equal(
    encoded(auditRecord('{}', '7'), {
      SPLUNK_HOST: 'h',
      SPLUNK_SOURCE: 's',
      SPLUNK_SOURCETYPE: 't',
      SPLUNK_INDEX: 'i"',
    }),
    '{"host":"h","source":"s","sourcetype":"t","index":"i\\"","fields":{"record_id":"7"},"event":{}}\n',
  );
});

test('times are exact decimals of seconds', () => {
  for (const [time, nanos, expected] of [
    [0, 0, '0'],
    [1_000, 0, '1'],
    [1_500, 0, '1.5'],
    [1_763_596_800_001, 0, '1763596800.001'],
    [1_763_596_800_000, 1, '1763596800.000000001'],
    [1_763_596_800_999, 999_999, '1763596800.999999999'],
    [NaN, 0, undefined],
  ] as const) {
    assert.equal(epochSeconds(time, nanos), expected);
  }
});

test('every request carries the token and a channel, and is gzipped when that is worth it', async () => {
  const { server, send } = await start();
  await send(auditRecords(100));
  await send(auditRecords(1));
  const [first, second] = server.posts();
  assert.equal(first?.headers.authorization, 'Splunk a-long-token');
  assert.match(String(first?.headers['x-splunk-request-channel']), /^[0-9a-f-]{36}$/);
  assert.equal(first?.headers['content-encoding'], 'gzip');
  assert.equal(second?.headers['content-encoding'], undefined);
  assert.equal(first?.headers['x-splunk-request-channel'], second?.headers['x-splunk-request-channel']);
});

test('an address that was pasted with its path works too', async () => {
  const { server, send } = await start();
  const other = await connect(server, { SPLUNK_URL: `${server.url}/services/collector/event/` });
  await other.send(auditRecords(1));
  await send(auditRecords(1));
  assert.equal(server.posts().length, 2);
});

test('of a batch with bad events, those before each are not sent again, each is set aside, the rest is sent', async () => {
  for (const code of [6, 12, 13, 15]) {
    const { server, send, tools } = await start();
    const bad = ['r0', 'r3', 'r4', 'r19'];
    server.bad = (event) => (bad.includes(String(event.fields?.['record_id'])) ? code : undefined);
    const { kept, refused } = await send(auditRecords(20));
    assert.equal(kept.length, 16);
    assert.deepEqual(
      refused.map(({ entry, reason }) => [entry, reason]),
      [0, 3, 4, 19].map((entry) => [entry, `Invalid data (code ${code})`]),
    );
    assert.deepEqual(
      idsOf(server),
      auditRecords(20)
        .map((_, index) => `r${index}`)
        .filter((id) => !bad.includes(id)),
    );
    assert.deepEqual(tools.waits, [], 'there is nothing to wait for');
  }
});

test('a refusal that names no event may be about something else; one that does is about that event', async () => {
  for (const [code, number, doubt] of [
    [6, 0, undefined],
    [6, undefined, 'check SPLUNK_URL and SPLUNK_TOKEN'],
    [5, undefined, 'check SPLUNK_URL and SPLUNK_TOKEN'],
    [21, undefined, 'check SPLUNK_URL and SPLUNK_TOKEN'],
  ] as const) {
    const { server, send } = await start();
    server.hook = () => ({ status: 400, body: { text: 'no', code, 'invalid-event-number': number } });
    const { kept, refused } = await send(auditRecords(3));
    assert.deepEqual([kept, refused.map((one) => hintText(one.doubt))], [[], [doubt, doubt, doubt]]);
  }
});

test('a collector that refuses every event is asked no more than it takes to know that they are too many', async () => {
  const { server, sink, tools } = await start();
  server.bad = () => 12;
  await assert.rejects(
    sendAll(sink, auditRecords(1000), tools, undefined, (count) => {
      if (count > 100) throw new Problem(exit.data, 'too many');
    }),
    { status: exit.data },
  );
  assert.equal(server.posts().length, 101);
});

test('an index that the token may not write to is a fault of the settings; nothing is set aside', async () => {
  const { server, send } = await start({ indexes: ['main'] }, { SPLUNK_INDEX: 'audit' });
  await assert.rejects(send(auditRecords(3)), { status: exit.config, hint: /SPLUNK_INDEX/ });
  assert.equal(server.posts().length, 1);
});

test('a body that Splunk Cloud finds too large is split, and no event is blamed', async () => {
  const { server, send } = await start({ cloudLimit: 5_500_000 });
  const large = Array.from({ length: 3 }, (_, index) => auditRecord(`{"x":"${'x'.repeat(2_000_000)}"}`, `"l${index}"`));
  // Such a batch only exists when a record is larger than the limit of a batch; here three are put together.
  const { tools, sink } = await connect(server);
  const packing = packer(
    { encode: sink.encode, limits: () => ({ records: 10, bytes: 10_000_000, record: 10_000_000 }) },
    '',
  );
  for (const [entry, record] of large.entries()) packing.add(record, entry);
  const packed = packing.take();
  assert.ok(packed);
  const { kept, refused } = await deliverTo(sink, packed, tools);
  assert.deepEqual(kept, [0, 1, 2]);
  assert.deepEqual(refused, []);
  const tooLarge = auditRecord(`{"x":"${'x'.repeat(5_600_000)}"}`, '"huge"');
  assert.equal((await send([tooLarge])).refused.length, 1);
});

test('a queue that fills up is success, and the next batch waits', async () => {
  for (const [code, headers, wait] of [
    [24, {}, 5000],
    [25, { 'retry-after': '3' }, 3000],
  ] as const) {
    const { server, send, tools } = await start();
    server.hook = () => ({ status: 200, headers, body: { text: 'Queue is approaching capacity', code } });
    assert.deepEqual((await send(auditRecords(2))).kept, [0, 1]);
    assert.deepEqual(tools.waits, [wait]);
  }
});

test('a busy server is waited for, and the whole batch sent again', async () => {
  for (const [status, code] of [
    [503, 9],
    [500, 8],
    [503, 18],
    [503, 23],
    [429, 26],
    [429, 27],
  ] as const) {
    const { server, send } = await start();
    server.hook = (_request, number) =>
      number === 1 ? { status, body: { text: 'Server is busy', code, 'invalid-event-number': 1 } } : undefined;
    assert.deepEqual((await send(auditRecords(3))).kept, [0, 1, 2]);
    assert.equal(server.lines.length, 3);
  }
});

test('queues that stay full lead to the queues of Splunk, whichever status they are told by', async () => {
  for (const [status, code] of [
    [503, 9],
    [503, 18],
    [503, 20],
    [429, 26],
    [429, 27],
  ] as const) {
    const { server, sink } = await start();
    server.hook = () => ({ status, body: { text: 'Server is busy', code } });
    const hint = 'the next run goes on; if it lasts, look at the load and the queues of Splunk';
    await assert.rejects(async () => sink.probe?.(), { hint }, `${code}`);
  }
});

test('a setting that Splunk has something against is a step of the hint, which says where it is', async () => {
  const { server, send } = await start({}, { SPLUNK_INDEX: 'audit' });
  server.hook = () => ({ status: 400, body: { text: 'Incorrect index', code: 7 } });
  await assert.rejects(send(auditRecords(1)), names('SPLUNK_INDEX'));
  const without = await start({ ack: false }, { SPLUNK_ACK: 'true' });
  await assert.rejects(async () => without.sink.probe?.(), names('SPLUNK_ACK'));

  function names(setting: string) {
    return (error: unknown): boolean => {
      assert.ok(error instanceof Problem);
      const steps = stepsOf(error.steps).flatMap((step) => (typeof step === 'string' ? [] : [step]));
      assert.deepEqual(
        steps.flatMap((step) => (step.about === 'settings' ? step.names : [])),
        [setting],
      );
      return true;
    };
  }
});

test('a token that is disabled is 77', async () => {
  const { server, send } = await start();
  server.hook = () => ({ status: 403, body: { text: 'Token disabled', code: 1 } });
  await assert.rejects(send(auditRecords(1)), { status: exit.noperm, hint: /SPLUNK_TOKEN/ });
});

test('a refusal in other words than those of the event collector says to look at the port before the token', async () => {
  const { server, sink } = await start();
  const text = '<response><messages><msg type="WARN">call not properly authenticated</msg></messages></response>';
  server.hook = () => ({ status: 401, body: text }); // as the management port answers
  await assert.rejects(async () => sink.probe?.(), {
    status: exit.noperm,
    hint: /^check SPLUNK_URL: the event collector usually listens on port 8088; check SPLUNK_TOKEN, and that/,
  });
});

test('a server that does not take gzip gets plain text from then on', async () => {
  const { server, send } = await start({ acceptsGzip: false });
  await send(auditRecords(100));
  assert.deepEqual(
    server.posts().map(({ headers }) => headers['content-encoding']),
    ['gzip', undefined],
  );
});

test('with acknowledgement, events are delivered when the indexers say so, and not before', async () => {
  const { server, send, sink, tools } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  server.indexed = false;
  const { kept, awaited } = await send(auditRecords(3));
  assert.deepEqual(kept, []);
  assert.deepEqual(
    awaited.map(({ entries }) => entries),
    [[0, 1, 2]],
  );
  const names = awaited.map(({ pending }) => pending);
  assert.match(names[0] ?? '', /^[0-9a-f-]{36}:0$/);
  assert.deepEqual(await settle(sink, names), ['waiting']);
  server.indexed = true;
  assert.deepEqual(await settle(sink, names), ['kept']);
  assert.equal(server.polls().at(-1)?.query.get('channel'), names[0]?.split(':')[0]);
  assert.deepEqual(tools.warnings, []);
});

test('acknowledgement can be asked for in any spelling of yes', async () => {
  for (const [text, asked] of Object.entries({ TRUE: true, Yes: true, '1': true, FALSE: false, No: false })) {
    const { server, send } = await start({ ack: true }, { SPLUNK_ACK: text });
    const { awaited } = await send(auditRecords(1));
    assert.equal(awaited.length > 0, asked, text);
    await server.close();
  }
});

test('the part of a batch before a bad event is acknowledged too', async () => {
  const { server, send, sink } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  server.bad = (event) => (event.fields?.['record_id'] === 'r2' ? 6 : undefined);
  const { awaited, refused } = await send(auditRecords(5));
  assert.deepEqual(
    awaited.map(({ entries }) => entries),
    [
      [0, 1],
      [3, 4],
    ],
  );
  assert.deepEqual(
    refused.map(({ entry }) => entry),
    [2],
  );
  const names = awaited.map(({ pending }) => pending);
  assert.deepEqual(await settle(sink, names), ['kept', 'kept']);
});

test('a bad event whose refusal names no acknowledgement is no word about the token: the rest is acknowledged', async () => {
  const { server, send, tools } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  server.hook = ({ path, body }) => {
    const at = body.split('\n').findIndex((line) => line.includes('"id":"r2"'));
    if (!path.endsWith('/event') || at === -1) return undefined;
    return { status: 400, body: { text: 'Event field cannot be blank', code: 13, 'invalid-event-number': at } };
  };
  const { kept, awaited, refused } = await send(auditRecords(5));
  assert.deepEqual(kept, [0, 1], 'what Splunk took before it');
  assert.deepEqual(
    awaited.map(({ entries }) => entries),
    [[3, 4]],
  );
  assert.deepEqual(
    refused.map(({ entry }) => entry),
    [2],
  );
  assert.deepEqual(tools.warnings, []);
});

test('a refusal of the first event promises nothing of the others, whatever number it names', async () => {
  const { server, sink, send } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  let asked = 0;
  server.hook = onEvents(() =>
    asked++ === 0
      ? { status: 400, body: { text: 'Invalid data format', code: 6, 'invalid-event-number': 0, ackId: 7 } }
      : undefined,
  );
  const { awaited, refused } = await send(auditRecords(3));
  assert.deepEqual([refused.length, awaited.map(({ entries }) => entries)], [1, [[1, 2]]]);
  const saved = sink.saved?.() as { waiting: object } | undefined;
  assert.deepEqual(
    Object.keys(saved?.waiting ?? {}),
    awaited.map(({ pending }) => pending),
  );
});

test('since when something is to come is kept by a run that no longer asks for acknowledgement', async () => {
  const { server, sink, send } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  await send(auditRecords(3));
  const saved = sink.saved?.();
  const later = await connect(server, {}, saved);
  assert.deepEqual(later.sink.saved?.(), saved);
});

test('a question for acknowledgements that is refused for another reason settles nothing, and the token is still asked', async () => {
  const { server, send, sink, tools } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  const names = (await send(auditRecords(2))).awaited.map(({ pending }) => pending);
  server.hook = () => ({ status: 400, body: { text: 'Data channel is missing', code: 10 } });
  await assert.rejects(settle(sink, names), {
    name: 'Problem',
    message: `splunk at ${server.url} did not accept the query for acknowledgements (HTTP 400): Data channel is missing`,
  });
  server.hook = undefined;
  assert.deepEqual(await settle(sink, names), ['kept']);
  assert.deepEqual(tools.warnings, []);
});

test('what is still to come survives into the next run, and what that sends has a name of its own', async () => {
  const { server, send, sink } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  server.indexed = false;
  const { awaited } = await send(auditRecords(3));
  const saved = sink.saved?.();
  assert.deepEqual(JSON.parse(JSON.stringify(saved)), saved);

  const later = await connect(server, { SPLUNK_ACK: 'true' }, saved);
  server.indexed = true;
  const names = awaited.map(({ pending }) => pending);
  assert.deepEqual(await settle(later.sink, names), ['kept']);
  const more = await later.send(auditRecords(1));
  assert.match(more.awaited[0]?.pending ?? '', /:0$/);
  assert.notEqual(more.awaited[0]?.pending, names[0]);
});

test('an acknowledgement that does not come within five minutes never will', async () => {
  const { server, send, sink, tools } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  server.indexed = false;
  const names = (await send(auditRecords(3))).awaited.map(({ pending }) => pending);
  await tools.wait(5 * 60_000);
  assert.deepEqual(await settle(sink, names), ['waiting']);
  await tools.wait(1);
  assert.deepEqual(await settle(sink, names), ['lost']);
  const left = sink.saved?.() as { waiting: object } | undefined;
  assert.deepEqual(left?.waiting, {});
});

test('a restart that begins the numbers anew never takes one batch for another, and nothing is sent twice', async () => {
  const { server, send, sink, tools } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  server.indexed = false;
  const [old] = (await send(auditRecords(2))).awaited;
  server.restart();
  server.indexed = true;
  const [fresh] = (await send(auditRecords(2))).awaited;
  assert.ok(old && fresh);
  const names = [old.pending, fresh.pending];
  assert.notEqual(fresh.pending, old.pending);
  assert.deepEqual(await settle(sink, names), ['waiting', 'kept']);
  await tools.wait(5 * 60_000 + 1);
  assert.deepEqual(await settle(sink, [old.pending]), ['lost']);
  assert.equal(server.posts().length, 2);
});

test('a Splunk that forgot the channels of the last runs is sent nothing twice', async () => {
  const server = await fakeSplunk({ ack: true });
  servers.push(server);
  let saved: Saved | undefined;
  for (let time = 1; time <= 3; time++) {
    const { sink, send, tools } = await connect(server, { SPLUNK_ACK: 'true' }, saved);
    const names = (await send(auditRecords(2))).awaited.map(({ pending }) => pending);
    assert.deepEqual(await settle(sink, names), ['kept']);
    assert.deepEqual([server.posts().length, tools.waits], [time, []]);
    saved = sink.saved?.();
    server.restart(); // as after 10 minutes without a request
  }
});

test('indexers behind a load balancer that count by themselves make no batch be sent twice', async () => {
  const { server, send, sink } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  const next = { one: 0, other: 0 };
  server.hook = onEvents(() => {
    const indexer = server.posts().length % 2 === 1 ? 'one' : 'other';
    return { status: 200, body: { text: 'Success', code: 0, ackId: next[indexer]++ } };
  });
  const names: string[] = [];
  for (let time = 0; time < 4; time++)
    names.push(...(await send(auditRecords(2))).awaited.map(({ pending }) => pending));
  assert.equal(server.posts().length, 4);
  assert.equal(new Set(names).size, 4);
  assert.deepEqual(
    (sink.saved?.() as { waiting: object } | undefined)?.waiting,
    Object.fromEntries(names.map((name) => [name, testNow])),
  );
});

test('a token without acknowledgement is used without it, and a warning says so once', async () => {
  for (const answer of [
    undefined,
    { status: 200, body: { text: 'Success', code: 0 } },
    { status: 400, body: { text: 'ACK is disabled', code: 14 } },
  ]) {
    const { server, send, tools } = await start({ ack: answer !== undefined }, { SPLUNK_ACK: 'true' });
    let asked = 0;
    server.hook = onEvents(() => (asked++ === 0 ? answer : undefined));
    assert.deepEqual((await send(auditRecords(2))).kept, [0, 1]);
    assert.deepEqual((await send(auditRecords(2))).kept, [0, 1]);
    assert.equal(tools.warnings.length, 1);
    assert.match(tools.warnings[0] ?? '', /does not acknowledge for this token: going on without SPLUNK_ACK$/);
  }
});

test('what was still to come counts as kept when the token no longer acknowledges, and that is said if it was asked for', async () => {
  const { server, send, sink } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  const names = (await send(auditRecords(3))).awaited.map(({ pending }) => pending);
  server.hook = ({ path }) =>
    path.endsWith('/ack') ? { status: 400, body: { text: 'ACK is disabled', code: 14 } } : undefined;
  for (const [values, warnings] of [
    [{ SPLUNK_ACK: 'true' }, 1],
    [{}, 0],
  ] as const) {
    const later = await connect(server, values, sink.saved?.());
    assert.deepEqual(await settle(later.sink, names), ['kept']);
    assert.equal(later.tools.warnings.length, warnings);
  }
});

test('an acknowledgement answer that makes no sense settles nothing', async () => {
  const { server, send, sink } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  const names = (await send(auditRecords(2))).awaited.map(({ pending }) => pending);
  server.hook = () => ({ status: 200, body: '<html>' });
  await assert.rejects(settle(sink, names), { status: exit.protocol });
  server.hook = () => ({ status: 200, body: { acks: { '0': 'true' } } });
  assert.deepEqual(await settle(sink, names), ['waiting']);
  server.hook = undefined;
  assert.deepEqual(await settle(sink, names), ['kept']);
});

test('without acknowledgement nothing is kept between runs', async () => {
  const { send, sink } = await start();
  await send(auditRecords(1));
  assert.equal(sink.saved?.(), undefined);
});

test('a probe checks the token and sends nothing', async () => {
  const { server, sink } = await start();
  assert.equal(await sink.probe?.(), 'it takes the token; whether its index is there, only a search in Splunk shows');
  assert.deepEqual([server.lines, server.polls()], [[], []]);
  const wrong = await connect(server, { SPLUNK_TOKEN: 'other' });
  await assert.rejects(async () => wrong.sink.probe?.(), { status: exit.noperm });
});

test('a probe asks whether the token acknowledges, if that is wanted', async () => {
  const { server, sink } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  assert.match((await sink.probe?.()) ?? '', /^it takes the token and acknowledges;/);
  assert.deepEqual(server.lines, []);
  const without = await start({ ack: false }, { SPLUNK_ACK: 'true' });
  await assert.rejects(async () => without.sink.probe?.(), {
    status: exit.config,
    hint: 'enable indexer acknowledgement for the token, or unset SPLUNK_ACK',
  });
});

test('a probe says what to do where a collector knows no acknowledgements, and so takes the question for an event, or has no address for it', async () => {
  const { server, sink } = await start({}, { SPLUNK_ACK: 'true' });
  for (const [answer, status] of [
    [{ status: 400, body: { text: 'Event field is required', code: 12 } }, exit.protocol], // that of OpenTelemetry, without ack
    [{ status: 404, body: 'not found' }, exit.config],
  ] as const) {
    server.hook = ({ path }) => (path.endsWith('/ack') ? answer : undefined);
    await assert.rejects(async () => sink.probe?.(), {
      status,
      hint: 'enable indexer acknowledgement for the token, or unset SPLUNK_ACK',
    });
  }
});

test('a probe does not take something else for a collector', async () => {
  const { server, sink } = await start();
  for (const [answer, status] of [
    [{ status: 200, body: '<html>log in' }, exit.protocol],
    [{ status: 400, body: { text: 'Data channel is missing', code: 10 } }, exit.config],
    [{ status: 404, body: '<html>not here' }, exit.config],
    [{ status: 503, body: { text: 'Server is busy', code: 9 } }, exit.unavailable],
  ] as const) {
    server.hook = () => answer;
    await assert.rejects(async () => sink.probe?.(), { status });
  }
});

test('a refusal (400) that is not the words of Splunk is no word about the records: 76, and none is set aside', async () => {
  for (const body of [
    '<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n</html>',
    '',
    { message: 'bad request' },
    { code: 400, message: 'bad request' },
  ]) {
    const { server, send } = await start();
    server.hook = () => ({ status: 400, body });
    await assert.rejects(send(auditRecords(3)), { status: exit.protocol, hint: /^check SPLUNK_URL/ });
  }
});

test('a probe that is refused for what is lost on the way says what a delivery would say', async () => {
  const { server, sink } = await start();
  server.hook = () => ({ status: 400, body: { text: 'Data channel is missing', code: 10 } });
  await assert.rejects(async () => sink.probe?.(), {
    status: exit.config,
    message: `splunk at ${server.url} answers: Data channel is missing`,
    hint: 'check what stands between here and Splunk: the header X-Splunk-Request-Channel is lost on the way',
  });
});

test('a full queue of Splunk (HTTP 429) is no rate limit that somebody could raise: the hint leads to the queues', async () => {
  for (const [code, text] of [
    [26, 'Queue at capacity'],
    [27, 'ACK channel at capacity'],
  ] as const) {
    const { server, send } = await start();
    server.hook = () => ({ status: 429, body: { text, code } });
    await assert.rejects(send(auditRecords(1)), {
      status: exit.tempfail,
      hint: 'the next run goes on; if it lasts, look at the load and the queues of Splunk',
    });
  }
});

test('a question for acknowledgements, or of a probe, that is refused for its size is small: the hint is not about records', async () => {
  const { server, send, sink } = await start({ ack: true }, { SPLUNK_ACK: 'true' });
  const names = (await send(auditRecords(2))).awaited.map(({ pending }) => pending);
  server.hook = () => ({ status: 413, body: '<html>' });
  const hint = 'this request is small; look for a limit in the proxies and gateways between here and the service';
  const [who, why] = [`splunk at ${server.url} refused the size of`, '(HTTP 413)'];
  await assert.rejects(settle(sink, names), problem(76, `${who} the query for acknowledgements ${why}`, hint));
  await assert.rejects(async () => sink.probe?.(), problem(76, `${who} the token ${why}`, hint));
  server.hook = undefined;
  assert.deepEqual(await settle(sink, names), ['kept'], 'it is asked for again');
});
