import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, test } from 'node:test';
import { byteBuffer } from '../../src/core/bytes.ts';
import { packer } from '../../src/core/batch.ts';
import { deliver } from '../../src/core/delivery/deliver.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { withContentKey } from '../../src/core/content/content-key.ts';
import { elastic, elasticWireForm } from '../../src/sinks/elastic.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';
import { sinkTools, testNow } from '../support/sink-tools.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { type ElasticOptions, fakeElastic, type FakeElastic, withoutMark } from '../support/sinks/elastic.ts';

const servers: FakeElastic[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function start(options: ElasticOptions = {}, settings: Record<string, string> = {}) {
  const server = await fakeElastic(options);
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const values = { ELASTIC_URL: server.url, ELASTIC_INDEX: 'audit', ...settings };
  const sink = elastic.create(values, tools);
  const send = async (records: readonly AuditRecord[]) => {
    const packing = packer(sink);
    for (const [entry, record] of records.entries()) assert.equal(packing.add(record, entry), 'added');
    const packed = packing.take();
    assert.ok(packed);
    return deliver(sink, packed, tools);
  };
  return { server, sink, tools, send };
}

function encoded(record: AuditRecord, trustsIds = false): string[] {
  const buffer = byteBuffer();
  elasticWireForm({}, { ...sinkTools(), trustsIds })(record, buffer, '');
  return buffer.view().toString().split('\n');
}

function idOf(record: AuditRecord, trustsIds?: boolean): string {
  return (JSON.parse(encoded(record, trustsIds)[0] ?? '') as { create: { _id: string } }).create._id;
}

sinkConformance('elastic', async () => {
  const server = await fakeElastic({ authorization: 'ApiKey a-long-key' });
  const fail = (id: string, status: number) => {
    server.item = (document) =>
      withoutMark(document) === `acme:${id}` ? { status, type: 'bad', reason: 'x' } : undefined;
  };
  return {
    definition: elastic,
    values: { ELASTIC_URL: server.url, ELASTIC_INDEX: 'audit', ELASTIC_API_KEY: 'a-long-key' },
    wrongKey: { ELASTIC_API_KEY: 'wrong-secret' },
    secrets: ['a-long-key', 'wrong-secret'],
    server,
    isData: ({ path }) => path.endsWith('/_bulk'),
    received: () => [...server.documents.values()].map((text) => text.replace(/^\{"@timestamp":"[^"]*",?/, '{')),
    refuse: (id) => fail(id, 400),
  };
});

test('the ID is namespaced by source, and @timestamp is put in front with the full precision of the record', () => {
  assert.deepEqual(encoded(auditRecord('{"a":1.10,"b":1e400}', '"abc"', 1_763_596_800_123, 456_789)), [
    '{"create":{"_id":"acme:c7f72172:abc"}}',
    '{"@timestamp":"2025-11-20T00:00:00.123456789Z","a":1.10,"b":1e400}',
    '',
  ]);
  assert.equal(encoded(auditRecord('{}', '123', 0))[1], '{"@timestamp":"1970-01-01T00:00:00.000Z"}');
  assert.equal(encoded(auditRecord('{ }', '123', -1, 1))[1], '{"@timestamp":"1969-12-31T23:59:59.999000001Z" }');
});

test('a record with a member _id, which Elasticsearch takes in no document, goes whole into a member record', async () => {
  const { server, send } = await start();
  const texts = [
    '{"_id":"5a1","date":5,"big":9007199254740993}',
    '{"\\u005fid":"5a2"}',
    '{"_id":"5a3","@timestamp":"2026-11-20T09:00:00Z"}',
    '{"member":{"_id":"5a4"}}',
  ];
  await send(texts.map((text, number) => auditRecord(text, String(number), 1_763_596_800_123, 456_789)));
  const time = '"@timestamp":"2025-11-20T00:00:00.123456789Z"';
  assert.deepEqual(
    [...server.documents.values()],
    [
      `{${time},"record":${texts[0]}}`,
      `{${time},"record":${texts[1]}}`,
      `{${time},"record":${texts[2]}}`,
      `{${time},"member":{"_id":"5a4"}}`,
    ],
  );
});

test('a record with a member that has the name of another metadata field goes whole into a member record, too', async () => {
  const { server, send } = await start();
  const texts = [
    '{"id":1,"_source":"web"}',
    '{"_version":1.10,"id":2}',
    '{"_index":null}',
    '{"_routing":{"a":1}}',
    '{"_seq_no":1}',
    '{"_field_names":[]}',
    '{"_ignored":"x"}',
    '{"_ignored_source":"x"}',
    '{"_nested_path":"x"}',
    '{"_data_stream_timestamp":"x"}',
    '{"_index_mode":"x"}',
    '{"_tier":"free"}',
    '{"\\u005ftier":"free"}',
    '{"_doc_count":5}',
  ];
  const plain = [
    '{"_links":{"_source":1},"_accountId":"x","n":"_tier","v":"\\"_source\\":"}',
    '{"source":"_index","_sources":1}',
  ];
  await send([...texts, ...plain].map((text, number) => auditRecord(text, String(number), 1_763_596_800_000)));
  const time = '"@timestamp":"2025-11-20T00:00:00.000Z"';
  assert.deepEqual(
    [...server.documents.values()],
    [...texts.map((text) => `{${time},"record":${text}}`), ...plain.map((text) => `{${time},${text.slice(1)}`)],
  );
});

test('a record with a name that Elasticsearch takes nowhere, because it has nothing before or between dots, goes as text into message', async () => {
  const { server, send } = await start();
  const dotted = [
    '{"event_type":{".tag":"login","n":9007199254740993}}',
    '{"a":["\\".x",{"b":1, ".tag" :"é\\"}"}]}',
    '{"_id":"5a","c":{".":1}}',
    '{"body":{"":"x"}}',
    '{"body":{"" : 1}}',
    '{"body":{""  :1}}',
    '{"body":{""\t:1}}',
    '{"a..b":1}',
    '{"a":"..","b":[{"c...d":{}}]}',
  ];
  const plain = [
    '{"a":"","b":"..","c.":1,"d..":2,"e":"\\"\\":","f":["",".."]}',
    '{"file":".tag","names":[".a",".b"],"s":"\\".tag\\":1","n":1}',
    '{"a.b":1}',
  ];
  await send([...dotted, ...plain].map((text, number) => auditRecord(text, String(number), 1_763_596_800_000)));
  const time = '"@timestamp":"2025-11-20T00:00:00.000Z"';
  assert.deepEqual(
    [...server.documents.values()],
    [
      ...dotted.map((text) => `{${time},"message":${JSON.stringify(text).replaceAll('\\t', '\\u0009')}}`),
      ...plain.map((text) => `{${time},${text.slice(1)}`),
    ],
  );
});

test('a record that has @timestamp is not touched, and one that has it deeper down gets its own', () => {
  assert.equal(encoded(auditRecord('{"a":1,"@timestamp":"x"}', '1', 5))[1], '{"a":1,"@timestamp":"x"}');
  assert.match(encoded(auditRecord('{"a":{"@timestamp":"x"}}', '1', 5))[1] ?? '', /^\{"@timestamp":"1970-/);
});

test('a record without a time that can be read gets the time of reading', () => {
  const now = new Date(testNow).toISOString();
  for (const time of [NaN, 1e18, -1e18]) {
    assert.equal(encoded(auditRecord('{"a":1}', '1', time))[1], `{"@timestamp":"${now}","a":1}`);
  }
});

test('an ID is at most 512 bytes of UTF-8, and no vendor can make one that meets a hashed one', () => {
  const id = (key: string): string => idOf(auditRecord('{}', key));
  assert.match(id(`"${'x'.repeat(498)}"`), /^acme:[0-9a-f]{8}:x{498}$/);
  assert.match(id(`"${'x'.repeat(499)}"`), /^sha256:[0-9a-f]{64}$/);
  assert.match(id(`"${'é'.repeat(250)}"`), /^sha256:[0-9a-f]{64}$/);
  assert.equal(withoutMark(id(`"sha256:${'0'.repeat(64)}"`)), `acme:"sha256:${'0'.repeat(64)}"`);
  assert.equal(withoutMark(id('"a\\"b\\\\c"')), 'acme:a"b\\c');
});

test('an ID names the content, too: an ID that is used again and a changed record are documents of their own', () => {
  const [before, after] = [auditRecord('{"a":10000000000000000001}'), auditRecord('{"a":10000000000000000002}')];
  assert.notEqual(idOf(before), idOf(after));
  assert.equal(idOf(before), idOf(auditRecord('{"a":10000000000000000001}')));
  const changed = withContentKey(after);
  assert.equal(idOf(changed), idOf(after), 'whether this run knew that it is a changed one or not');
  assert.notEqual(idOf(auditRecord('{"id":1}', '1')), idOf(auditRecord('{"id":"1"}', '"1"')));
});

test('an ID that hashes the content has no mark, and none has one where IDs are trusted', () => {
  const byContent = `sha256:${'a'.repeat(64)}`;
  assert.equal(idOf(auditRecord('{"a":1}', byContent)), `acme:${byContent}`);
  assert.equal(idOf(auditRecord('{"a":1}', '"x"'), true), 'acme:x');
  assert.notEqual(idOf(auditRecord('{}', '1'), true), idOf(auditRecord('{}', '"1"'), true));
});

test('a request is NDJSON for one index, gzipped, with its length, and keeps contents out of error texts', async () => {
  const { server, send } = await start({}, { ELASTIC_PIPELINE: 'audit in', ELASTIC_INDEX: 'logs-audit-prod' });
  await send(auditRecords(100));
  await send(auditRecords(2));
  const [first, second] = server.bulks();
  assert.equal(first?.path, '/logs-audit-prod/_bulk');
  assert.equal(first?.headers['content-encoding'], 'gzip');
  assert.ok(Number(first?.headers['content-length']) > 0);
  assert.equal(first?.query.get('include_source_on_error'), 'false');
  assert.equal(first?.query.get('pipeline'), 'audit in');
  assert.equal(second?.headers['content-encoding'], undefined, 'a small body is not worth it');
  assert.equal(server.requests.filter(({ path }) => path === '/').length, 1, 'who it is, is asked once');
});

test('a cluster that could not say what it is is asked again, before the next attempt', async () => {
  const { server, send } = await start();
  let asked = 0;
  server.hook = ({ path }) =>
    path === '/' && asked++ === 0 ? { status: 503, body: { error: 'starting up' } } : undefined;
  const { kept } = await send(auditRecords(2));
  assert.deepEqual(kept, [0, 1]);
  assert.deepEqual([asked, server.bulks().length], [2, 1]);
});

test('nothing is asked while there is nothing to send', async () => {
  const { server, sink } = await start();
  await sink.open?.(undefined);
  await sink.flush?.();
  await sink.close();
  assert.equal(server.requests.length, 0);
});

test('parameters of newer Elasticsearch are not sent to older ones, to OpenSearch, or to who knows whom', async () => {
  for (const options of [
    { version: '8.17.3' },
    { version: '2.19.0', distribution: 'opensearch' },
    { writeOnly: true },
  ] as const) {
    const { server, send } = await start(options);
    await send(auditRecords(3));
    assert.equal(server.documents.size, 3);
    assert.equal(server.bulks()[0]?.query.has('include_source_on_error'), false);
  }
});

test('a server that does not know a parameter it should know gets the batch without it', async () => {
  const { server, send } = await start();
  server.hook = ({ query }) =>
    query.has('include_source_on_error')
      ? {
          status: 400,
          body: {
            error: {
              type: 'illegal_argument_exception',
              reason: 'contains unrecognized parameter: [include_source_on_error]',
            },
          },
        }
      : undefined;
  const { kept } = await send(auditRecords(3));
  assert.equal(kept.length, 3);
});

test('items have their own outcomes: only what failed for now is sent again, what is bad is set aside', async () => {
  const { server, send } = await start();
  const faults = new Map([
    ['acme:r1', { status: 429, type: 'es_rejected_execution_exception', reason: 'queue' }],
    ['acme:r3', { status: 503, type: 'unavailable_shards_exception', reason: 'primary' }],
    ['acme:r5', { status: 403, type: 'cluster_block_exception', reason: 'flood stage' }],
  ]);
  server.item = (id, _source, attempt) =>
    withoutMark(id) === 'acme:r4'
      ? { status: 400, type: 'document_parsing_exception', reason: 'no\u001b[31m\nway' }
      : attempt === 1
        ? faults.get(withoutMark(id))
        : undefined;
  const records = auditRecords(8);
  server.documents.set(idOf(records[2]!), 'there already');
  const { kept, refused } = await send(records);
  assert.deepEqual(kept, [0, 1, 2, 3, 5, 6, 7]);
  assert.deepEqual(
    refused.map(({ entry, reason }) => [entry, reason]),
    [[4, 'document_parsing_exception: no\\u001b[31m way']],
  );
  const again = server.bulks()[1]?.body.match(/:r\d/g);
  assert.deepEqual(again, [':r1', ':r3', ':r5']);
  assert.equal(server.attempts.get(idOf(records[0]!)), 1);
});

test('what is wrong with a document is told, which Elasticsearch says in the cause of "failed to parse"', async () => {
  const { server, send } = await start();
  const causes = [
    {
      type: 'json_parse_exception',
      reason: 'Duplicate field \'d\'\n at [Source: (byte[])"{"d":1}"; line: 1, column: 25]',
    },
    { type: 'illegal_argument_exception', reason: 'Limit of total fields [1000] has been exceeded' },
  ];
  server.item = (id) => {
    const cause = causes[Number(withoutMark(id).slice(-1)) - 1];
    return cause && { status: 400, type: 'mapper_parsing_exception', reason: 'failed to parse', cause };
  };
  const { refused } = await send(auditRecords(3));
  assert.deepEqual(
    refused.map(({ reason }) => reason),
    [
      "mapper_parsing_exception: failed to parse: json_parse_exception: Duplicate field 'd'",
      'mapper_parsing_exception: failed to parse: illegal_argument_exception: Limit of total fields [1000] has been exceeded',
    ],
  );
});

test('a refusal is read although it quotes a document of 16 MiB, once for itself and once for its cause', async () => {
  const { server, send } = await start();
  const quoted = 'x'.repeat(16 * 1024 * 1024);
  const cause = { type: 'illegal_argument_exception', reason: `For input string: "${quoted}"` };
  server.item = () => ({ status: 400, type: 'mapper_parsing_exception', reason: `Preview: '${quoted}'`, cause });
  const { refused } = await send(auditRecords(1));
  assert.match(
    refused[0]?.reason ?? '',
    /^mapper_parsing_exception: Preview: 'x+…: illegal_argument_exception: For input .*…$/,
  );
});

test('a refusal is read although the document that it quotes has more values than an answer may have', async () => {
  const { server, send } = await start();
  const quoted = JSON.stringify({ '"': Array.from({ length: 600_000 }, () => 1) });
  server.item = () => ({ status: 500, type: 'find_match', reason: `Unable to find match against source: ${quoted}` });
  const { refused } = await send(auditRecords(1));
  assert.match(refused[0]?.reason ?? '', /^find_match: Unable to find match against source: \{.*…$/);
});

test('what a document holds, which a refusal quotes, does not make it a fault of the cluster or the settings', async () => {
  for (const text of [
    'cluster_block_exception',
    'pipeline with id [x] does not exist',
    'this action would add [1] shards',
    'no write index is defined for alias',
  ]) {
    const { server, send } = await start();
    const reason = `failed to parse field [v] of type [long] in document with id 'a'. Preview of field's value: '${text}'`;
    const cause = { type: 'illegal_argument_exception', reason: `For input string: "${text}"` };
    server.item = (id) =>
      withoutMark(id) === 'acme:r1' ? { status: 400, type: 'mapper_parsing_exception', reason, cause } : undefined;
    const { kept, refused } = await send(auditRecords(3));
    assert.deepEqual([kept.length, refused.length, server.bulks().length], [2, 1, 1], text);
  }
});

test('a document that clashes with one that came at the same moment is sent once more, and set aside if it clashes with itself', async () => {
  const { server, send } = await start();
  const clash = {
    status: 400,
    type: 'illegal_argument_exception',
    reason: 'mapper [n] cannot be changed from type [long] to [float]',
  };
  server.item = (id, _source, attempt) => {
    const name = withoutMark(id);
    return name === 'acme:r3' || (name === 'acme:r2' && attempt === 1) ? clash : undefined;
  };
  for (const round of [1, 2]) {
    const { kept, refused } = await send(auditRecords(4));
    assert.deepEqual([kept, refused.map(({ entry }) => entry)], [[0, 1, 2], [3]]);
    assert.equal(server.bulks().length, 2 * round);
  }
});

test('a document that a pipeline refuses with status 500 is set aside, and does not hold up the others', async () => {
  for (const [type, reason] of [
    ['fail_processor_exception', 'not ours'],
    ['find_match', 'Unable to find match for dissect pattern: %{a}=%{b} against source: x'],
    ['class_cast_exception', 'class java.lang.String cannot be cast to class java.lang.Integer'],
  ] as const) {
    const { server, send } = await start();
    server.item = (id) => (withoutMark(id) === 'acme:r1' ? { status: 500, type, reason } : undefined);
    const { kept, refused } = await send(auditRecords(3));
    assert.deepEqual([kept.length, refused[0]?.reason], [2, `${type}: ${reason}`]);
    assert.equal(server.bulks().length, 1);
  }
});

/** Elasticsearch 9.1.0 gave no answer to such documents, where a failure store was to take them; 504 is that of a gateway before it. */
const unreadable = [
  ['a name in it is there twice', '{"id":"r1","a":[{"b":1,"c":"b","\\u0062":2}]}'],
  ['a number in it is too long', `{"id":"r1","n":-${'1'.repeat(1001)}}`],
  ['a number in it is too long', `{"id":"r1","n":[0.${'1'.repeat(998)}e-10]}`], // all of its digits count
  ['it is nested too deeply', `{"id":"r1","n":${'[{"n":'.repeat(501)}1${'}]'.repeat(501)}}`],
] as const;

test('a document that the cluster cannot read is set aside once it gave no answer to it, and holds up no other', async () => {
  for (const [number, [fault, text]] of unreadable.entries()) {
    const { server, send } = await start();
    const gateway = { status: 504, body: '<html>Gateway Timeout</html>' };
    server.hook = ({ body }) => (body.includes(text.slice(1)) ? (number === 0 ? 'hang' : gateway) : undefined);
    const neighbours = [
      '{"id":"r0","a":[{"b":1},{"b":1}],"b":{"a":2}}',
      `{"id":"r2","n":[${'12.5e+3,'.repeat(400)}1],"m":"n"}`,
    ];
    const records = [neighbours[0]!, text, neighbours[1]!].map((each, at) => auditRecord(each, `"r${at}"`));
    const { kept, refused } = await send(records);
    assert.deepEqual(kept, [0, 2]);
    const reason = `Elasticsearch cannot read it, and gave no answer to the request with it: ${fault}`;
    assert.deepEqual(
      refused.map((each) => [each.entry, each.reason]),
      [[1, reason]],
    );
    assert.equal(server.bulks().length, 2);
  }
});

test('what gets no answer for another reason is sent again, and set aside by nobody', async () => {
  const { server, send } = await start();
  server.hook = ({ path }, number) => (path.endsWith('/_bulk') && number < 4 ? { status: 504, body: '' } : undefined);
  const { kept, refused } = await send([auditRecord('{"id":"r0","a":{"a":1},"b":"a"}', '"r0"'), ...auditRecords(3)]);
  assert.deepEqual([kept.length, refused.length], [4, 0]);
});

test('a cluster that does not say what it is in time is no word about a document', async () => {
  const { server, send } = await start();
  server.hook = (_received, number) => (number === 1 ? { status: 504, body: '' } : undefined);
  const { kept } = await send([auditRecord('{"id":"r0","a":1,"a":2}', '"r0"')]);
  assert.deepEqual(kept, [0]);
});

test('a document that is there already was delivered', async () => {
  const { send } = await start();
  const records = auditRecords(5);
  await send(records);
  assert.deepEqual((await send(records)).kept, [0, 1, 2, 3, 4]);
});

test('what was diverted to the failure store is kept, and counted', async () => {
  const { server, send } = await start();
  let asked = 0;
  server.item = () => ({ status: 201, ...(asked++ === 1 && { failureStore: 'used' }) });
  const { kept, diverted } = await send(auditRecords(3));
  assert.deepEqual([kept.length, diverted], [3, 1]);
});

test('a refusal that every record would meet stops the run and sets nothing aside', async () => {
  for (const [status, type, reason, expected] of [
    [403, 'security_exception', 'unauthorized', exit.noperm],
    [404, 'index_not_found_exception', 'no such index [audit]', exit.config],
    [400, 'illegal_argument_exception', 'pipeline with id [x] does not exist', exit.config],
    [400, 'invalid_index_name_exception', 'must be lowercase', exit.config],
    [500, 'illegal_state_exception', 'Pipeline processor configured for non-existent pipeline [x]', exit.config],
    [500, 'illegal_state_exception', 'Cycle detected for pipeline: x', exit.config],
    [
      400,
      'illegal_argument_exception',
      'no write index is defined for alias [audit]. The write index may',
      exit.config,
    ],
  ] as const) {
    const { server, send } = await start();
    server.item = () => ({ status, type, reason });
    await assert.rejects(send(auditRecords(3)), (error) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.status, expected, type);
      assert.ok(error.hint !== undefined);
      return true;
    });
    assert.equal(server.bulks().length, 1);
  }
});

test('a pipeline that does not exist is looked for where it is named', async () => {
  for (const [settings, hint] of [
    [{ ELASTIC_PIPELINE: 'x' }, /^check ELASTIC_PIPELINE, /],
    [{}, /^create it.* ELASTIC_INDEX .*default_pipeline/],
  ] as const) {
    const { server, send } = await start({}, settings);
    server.item = () => ({
      status: 400,
      type: 'illegal_argument_exception',
      reason: 'pipeline with id [x] does not exist',
    });
    await assert.rejects(send(auditRecords(3)), { status: exit.config, message: /pipeline with id \[x\]/, hint });
  }
});

test('a cluster that takes nothing for now is 75 when it says so, 69 when it fails', async () => {
  const { server, send } = await start();
  server.item = () => ({ status: 429, type: 'es_rejected_execution_exception' });
  await assert.rejects(send(auditRecords(3)), { status: exit.tempfail });
  server.item = () => ({ status: 503, type: 'unavailable_shards_exception' });
  await assert.rejects(send(auditRecords(3)), { status: exit.unavailable });
  server.hook = ({ path }) =>
    path === '/'
      ? undefined
      : { status: 403, body: { error: { type: 'cluster_block_exception', reason: 'read-only' } } };
  await assert.rejects(send(auditRecords(3)), { status: exit.tempfail, message: /read-only/ });
});

test('what to look at is told by what keeps the cluster from writing: its load, or a block that somebody has set', async () => {
  const { server, send } = await start();
  const block = (what: string) => ({
    status: 403,
    type: 'cluster_block_exception',
    reason: `index [audit] blocked by: [${what}];`,
  });
  for (const what of [
    'FORBIDDEN/8/index write (api)',
    'FORBIDDEN/5/index read-only (api)',
    'FORBIDDEN/6/cluster read-only (api)',
  ]) {
    server.item = () => block(what);
    await assert.rejects(send(auditRecords(1)), { status: exit.tempfail, hint: /index\.blocks/ });
  }
  server.item = () => block('FORBIDDEN/12/index read-only / allow delete (api)');
  await assert.rejects(send(auditRecords(1)), { status: exit.tempfail, hint: /disk space/ });
  const error = {
    type: 'circuit_breaking_exception',
    reason: '[parent] Data too large, data for [<http_request>] would be …',
  };
  server.hook = ({ path }) => (path === '/' ? undefined : { status: 429, body: { error, status: 429 } });
  await assert.rejects(send(auditRecords(1)), { status: exit.tempfail, message: /Data too large/, hint: /memory/ });
  server.hook = ({ path }) => (path === '/' ? undefined : { status: 429, body: 'slow down' });
  await assert.rejects(send(auditRecords(1)), { status: exit.tempfail, hint: /rate limit/ });
});

test('a cluster is told to give up on a shard before we give up on its answer, which says what is wrong', async () => {
  const { server, send } = await start();
  await send(auditRecords(1));
  assert.equal(server.bulks()[0]?.query.get('timeout'), '20s');
});

test('an answer that does not account for every document is not an acknowledgement', async () => {
  const item = { create: { status: 201 } };
  for (const body of [
    '',
    '<html>login</html>',
    '{}',
    { errors: false },
    { items: [] },
    { items: [item, item] },
    { items: [item, item, item, item] },
    { items: [item, item, { index: { status: 201 } }] },
    { items: [item, item, { create: {} }] },
    '[1,2,3]',
    'null',
  ]) {
    const { server, send } = await start();
    server.hook = ({ path }) => (path === '/' ? undefined : { status: 200, body });
    await assert.rejects(send(auditRecords(3)), { status: exit.protocol });
    assert.equal(server.bulks().length, 5, 'it is asked again first');
  }
});

test('an answer that was wrong once costs nothing: the documents are there, and are ignored when sent again', async () => {
  const { server, send } = await start();
  let first = true;
  server.hook = ({ path }) => {
    if (path === '/' || !first) return undefined;
    first = false;
    return 'reset';
  };
  assert.equal((await send(auditRecords(3))).kept.length, 3);
});

test('a request that is too large is halved, and later batches are smaller', async () => {
  const { server, sink, send } = await start({ largest: 4000 });
  const before = sink.limits.bytes;
  assert.equal((await send(auditRecords(200))).kept.length, 200);
  assert.equal(server.documents.size, 200);
  assert.ok(sink.limits.bytes < before);
});

for (const [by, reason] of [
  ['an older one', 'coordinating_operation_bytes=SIZE, max_coordinating_and_primary_bytes=4000]'],
  ['a newer one', 'coordinating_operation_bytes=SIZE, max_coordinating_bytes=4000]'],
  ['a shard', 'primary_operation_bytes=SIZE, max_primary_bytes=4000]'],
] as const) {
  test(`a request that a cluster can never take, by its indexing_pressure.memory.limit, is halved, as told by ${by}`, async () => {
    const { server, sink, send } = await start();
    const before = sink.limits.bytes;
    const said = (size: number): string =>
      `rejected execution of ${reason.split('_', 1)[0]} operation [coordinating_and_primary_bytes=0, replica_bytes=0, all_bytes=0, ${reason.replace('SIZE', String(size))}`;
    let size = 0;
    const error = (): { type: string; reason: string } => ({
      type: 'es_rejected_execution_exception',
      reason: said(size),
    });
    server.hook = ({ path, body }) => {
      if (path === '/') return undefined;
      size = body.length;
      return size > 4000 && by !== 'a shard' ? { status: 429, body: { error: error(), status: 429 } } : undefined;
    };
    server.item = () => (size > 4000 ? { status: 429, ...error() } : undefined);
    assert.equal((await send(auditRecords(200))).kept.length, 200);
    assert.equal(server.documents.size, 200);
    assert.ok(sink.limits.bytes < before);
  });
}

test('a cluster that rejects a request for what else it is busy with is waited for', async () => {
  const { server, sink, send } = await start();
  const before = sink.limits.bytes;
  const reason =
    'rejected execution of coordinating operation [coordinating_and_primary_bytes=3900, replica_bytes=0, all_bytes=3900, coordinating_operation_bytes=200, max_coordinating_bytes=4000]';
  server.hook = ({ path }) =>
    path === '/'
      ? undefined
      : { status: 429, body: { error: { type: 'es_rejected_execution_exception', reason }, status: 429 } };
  await assert.rejects(send(auditRecords(3)), { status: exit.tempfail });
  assert.equal(sink.limits.bytes, before);
});

test('a single document that is too large is set aside, its neighbours are not', async () => {
  const { send } = await start({ largest: 4000 });
  const large = auditRecord(`{"id":"big","x":"${'x'.repeat(5000)}"}`, '"big"', 1);
  const { kept, refused } = await send([...auditRecords(4), large]);
  assert.deepEqual(kept, [0, 1, 2, 3]);
  assert.deepEqual(
    refused.map(({ record }) => textOf(record)),
    [textOf(large)],
  );
});

test('a record that spoils the whole request is found', async () => {
  const { server, send } = await start();
  server.hook = ({ path, body }) =>
    path !== '/' && body.includes(':r7"')
      ? { status: 400, body: { error: { type: 'x', reason: 'bad \u0007' } } }
      : undefined;
  const { kept, refused } = await send(auditRecords(50));
  assert.equal(kept.length, 49);
  assert.deepEqual(
    refused.map(({ entry, reason }) => [entry, reason]),
    [[7, 'x: bad \\u0007']],
  );
});

test('a server that does not take gzip gets plain text from then on', async () => {
  const { server, send } = await start({ acceptsGzip: false });
  assert.equal((await send(auditRecords(100))).kept.length, 100);
  assert.equal((await send(auditRecords(100))).kept.length, 100);
  assert.deepEqual(
    server.bulks().map(({ headers }) => headers['content-encoding']),
    ['gzip', undefined, undefined],
  );
});

test('an API key is sent as it is when it is encoded, and encoded when it is not', async () => {
  for (const [settings, expected] of [
    [{ ELASTIC_API_KEY: 'aWQ6a2V5' }, 'ApiKey aWQ6a2V5'],
    [{ ELASTIC_API_KEY: 'id:key' }, 'ApiKey aWQ6a2V5'],
    [{ ELASTIC_USERNAME: 'u', ELASTIC_PASSWORD: 'pä:ß' }, `Basic ${Buffer.from('u:pä:ß').toString('base64')}`],
  ] as const) {
    const { server, send } = await start({ authorization: expected }, settings);
    await send(auditRecords(1));
    assert.equal(server.documents.size, 1);
  }
});

test('the cluster of a Cloud ID is found; anything else is a config problem that names the setting', () => {
  const scope = (cloudId: string): string =>
    elastic.create({ ELASTIC_CLOUD_ID: cloudId, ELASTIC_INDEX: 'audit' }, sinkTools({ http: openSinkHttp })).scope;
  const id = (text: string): string => `name:${Buffer.from(text).toString('base64')}`;
  assert.equal(scope(id('eu.aws.example$abc$def')), 'https://abc.eu.aws.example/audit');
  assert.equal(scope(id('eu.aws.example:9243$abc$def')), 'https://abc.eu.aws.example:9243/audit');
  assert.equal(scope(id('eu.aws.example$abc:9244$def')), 'https://abc.eu.aws.example:9244/audit');
  for (const bad of [
    'name',
    'a:b:c',
    id('onlyhost'),
    id('host$'),
    id('$abc'),
    id('evil.com/x$abc'),
    id('h@x$abc'),
    'n:***',
  ]) {
    assert.throws(() => scope(bad), { status: exit.config, message: /ELASTIC_CLOUD_ID/ }, bad);
  }
});

test('settings that contradict or miss each other are named', () => {
  const create = (values: Record<string, string>) => () => elastic.create(values, sinkTools({ http: openSinkHttp }));
  assert.throws(create({ ELASTIC_INDEX: 'a' }), { status: exit.config, message: /ELASTIC_URL nor ELASTIC_CLOUD_ID/ });
  assert.throws(create({ ELASTIC_INDEX: 'a', ELASTIC_URL: 'http://x', ELASTIC_CLOUD_ID: 'y' }), {
    status: exit.config,
  });
  assert.throws(
    create({ ELASTIC_INDEX: 'a', ELASTIC_URL: 'http://x', ELASTIC_USERNAME: 'y' }),
    /ELASTIC_PASSWORD is not set/,
  );
});

const every = { create_doc: true, auto_configure: true };
const found: readonly (readonly [options: ElasticOptions, found: string])[] = [
  [{ rights: every }, 'Elasticsearch 9.1.2; may write to audit'],
  [{ rights: { ...every, auto_configure: false } }, 'Elasticsearch 9.1.2; may write to audit'],
  [{ rights: every, index: 'other' }, 'Elasticsearch 9.1.2; may write to audit, which the first delivery creates'],
  [{ rights: every, writeOnly: true }, 'it takes the credentials; may write to audit'],
  [
    { version: '2.19.0', distribution: 'opensearch' },
    'OpenSearch 2.19.0; the right to write to audit is proven by the first delivery',
  ],
  [
    { index: 'other' },
    'Elasticsearch 9.1.2; audit is not there yet; that it can be created is proven by the first delivery',
  ],
];

for (const [options, text] of found) {
  test(`a probe sends no document: ${text}`, async () => {
    const { server, sink } = await start(options);
    assert.equal(await sink.probe?.(), text);
    assert.equal(server.bulks().length, 0);
    assert.equal(server.documents.size, 0);
  });
}

const faulty: readonly (readonly [options: ElasticOptions, status: number, said: RegExp, hint: RegExp])[] = [
  [{ authorization: 'ApiKey other' }, exit.noperm, /refused/, /^set ELASTIC_API_KEY, or /],
  [{ rights: { ...every, create_doc: false } }, exit.noperm, /does not write to audit/, /^check ELASTIC_/],
  [
    { rights: { ...every, auto_configure: false }, index: 'other' },
    exit.config,
    /: it is not there/,
    /^check ELASTIC_/,
  ],
];

for (const [options, status, said, hint] of faulty) {
  test(`a probe fails with ${status}: ${said.source}`, async () => {
    const { sink } = await start(options);
    await assert.rejects(async () => sink.probe?.(), { status, message: said, hint });
  });
}

test('a probe does not take something else for a cluster', async () => {
  const { server, sink } = await start();
  for (const [answer, status] of [
    [{ status: 200, body: '<html>log in' }, exit.protocol],
    [{ status: 403, body: '<html>forbidden' }, exit.noperm],
    [{ status: 404, body: '<html>not here' }, exit.config],
    [{ status: 503, body: '' }, exit.unavailable],
  ] as const) {
    server.hook = () => answer;
    await assert.rejects(async () => sink.probe?.(), { status });
  }
});

test('a refusal (400) that is not the words of Elastic is no word about the records: 76, and none is set aside', async () => {
  for (const body of [
    '<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n</html>',
    '',
    { message: 'bad request' },
    { error: 'Bad Request', statusCode: 400 },
  ]) {
    const { server, send } = await start();
    server.hook = ({ path }) => (path === '/' ? undefined : { status: 400, body });
    await assert.rejects(send(auditRecords(3)), { status: exit.protocol, hint: /^check ELASTIC_URL/ });
  }
});
