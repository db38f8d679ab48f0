/** What a cluster says of each document: delivered, sent again, or set aside. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idOf, start } from '../../support/elastic-sink.ts';
import { auditRecord, auditRecords } from '../../support/records.ts';
import { withoutMark } from '../../support/sinks/elastic.ts';

test('a document that is there already was delivered', async () => {
  const { send } = await start();
  const records = auditRecords(5);
  await send(records);
  assert.deepEqual((await send(records)).kept, [0, 1, 2, 3, 4]);
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

test('a document that a pipeline or an analyser refuses with status 500 is set aside, and does not hold up the others', async () => {
  for (const [type, reason] of [
    ['fail_processor_exception', 'not ours'],
    ['find_match', 'Unable to find match for dissect pattern: %{a}=%{b} against source: x'],
    ['class_cast_exception', 'class java.lang.String cannot be cast to class java.lang.Integer'],
    ['i_o_exception', 'Reader returned 0 characters. See JFlex examples/zero-reader for a workaround.'],
  ] as const) {
    const { server, send } = await start();
    server.item = (id) => (withoutMark(id) === 'acme:r1' ? { status: 500, type, reason } : undefined);
    const { kept, refused } = await send(auditRecords(3));
    assert.deepEqual([kept.length, refused[0]?.reason], [2, `${type}: ${reason}`]);
    assert.equal(server.bulks().length, 1);
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

test('the cause of "failed to parse" is quoted, because it says what is wrong with the document', async () => {
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
    'routing_missing_exception: routing is required',
    'x: Document ID is not supported in create/index operation request',
    'x: index request with op_type=create targeting backing indices is disallowed',
    'index_create_block_exception: blocked by',
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

test('a document that fails for a reason of the cluster is sent again, with the reason if it stays so', async () => {
  for (const [status, type, reason] of [
    [408, 'request_timeout', 'took too long'],
    [500, 'node_not_connected_exception', 'away'],
    [500, 'i_o_exception', 'No space left on device'],
    [503, 'unavailable_shards_exception', 'primary shard is not active'],
    [
      400,
      'validation_exception',
      'Validation Failed: 1: this action would add [2] shards, but this cluster currently has',
    ],
    [400, 'illegal_argument_exception', 'this action would add [2] total shards, but this cluster currently has'],
  ] as const) {
    const { server, send } = await start();
    server.item = (id, _source, attempt) =>
      withoutMark(id) === 'acme:r1' && attempt === 1 ? { status, type, reason } : undefined;
    const { kept, refused } = await send(auditRecords(3));
    assert.deepEqual([kept.length, refused.length, server.bulks().length], [3, 0, 2], type);
    server.item = () => ({ status, type, reason });
    await assert.rejects(send(auditRecords(3)), (error: Error) => error.message.includes(`${type}: ${reason}`));
  }
});

test('the error of a document is told as far as there is one', async () => {
  for (const [error, reason] of [
    ['UnavailableShardsException[[audit][1]]', 'UnavailableShardsException[[audit][1]]'],
    [{ reason: 'no type' }, 'no type'],
    [{ type: 'no_reason', reason: null }, 'no_reason'],
    [undefined, 'status 400'],
  ] as const) {
    const { server, send } = await start();
    server.hook = ({ path }) =>
      path === '/' ? undefined : { status: 200, body: { errors: true, items: [{ create: { status: 400, error } }] } };
    const { refused } = await send(auditRecords(1));
    assert.deepEqual(
      refused.map((one) => one.reason),
      [reason],
    );
  }
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

test('what was diverted to the failure store is kept, and counted', async () => {
  const { server, send } = await start();
  let asked = 0;
  server.item = () => ({ status: 201, ...(asked++ === 1 && { failureStore: 'used' }) });
  const { kept, diverted } = await send(auditRecords(3));
  assert.deepEqual([kept.length, diverted], [3, 1]);
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
      `{"id":"r0","a":[{"b":1},{"b":1}],"b":{"a":2},"c":${'['.repeat(999)}${']'.repeat(999)},"d":"${'1'.repeat(1001)}"}`,
      `{"id":"r2","n":[${'12.5e+3,'.repeat(400)}${'1'.repeat(1000)}],"m":"n","o":[${'{"a":"["},'.repeat(1001)}1]}`,
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

test('a document that gets no answer for another reason is sent again, and is not set aside', async () => {
  const { server, send } = await start();
  server.hook = ({ path }, number) => (path.endsWith('/_bulk') && number < 4 ? { status: 504, body: '' } : undefined);
  const { kept, refused } = await send([auditRecord('{"id":"r0","a":{"a":1},"b":"a"}', '"r0"'), ...auditRecords(3)]);
  assert.deepEqual([kept.length, refused.length], [4, 0]);
});

test('a cluster that does not say in time what it is says nothing about a document by that', async () => {
  const { server, send } = await start();
  server.hook = (_received, number) => (number === 1 ? { status: 504, body: '' } : undefined);
  const { kept } = await send([auditRecord('{"id":"r0","a":1,"a":2}', '"r0"')]);
  assert.deepEqual(kept, [0]);
});
