/** Vendors that lead in circles, with records in which a member is another one each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
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
      records: { path: 'data', id: { paths: ['id'] }, volatile: ['etag', 'at'] },
    };
    await assert.rejects(pullOnce(parseDefinition(aspen, 'aspen.yaml'), { ASPEN_URL: vendor.origin }), {
      status: 76,
      message: /its paging goes in circles$/,
    });
    assert.equal(asked, 2);
  });
}
