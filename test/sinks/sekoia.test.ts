import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, test } from 'node:test';
import { hintText } from '../../src/core/hint.ts';
import { packer } from '../../src/core/batch.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { withFields } from '../../src/core/json/splice.ts';
import { sekoiaEndpoints } from '../../src/core/wire/sekoia/form.ts';
import { sekoiaRefusal, sekoiaReply } from '../../src/core/wire/sekoia/reply.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { sekoia } from '../../src/sinks/sekoia.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { auditRecord, auditRecords, textOf } from '../support/records.ts';
import { sendAll } from '../support/send-all.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { makeSink, sinkTools } from '../support/sink-tools.ts';
import { fakeSekoia, type FakeSekoia, type SekoiaOptions } from '../support/sinks/sekoia.ts';

const servers: FakeSekoia[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function start(options: SekoiaOptions = {}, more: SettingValues = {}) {
  const server = await fakeSekoia(options);
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const values = { SEKOIA_URL: `${server.url}${options.prefix ?? ''}`, SEKOIA_INTAKE_KEY: 'a-long-key', ...more };
  const sink = makeSink(sekoia, values, tools);
  const send = (records: readonly AuditRecord[]) => sendAll(sink, records, tools);
  return { server, sink, tools, send };
}

for (const endpoint of sekoiaEndpoints) {
  sinkConformance(`sekoia ${endpoint}`, async () => {
    const server = await fakeSekoia();
    return {
      definition: sekoia,
      values: { SEKOIA_URL: server.url, SEKOIA_INTAKE_KEY: 'a-long-key', SEKOIA_ENDPOINT: endpoint },
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
}

test('lines are separated by line breaks, as the vendor shows it: one after the last could be taken for another event', async () => {
  const { server, send } = await start({});
  await send(auditRecords(3));
  assert.deepEqual(
    server.requests.map(({ body }) => [body.split('\n').length, body.endsWith('}')]),
    [[3, true]],
  );
  await server.close();
});

test('the key goes in its header only, and the address of another region works', async () => {
  const { server, send } = await start({ prefix: '/api/v1/intake-http' });
  await send(auditRecords(100));
  const [request] = server.requests;
  assert.equal(request?.path, '/api/v1/intake-http/plain/batch');
  assert.equal(request.headers['x-sekoiaio-intake-key'], 'a-long-key');
  assert.equal(request.headers['content-encoding'], 'gzip');
  assert.equal(request.headers['content-type'], 'text/plain');
  assert.ok(!String(request.headers['user-agent']).includes('a-long-key'));
  assert.equal([...request.query.keys()].length, 0);
});

for (const route of ['/plain/batch', '/plain/batch/', '/jsons', '/batch', '/array', '/plain']) {
  test(`a route at the end of the address, ${route}, is left out for the one of SEKOIA_ENDPOINT`, async () => {
    for (const prefix of ['', '/api/v1/intake-http']) {
      const { server, tools } = await start({ prefix });
      const values = { SEKOIA_URL: `${server.url}${prefix}${route}`, SEKOIA_INTAKE_KEY: 'a-long-key' };
      const sink = makeSink(sekoia, values, tools);
      assert.deepEqual((await sendAll(sink, auditRecords(1), tools)).kept, [0]);
      assert.equal(server.requests[0]?.path, `${prefix}/plain/batch`);
      assert.equal(sink.scope, `${server.url}${prefix}/plain/batch`, 'it is no other job');
    }
  });
}

for (const way of ['header', 'basic', 'query'] as const) {
  test(`the key goes as ${way} where that is asked for`, async () => {
    for (const endpoint of ['plain', 'plain/batch', 'jsons']) {
      const { server, send } = await start(
        { key: 'k+ey/1&' },
        {
          SEKOIA_ENDPOINT: endpoint,
          SEKOIA_KEY_AS: way,
          SEKOIA_INTAKE_KEY: 'k+ey/1&',
        },
      );
      assert.deepEqual((await send(auditRecords(1))).kept, [0]);
      const [request] = server.requests;
      assert.equal('x-sekoiaio-intake-key' in (request?.headers ?? {}), way === 'header');
      assert.equal('authorization' in (request?.headers ?? {}), way === 'basic');
      assert.equal(request?.query.has('intake_key'), way === 'query');
      assert.ok(!request?.body.includes('k+ey'));
    }
  });
}

test('a key in the body goes nowhere else, and only where the route has a field for it', async () => {
  for (const endpoint of ['structured', 'batch', 'array']) {
    for (const more of [{}, { SEKOIA_KEY_AS: 'body' }]) {
      const { server, send } = await start({}, { SEKOIA_ENDPOINT: endpoint, ...more });
      await send(auditRecords(1));
      const [request] = server.requests;
      assert.ok(!JSON.stringify(request?.headers).includes('a-long-key'));
      assert.equal([...(request?.query.keys() ?? [])].length, 0);
    }
    await assert.rejects(start({}, { SEKOIA_ENDPOINT: endpoint, SEKOIA_KEY_AS: 'header' }), { status: exit.config });
  }
  await assert.rejects(start({}, { SEKOIA_ENDPOINT: 'plain', SEKOIA_KEY_AS: 'body' }), { status: exit.config });
});

test('a key in the address shows in no message', async () => {
  const { server, send } = await start({}, { SEKOIA_KEY_AS: 'query' });
  for (const status of [403, 404, 500]) {
    server.hook = () => ({ status, body: '' });
    await assert.rejects(
      send(auditRecords(1)),
      (error: Error) => !`${error.message} ${error.stack}`.includes('long-key'),
    );
  }
  await server.close();
  await assert.rejects(
    send(auditRecords(1)),
    (error: Error) => !`${error.message} ${error.stack}`.includes('long-key'),
  );
});

test("an event's own time goes with it where the route has a place for the time of one event", async () => {
  const records = [
    auditRecord('{"n":1}', '"a"', 1_763_596_800_123, 456_789),
    auditRecord('{"n":2}', '"b"', 1_763_596_801_000),
    auditRecord('{"n":3}', '"c"'),
  ];
  const told = ['2025-11-20T00:00:00.123456Z', '2025-11-20T00:00:01.000Z', undefined];
  for (const endpoint of sekoiaEndpoints) {
    const { server, send } = await start({}, { SEKOIA_ENDPOINT: endpoint });
    await send(records);
    const isTold = ['plain', 'structured', 'array'].includes(endpoint);
    assert.deepEqual(server.times, isTold ? told : [undefined, undefined, undefined], endpoint);
  }
});

test('an event of 250,000 bytes is sent on every route, a larger one is set aside without its neighbours', async () => {
  const text = `{"x":"${'é'.repeat(62_495)}${String.raw`\"`.repeat(62_500)}${' '.repeat(2)}"}`;
  const fits = auditRecord(text.padEnd(text.length + 250_000 - Buffer.byteLength(text)));
  assert.equal(fits.end - fits.start, 250_000);
  for (const endpoint of sekoiaEndpoints) {
    const { server, sink, send } = await start({}, { SEKOIA_ENDPOINT: endpoint });
    const { kept, refused } = await send([fits, auditRecord(`${textOf(fits)} `), ...auditRecords(2)]);
    assert.deepEqual(kept, [0, 2, 3], endpoint);
    assert.match(refused[0]?.reason ?? '', /250000 bytes/);
    assert.match(sink.limits().told ?? '', /^250000 bytes/, 'also of one that is refused before it is measured');
    assert.deepEqual(server.lines, [fits, ...auditRecords(2)].map(textOf));
  }
});

test('an event is measured as it is sent: with the fields of --add', async () => {
  const text = `{"x":"${String.raw`\"`.repeat(120_000)}"}`;
  const record = auditRecord(`{"y":"${'y'.repeat(249_900 - text.length)}",${text.slice(1)}`);
  const within = textOf(record).length;
  assert.ok(within < 250_000);
  for (const endpoint of sekoiaEndpoints) {
    const { server, sink, tools } = await start({}, { SEKOIA_ENDPOINT: endpoint });
    for (const [value, isTaken] of [
      ['z'.repeat(250_000 - within - 7), true],
      ['z'.repeat(250_000 - within - 6), false],
    ] as const) {
      const { kept, refused } = await sendAll(withFields(sink, [['a', value]], tools), [record], tools);
      assert.deepEqual([kept.length, refused.length], isTaken ? [1, 0] : [0, 1], endpoint);
    }
    assert.deepEqual(
      server.lines.map((line) => line.length),
      [250_000],
    );
  }
});

test('one event a request is one batch, so that a killed run repeats one event', async () => {
  for (const endpoint of sekoiaEndpoints) {
    const { sink } = await start({}, { SEKOIA_ENDPOINT: endpoint });
    assert.equal(sink.limits().records, ['plain', 'structured'].includes(endpoint) ? 1 : 1000);
  }
});

test('one event a request: what was taken before a failure is not sent again', async () => {
  const { server, send } = await start({}, { SEKOIA_ENDPOINT: 'plain' });
  server.hook = (_request, number) => (number === 3 ? { status: 503, body: '' } : undefined);
  assert.deepEqual((await send(auditRecords(5))).kept, [0, 1, 2, 3, 4]);
  assert.equal(server.requests.length, 6);
  assert.deepEqual(server.lines, auditRecords(5).map(textOf));
});

test('one event a request: a key that is withdrawn in the middle is 77, and the events before are kept', async () => {
  const { server, sink } = await start({}, { SEKOIA_ENDPOINT: 'structured' });
  server.hook = (_request, number) => (number > 2 ? { status: 401, body: '' } : undefined);
  let certain: readonly number[] = [];
  await assert.rejects(
    sendAll(sink, auditRecords(4), sinkTools(), ({ kept }) => void (certain = kept)),
    { status: exit.noperm },
  );
  assert.deepEqual(certain, [0, 1]);
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
    await assert.rejects(send(auditRecords(3)), { status: exit.unavailable, message: /did not confirm/ });
    assert.equal(server.requests.length, 3, JSON.stringify(body));
  }
});

/** An intake that gives some events no ID, and says nothing about it. */
function leavingOut(server: FakeSekoia, ids: readonly string[]): void {
  server.hook = ({ body }) => {
    const lines = body.split('\n').filter((line) => line !== '');
    const taken = lines.filter((line) => !ids.some((id) => line.includes(`"id":"${id}"`)));
    server.lines.push(...taken);
    return { status: 200, body: { event_ids: taken.map((_, index) => `id-${index}`) } };
  };
}

test('events that are always left out are isolated and set aside; the others are repeated a few times at most', async () => {
  for (const bad of [['r0'], ['r63'], ['r20', 'r21'], ['r3', 'r30', 'r31', 'r50']]) {
    const { server, send } = await start();
    leavingOut(server, bad);
    const { kept, refused } = await send(auditRecords(64));
    assert.deepEqual(
      refused.map(({ entry, reason }) => [`r${entry}`, reason]),
      bad.map((id) => [id, 'the intake gave it no ID']),
    );
    assert.equal(kept.length, 64 - bad.length);
    const most = Math.max(...server.lines.map((line) => server.lines.filter((other) => other === line).length));
    assert.ok(most <= 7, 'once for each halving');
  }
});

test('what is sent again because it is not known which events got an ID counts as repeated', async () => {
  const { server, sink } = await start();
  leavingOut(server, ['r1']);
  const packing = packer(sink, '');
  for (const [entry, record] of auditRecords(3).entries()) packing.add(record, entry);
  const reply = await sink.send(packing.take()!.batch);
  assert.deepEqual(reply, { split: 'the intake gave it no ID', tooLarge: true, repeats: true });
});

test('a single event without an ID is set aside where others were given theirs, and waits where none was', async () => {
  for (const endpoint of ['plain/batch', 'plain', 'structured']) {
    const { server, send } = await start({}, { SEKOIA_ENDPOINT: endpoint });
    server.hook = ({ body }) => (body.includes('r2') ? { status: 200, body: {} } : undefined);
    const [, , alone] = auditRecords(3);
    assert.ok(alone);
    await assert.rejects(send([alone]), { status: exit.unavailable, hint: /^the next run sends/ });
    if (endpoint === 'plain/batch') continue;
    const { kept, refused } = await send(auditRecords(4));
    assert.deepEqual(kept, [0, 1, 3], endpoint);
    assert.equal(refused[0]?.entry, 2);
  }
});

test('a list that has nothing in it does not make a complete answer an incomplete one', async () => {
  for (const body of [
    { event_ids: ['a', 'b', 'c'], errors: [] },
    { errors: [], event_ids: ['a', 'b', 'c'], warnings: [] },
    { event_ids: ['a', 'b', 'c'], errors: [null, null, null] },
  ]) {
    const { server, send } = await start();
    server.hook = () => ({ status: 200, body });
    assert.deepEqual((await send(auditRecords(3))).kept, [0, 1, 2]);
    assert.equal(server.requests.length, 1);
  }
});

test('an answer of two hundred thousand lists is an answer like any other', () => {
  const lists = Array.from({ length: 200_000 }, (_, at): [string, string[]] => [`list${at}`, ['x']]);
  assert.equal(sekoiaReply(Object.fromEntries(lists), 2), 'none');
});

test('a text is no list, however long it is, and an empty list beside those of the events says nothing of them', () => {
  assert.deepEqual(sekoiaReply({ event_ids: ['a', 'b'], status: 'ok' }, 2), ['kept', 'kept']);
  assert.deepEqual(sekoiaReply({ statuses: ['ok', 'ok'], errors: [] }, 2), ['kept', 'kept']);
  assert.equal(sekoiaReply({ status: 'ok' }, 2), 'none');
});

test('what a refusal says is quoted, under whichever name it comes; a web page and other statuses say nothing about an event', () => {
  for (const name of ['message', 'error', 'detail', 'reason'])
    assert.equal(sekoiaRefusal(422, JSON.stringify({ [name]: 'no such format' })), 'no such format (HTTP 422)');
  assert.equal(sekoiaRefusal(400, ' bad event\n'), 'bad event (HTTP 400)');
  assert.equal(sekoiaRefusal(400, '{"error":{"id":1}}'), 'refused by the intake (HTTP 400)');
  assert.equal(sekoiaRefusal(400, '\n<html>Bad Request</html>'), undefined);
  assert.equal(sekoiaRefusal(413, '{"message":"large"}'), undefined);
});

test('IDs of the events that were taken bear out a status for each only where all of them are IDs', () => {
  const results = ['ok', 'rejected', 'ok'];
  const outcomes = ['kept', { refused: 'rejected' }, 'kept'];
  assert.deepEqual(sekoiaReply({ event_ids: ['a', 'b'], results }, 3), outcomes);
  assert.equal(sekoiaReply({ event_ids: ['a', null], results }, 3), 'some');
});

test('an error is no ID', async () => {
  for (const body of [
    { errors: ['bad'] },
    { event_ids: [], errors: ['bad'] },
    { event_ids: [null], errors: ['bad'] },
  ]) {
    const { server, send } = await start();
    server.hook = () => ({ status: 200, body });
    const { refused } = await send(auditRecords(1));
    assert.deepEqual(
      refused.map(({ reason }) => reason),
      ['bad'],
      JSON.stringify(body),
    );
  }
});

test('an answer that was short once is made good', async () => {
  const { server, send } = await start();
  server.hook = (_request, number) => (number === 1 ? { status: 200, body: { event_ids: ['a'] } } : undefined);
  assert.deepEqual((await send(auditRecords(3))).kept, [0, 1, 2]);
});

test('an answer that is short now and then is made good each time: a complete one between them counts', async () => {
  const { server, send } = await start();
  server.hook = (_request, number) => (number % 3 === 0 ? undefined : { status: 200, body: {} });
  for (let time = 1; time <= 3; time++) assert.deepEqual((await send(auditRecords(3))).kept, [0, 1, 2]);
  assert.equal(server.requests.length, 9);
});

test('whatever form the status of an event has, one that was dropped is set aside', async () => {
  const forms: readonly (readonly [unknown, RegExp])[] = [
    [{ event_ids: ['a', null, 'c'] }, /without a reason/],
    [{ event_ids: ['a', '', 'c'] }, /without a reason/],
    [{ event_ids: ['a', 'c'], results: [{ status: 200 }, { status: 413, error: 'large' }, { status: 200 }] }, /large/],
    [{ event_ids: ['a', 'c'], results: ['ok', 'rejected', 'ok'], errors: [{ index: 1 }] }, /rejected/],
    [{ results: [{ status: 200 }, { status: 413, error: 'too \u001b large' }, { status: 200 }] }, /too \\u001b large/],
    [{ event_ids: ['a', 'c'], results: ['ok', 'not ok', 'ok'] }, /^not ok$/],
    [{ results: [{ status_code: 200 }, { status_code: 413, message: 'long' }, { status_code: 200 }] }, /^long$/],
    [{ results: [{ code: 200 }, { code: 413, reason: 'wide' }, { code: 200 }] }, /^wide$/],
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
    assert.equal(server.requests.length, 1, 'nothing is sent again');
  }
});

test('a status for each event that does not agree with the number of IDs names no culprit', async () => {
  const { server, send } = await start();
  const results = [{ status: 200 }, { status: 413 }, { status: 413 }];
  server.hook = () => ({ status: 200, body: { event_ids: ['a', 'c'], results } });
  await assert.rejects(send(auditRecords(3)), { status: exit.unavailable });
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

test('an event that the intake refuses is isolated and set aside, and the rest goes on', async () => {
  for (const endpoint of sekoiaEndpoints) {
    for (const [status, body, reason] of [
      [400, { message: 'bad \u001b event' }, 'bad \\u001b event (HTTP 400)'],
      [422, { errors: [] }, 'refused by the intake (HTTP 422)'],
      [400, 'event is not valid JSON\n', 'event is not valid JSON (HTTP 400)'],
      [400, 'event 0: invalid key "user name" in json', 'event 0: invalid key "user name" in json (HTTP 400)'],
      [400, { message: 'event 0: unknown intake key' }, 'event 0: unknown intake key (HTTP 400)'],
      [400, { message: 'a < b' }, 'a < b (HTTP 400)'],
      [400, '', 'refused by the intake (HTTP 400)'],
    ] as const) {
      const { server, send } = await start({}, { SEKOIA_ENDPOINT: endpoint });
      server.hook = (received) => (/\\?"id\\?":\\?"r3\\?"/.test(received.body) ? { status, body } : undefined);
      const { kept, refused } = await send(auditRecords(9));
      assert.deepEqual(
        refused.map((one) => [one.entry, one.reason]),
        [[3, reason]],
        endpoint,
      );
      assert.equal(kept.length, 8);
      assert.deepEqual([...server.lines].sort(), auditRecords(9).map(textOf).toSpliced(3, 1), 'each of them once');
    }
  }
});

test('an intake that refuses every event is asked no more than it takes to know that they are too many', async () => {
  const { server, sink, tools } = await start();
  server.hook = () => ({ status: 400, body: { message: 'bad request' } });
  await assert.rejects(
    sendAll(sink, auditRecords(1000), tools, undefined, (count) => {
      if (count > 100) throw new Problem(exit.data, 'too many');
    }),
    { status: exit.data },
  );
  assert.ok(server.requests.length < 250, String(server.requests.length));
});

test('whatever the words of a refusal are, there is a doubt whether they are about the event', async () => {
  for (const [status, body] of [
    [400, { message: 'Invalid intake key' }],
    [400, { message: 'Unknown intake' }],
    [422, { detail: [{ loc: ['body', 'intake_key'], msg: 'field required' }] }],
    [400, 'Bad Request: invalid Content-Length'],
    [400, ''],
  ] as const) {
    const { server, send } = await start();
    server.hook = () => ({ status, body });
    const { kept, refused } = await send(auditRecords(3));
    assert.deepEqual(
      [kept, refused.map(({ doubt }) => hintText(doubt))],
      [[], Array<string>(3).fill('check SEKOIA_INTAKE_KEY, SEKOIA_ENDPOINT and SEKOIA_URL')],
    );
  }
});

test('any other refusal is a fault of the settings', async () => {
  for (const [status, body, expected] of [
    [403, { message: 'no' }, exit.noperm],
    [404, { message: 'no' }, exit.config],
    [409, { message: 'no' }, exit.unavailable],
    [400, '<html>400 Bad Request: invalid content</html>', exit.config],
    [422, '<!DOCTYPE html><title>no</title>', exit.config],
  ] as const) {
    const { server, send } = await start();
    server.hook = () => ({ status, body });
    await assert.rejects(send(auditRecords(3)), { status: expected });
    assert.equal(server.requests.length, status === 409 ? 2 : 1);
  }
});

test('a probe keeps the key to itself, however it would go', async () => {
  for (const [endpoint, way] of [
    ['plain', 'query'],
    ['plain/batch', 'basic'],
    ['structured', 'body'],
  ] as const) {
    const { server, sink } = await start({}, { SEKOIA_ENDPOINT: endpoint, SEKOIA_KEY_AS: way });
    await sink.probe?.();
    const [{ headers, query, body } = assert.fail('nothing was asked')] = server.requests;
    const said = [JSON.stringify(headers), query.toString(), body].join('\n');
    assert.doesNotMatch(said, /a-long-key|authorization/, way);
  }
});

test('a probe sends no event', async () => {
  const { server, sink } = await start();
  assert.equal(await sink.probe?.(), 'it answers; the key is proven by the first delivery');
  assert.deepEqual(server.lines, []);
  assert.deepEqual(
    server.requests.map(({ method, headers }) => [method, headers['x-sekoiaio-intake-key']]),
    [['GET', undefined]],
  );
  for (const [answer, status] of [
    [{ status: 200, body: '<html>log in' }, exit.protocol],
    [{ status: 404, body: '' }, exit.config],
    [{ status: 503, body: '' }, exit.unavailable],
  ] as const) {
    server.hook = () => answer;
    await assert.rejects(async () => sink.probe?.(), { status });
  }
});
