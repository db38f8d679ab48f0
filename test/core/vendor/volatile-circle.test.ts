/** Vendors that lead in circles, with records in which a member is another one each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { pullOnce } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const ways = {
  'page numbers': { paging: { type: 'page' }, query: { page: '{page}', limit: '{limit}' } },
  cursors: { paging: { type: 'cursor', path: 'next' }, query: { cursor: '{cursor}', limit: '{limit}' } },
};

for (const [what, { paging, query }] of Object.entries(ways)) {
  test(`a vendor that pays no heed to ${what} leads in a circle, whatever changes in its records that is volatile`, async (t) => {
    let asked = 0;
    const vendor = await serve({}, (_, response) => {
      asked += 1;
      assert.ok(asked < 1000, 'without end');
      const ids = Array.from({ length: 12 }, (_each, at) => at);
      const data = ids.map((id) => ({ etag: 'x'.repeat((asked + id) % 7), id, at: asked + id }));
      sendJson(response, 200, JSON.stringify({ data, next: `c${asked}` }));
    });
    t.after(() => vendor.close());
    const aspen = definition(paging, query, ['etag', 'at']);
    await assert.rejects(pullOnce(aspen, { ASPEN_URL: vendor.origin }), {
      status: 76,
      message: /its paging goes in circles$/,
    });
    assert.equal(asked, 2);
  });
}

for (const [what, { paging, query }] of Object.entries(ways)) {
  test(`a vendor that pays no heed to ${what} leads in a circle, whatever changes in its records that nobody has declared`, async (t) => {
    let asked = 0;
    const vendor = await serve({}, (_, response) => {
      asked += 1;
      assert.ok(asked < 1000, 'without end');
      const ids = Array.from({ length: 12 }, (_each, at) => at);
      sendJson(response, 200, JSON.stringify({ data: ids.map((id) => ({ id, at: asked + id })), next: `c${asked}` }));
    });
    t.after(() => vendor.close());
    await assert.rejects(pullOnce(definition(paging, query), { ASPEN_URL: vendor.origin }), {
      status: 76,
      message: /its paging goes in circles$/,
    });
    assert.equal(asked, 102);
  });
}

test('pages that begin and end with the same ID are read to their end: a vendor may show each version of a record', async (t) => {
  for (const [limit, rows] of [
    [1, (at: number) => ({ id: 'a', version: at })],
    [12, (at: number) => ({ id: 'a', version: at })],
    [12, (at: number) => ({ version: at, padded: 'x'.repeat(at % 7) })],
    [2, (at: number) => ({ id: at % 5, version: at })],
  ] as const) {
    const all = Array.from({ length: 150 * limit }, (_each, at) => rows(at));
    const vendor = await serve({}, ({ target }, response) => {
      const page = Number(new URL(target, 'http://aspen').searchParams.get('page'));
      sendJson(response, 200, JSON.stringify({ data: all.slice(limit * (page - 1), limit * page) }));
    });
    t.after(() => vendor.close());
    const { paging, query } = ways['page numbers'];
    const aspen = { ...definition(paging, query), limits: { page: limit } };
    const { records } = await pullOnce(aspen, { ASPEN_URL: vendor.origin });
    assert.equal(records.length, all.length);
  }
});

function definition(paging: object, query: object, volatile: readonly string[] = []): SourceDefinition {
  const aspen = {
    name: 'aspen',
    summary: 'Aspens.',
    settings: { ASPEN_URL: { summary: 'Address.', kind: 'url' } },
    url: '{ASPEN_URL}',
    auth: { type: 'none' },
    request: { path: '/log', query },
    paging,
    limits: { page: 12 },
    window: { filter: 'none' },
    records: { path: 'data', id: { paths: ['id'] }, ...(volatile.length > 0 && { volatile }) },
  };
  return parseDefinition(aspen, 'aspen.yaml');
}
