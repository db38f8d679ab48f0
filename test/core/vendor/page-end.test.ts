/** Pages by number of which the one after the last is refused, as Django REST framework and WordPress do it. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { pullOnce, textsOf } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';
import { problem } from '../../support/problem.ts';

const oak = {
  name: 'oak',
  summary: 'Oaks.',
  settings: { OAK_URL: { summary: 'Address.', kind: 'url' } },
  url: '{OAK_URL}',
  auth: { type: 'none' },
  request: { path: '/log', query: { page: '{page}', per_page: '{limit}' } },
  window: { filter: 'none' },
  records: { path: 'rows', id: { paths: ['id'] } },
  limits: { page: 4 },
};

/** Texts of what a vendor has of which pages it refuses in this way, read by these rules. */
async function pulled(
  t: TestContext,
  { rows, refusal, path = '/log', total }: { rows: number; refusal: [number, string]; path?: string; total?: number },
  paging: object,
): Promise<string[]> {
  const vendor = await serve({}, ({ target }, response) => {
    const { pathname, searchParams } = new URL(target, vendor.origin);
    const first = (Number(searchParams.get('page')) - 1) * 4;
    if (pathname !== path || (first >= rows && first > 0)) return sendJson(response, refusal[0], refusal[1]);
    const ids = Array.from({ length: Math.min(4, rows - first) }, (_, at) => `{"id":${first + at}}`);
    sendJson(response, 200, `{"count":${total ?? rows},"rows":[${ids.join(',')}]}`);
  });
  t.after(() => vendor.close());
  const records = { ...oak.records, total: 'count' };
  const definition = parseDefinition({ ...oak, records, paging: { type: 'page', ...paging } }, 'oak.yaml');
  return textsOf((await pullOnce(definition, { OAK_URL: vendor.origin })).records);
}

const notFound: [number, string] = [404, '{"detail":"Invalid page."}'];
const told: [number, string] = [200, '{"error":"no such page","code":"invalid_page"}'];
const invalid: [number, string] = [400, '{"code":"rest_post_invalid_page_number","message":"no such page"}'];

for (const [what, refusal, end] of [
  ['its HTTP status', notFound, [404]],
  ['what it says', invalid, [{ path: 'code', equals: 'rest_post_invalid_page_number' }]],
  ['what it says with HTTP 200', told, [{ path: 'code', equals: 'invalid_page' }]],
] as const) {
  test(`a page after the last one that is refused, by ${what}, ends the pages, the last of which may be full`, async (t) => {
    for (const rows of [8, 9, 0]) {
      const texts = await pulled(t, { rows, refusal: [...refusal] }, { end });
      assert.equal(texts.length, rows);
    }
  });
}

test('a first page that is refused so is an error: the address may be wrong', async (t) => {
  const refused = pulled(t, { rows: 8, refusal: notFound, path: '/logs' }, { end: [404] });
  await assert.rejects(refused, { status: 78, message: /^oak has nothing at \S+ for page 1 \(HTTP 404\)/ });
});

test('a page that is refused in another way is an error, whatever the page after the last one is refused by', async (t) => {
  const refused = pulled(t, { rows: 8, refusal: [403, '{"code":"forbidden"}'] }, { end: [404] });
  await assert.rejects(refused, { status: 77 });
});

for (const [what, type, text] of [
  ['a page for people', 'text/html', '<title>404 Not Found</title>'],
  ['plain text', 'text/plain; charset=utf-8', '404 page not found\n'],
] as const) {
  test(`${what}, as of a proxy that has lost its way to the service, ends no pages`, async (t) => {
    const vendor = await serve({}, ({ target }, response) => {
      if (!target.includes('page=1')) return void response.writeHead(404, { 'content-type': type }).end(text);
      sendJson(response, 200, '{"rows":[{"id":1},{"id":2},{"id":3},{"id":4}]}');
    });
    t.after(() => vendor.close());
    const definition = parseDefinition({ ...oak, paging: { type: 'page', end: [404] } }, 'oak.yaml');
    await assert.rejects(pullOnce(definition, { OAK_URL: vendor.origin }), {
      status: 78,
      message: /for page 2 \(HTTP 404\)/,
      hint: /no setting is wrong; see what answers there/,
    });
  });
}

