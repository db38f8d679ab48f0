/** How one page leads to the next, and what breaks that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EnvelopeTest, parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { exit } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import { pear, requestsOf, slice, two, valuesFor, vendor } from '../../support/pear.ts';
import { always, noSearch, pullAll, pullOnce, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';
import { problem } from '../../support/problem.ts';

test('later pages may be asked for differently', async () => {
  const request = { method: 'POST', path: '/log', json: { start: '{from}' } } as const;
  const later = { method: 'POST', path: '/log/continue', json: { cursor: '{cursor}' } } as const;
  const [first, second] = await requestsOf({ request, paging: { type: 'cursor', path: 'next', request: later } }, [
    ...two,
  ]);
  assert.deepEqual([first?.target, second?.target, second?.body], ['/v1/log', '/v1/log/continue', '{"cursor":"c/1"}']);
});

test('the pages of a list of links are followed', async () => {
  const [, second, third] = await requestsOf(
    {
      request: { path: '/log', query: { from: '{from}' } },
      paging: { type: 'url', path: 'links', pick: { path: 'rel', equals: 'next' }, address: 'href' },
    },
    [
      '{"links":[{"rel":"self","href":"/v1/log"},{"rel":"next","href":"/v1/log?page=2"}],"data":[{"id":1}]}',
      '{"data":[]}',
    ],
  );
  assert.deepEqual([second?.target, third], ['/v1/log?page=2', undefined]);
});

const lists = ['{"data":[{"id":1}],"next":["1547486297000",9007199254740993123]}', '{"data":[{"id":2}]}'] as const;

test('a cursor that is a list is a list in a JSON body, several parameters, or one if a variable joins it', async () => {
  const from = '{from}';
  const json = { from, search_after: '{cursor}' };
  const body = await requestsOf({ request: { method: 'POST', path: '/log', json } }, lists);
  assert.equal(body[0]?.body, '{"from":1606322948648718268}');
  assert.equal(body[1]?.body, '{"from":1606322948648718268,"search_after":["1547486297000",9007199254740993123]}');
  const several = await requestsOf({ request: { path: '/log', query: { from, after: '{cursor}' } } }, lists);
  assert.match(several[1]?.target ?? '', /&after=1547486297000&after=9007199254740993123$/);
  const joined = await requestsOf(
    { variables: { next: '{cursor}' }, request: { path: '/log', query: { from, next_offset: '{next}' } } },
    lists,
  );
  assert.match(joined[0]?.target ?? '', /^[^&]*$/);
  assert.match(joined[1]?.target ?? '', /&next_offset=1547486297000%2C9007199254740993123$/);
});

test('a list that was saved is a list again in the next run, and so is an integer an integer', async () => {
  const definition: Partial<SourceDefinition> = {
    request: { method: 'POST', path: '/log', json: { start: '{from}' } },
    paging: {
      type: 'cursor',
      header: 'X-Search_after',
      json: true,
      bookmark: true,
      request: { method: 'POST', path: '/log', json: { search_after: '{cursor}' } },
    },
  };
  for (const cursor of ['[1576181718000,"DZrP"]', '1576181718000']) {
    const server = await vendor({ text: '{"data":[{"id":1}]}', headers: { 'X-Search_after': cursor } }, '{"data":[]}');
    const all = parseDefinition(JSON.parse(JSON.stringify({ ...pear, ...definition })), 'pear.yaml');
    const { bookmark } = await pullOnce(all, valuesFor(server), { part: { slice } });
    await pullOnce(all, valuesFor(server), { part: { slice, bookmark } });
    await server.close();
    assert.deepEqual(
      server.requests.slice(1).map(({ body }) => body),
      [`{"search_after":${cursor}}`, `{"search_after":${cursor}}`],
    );
  }
});

test('a large page comes in parts, and nothing is asked for ahead', async () => {
  const texts = Array.from({ length: 5000 }, (_, id) => `{"id":${id},"text":"${'x'.repeat(200)}"}`);
  const server = await vendor(`{"data":[${texts.join(',')}]}`);
  const { pages, records } = await pullOnce(pear, valuesFor(server), { part: { slice: always } });
  assert.equal(records.length, 5000);
  assert.ok(pages.length > 5 && pages.every((page) => page.records.length < 1000));
  await server.close();
});

test('a page that always breaks off at its end is given up, not fetched for ever', async () => {
  const texts = Array.from({ length: 2000 }, (_, id) => `{"id":${id},"text":"${'x'.repeat(200)}"}`);
  const server = await serve({}, (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 10_000_000 });
    response.write(`{"data":[${texts.join(',')}`, () => response.destroy());
  });
  const source = restSource(pear, valuesFor(server), noSearch, sourceTools());
  await assert.rejects(pullAll(source), problem(exit.unavailable));
  assert.ok(server.requests.length <= 15, `${server.requests.length} requests`);
  await source.close();
  await server.close();
});

test('a next address on another host is refused before anything is sent there', async () => {
  const evil = await vendor(two[1]);
  await assert.rejects(
    requestsOf({ request: { path: '/log', query: { from: '{from}' } }, paging: { type: 'url', path: 'next' } }, [
      `{"data":[],"next":"${evil.origin}/v1/log"}`,
    ]),
    problem(exit.protocol),
  );
  assert.equal(evil.requests.length, 0);
  await evil.close();
});

const lost: readonly (readonly [
  what: string,
  status: number,
  body: string,
  invalid: EnvelopeTest,
  restarts: boolean,
])[] = [
  ['an HTTP error', 409, '{"error":{".tag":"reset"}}', { path: 'error.".tag"', equals: ['reset', 'bad_cursor'] }, true],
  [
    'another HTTP error',
    409,
    '{"error_summary":"no_scope/..","error":{".tag":"no_scope"}}',
    { path: 'error.".tag"', equals: 'reset' },
    false,
  ],
  [
    'a reply with HTTP 200',
    200,
    '{"ok":false,"error":"invalid_cursor"}',
    { path: 'error', equals: 'invalid_cursor' },
    true,
  ],
  ['a reply that looks like any other', 200, '{"data":[],"state":"gone"}', { path: 'state', equals: 'gone' }, true],
  [
    'another reply with HTTP 200',
    200,
    '{"ok":false,"error":"no_scope"}',
    { path: 'error', equals: 'invalid_cursor' },
    false,
  ],
];
for (const [what, status, body, invalid, restarts] of lost) {
  test(`a saved cursor ${restarts ? 'is given up for' : 'stays despite'} ${what} with ${body}`, async () => {
    const tools = sourceTools();
    const server = await serve({}, ({ target }, response) =>
      target.includes('cursor=') ? sendJson(response, status, body) : sendJson(response, 200, '{"data":[{"id":1}]}'),
    );
    const definition: SourceDefinition = {
      ...pear,
      request: { path: '/log', query: { from: '{from}', cursor: '{cursor}' } },
      paging: { type: 'cursor', path: 'next', bookmark: true, invalid: [invalid] },
      reply: { messages: ['error_summary'] },
    };
    const read = pullOnce(definition, valuesFor(server), { part: { slice, bookmark: 'old' }, tools });
    if (restarts) {
      assert.equal((await read).records.length, 1);
      assert.equal(server.requests.length, 2, 'a cursor that is gone is not asked for twice');
      assert.match(tools.warnings.join(), /pear no longer knows where the last run stopped/);
    } else {
      await assert.rejects(read, problem(status === 409 ? exit.unavailable : exit.protocol, /no_scope/));
      assert.ok(server.requests.every(({ target }) => target.includes('cursor=old')));
      assert.deepEqual(tools.warnings, []);
    }
    await server.close();
  });
}

test('a saved cursor stays despite a 404 that its definition does not name: a wrong path is answered so as well', async () => {
  const tools = sourceTools();
  const server = await serve({}, ({ target }, response) =>
    target.includes('cursor=') ? sendJson(response, 404, '{}') : sendJson(response, 200, '{"data":[{"id":1}]}'),
  );
  const definition: SourceDefinition = {
    ...pear,
    request: { path: '/log', query: { from: '{from}', cursor: '{cursor}' } },
    paging: { type: 'cursor', path: 'next', bookmark: true },
  };
  const read = pullOnce(definition, valuesFor(server), { part: { slice, bookmark: 'old' }, tools });
  await assert.rejects(read, problem(exit.config, /^pear has nothing at .*\(HTTP 404\)/));
  assert.deepEqual(tools.warnings, []);
  await server.close();
});

test('two pages in a row with the same records are reported as a circle', async () => {
  await assert.rejects(
    requestsOf({}, ['{"data":[{"id":1}],"next":"a"}', '{"data":[{"id":1}],"next":"b"}']),
    problem(exit.protocol, /in circles/),
  );
});

test('more records of one time than a page holds are reported as such, whether they begin a window or not', async () => {
  const at = (...times: readonly number[]) =>
    `{"data":[${times.map((time, id) => `{"id":${id},"at":${time}}`).join()}]}`;
  const change: Partial<SourceDefinition> = {
    request: { path: '/log', query: { since: '{from}', limit: '{limit}' } },
    paging: {
      type: 'cursor',
      last: 'at',
      stop: ['short-page'],
      request: { path: '/log', query: { since: '{cursor}', limit: '{limit}' } },
    },
    limits: { page: 2 },
  };
  for (const replies of [
    [at(7, 7), at(7, 7)],
    [at(6, 7), at(7, 7)],
  ]) {
    await assert.rejects(requestsOf(change, replies), /pear has more records with the same at than one page holds/);
  }
  await assert.rejects(requestsOf(change, [at(6, 7), at(6, 7)]), /in circles/);
  assert.equal((await requestsOf(change, [at(6, 7), at(7)])).length, 2);
});
