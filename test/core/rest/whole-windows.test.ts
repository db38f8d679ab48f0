/** Windows of which a vendor gives less than there is: by the number of records that it announces, or by a cap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { pear, requestsOf, slice, valuesFor, vendor } from '../../support/pear.ts';
import { pullOnce } from '../../support/source-tools.ts';
import { sendJson, serve, type Vendor } from '../../support/vendors/server.ts';
import { problem } from '../../support/problem.ts';

test('a window that holds fewer records than announced is read again once, and then is an error', async () => {
  const records = { ...pear.records, total: 'total' };
  const short = '{"data":[{"id":1}],"total":2}';
  const requests = await requestsOf({ records }, [short, '{"data":[{"id":1},{"id":2}],"total":2}']);
  assert.equal(requests.length, 2);
  await assert.rejects(requestsOf({ records }, [short]), /pear announced 2 records from .* and gave 1/);
  await assert.rejects(
    requestsOf({ records }, ['{"data":[],"total":1}']),
    /pear announced 1 record from .* and gave 0/,
  );
});

test('records that share an ID over two pages, of which a total is announced, are told apart from records that are missing', async () => {
  const pages = ['{"data":[{"id":1},{"id":2}],"next":"c","total":4}', '{"data":[{"id":2},{"id":3}]}'];
  await assert.rejects(
    requestsOf({ records: { ...pear.records, total: 'total' } }, [...pages, ...pages]),
    problem(
      76,
      /^pear announced 4 records from .* and gave 3, and 1 whose ID the page before had$/,
      /; if they are records of their own, name in records\.id .*what tells them apart$/,
    ),
  );
});

for (const total of ['2.0', '2e0', '0.2E+1', '"2.0"']) {
  test(`a window that holds fewer records than announced is an error where their number is written as ${total}`, () =>
    assert.rejects(
      requestsOf({ records: { ...pear.records, total: 'total' } }, [`{"data":[{"id":1}],"total":${total}}`]),
      /pear announced 2 records from .* and gave 1/,
    ));
}

for (const total of ['-2', '2.5', '1e400', '"many"', 'true', '[2]', '{}']) {
  test(`a window of which ${total} records are announced is read once: that is no number of records`, async () => {
    const page = `{"data":[{"id":1}],"total":${total}}`;
    const requests = await requestsOf({ records: { ...pear.records, total: 'total' } }, [page, page]);
    assert.equal(requests.length, 1);
  });
}

test('where the bookmark has moved past them, fewer records than announced are reported as such', async () => {
  const [page, end] = ['{"data":[{"n":1}],"next":"new","total":2}', '{"data":[],"next":"new","total":0}'];
  const server = await vendor(page, end, page, end);
  const definition: SourceDefinition = {
    ...pear,
    request: { path: '/log', query: { cursor: '{cursor}' } },
    paging: { type: 'cursor', path: 'next', bookmark: true, stop: ['empty-page'] },
    records: { path: 'data', id: { content: true }, total: 'total' },
  };
  await assert.rejects(
    pullOnce(definition, valuesFor(server), { part: { slice, bookmark: 'old' } }),
    problem(76, /announced 2 records .* and gave 1$/, /^the position may be past them/),
  );
  await server.close();
  assert.equal(server.requests.length, 4, 'it is read again once');
});

test('records without an ID keep their keys when the window is read again', async () => {
  const server = await vendor('{"data":[{"a":1},{"a":1}],"total":3}', '{"data":[{"a":1},{"a":1},{"a":2}],"total":3}');
  const definition = { ...pear, records: { path: 'data', id: { content: true }, total: 'total' } } as const;
  const { records } = await pullOnce(definition, valuesFor(server), { part: { slice } });
  const ids = records.map((record) => record.id);
  assert.deepEqual([ids.slice(0, 2), new Set(ids).size], [ids.slice(2, 4), 3]);
  await server.close();
});

test('a window that no cap cuts off, however that is told, is whole', async () => {
  for (const told of ['"capped":false', '"capped":"false"', '"capped":0', '"capped":null', '"capped":""', '"else":1']) {
    await requestsOf({ records: { ...pear.records, capped: 'capped' } }, [`{"data":[{"id":1}],${told}}`]);
  }
});

for (const capped of ['true', '"true"', '1', '"1"']) {
  test(`a window that a cap cuts off, told as ${capped}, is not whole`, () =>
    assert.rejects(
      requestsOf({ records: { ...pear.records, capped: 'capped' } }, [`{"data":[{"id":1}],"capped":${capped}}`]),
      /pear gave only a part of its records from .*, and says so/,
    ));
}

test('a cap that is told neither as true nor as false is an error: what it left out would be lost', () =>
  assert.rejects(
    requestsOf({ records: { ...pear.records, capped: 'capped' } }, ['{"data":[{"id":1}],"capped":{"at":1000}}']),
    /^Problem: pear: capped \(records\.capped\) is an object, neither true nor false$/,
  ));

/** A vendor that gives no more than `most` records of a window, the first ones, and says so. */
async function cappingVendor(records: readonly { at: number }[], most: number): Promise<Vendor> {
  return serve({}, ({ target }, response) => {
    const query = new URL(target, 'http://pear').searchParams;
    const [from, until] = ['from', 'until'].map((name) => Number(query.get(name)));
    const found = records.filter(({ at }) => at >= from! * 1000 && at < until! * 1000);
    sendJson(response, 200, JSON.stringify({ data: found.slice(0, most), capped: found.length > most }));
  });
}

const capped = { window: { filter: 'event', time: 'epoch-s' }, paging: { type: 'none' } } as const;

for (const [what, id, most] of [
  ['an ID', { paths: ['id'] }, 10],
  ['their content', { content: true }, 42],
] as const) {
  test(`more than a cap lets through is read in parts, as short as it takes, and each record has one key: ${what}`, async () => {
    const minute = 60_000;
    const burst = 5 * 60 * minute + 7 * minute;
    const records = [
      ...Array.from({ length: 60 }, (_, number) => ({ id: number, at: number * 10 * minute })),
      ...Array.from({ length: 40 }, (_, number) => ({
        id: 1000 + number,
        at: burst + number * 1000,
      })),
    ];
    const alike = { id: 77, at: burst - 2 * minute };
    records.push(alike, alike, alike);
    const server = await cappingVendor(records, most);
    const definition = parseDefinition(
      {
        ...pear,
        ...capped,
        records: { path: 'data', id, time: { path: 'at', format: 'epoch-ms' }, capped: 'capped' },
      },
      'pear.yaml',
    );
    const window = { from: 0n, until: 10n * 3600n * 1_000_000_000n };
    const { records: read } = await pullOnce(definition, valuesFor(server), { part: { slice: window } });
    await server.close();
    assert.deepEqual(new Set(read.map(({ text }) => text)), new Set(records.map((record) => JSON.stringify(record))));
    assert.equal(new Set(read.map((record) => record.id)).size, 'paths' in id ? 101 : 103);
    assert.ok(server.requests.length < 60, `${server.requests.length} requests`);
  });
}