for (const type of [undefined, 'text/plain; charset=utf-8', 'text/html; charset=utf-8']) {
  test(`a page after the last one that is refused without a word ends the pages, as ${type ?? 'no type at all'}`, async (t) => {
    const vendor = await serve({}, ({ target }, response) => {
      if (!target.includes('page=1'))
        return void response.writeHead(404, type === undefined ? {} : { 'content-type': type }).end();
      sendJson(response, 200, '{"rows":[{"id":1},{"id":2},{"id":3},{"id":4}]}');
    });
    t.after(() => vendor.close());
    const definition = parseDefinition({ ...oak, paging: { type: 'page', end: [404] } }, 'oak.yaml');
    assert.equal((await pullOnce(definition, { OAK_URL: vendor.origin })).records.length, 4);
  });
}

test('a vendor that calls its JSON plain text ends its pages all the same', async (t) => {
  const vendor = await serve({}, ({ target }, response) => {
    response.setHeader('content-type', 'text/plain');
    if (target.includes('page=1')) return void response.end('{"rows":[{"id":1},{"id":2},{"id":3},{"id":4}]}');
    response.writeHead(404).end('{"detail":"Invalid page."}');
  });
  t.after(() => vendor.close());
  const definition = parseDefinition({ ...oak, paging: { type: 'page', end: [404] } }, 'oak.yaml');
  assert.equal((await pullOnce(definition, { OAK_URL: vendor.origin })).records.length, 4);
});

test('what the vendor says there is, is held against pages that end so', async (t) => {
  const refused = pulled(t, { rows: 8, refusal: notFound, total: 9 }, { end: [404] });
  await assert.rejects(refused, { status: 76, message: /announced 9 records/ });
});

for (const [what, refusal, rules] of [
  ['is refused', notFound, { paging: { type: 'page', end: [404] } }],
  ['is refused with HTTP 200', told, { paging: { type: 'page', end: [{ path: 'code', equals: 'invalid_page' }] } }],
  ['has nothing in it', [204, ''], { paging: { type: 'page' }, reply: { empty: [204] } }],
  ['has an empty list, and says nothing of a cap', [200, '{"rows":[]}'], { paging: { type: 'page' } }],
  ['has no list', [200, '{}'], { paging: { type: 'page' } }],
] as const) {
  test(`a cap that the last page tells of is not forgotten where the page after it ${what}`, async (t) => {
    const vendor = await serve({}, ({ target }, response) => {
      if (!target.includes('page=1')) return sendJson(response, refusal[0], refusal[1]);
      sendJson(response, 200, '{"capped":true,"rows":[{"id":1},{"id":2},{"id":3},{"id":4}]}');
    });
    t.after(() => vendor.close());
    const records = { ...oak.records, missing: 'bare', capped: 'capped' };
    const definition = parseDefinition({ ...oak, ...rules, records }, 'oak.yaml');
    await assert.rejects(pullOnce(definition, { OAK_URL: vendor.origin }), {
      status: 3,
      message: /^oak gave only a part of its records/,
    });
  });
}

test('without end, the hint to a later page that is not there says what to write, and blames no setting', async (t) => {
  await assert.rejects(
    pulled(t, { rows: 8, refusal: notFound }, {}),
    problem(
      78,
      /for page 3 \(HTTP 404\): Invalid page\.$/,
      /no setting is wrong; .*add end: \[404\] to paging in the definition$/,
    ),
  );
});

test('lists of items, and of branches, are not ended so', () => {
  const paging = { type: 'page', end: [404] };
  assert.throws(
    () => parseDefinition({ ...oak, paging, items: { address: 'uri' } }, 'oak.yaml'),
    /paging\.end: only pages of records/,
  );
  const fetch = { request: { path: '/teams', query: { page: '{page}' } }, paging };
  assert.throws(
    () => parseDefinition({ ...oak, paging: { type: 'page' }, branches: { fetch } }, 'oak.yaml'),
    /branches\.fetch\.paging\.end means nothing here/,
  );
});

test('where a job is gone with the same HTTP status, that ends no pages, unless it is known how many records there are', () => {
  const job = { request: { method: 'POST', path: '/jobs' }, id: 'job' };
  const jobs = { ...oak, job, request: { path: '/jobs/{job}', query: { page: '{page}', per_page: '{limit}' } } };
  const defined = (change: object, end: unknown[]): unknown =>
    parseDefinition({ ...jobs, ...change, paging: { type: 'page', end } }, 'oak.yaml');
  for (const status of [404, 410]) {
    assert.throws(() => defined({}, [status]), /paging\.end: HTTP 4\d\d may as well mean that the job is gone/);
  }
  defined({}, [{ path: 'code', equals: 'invalid_page' }]);
  defined({ job: { ...job, total: 'count' } }, [404]);
  defined({ records: { ...oak.records, total: 'count' } }, [404]);
});
