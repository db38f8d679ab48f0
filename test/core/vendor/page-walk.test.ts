import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { Tools } from '../../../src/core/tools.ts';
import type { Source } from '../../../src/core/types.ts';
import { ask, noSearch, pullOnce, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve, type Vendor } from '../../support/vendors/server.ts';
import { problem } from '../../support/problem.ts';

const plum = {
  name: 'plum',
  summary: 'Plums.',
  settings: { PLUM_URL: { summary: 'Address.', kind: 'url' } },
  url: '{PLUM_URL}',
  auth: { type: 'none' },
  request: { path: '/log', query: { from: '{from}', until: '{until}', cursor: '{cursor}' } },
  paging: { type: 'cursor', path: 'next' },
  window: { filter: 'event', time: 'epoch-ns' },
  records: { path: 'data', id: { paths: ['id'] } },
};

interface Orchard extends Vendor {
  readonly source: Source;
}

/** Three pages of a record each; `answer` may answer a request in their place, or name the status to answer with. */
async function orchard(
  change: object,
  answer: (number: number, response: ServerResponse) => number | undefined = () => undefined,
  tools: Tools = sourceTools(),
): Promise<Orchard> {
  let count = 0;
  const vendor = await serve({}, ({ target }, response) => {
    count += 1;
    const status = answer(count, response);
    if (response.headersSent) return;
    if (status !== undefined) return sendJson(response, status, '{}');
    const page = Number(new URL(target, vendor.origin).searchParams.get('cursor') ?? 1);
    sendJson(response, 200, `{"data":[{"id":${page}}],"next":${page < 3 ? page + 1 : 'null'}}`);
  });
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...plum, ...change })), 'plum.yaml');
  const source = restSource(definition, { PLUM_URL: vendor.origin }, noSearch, tools);
  return { ...vendor, source };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('the next page is asked for while the records of this one are delivered', { timeout: 20_000 }, async (t) => {
  const { source, requests, close } = await orchard({});
  t.after(close);
  let page = 0;
  for await (const part of source.pull(ask())) {
    page += 1;
    assert.equal(part.records.length, 1);
    await until(() => requests.length >= Math.min(page + 1, 3)); // would never come true without being asked for
  }
  assert.deepEqual([page, requests.length], [3, 3]);
  await source.close();
});

test('with a cursor that is saved, nothing is asked for before what came is delivered', async (t) => {
  const { source, requests, close } = await orchard({ paging: { ...plum.paging, bookmark: true } });
  t.after(close);
  const asked: number[] = [];
  for await (const { bookmark } of source.pull(ask())) {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (bookmark !== undefined) asked.push(requests.length);
  }
  assert.deepEqual(asked, [1, 2, 3].slice(0, asked.length));
  assert.ok(asked.length >= 2);
  await source.close();
});

test('a request ahead that fails is a failure of its own page, and is repeated like any other', async (t) => {
  const { source, requests, close } = await orchard({}, (number) => (number === 2 ? 503 : undefined));
  t.after(close);
  const ids: string[] = [];
  for await (const { records } of source.pull(ask())) {
    for (const { key, keyStart, keyEnd } of records) ids.push(key.toString('utf8', keyStart, keyEnd));
  }
  assert.deepEqual([ids, requests.length], [['1', '2', '3'], 4]);
  await source.close();
});

test('what came is delivered before a request that was sent ahead is reported to have failed for good', async (t) => {
  const { source, close } = await orchard({}, (number) => (number === 2 ? 403 : undefined));
  t.after(close);
  let delivered = 0;
  await assert.rejects(
    async () => {
      for await (const { records } of source.pull(ask())) delivered += records.length;
    },
    problem(77, /page 2/),
  );
  assert.equal(delivered, 1);
  await source.close();
});

