/** What a reply is read as: records in all their forms, none, or an error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { exit } from '../../../src/core/problem.ts';
import { pear, slice, valuesFor, vendor } from '../../support/pear.ts';
import { pullOnce } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';
import { problem } from '../../support/problem.ts';

test('records are read from JSON Lines, from a bare array, and from an object of them, too', async () => {
  const read = async (records: SourceDefinition['records'], text: string): Promise<string[]> => {
    const server = await vendor(text);
    const definition = {
      ...pear,
      request: { path: '/log', query: { from: '{from}' } },
      paging: { type: 'none' },
      records,
    } as const;
    const { records: found } = await pullOnce(definition, valuesFor(server), { part: { slice } });
    await server.close();
    return found.map((record) => record.text);
  };
  const expected = ['{"id":1,"n":1.10}', '{"id":2}'];
  const id = pear.records.id;
  assert.deepEqual(await read({ id }, `[${expected.join(',\n')}]`), expected);
  assert.deepEqual(await read({ id, format: 'lines' }, `# comment\n${expected.join('\n\n')}\n`), expected);
  assert.deepEqual(
    await read({ id, path: 'd', container: 'object' }, `{"d":{"E1":${expected.join(',"E2":')}}}`),
    expected,
  );
  for (const text of ['{}', '{"d":null}', '{"d":{}}']) {
    assert.deepEqual(await read({ id, path: 'd', missing: 'empty' }, text), []);
  }
  assert.deepEqual(await read({ id, path: 'd', container: 'object', missing: 'empty' }, '{"d":[]}'), []);
});

test('records are read from CSV, too, with the names in its first line', async () => {
  const definition = parseDefinition(
    {
      ...pear,
      request: { path: '/log', query: { from: '{from}' }, headers: { accept: 'text/csv' } },
      paging: { type: 'none' },
      records: { format: 'csv', id: { paths: ['ID'] }, time: { path: '"AT.UTC"', format: 'sql' } },
    },
    'pear.yaml',
  );
  const read = async (text: string) => {
    const server = await vendor(text);
    try {
      return await pullOnce(definition, valuesFor(server), { part: { slice } });
    } finally {
      await server.close();
    }
  };
  const { records, refused } = await read('"ID","AT.UTC","NOTE"\r\n"1","2020-11-25 16:49:08","a\nb"\r\n2,,\r\n3\r\n');
  assert.deepEqual(
    records.map(({ id, text, time }) => [id, text, time]),
    [
      ['"1"', '{"ID":"1","AT.UTC":"2020-11-25 16:49:08","NOTE":"a\\u000ab"}', Date.parse('2020-11-25T16:49:08Z')],
      ['"2"', '{"ID":"2","AT.UTC":"","NOTE":""}', Number.NaN],
    ],
  );
  assert.equal(refused, 1);
  assert.deepEqual((await read('"ID","AT.UTC"\r\n')).records, []);
  for (const [text, message] of [
    ['', /^pear: the reply to .* is empty, without the names of its columns/],
    ['{"error":"no"}', /^pear: the reply to .* is not the CSV that was expected: it is JSON/],
    ['Service unavailable', /names no column "ID"/],
    ['ID,TIME\n', /names no column "AT\.UTC"/],
  ] as const) {
    await assert.rejects(read(text), problem(76, message));
  }
});

test('of several columns that may have the ID of a row, one is enough', async () => {
  const server = await vendor('Id,At\n7,2020-11-25 16:49:08\n');
  const records = { format: 'csv', id: { paths: ['ID', 'Id'], first: true }, time: { path: 'At', format: 'sql' } };
  const definition = parseDefinition({ ...pear, paging: { type: 'none' }, records }, 'pear.yaml');
  const read = await pullOnce(definition, valuesFor(server), { part: { slice } });
  await server.close();
  assert.deepEqual(
    read.records.map(({ id }) => id),
    ['"7"'],
  );
});

test('what is not a record is refused, and the rest goes on', async () => {
  const server = await vendor('{"data":[{"id":1},5,{"id":2}]}');
  const { records, refused } = await pullOnce(pear, valuesFor(server), { part: { slice } });
  assert.deepEqual([records.length, refused], [2, 1]);
  await server.close();
});

test('the beginning of 1970 is no time of a record, which would be left out as one from long before the window', async () => {
  for (const [format, ...times] of [
    ['iso', '"1970-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"', 'null'],
    ['epoch-ms', '0', '"0"', '"never"'],
  ] as const) {
    const server = await vendor(`{"data":[${times.map((at, id) => `{"id":${id},"at":${at}}`).join(',')}]}`);
    const definition = parseDefinition({ ...pear, records: { ...pear.records, time: { path: 'at', format } } }, '');
    const { records } = await pullOnce(definition, valuesFor(server), { part: { slice } });
    await server.close();
    assert.deepEqual(
      records.map(({ time }) => time),
      [Number.NaN, Number.NaN, Number.NaN],
    );
  }
});

test('HTTP 204 is an error, unless the definition says that it means no records', async (t) => {
  const server = await serve({}, (_, response) => void response.writeHead(204).end());
  t.after(() => server.close());
  for (const shape of [{ path: 'data', missing: 'empty' }, {}, { format: 'csv' }] as const) {
    const records = { ...shape, id: pear.records.id };
    const read = (reply: SourceDefinition['reply']) =>
      pullOnce({ ...pear, records, ...(reply && { reply }) }, valuesFor(server), { part: { slice } });
    await assert.rejects(read(undefined), {
      status: exit.protocol,
      message: /HTTP 204/,
      hint: 'if it means that there are no records, write reply: { empty: [204] } in the definition',
    });
    assert.deepEqual((await read({ empty: [204], success: { path: 'ok' } })).records, []);
  }
});

test('something else where the records should be is no empty list, even where that may be missing', async () => {
  const container = ['array', 'object'] as const;
  for (const [index, text] of ['{"d":{"E1":{"id":1}}}', '{"d":[{"id":1}]}'].entries()) {
    const records = {
      path: 'd',
      missing: 'empty',
      container: container[index] ?? 'array',
      id: pear.records.id,
    } as const;
    const server = await vendor(text);
    await assert.rejects(
      pullOnce({ ...pear, records }, valuesFor(server), { part: { slice } }),
      /no list of records at d/,
    );
    await server.close();
  }
});

test('where only a bare reply means that there is nothing, one with other members is an error', async () => {
  const paging = { type: 'cursor', path: 'page.next' } as const;
  let path = 'd';
  const read = async (...texts: readonly string[]) => {
    const records = { path, missing: 'bare', id: pear.records.id } as const;
    const server = await vendor(...texts);
    const { records: found } = await pullOnce({ ...pear, paging, records }, valuesFor(server), { part: { slice } });
    await server.close();
    return found.map((record) => record.text);
  };
  for (const text of ['{}', '{"d":null}', '{"page":{}}', '{"d":[]}']) assert.deepEqual(await read(text), []);
  assert.deepEqual(await read('{"page":{"next":"b"}}', '{"d":[{"id":1}]}'), ['{"id":1}']);
  for (const text of ['{"unknown":[]}', '{"page":{},"dd":[{"id":1}]}', '{"d":{"E1":{"id":1}}}', '[]']) {
    await assert.rejects(read(text), /no list of records at d/, text);
  }
  path = 'd.list';
  for (const text of ['{}', '{"d":null}', '{"d":{}}', '{"d":{"list":null},"page":{}}']) {
    assert.deepEqual(await read(text), []);
  }
  for (const text of ['{"d":{"lists":[{"id":1}]}}', '{"d":[{"id":1}]}', '{"d":{},"page":{"list":[]}}']) {
    await assert.rejects(read(text), /no list of records at d\.list/, text);
  }
});

test('the number of pages, which the paging looks for, leaves a reply bare', async () => {
  for (const pages of ['pages', 'meta.pages']) {
    const server = await vendor(pages === 'pages' ? '{"pages":0}' : '{"meta":{"pages":0}}');
    const records = { path: 'd', missing: 'bare', id: pear.records.id } as const;
    const definition = { ...pear, paging: { type: 'page', pages } as const, records };
    const { records: found } = await pullOnce(definition, valuesFor(server), { part: { slice } });
    assert.deepEqual(found, []);
    await server.close();
  }
});

test('a reply without its list is reported with the names of the members that it has', async () => {
  const names = (count: number): string => Array.from({ length: count }, (_, at) => `"k${at}":${at}`).join();
  for (const [text, path, said] of [
    ['{"entries":[{"id":"s3cret"}],"meta":{"a":1}}', 'entires', '; it has entries, meta'],
    ['{"data":{"entries":[],"next":"s3cret"}}', 'data.entires', '; data has entries, next'],
    ['{"data":[]}', 'data.entires', '; data is a list itself'],
    ['[{"id":"s3cret"}]', 'data', '; it is a list itself'],
    [`[{"id":"${'s3cret'.repeat(100_000)}"}]`, 'data', '; it is a list itself'],
    [`{${names(12)}}`, 'entires', '; it has k0, k1, k2, k3, k4, k5, k6, k7, k8, k9 and 2 more'],
    ['{"a\\u001b[31m":1}', 'entires', '; it has a\\u001b[31m'],
    ['{}', 'entires', ''],
    ['{"entries":[],"detail":"come back later"}', 'entires', ': come back later'],
  ] as const) {
    const server = await vendor(text);
    const records = { path, id: pear.records.id };
    await assert.rejects(pullOnce({ ...pear, records }, valuesFor(server), { part: { slice } }), {
      message: `pear: the reply to page 1 has no list of records at ${path}${said}`,
      hint: "check records.path in the definition, the URL and the vendor's API version",
    });
    await server.close();
  }
});

test('a key that is refused inside a reply with HTTP 200 is refused, not a session that nobody had', async (t) => {
  const body = '{"data":null,"errors":[{"message":"Not authenticated","code":"UNAUTHENTICATED"}]}';
  const server = await serve({}, (_, response) => sendJson(response, 200, body));
  t.after(() => server.close());
  const changed = { ...pear, reply: { expired: { path: 'errors.0.code', equals: 'UNAUTHENTICATED' } } };
  await assert.rejects(pullOnce(changed, valuesFor(server), { part: { slice } }), {
    status: exit.noperm,
    message: 'pear refused page 1: Not authenticated',
  });
});

test('a reply that lacks what reply.success expects, and says nothing else, is reported with the name of that and what to write', async (t) => {
  const server = await serve({}, (_, response) => sendJson(response, 200, '{"data":[]}'));
  t.after(() => server.close());
  const changed = {
    ...pear,
    records: { ...pear.records, path: 'data' },
    reply: { success: { path: 'ok', equals: true } },
  };
  await assert.rejects(pullOnce(changed, valuesFor(server), { part: { slice } }), {
    status: exit.protocol,
    message: 'pear does not say that page 1 is a success: nothing at ok',
    hint: 'where that is no error, add optional: true to reply.success in the definition',
  });
});

test('an error that is a list is reported in its own words', async () => {
  const server = await serve({}, (_, response) =>
    sendJson(response, 400, '[{"errorCode":"INVALID_TYPE","message":"sObject type is not supported"}]'),
  );
  await assert.rejects(
    pullOnce(pear, valuesFor(server), { part: { slice } }),
    problem(exit.protocol, /\(HTTP 400\): sObject type is not supported$/),
  );
  await server.close();
});
