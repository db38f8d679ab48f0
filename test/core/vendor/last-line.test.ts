/** JSON Lines have nothing around their records: what their last line says of an error. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import type { Search } from '../../../src/core/types.ts';
import { pullOnce, textsOf } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const byId = { id: { paths: ['id'] }, time: { path: 'at', format: 'iso' } };

const osier = {
  name: 'osier',
  summary: 'Osiers.',
  settings: { OSIER_URL: { summary: 'Address.', kind: 'url' } },
  url: '{OSIER_URL}',
  auth: { type: 'none' },
  request: { path: '/log' },
  paging: { type: 'none' },
  window: { filter: 'none' },
};

/** Texts of what a vendor has whose reply consists of these lines. */
async function pulled(
  t: TestContext,
  lines: readonly string[],
  records: object = byId,
  more: object = {},
  search: Partial<Search> = {},
): Promise<string[]> {
  const vendor = await serve({}, (_, response) => sendJson(response, 200, lines.map((line) => `${line}\n`).join('')));
  t.after(() => vendor.close());
  const definition = { ...osier, records: { format: 'lines', ...records }, ...more };
  const settings = { OSIER_URL: vendor.origin };
  return textsOf((await pullOnce(parseDefinition(definition, 'osier.yaml'), settings, { search })).records);
}

const record = '{"id":1,"at":"2026-11-20T09:00:00Z","error":"denied"}';
const failure = '{"error":{"message":"shard 3 is away"}}';

test('a last line of JSON Lines that has neither an ID nor a time, and tells of an error, is an error, and no record', async (t) => {
  for (const lines of [[failure], [record, failure]]) {
    await assert.rejects(pulled(t, lines), { status: 76, message: /reported an error in page 1.*shard 3 is away/ });
  }
});

test('a last line of JSON Lines says that the session is over, or that the vendor failed for now, as a whole reply does', async (t) => {
  const expired = { reply: { expired: { path: 'error.code', equals: 'no_session' } } };
  const line = '{"error":{"code":"no_session"}}';
  await assert.rejects(pulled(t, [record, line], byId, expired), { status: 77, httpStatus: 401 });
});

test('a line of JSON Lines with an ID or a time is a record, whatever it says of an error, and so is one that says of none', async (t) => {
  const dated = '{"at":"2026-11-20T09:00:00Z","error":"denied"}';
  const named = '{"id":2,"error":"denied"}';
  const plain = '{"note":"x"}';
  for (const line of [record, dated, named, plain]) assert.deepEqual(await pulled(t, [line]), [line]);
});

test('a last line of JSON Lines without a time tells of an error where records go by their content', async (t) => {
  await assert.rejects(pulled(t, [failure], { ...byId, id: { content: true } }), { status: 76 });
});

test('an error in the last line of JSON Lines is told to a search that no line matches', async (t) => {
  await assert.rejects(pulled(t, [record, failure], byId, {}, { query: [['actor', 'ada']] }), { status: 76 });
});

test('a last line of an item is a record, whatever it says of an error, where records have neither an ID nor a time', async (t) => {
  const denied = '{"user":"ada","error":"bad password"}';
  const vendor = await serve({}, ({ target }, response) =>
    sendJson(response, 200, target === '/log' ? '[{"name":"monday"}]' : `${denied}\n`),
  );
  t.after(() => vendor.close());
  const items = { name: 'name', request: { path: '/files/{item}' } };
  const definition = { ...osier, items, records: { format: 'lines', id: { content: true, item: true } } };
  const { records } = await pullOnce(parseDefinition(definition, 'osier.yaml'), { OSIER_URL: vendor.origin });
  assert.deepEqual(textsOf(records), [denied]);
});
