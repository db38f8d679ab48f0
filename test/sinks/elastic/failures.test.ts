/** Answers that are about the cluster or the settings, or that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packer } from '../../../src/core/batch.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { start } from '../../support/elastic-sink.ts';
import { auditRecords } from '../../support/records.ts';

test('a refusal that every record would meet stops the run and sets nothing aside', async () => {
  for (const [status, type, reason, expected] of [
    [401, 'security_exception', 'unable to authenticate', exit.noperm],
    [403, 'security_exception', 'unauthorized', exit.noperm],
    [404, 'index_not_found_exception', 'no such index [audit]', exit.config],
    [400, 'illegal_argument_exception', 'pipeline with id [x] does not exist', exit.config],
    [400, 'invalid_index_name_exception', 'must be lowercase', exit.config],
    [400, 'index_closed_exception', 'closed', exit.config],
    [500, 'illegal_state_exception', 'Pipeline processor configured for non-existent pipeline [x]', exit.config],
    [500, 'illegal_state_exception', 'Cycle detected for pipeline: x', exit.config],
    [
      400,
      'illegal_argument_exception',
      'no write index is defined for alias [audit]. The write index may',
      exit.config,
    ],
    [
      400,
      'illegal_argument_exception',
      'index request with op_type=create targeting backing indices is disallowed, target corresponding data stream [a] instead',
      exit.config,
    ],
    [400, 'illegal_argument_exception', 'Document ID is not supported in create/index operation request', exit.config],
    [400, 'routing_missing_exception', 'routing is required for [audit]/[acme:r1]', exit.config],
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

test('a document that alone lacks a routing, or is alone sent to a backing index, is refused, because a pipeline decides that by its content', async () => {
  for (const [type, reason] of [
    ['routing_missing_exception', 'routing is required for [audit]/[acme:r1]'],
    [
      'illegal_argument_exception',
      'index request with op_type=create targeting backing indices is disallowed, target corresponding data stream [a] instead',
    ],
  ] as const) {
    const { server, send } = await start();
    server.item = (id) => (id.endsWith('r1') ? { status: 400, type, reason } : undefined);
    const { kept, refused } = await send(auditRecords(3));
    assert.deepEqual(kept, [0, 2]);
    assert.deepEqual(
      refused.map((each) => each.reason),
      [`${type}: ${reason}`],
    );
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

test('a cluster that takes nothing for now has surely taken nothing only where it says so of each document', async () => {
  const { server, sink } = await start();
  const busy = { status: 429, type: 'es_rejected_execution_exception' };
  for (const [second, again] of [
    [busy, { untaken: true }],
    [{ status: 500, type: 'io_exception' }, {}],
  ] as const) {
    const packing = packer(sink, '');
    for (const [entry, record] of auditRecords(2).entries()) packing.add(record, entry);
    let items = 0;
    server.item = () => ((items += 1) === 1 ? busy : second);
    await assert.rejects(async () => sink.send(packing.take()!.batch), { status: exit.tempfail, again });
  }
});

test('the hint depends on what keeps the cluster from writing: its load, or a block that somebody has set', async () => {
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

test('OpenSearch Serverless at the most capacity that it may have (402) takes nothing for now, and sets nothing aside', async () => {
  const { server, send } = await start({ version: '2.0.0', distribution: 'opensearch' });
  const error = { type: 'service_quota_exceeded_exception', reason: 'maximum OCU capacity reached' };
  const expected = { status: exit.tempfail, message: /maximum OCU capacity reached/ };
  server.item = () => ({ status: 402, ...error });
  await assert.rejects(send(auditRecords(3)), expected);
  server.hook = ({ path }) => (path === '/' ? undefined : { status: 402, body: { error, status: 402 } });
  await assert.rejects(send(auditRecords(3)), expected);
  server.hook = undefined;
  let tries = 0;
  server.item = () => ((tries += 1) <= 2 ? { status: 402, ...error } : undefined);
  const { kept, refused } = await send(auditRecords(3));
  assert.deepEqual([kept.length, refused.length], [3, 0]);
});

test('OpenSearch that creates no index, because its disks are full, takes nothing for now: 75, not 77', async () => {
  const { server, send } = await start({ version: '2.19.6', distribution: 'opensearch' });
  const error = {
    type: 'index_create_block_exception',
    reason: 'blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];',
  };
  const expected = { status: exit.tempfail, message: /create-index blocked/, hint: /disk space/ };
  server.item = () => ({ status: 403, ...error });
  await assert.rejects(send(auditRecords(3)), expected);
  assert.equal(server.bulks().length, 5, 'it is asked again first');
  server.hook = ({ path }) => (path === '/' ? undefined : { status: 403, body: { error, status: 403 } });
  await assert.rejects(send(auditRecords(3)), expected);
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

test('a refusal (400) in other words than those of Elastic says nothing about the records: 76, and none is set aside', async () => {
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
