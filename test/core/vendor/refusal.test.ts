import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidIn } from '../../../src/core/vendor/refusal.ts';
import { parseDefinition } from '../../../src/core/definition.ts';
import { pullOnce, sourceTools } from '../../support/source-tools.ts';
import { processorTime } from '../../support/processor-time.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

/** What a page says that comes instead of records. */
async function saidBy(html: string): Promise<unknown> {
  const server = await serve({}, (_, response) => {
    response.setHeader('content-type', 'text/html').end(html);
  });
  const http = sourceTools().http(server.origin);
  try {
    const reply = await http.send({ method: 'GET', url: server.origin });
    return saidIn(reply, await reply.text(64 * 1024));
  } finally {
    await http.close();
    await server.close();
  }
}

test('a page for people says its title, without the blanks around it', async () => {
  for (const [html, title] of [
    ['<html><title>\n Sign in to <b>\n</title>', undefined],
    ['<TITLE lang="en">\n Sign in \n</TITLE >', 'Sign in'],
    ['<title>Bad\ngateway</title><title>other</title>', 'Bad\ngateway'],
    ['<title> </title>', undefined],
    ['<p>Bad gateway', undefined],
  ] as const) {
    assert.equal(await saidBy(html), title, html);
  }
});

test('a page that has no end of its title costs no more than any other', async () => {
  for (const html of [`<title>${' '.repeat(65_000)}`, '<title'.repeat(10_000)]) {
    const spent = await processorTime(async () => assert.equal(await saidBy(html), undefined));
    assert.ok(spent < 1000, `${spent} ms`); // some 20
  }
});

test('a page that is not there (404) is no wrong setting where the vendor has named it itself', async (t) => {
  const vendor = await serve({}, ({ target }, response) => {
    const isFirst = !target.includes('cursor=');
    sendJson(
      response,
      isFirst ? 200 : 404,
      isFirst ? '{"data":[{"id":1}],"next":"n"}' : '{"message":"unknown cursor"}',
    );
  });
  t.after(() => vendor.close());
  const rowan = {
    name: 'rowan',
    summary: 'Rowans.',
    settings: { ROWAN_URL: { summary: 'Address.', kind: 'url' } },
    url: '{ROWAN_URL}',
    auth: { type: 'none' },
    request: { path: '/log', query: { cursor: '{cursor}' } },
    paging: { type: 'cursor', path: 'next', stop: ['missing'] },
    window: { filter: 'none' },
    records: { path: 'data', id: { paths: ['id'] } },
  };
  await assert.rejects(pullOnce(parseDefinition(rowan, 'rowan.yaml'), { ROWAN_URL: vendor.origin }), {
    status: 76,
    message: /for page 2 \(HTTP 404\): unknown cursor$/,
    hint: /^it gave the cursor for this page itself, so no setting or flag is wrong/,
  });
});
