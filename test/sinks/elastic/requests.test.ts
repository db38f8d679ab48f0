/** What is asked of a cluster, and how large a request may be. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { exit } from '../../../src/core/problem.ts';
import { start } from '../../support/elastic-sink.ts';
import { auditRecord, auditRecords, textOf } from '../../support/records.ts';

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

test('nothing is asked while there is nothing to send', async () => {
  const { server, sink } = await start();
  await sink.open?.(undefined);
  await sink.flush?.();
  await sink.close();
  assert.equal(server.requests.length, 0);
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

test('a cluster that could not say what it is is asked again, before the next attempt', async () => {
  const { server, send } = await start();
  let asked = 0;
  server.hook = ({ path }) =>
    path === '/' && asked++ === 0 ? { status: 503, body: { error: 'starting up' } } : undefined;
  const { kept } = await send(auditRecords(2));
  assert.deepEqual(kept, [0, 1]);
  assert.deepEqual([asked, server.bulks().length], [2, 1]);
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

test('a server that does not take gzip gets plain text from then on', async () => {
  const { server, send } = await start({ acceptsGzip: false });
  assert.equal((await send(auditRecords(100))).kept.length, 100);
  assert.equal((await send(auditRecords(100))).kept.length, 100);
  assert.deepEqual(
    server.bulks().map(({ headers }) => headers['content-encoding']),
    ['gzip', undefined, undefined],
  );
});

test('a cluster is told to give up on a shard before we give up on its answer, which says what is wrong', async () => {
  const { server, send } = await start();
  await send(auditRecords(1));
  assert.equal(server.bulks()[0]?.query.get('timeout'), '20s');
});

test('a request that is too large is halved, and later batches are smaller', async () => {
  const { server, sink, send } = await start({ largest: 4000 });
  const before = sink.limits().bytes;
  assert.equal((await send(auditRecords(200))).kept.length, 200);
  assert.equal(server.documents.size, 200);
  assert.ok(sink.limits().bytes < before);
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

const node = 'coordinating_and_primary_bytes=0, replica_bytes=0, all_bytes=0';
for (const [by, sizes] of [
  ['an older one', `${node}, coordinating_operation_bytes=SIZE, max_coordinating_and_primary_bytes=4000`],
  ['a newer one', `${node}, coordinating_operation_bytes=SIZE, max_coordinating_bytes=4000`],
  ['a shard', `${node}, primary_operation_bytes=SIZE, max_primary_bytes=4000`],
  [
    'OpenSearch, with the limits of a shard',
    'shard_detail=[audit][0][C], shard_coordinating_and_primary_bytes=0, shard_operation_bytes=SIZE, shard_max_coordinating_and_primary_bytes=107374182] OR [' +
      'node_coordinating_and_primary_bytes=0, node_replica_bytes=0, node_all_bytes=0, node_operation_bytes=SIZE, node_max_coordinating_and_primary_bytes=4000',
  ],
] as const) {
  test(`a request that a cluster can never take, by its indexing_pressure.memory.limit, is halved, in the words of ${by}`, async () => {
    const { server, sink, send } = await start();
    const before = sink.limits().bytes;
    const said = (size: number): string =>
      `rejected execution of ${by === 'a shard' ? 'primary' : 'coordinating'} operation [${sizes.replaceAll('SIZE', String(size))}]`;
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
    assert.ok(sink.limits().bytes < before);
  });
}

test('a document that is larger than a cluster ever takes, by its indexing_pressure.memory.max_operation_size, holds up no other', async () => {
  const { server, sink, send } = await start();
  const before = sink.limits().bytes;
  const large = auditRecord(`{"id":"big","x":"${'x'.repeat(5000)}"}`, '"big"', 1);
  let isSpoilt = false;
  server.hook = ({ body }) => {
    isSpoilt = body.includes('"id":"big"');
    return undefined;
  };
  server.item = () =>
    isSpoilt
      ? {
          status: 429,
          type: 'es_rejected_execution_exception',
          reason:
            'Request contains an operation of size [5200] bytes, which exceeds the maximum allowed limit of [4000] bytes',
        }
      : undefined;
  const { kept, refused } = await send([...auditRecords(20), large]);
  assert.equal(kept.length, 20);
  assert.deepEqual(
    refused.map(({ record }) => textOf(record)),
    [textOf(large)],
  );
  assert.equal(sink.limits().bytes, before);
});

for (const [by, bytes] of [
  [
    'what else it is busy with',
    'coordinating_and_primary_bytes=3900, replica_bytes=0, all_bytes=3900, coordinating_operation_bytes=200, max_coordinating_bytes=4000]',
  ],
  [
    'the limit of a shard, which grows',
    'shard_detail=[audit][0][C], shard_operation_bytes=200, shard_max_coordinating_and_primary_bytes=10] OR [node_all_bytes=3900, node_operation_bytes=200, node_max_coordinating_and_primary_bytes=4000]',
  ],
] as const) {
  test(`a cluster that rejects a request for ${by} is waited for`, async () => {
    const { server, sink, send } = await start();
    const before = sink.limits().bytes;
    const error = {
      type: 'es_rejected_execution_exception',
      reason: `rejected execution of coordinating operation [${bytes}`,
    };
    server.hook = ({ path }) => (path === '/' ? undefined : { status: 429, body: { error, status: 429 } });
    await assert.rejects(send(auditRecords(3)), { status: exit.tempfail });
    assert.equal(sink.limits().bytes, before);
  });
}
