/** Replies without the list of their records, where the definition says that this means that there are none. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { pullOnce, textsOf } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const elm = {
  name: 'elm',
  summary: 'Elms.',
  settings: { ELM_URL: { summary: 'Address.', kind: 'url' } },
  url: '{ELM_URL}',
  auth: { type: 'none' },
  request: { path: '/log', query: { cursor: '{cursor}' } },
  paging: { type: 'cursor', path: 'next', stop: ['missing'] },
  window: { filter: 'none' },
  records: { path: 'result.items', missing: 'empty', id: { paths: ['id'] } },
};

/** Texts of what a vendor has whose pages are these. */
async function pulled(t: TestContext, ...pages: readonly string[]): Promise<string[]> {
  const vendor = await serve({}, ({ target }, response) => {
    const cursor = new URL(target, vendor.origin).searchParams.get('cursor');
    sendJson(response, 200, pages[Number(cursor ?? 0)] ?? '');
  });
  t.after(() => vendor.close());
  return textsOf((await pullOnce(parseDefinition(elm, 'elm.yaml'), { ELM_URL: vendor.origin })).records);
}

const first = '{"result":{"items":[{"id":1}]},"next":"1"}';

test('a reply that is no object, or has something else on the way to its records, is an error even where they may be missing', async (t) => {
  const others = ['"try again"', 'true', 'false', '7', '[{"id":2}]', '{"result":[{"id":2}]}', '{"result":"busy"}'];
  for (const reply of [...others, '{"result":false}']) {
    await assert.rejects(pulled(t, reply), { status: 76, message: /page 1 has no list of records/ }, reply);
    await assert.rejects(pulled(t, first, reply), { status: 76, message: /page 2 has no list of records/ }, reply);
  }
});

test('a reply that is empty itself, or on the way to its records, has none where they may be missing', async (t) => {
  for (const reply of ['{}', '[]', 'null', '{"took":3}', '{"result":null}', '{"result":[]}', '{"result":{"took":3}}']) {
    assert.deepEqual(await pulled(t, reply), [], reply);
    assert.deepEqual(await pulled(t, first, reply), ['{"id":1}'], reply);
  }
});