test('a reply ahead that breaks while nobody reads it is asked for again', { timeout: 20_000 }, async (t) => {
  let broken = false;
  const { source, requests, close } = await orchard({}, (number, response) => {
    if (number !== 2) return undefined;
    response.writeHead(200, { 'content-length': 100_000 });
    response.write(`{"data":[{"id":2}`, () => setImmediate(() => response.destroy()));
    response.once('close', () => (broken = true));
    return 200;
  });
  t.after(close);
  const ids: string[] = [];
  for await (const { records } of source.pull(ask())) {
    for (const { key, keyStart, keyEnd } of records) ids.push(key.toString('utf8', keyStart, keyEnd));
    await until(() => broken);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([ids, requests.length], [['1', '2', '3'], 4]);
  await source.close();
});

test('a reader that stops early leaves no request behind', { timeout: 20_000 }, async (t) => {
  const { source, requests, close } = await orchard({});
  t.after(close);
  for await (const part of source.pull(ask())) {
    await until(() => requests.length === 2);
    assert.equal(part.records.length, 1);
    break;
  }
  await source.close();
  assert.equal(requests.length, 2);
});

test('a request that has to wait for its turn is not begun ahead: whoever stops reading would wait for it, too', async (t) => {
  const tools = sourceTools();
  const { source, requests, close } = await orchard({ limits: { interval: '1h' } }, undefined, tools);
  t.after(close);
  for await (const part of source.pull(ask())) {
    assert.equal(part.records.length, 1);
    break;
  }
  await source.close();
  assert.deepEqual([tools.waits, requests.length], [[], 1]);
});

const ends: readonly (readonly [what: string, reply: string, change: object, mute?: string])[] = [
  ['nothing at all', '{"data":[{"id":1},{"id":2}],"nxt":"b"}', {}, 'next'],
  ['null', '{"data":[{"id":1},{"id":2}],"next":null}', {}],
  ['nothing, and that there is no more', '{"data":[{"id":1},{"id":2}],"more":false}', { more: 'more' }],
  ['nothing, and that there is no more, as a text', '{"data":[{"id":1},{"id":2}],"more":"0"}', { more: 'more' }],
  ['a cursor, and no flag where one should be', '{"data":[{"id":1},{"id":2}],"next":"b"}', { more: 'more' }, 'more'],
  ['nothing, and the page is not full', '{"data":[{"id":1}]}', {}],
  ['nothing, as is documented of the last page', '{"data":[{"id":1},{"id":2}]}', { stop: ['missing'] }],
  ['nothing, and the stated total is met', '{"data":[{"id":1},{"id":2}],"total":2}', {}],
];
for (const [what, reply, change, mute] of ends) {
  test(`a first page whose next one is ${what}: ${mute === undefined ? 'the end' : 'a warning, for the path may be mistyped'}`, async (t) => {
    const server = await serve({}, (_, response) => sendJson(response, 200, reply));
    t.after(() => server.close());
    const tools = sourceTools();
    const definition = {
      ...plum,
      request: { path: '/log', query: { ...plum.request.query, limit: '{limit}' } },
      paging: { ...plum.paging, ...change },
      records: { ...plum.records, total: 'total' },
      limits: { page: 2 },
    };
    await pullOnce(parseDefinition(definition, 'plum.yaml'), { PLUM_URL: server.origin }, { tools });
    const warning = `plum: page 1 was full, and nothing stands at ${mute}: if the next page is named elsewhere, records are missing`;
    const said = tools.warnings.filter((line) => !line.includes('records.total'));
    assert.deepEqual(said, mute === undefined ? [] : [warning]);
  });
}

for (const [what, reply, isWarned, capped] of [
  ['in another place', '{"data":[{"id":1}],"meta":{"total":1}}', true],
  ['that is no number', '{"data":[{"id":1}],"total":"many"}', true],
  ['that is there', '{"data":[{"id":1}],"total":1}', false],
  ['that is missing where there are no records', '{"data":[]}', false],
  ['that is missing where a cap is told of', '{"data":[{"id":1}],"capped":false}', true, 'capped'],
  ['that is missing where no cap is told of either', '{"data":[{"id":1}]}', false, 'capped'],
] as const) {
  test(`a total ${what}: ${isWarned ? 'a warning' : 'no warning'}`, async (t) => {
    const server = await serve({}, (_, response) => sendJson(response, 200, reply));
    t.after(() => server.close());
    const tools = sourceTools();
    const definition = { ...plum, records: { ...plum.records, total: 'total', ...(capped && { capped }) } };
    await pullOnce(parseDefinition(definition, 'plum.yaml'), { PLUM_URL: server.origin }, { tools });
    const warning =
      'plum: page 1 has records, and no number at total (records.total): whether any are missing cannot be told';
    assert.deepEqual(tools.warnings, isWarned ? [warning] : []);
  });
}

test('a first page for which no number was asked is not short', async (t) => {
  const later = { path: '/log', query: { cursor: '{cursor}', size: '{limit}' } };
  const paging = { ...plum.paging, stop: ['short-page'], request: later };
  const { source, requests, close } = await orchard({ paging, limits: { page: 2 } });
  t.after(close);
  for await (const _ of source.pull(ask())); // each page has one record: the second one is short
  assert.equal(requests.length, 2);
  await source.close();
});

test('an address is of the number that it names itself, or of an unknown one: it may be from a run with another', async (t) => {
  for (const [size, asked] of [
    ['&size=1', 4],
    ['&size=2', 1],
    ['', 4],
  ] as const) {
    const server = await serve({}, ({ target }, response) => {
      const after = Number(new URL(target, 'http://plum').searchParams.get('after'));
      const data = after < 3 ? `[{"id":${after + 1}}]` : '[]';
      sendJson(response, 200, `{"data":${data}}`, { Link: `</log?after=${after + 1}${size}>; rel="next"` });
    });
    t.after(() => server.close());
    const definition = {
      ...plum,
      request: { path: '/log', query: { from: '{from}', size: '{limit}' } },
      paging: { type: 'link', bookmark: true, stop: ['short-page'] },
      limits: { page: 2 },
    };
    const bookmark = `${server.origin}/log?after=0${size}`;
    await pullOnce(parseDefinition(definition, 'plum.yaml'), { PLUM_URL: server.origin }, { part: { bookmark } });
    assert.equal(server.requests.length, asked, size);
  }
});

test('a number that only the first page was asked for is that of the later pages, too', async (t) => {
  const request = { ...plum.request, query: { from: '{from}', size: '{limit}' } };
  const later = { path: '/log', query: { cursor: '{cursor}' } };
  const paging = { ...plum.paging, stop: ['short-page'], request: later };
  const { source, requests, close } = await orchard({ request, paging, limits: { page: 1 } });
  t.after(close);
  for await (const _ of source.pull(ask()));
  assert.equal(requests.length, 3);
  await source.close();
  const short = await orchard({ request, paging, limits: { page: 2 } });
  t.after(short.close);
  for await (const _ of short.source.pull(ask()));
  assert.equal(short.requests.length, 1);
  await short.source.close();
});

test('a cursor of an earlier run is of an unknown number, unless the number is sent with it', async (t) => {
  const first = { from: '{from}', size: '{limit}' };
  for (const [query, asked] of [
    [{ cursor: '{cursor}' }, 3],
    [{ cursor: '{cursor}', size: '{limit}' }, 1],
  ] as const) {
    const { source, requests, close } = await orchard({
      request: { path: '/log', query: first },
      paging: { ...plum.paging, bookmark: true, stop: ['short-page'], request: { path: '/log', query } },
      limits: { page: 2 }, // each page has one record, as the run before asked for
    });
    t.after(close);
    for await (const _ of source.pull(ask({ bookmark: '1' })));
    assert.equal(requests.length, asked);
    await source.close();
  }
});

test('without IDs, what is on both sides of a page counts once where a time is the cursor, and twins each', async (t) => {
  const times = [1, 1, 2, 2, 3];
  const server = await serve({}, ({ target }, response) => {
    const query = new URL(target, 'http://plum.test').searchParams;
    const found = times.filter((time) => time >= Number(query.get('cursor') ?? 0)).slice(0, Number(query.get('size')));
    sendJson(response, 200, JSON.stringify({ data: found.map((time) => ({ time })) }));
  });
  t.after(() => server.close());
  const query = { from: '{from}', cursor: '{cursor}', size: '{limit}' };
  const definition = parseDefinition(
    {
      ...plum,
      request: { path: '/log', query },
      paging: { type: 'cursor', last: 'time', stop: ['short-page'] },
      records: { path: 'data', id: { content: true }, time: { path: 'time', format: 'epoch-s' } },
      limits: { page: 3, most: 4 },
    },
    'plum.yaml',
  );
  for (const limit of [3, 4]) {
    // The cut is between twins, or after them.
    const { records } = await pullOnce(definition, { PLUM_URL: server.origin }, { search: { limit } });
    const kept = new Map(records.map(({ id, text }) => [id, text]));
    assert.deepEqual(
      [...kept.values()],
      times.map((time) => JSON.stringify({ time })),
    );
  }
});

test('a vendor that takes no number of records may always give the same: fewer are the last page, whatever --limit says', async (t) => {
  const server = await serve({}, ({ target }, response) =>
    sendJson(
      response,
      200,
      target.includes('cursor') ? '{"data":[{"id":3}],"next":"c"}' : '{"data":[{"id":1},{"id":2}],"next":"b"}',
    ),
  );
  t.after(() => server.close());
  const definition = { ...plum, paging: { ...plum.paging, stop: ['short-page'] }, limits: { page: 2 } };
  const tools = sourceTools();
  const search = { limit: 10 };
  const { records } = await pullOnce(
    parseDefinition(definition, 'plum.yaml'),
    { PLUM_URL: server.origin },
    { tools, search },
  );
  assert.deepEqual([records.length, server.requests.length], [3, 2]);
  assert.deepEqual(tools.warnings, ['--limit has no effect: plum decides how many records a query gives']);
});

for (const [what, change] of [
  ['counted pages', { paging: { type: 'page', stop: ['short-page'] }, limits: { page: 2 } }],
  ['counted pages that go on to an empty one', { paging: { type: 'page' }, limits: { page: 2 } }],
  [
    'pages of which the most is known',
    { paging: { type: 'page', stop: ['short-page'] }, limits: { page: 1, most: 2 } },
  ],
] as const) {
  test(`a --limit beyond what the vendor gives at once loses nothing: ${what}`, async (t) => {
    const server = await serve({}, ({ target }, response) => {
      const query = new URL(target, 'http://plum').searchParams;
      const size = Math.min(2, Number(query.get('size')));
      const first = (Number(query.get('page')) - 1) * size + 1;
      const ids = [first, first + 1].filter((id) => id <= 6).slice(0, size);
      sendJson(response, 200, JSON.stringify({ data: ids.map((id) => ({ id })) }));
    });
    t.after(() => server.close());
    const request = { path: '/log', query: { from: '{from}', page: '{page}', size: '{limit}' } };
    const definition = parseDefinition({ ...plum, request, ...change }, 'plum.yaml');
    const tools = sourceTools();
    const { records } = await pullOnce(definition, { PLUM_URL: server.origin }, { tools, search: { limit: 5 } });
    assert.equal(records.length, 6);
    const known =
      'most' in change.limits ? 'gives at once' : 'is known to give at once (limits.most in its definition)';
    const warned = 'stop' in change.paging;
    assert.deepEqual(tools.warnings, warned ? [`--limit 5 is more than plum ${known}; 2 is used`] : []);
  });
}

/** A vendor with these records, as texts, that gives one at a time under a cursor that is new each time. */
async function oneByOne(t: TestContext, texts: readonly string[], heeds: boolean) {
  let served = 0;
  const server = await serve({}, ({ target }, response) => {
    const cursor = new URL(target, 'http://plum').searchParams.get('cursor') ?? '0.0';
    const at = heeds ? Number(cursor.split('.')[0]) : served % texts.length;
    served += 1;
    const next = heeds && at + 1 >= texts.length ? 'null' : `"${at + 1}.${served}"`;
    sendJson(response, 200, `{"data":[${texts[at]}],"next":${next}}`);
  });
  t.after(() => server.close());
  const request = { path: '/log', query: { from: '{from}', cursor: '{cursor}', size: '{limit}' } };
  const records = { path: 'data', id: { content: true }, time: { path: 'time', format: 'iso' } };
  const definition = parseDefinition({ ...plum, request, records, limits: { page: 100 } }, 'plum.yaml');
  const pulled = (limit: number) => pullOnce(definition, { PLUM_URL: server.origin }, { search: { limit } });
  return { pulled, requests: server.requests };
}

test('twins that come one at a time are records each, not a circle', async (t) => {
  const twin = '{"action":"login failed"}';
  for (const texts of [
    [twin, twin],
    [twin, twin, '{"action":"login"}', twin, twin, twin],
  ]) {
    const { pulled, requests } = await oneByOne(t, texts, true);
    const { records } = await pulled(1);
    assert.deepEqual(
      records.map(({ text }) => text),
      texts,
    );
    assert.equal(new Set(records.map(({ id }) => id)).size, texts.length);
    assert.equal(requests.length, texts.length);
  }
});

for (const [limit, asked] of [
  [1, 101],
  [100, 2],
] as const) {
  test(`a vendor that pays its new cursors no heed is found out, asked for ${limit} at a time`, async (t) => {
    for (const texts of [['{"a":1}'], ['{"a":1}', '{"a":2}', '{"a":3}']]) {
      const { pulled, requests } = await oneByOne(t, texts, false);
      await assert.rejects(pulled(limit), /^Problem: plum answers with a page that it gave before/);
      assert.equal(requests.length, texts.length + asked);
    }
  });
}
