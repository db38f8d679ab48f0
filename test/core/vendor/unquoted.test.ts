/** A name with a dot that a definition has without quotes: each window would end with its first page, and say nothing. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { Problem } from '../../../src/core/problem.ts';
import { pullOnce, textsOf } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const ash = {
  name: 'ash',
  summary: 'Ashes.',
  settings: { ASH_URL: { summary: 'Address.', kind: 'url' } },
  url: '{ASH_URL}',
  auth: { type: 'none' },
  request: { path: '/Events' },
  window: { filter: 'none' },
  records: { path: 'value', id: { paths: ['ID'] } },
};

/** What comes of a vendor of OData with five pages of two, or of what it says instead on the last one. */
async function pulled(t: TestContext, paging: object, last = ''): Promise<string[]> {
  const vendor = await serve({}, ({ target }, response) => {
    const at = Number(new URL(target, vendor.origin).searchParams.get('$skiptoken') ?? 0);
    const more = at < 8 ? `,"@odata.nextLink":"Events?$skiptoken=${at + 2}","meta.more":true` : last;
    sendJson(response, 200, `{"value":[{"ID":${at}},{"ID":${at + 1}}]${more}}`);
  });
  t.after(() => vendor.close());
  const definition = parseDefinition({ ...ash, paging }, 'ash.yaml');
  return textsOf((await pullOnce(definition, { ASH_URL: vendor.origin })).records);
}

const url = { type: 'url', stop: ['missing'] };
const quoted = { ...url, path: '"@odata.nextLink"' };

for (const [member, paging] of Object.entries({
  path: { ...url, path: '@odata.nextLink' },
  more: { ...quoted, more: 'meta.more' },
})) {
  test(`a name with a dot that stands without quotes in paging.${member} is reported with what to write`, async (t) => {
    await assert.rejects(pulled(t, paging), (error) => {
      assert.ok(error instanceof Problem && error.status === 78);
      assert.match(error.message, new RegExp(`^ash: nothing stands at \\S+ \\(paging\\.${member}\\), but at "\\S+"$`));
      assert.match(error.hint ?? '', new RegExp(`: write ${member}: '"\\S+"' for paging in the definition$`));
      return true;
    });
  });
}

test('in quotes it is read, and the last page has none', async (t) => {
  assert.equal((await pulled(t, quoted)).length, 10);
  assert.equal((await pulled(t, { ...quoted, more: '"meta.more"' }, ',"meta.more":false')).length, 10);
});

test('a path whose last page has nothing there is none of them', async (t) => {
  assert.equal((await pulled(t, { ...url, path: 'links.next' }, ',"links":{}')).length, 2);
});
