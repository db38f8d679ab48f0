import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { packer } from '../../src/core/batch.ts';
import { deliver } from '../../src/core/deliver.ts';
import { exit } from '../../src/core/problem.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { sekoia } from '../../src/sinks/sekoia.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { sinkTools } from '../support/sink-tools.ts';
import { fakeSekoia } from '../support/sinks/sekoia.ts';
import type { FakeSekoia, SekoiaOptions } from '../support/sinks/sekoia.ts';

const servers: FakeSekoia[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function start(options: SekoiaOptions = {}) {
  const server = await fakeSekoia(options);
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const values = { SEKOIA_URL: `${server.url}${options.prefix ?? ''}`, SEKOIA_INTAKE_KEY: 'a-long-key' };
  const sink = sekoia.create(values, tools);
  const send = async (records: readonly AuditRecord[]) => {
    const packing = packer(sink);
    for (const [entry, record] of records.entries()) assert.equal(packing.add(record, entry), 'added');
    const packed = packing.take();
    assert.ok(packed);
    return deliver(sink, packed, tools);
  };
  return { server, sink, tools, send };
}

sinkConformance('sekoia', async () => {
  const server = await fakeSekoia();
  return {
    definition: sekoia,
    values: { SEKOIA_URL: server.url, SEKOIA_INTAKE_KEY: 'a-long-key' },
    wrongKey: { SEKOIA_INTAKE_KEY: 'wrong-secret' },
    secrets: ['a-long-key', 'wrong-secret'],
    server,
    isData: ({ method }) => method === 'POST',
    received: () => server.lines,
    refuse(id) {
      server.drops = (line) => line.includes(`"id":"${id}"`);
    },
  };
});

test('the key goes in its header only, and the address of another region works', async () => {
  const { server, send } = await start({ prefix: '/api/v1/intake-http' });
  await send(auditRecords(100));
  const [request] = server.requests;
  assert.equal(request?.path, '/api/v1/intake-http/plain/batch');
  assert.equal(request.headers['x-sekoiaio-intake-key'], 'a-long-key');
  assert.equal(request.headers['content-encoding'], 'gzip');
  assert.ok(!String(request.headers['user-agent']).includes('a-long-key'));
  assert.equal([...request.query.keys()].length, 0);
});

test('an event of 250,000 bytes is sent, a larger one is not', async () => {
  const { sink, send } = await start();
  const fits = auditRecord(`{"x":"${'é'.repeat(124_996)}"}`);
  assert.equal(fits.end - fits.start, 250_000);
  assert.deepEqual((await send([fits])).kept, [0]);
  assert.equal(packer(sink).add(auditRecord(`${textOf(fits)} `), 0), 'tooLarge');
});

test('fewer IDs than events are not an acknowledgement: sent again twice, then 69', async () => {
  for (const body of [
    '',
    ' \n',
    '{}',
    { event_ids: [] },
    { event_ids: ['a', 'b'] },
    { event_ids: ['a', 'b', 'c', 'd'] },
  ]) {
    const { server, send } = await start();
    server.hook = () => ({ status: 200, body });
    await assert.rejects(send(auditRecords(3)), { status: exit.unavailable, message: /each of 3 events/ });
    assert.equal(server.requests.length, 3, JSON.stringify(body));
  }
});

test('an answer that was short once is made good', async () => {
  const { server, send } = await start();
  server.hook = (_request, number) => (number === 1 ? { status: 200, body: { event_ids: ['a'] } } : undefined);
  assert.deepEqual((await send(auditRecords(3))).kept, [0, 1, 2]);
});

test('whatever form the status of an event has, one that was dropped is set aside', async () => {
  const forms: readonly (readonly [unknown, RegExp])[] = [
    [{ event_ids: ['a', null, 'c'] }, /without a reason/],
    [{ event_ids: ['a', '', 'c'] }, /without a reason/],
    [{ results: [{ status: 200 }, { status: 413, error: 'too \u001b large' }, { status: 200 }] }, /too \\u001b large/],
    [{ events: [{ event_id: 'a' }, { error: 'bad' }, { event_id: 'c' }] }, /bad/],
    [
      { event_ids: ['a', 'b', 'c'], statuses: [{ status: 'ok' }, { status: 'rejected' }, { status: 'OK' }] },
      /rejected/,
    ],
  ];
  for (const [body, reason] of forms) {
    const { server, send } = await start();
    server.hook = () => ({ status: 200, body });
    const { kept, refused } = await send(auditRecords(3));
    assert.deepEqual(kept, [0, 2], JSON.stringify(body));
    assert.match(refused[0]?.reason ?? '', reason);
  }
});

test('events that are too large for the intake are set aside one by one', async () => {
  const { server, send } = await start();
  server.hook = ({ body }) =>
    body.includes('"id":"r1"') || body.includes('"id":"r2"') ? { status: 413, body: '' } : undefined;
  const { kept, refused } = await send(auditRecords(5));
  assert.deepEqual(kept, [0, 3, 4]);
  assert.deepEqual(
    refused.map(({ entry }) => entry),
    [1, 2],
  );
});

test('any other refusal is a fault of the settings', async () => {
  for (const [status, expected] of [
    [400, exit.config],
    [403, exit.noperm],
    [422, exit.config],
  ] as const) {
    const { server, send } = await start();
    server.hook = () => ({ status, body: { message: 'no' } });
    await assert.rejects(send(auditRecords(3)), { status: expected });
    assert.equal(server.requests.length, 1);
  }
});

test('a probe sends no event', async () => {
  const { server, sink } = await start();
  assert.match((await sink.probe?.()) ?? '', /answers/);
  assert.deepEqual(server.lines, []);
  server.hook = () => ({ status: 404, body: '' });
  await assert.rejects(async () => sink.probe?.(), { status: exit.config });
});
