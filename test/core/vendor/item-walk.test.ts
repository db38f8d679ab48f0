import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { Page, Search, Source } from '../../../src/core/types.ts';
import { ask, noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve, type LoggedRequest, type Vendor } from '../../support/vendors/server.ts';

/** A vendor that keeps its records in parts, and lists these by the time when they were made. */
const fig = {
  name: 'fig',
  summary: 'Figs.',
  settings: { FIG_URL: { summary: 'Address.', kind: 'url' }, FIG_TOKEN: { summary: 'Token.', secret: true } },
  url: '{FIG_URL}/feed',
  auth: { type: 'headers', headers: { Authorization: 'Bearer {FIG_TOKEN}' } },
  request: { path: '/content', query: { from: '{from}', until: '{until}' } },
  paging: { type: 'url', header: 'NextPageUri' },
  items: { address: 'uri' },
  window: { filter: 'ingestion', time: 'epoch-s' },
  records: { id: { paths: ['id'] } },
};

const byName = { request: { path: '/parts/{item}' }, name: 'id' };

type Answer = (response: ServerResponse, request: LoggedRequest, origin: string) => void;

/** What is answered to a path, the same each time; a list of answers is given one after the other, the last for ever. */
type Replies = Readonly<Record<string, string | Answer | readonly (string | Answer)[]>>;

interface Orchard extends Vendor {
  readonly source: Source;
  /** Paths that were asked for, in order. */
  asked(): string[];
}

async function orchard(
  t: TestContext,
  replies: Replies,
  change: object = {},
  search: Partial<Search> = {},
  tools = sourceTools(),
): Promise<Orchard> {
  const times = new Map<string, number>();
  const vendor = await serve({}, (request, response) => {
    const { pathname, search: query } = new URL(request.target, 'http://fig');
    const key = replies[pathname + query] === undefined ? pathname : pathname + query;
    const given = [replies[key] ?? []].flat() as readonly (string | Answer)[];
    const time = times.get(key) ?? 0;
    times.set(key, time + 1);
    const reply = given[Math.min(time, given.length - 1)];
    if (reply === undefined) return sendJson(response, 404, '{}');
    if (typeof reply === 'string') return sendJson(response, 200, reply.replaceAll('ORIGIN', vendor.origin));
    reply(response, request, vendor.origin);
  });
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...fig, ...change })), 'fig.yaml');
  const values = { FIG_URL: vendor.origin, FIG_TOKEN: 'secret' };
  const source = restSource(definition, values, { ...noSearch, ...search }, tools);
  t.after(async () => {
    await source.close();
    await vendor.close();
  });
  const asked = (): string[] => vendor.requests.map(({ target }) => new URL(target, 'http://fig').pathname);
  return { ...vendor, source, asked };
}

interface Found {
  readonly ids: string[];
  readonly pages: Page[];
  readonly expired: number;
  readonly problem: unknown;
}

/** The records that came, and what ended them before their time. */
async function read(source: Source, branch = ''): Promise<Found> {
  const pages: Page[] = [];
  let problem: unknown;
  try {
    for await (const page of source.pull(ask({ branch }))) {
      if (page.incomplete !== undefined) throw page.incomplete;
      pages.push(page);
    }
  } catch (error) {
    problem = error;
  }
  return {
    pages,
    ids: pages.flatMap(({ records }) =>
      records.map(({ key, keyStart, keyEnd }) => key.toString('utf8', keyStart, keyEnd)),
    ),
    expired: pages.reduce((sum, { expired = 0 }) => sum + expired, 0),
    problem,
  };
}

/** A page of the list with these paths, and the address of the next page. */
function list(paths: readonly string[], next = ''): Answer {
  return (response, _, origin) =>
    sendJson(
      response,
      200,
      JSON.stringify(paths.map((path) => ({ uri: origin + path }))),
      next === '' ? {} : { NextPageUri: origin + next },
    );
}

const refuse =
  (status: number, text = '{}'): Answer =>
  (response) =>
    sendJson(response, status, text);

function isProblem(error: unknown, status: number, message: RegExp): void {
  assert.ok(error instanceof Problem, String(error));
  assert.match(error.message, message);
  assert.equal(error.status, status);
  assert.ok(error.hint !== undefined);
}

test('every item on every page of a list is fetched once, with the credentials', async (t) => {
  const { source, asked, requests } = await orchard(t, {
    '/feed/content?page=2': list(['/blob/c']),
    '/feed/content': list(['/blob/a', '/blob/b', '/blob/a'], '/feed/content?page=2'),
    '/blob/a': '[{"id":1},{"id":2}]',
    '/blob/b': '[]',
    '/blob/c': '[{"id":3}]',
  });
  const { ids, problem, expired } = await read(source);
  assert.deepEqual([ids, problem, expired], [['1', '2', '3'], undefined, 0]);
  assert.deepEqual(asked(), ['/feed/content', '/blob/a', '/blob/b', '/feed/content', '/blob/c']);
  assert.ok(requests.every(({ headers }) => headers.authorization === 'Bearer secret'));
  assert.equal(requests[0]?.target, '/feed/content?from=0&until=4102444800');
  assert.equal(requests[1]?.target, '/blob/a');
  assert.equal(source.truncated(), false);
});

test('the parameters of every request go to the addresses that the vendor gives, too, unless these have them', async (t) => {
  const replies = {
    '/feed/content?page=2&tenant=7&until=0': list([]),
    '/feed/content': list(['/blob/a', '/blob/b?tenant=8'], '/feed/content?page=2'),
    '/blob/a': '[{"id":1}]',
    '/blob/b': '[{"id":2}]',
  };
  const { source, requests } = await orchard(t, replies, { parameters: { tenant: '7', until: '0' } });
  assert.deepEqual((await read(source)).ids, ['1', '2']);
  assert.deepEqual(
    requests.map(({ target }) => target),
    [
      '/feed/content?tenant=7&until=4102444800&from=0', // what the request has of its own counts
      '/blob/a?tenant=7&until=0',
      '/blob/b?tenant=8&until=0',
      '/feed/content?page=2&tenant=7&until=0',
    ],
  );
});

test('an item that moved to the next page while the list was read is not read twice', async (t) => {
  const replies = {
    '/feed/content?page=2': list(['/blob/b', '/blob/c'], '/feed/content?page=3'),
    '/feed/content?page=3': list(['/blob/d']),
    '/feed/content': list(['/blob/a', '/blob/b'], '/feed/content?page=2'),
    '/blob/a': '[{"n":1}]',
    '/blob/b': '[{"n":2}]',
    '/blob/c': '[{"n":2}]',
    '/blob/d': '[{"n":4}]',
  };
  const { source } = await orchard(t, replies, {
    window: { filter: 'event', time: 'epoch-s' },
    records: { id: { content: true }, time: { path: 'time', format: 'iso' } },
  });
  const { pages, ids } = await read(source);
  assert.equal(ids.length, 4);
  assert.equal(new Set(ids).size, 4); // what two items have alike is two records
  assert.equal(pages.filter(({ records }) => records.length > 0).length, 4);
});

test('the same relative address on another page of the list may be another item', async (t) => {
  const { source } = await orchard(t, {
    '/feed/content': (response, _, origin) =>
      sendJson(response, 200, '[{"uri":"blob"}]', { NextPageUri: `${origin}/more/content` }),
    '/more/content': '[{"uri":"blob"}]',
    '/feed/blob': '[{"id":1}]',
    '/more/blob': '[{"id":2}]',
  });
  assert.deepEqual((await read(source)).ids, ['1', '2']);
});

test('an address may be relative to the list', async (t) => {
  const { source, asked } = await orchard(t, {
    '/feed/content': '[{"uri":"blob/a"},{"uri":"/blob/b?x=1"}]',
    '/feed/blob/a': '[{"id":1}]',
    '/blob/b?x=1': '[{"id":2}]',
  });
  const { ids } = await read(source);
  assert.deepEqual(
    [ids, asked()],
    [
      ['1', '2'],
      ['/feed/content', '/feed/blob/a', '/blob/b'],
    ],
  );
});

test('an item without an address is asked for by its name, all digits and signs of it', async (t) => {
  const { source, requests } = await orchard(
    t,
    {
      '/feed/content': '{"parts":{"files":[{"id":"a/b?c"},{"id":1234567890123456789}]}}',
      '/feed/parts/a%2Fb%3Fc': '[{"id":1}]',
      '/feed/parts/1234567890123456789': '[{"id":2}]',
    },
    { items: { ...byName, path: 'parts.files' } },
  );
  const { ids } = await read(source);
  assert.deepEqual(
    [ids, requests.map(({ target }) => target).slice(1)],
    [
      ['1', '2'],
      ['/feed/parts/a%2Fb%3Fc', '/feed/parts/1234567890123456789'],
    ],
  );
});

test('a name that is a number is one in a body, too', async (t) => {
  const { source, requests } = await orchard(
    t,
    { '/feed/content': '[{"id":1234567890123456789}]', '/feed/parts': '[{"id":1}]' },
    { items: { name: 'id', request: { method: 'POST', path: '/parts', json: { part: '{item}' } } } },
  );
  await read(source);
  assert.equal(requests[1]?.body, '{"part":1234567890123456789}');
});

test('an item may have several pages', async (t) => {
  const { source, requests } = await orchard(
    t,
    {
      '/feed/content': '[{"id":"a"},{"id":"b"}]',
      '/feed/parts/a': '{"rows":[{"id":1}],"next":"n/2"}',
      '/feed/parts/a?cursor=n%2F2': '{"rows":[{"id":2}]}',
      '/feed/parts/b': '{"rows":[{"id":3}]}',
    },
    {
      items: {
        name: 'id',
        request: { path: '/parts/{item}', query: { cursor: '{cursor}' } },
        paging: { type: 'cursor', path: 'next' },
      },
      records: { path: 'rows', id: { paths: ['id'] } },
    },
  );
  const { ids } = await read(source);
  assert.deepEqual(
    [ids, requests.map(({ target }) => target).slice(1)],
    [
      ['1', '2', '3'],
      ['/feed/parts/a', '/feed/parts/a?cursor=n%2F2', '/feed/parts/b'],
    ],
  );
});

test('an item that has an address may have several pages', async (t) => {
  const { source } = await orchard(
    t,
    {
      '/feed/content': list(['/blob/a', '/blob/b']),
      '/blob/a': '{"rows":[{"id":1}],"next":"?p=2"}',
      '/blob/a?p=2': '{"rows":[{"id":2}]}',
      '/blob/b': '{"rows":[{"id":3}]}',
    },
    {
      items: { address: 'uri', paging: { type: 'url', path: 'next' } },
      records: { path: 'rows', id: { paths: ['id'] } },
    },
  );
  const { ids } = await read(source);
  assert.deepEqual(ids, ['1', '2', '3']);
});

const breakOff =
  (text: string): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length + 1000 });
    response.write(text, () => response.destroy());
  };

test('an item that breaks off is fetched again, and so is a list', async (t) => {
  const { source, asked } = await orchard(t, {
    '/feed/content': [breakOff('[{"uri":"/blob/a"},{"uri":"/blob/b"},'), list(['/blob/a', '/blob/b', '/blob/c'])],
    '/blob/a': '[{"id":1}]',
    '/blob/b': [breakOff('[{"id":2},'), refuse(503), '[{"id":2},{"id":3}]'],
    '/blob/c': '[{"id":4}]',
  });
  const { ids, problem } = await read(source);
  assert.deepEqual([[...new Set(ids)], problem], [['1', '2', '3', '4'], undefined]);
  const expected = ['/feed/content', '/feed/content', '/blob/a', '/blob/b', '/blob/b', '/blob/b', '/blob/c'];
  assert.deepEqual(asked(), expected);
});

test('an item on another host is refused before anything is sent there, and what came before it is kept', async (t) => {
  const evil = await serve({}, (_, response) => sendJson(response, 200, '[{"id":666}]'));
  t.after(evil.close);
  const { source } = await orchard(t, {
    '/feed/content': `[{"uri":"ORIGIN/blob/a"},{"uri":"${evil.origin}/blob/b"}]`,
    '/blob/a': '[{"id":1}]',
  });
  const { ids, problem } = await read(source);
  isProblem(problem, exit.protocol, /leads to http:\/\/127\.0\.0\.1:\d+, which is not followed/);
  assert.deepEqual([ids, evil.requests.length], [['1'], 0]);
});

test('a list that goes in circles is an error', async (t) => {
  const { source, asked } = await orchard(t, {
    '/feed/content': list(['/blob/a'], '/feed/content?page=2'),
    '/feed/content?page=2': list(['/blob/b'], '/feed/content?page=2'),
    '/blob/a': '[{"id":1}]',
    '/blob/b': '[{"id":2}]',
  });
  const { ids, problem } = await read(source);
  isProblem(problem, exit.protocol, /in circles/);
  assert.deepEqual([ids, asked().length], [['1', '2'], 4]);
});

test('items with the same records are no circle', async (t) => {
  const { source } = await orchard(t, {
    '/feed/content': list(['/blob/a', '/blob/b']),
    '/blob/a': '[{"id":1}]',
    '/blob/b': '[{"id":1}]',
  });
  const { ids, problem } = await read(source);
  assert.deepEqual([ids, problem], [['1', '1'], undefined]);
});

for (const [missing, text, fine] of [
  ['null', '{"files":null}', true],
  ['null', '{}', false],
  ['empty', '{}', true],
] as const) {
  test(`a list that is not there, where nothing means ${missing}: ${text} is ${fine ? 'no items' : 'an error'}`, async (t) => {
    const { source } = await orchard(t, { '/feed/content': text }, { items: { ...fig.items, path: 'files', missing } });
    const { ids, problem } = await read(source);
    assert.deepEqual(
      [ids, problem instanceof Problem ? problem.status : problem],
      [[], fine ? undefined : exit.protocol],
    );
  });
}

test('an empty list is a window without records', async (t) => {
  const { source, asked } = await orchard(t, { '/feed/content': '[]' });
  const { ids, problem } = await read(source);
  assert.deepEqual([ids, problem, asked()], [[], undefined, ['/feed/content']]);
});

test('an item that is gone is reported, and the others are read', async (t) => {
  const replies: Replies = {
    '/feed/content': list(['/blob/a', '/blob/b', '/blob/c', '/blob/d']),
    '/blob/a': '[{"id":1}]',
    '/blob/b': refuse(410),
    '/blob/d': '[{"id":4}]',
  };
  const listed = await orchard(t, replies, { items: { address: 'uri', gone: [404] } });
  const { ids, expired, problem } = await read(listed.source);
  assert.deepEqual([ids, expired, problem], [['1', '4'], 2, undefined]);
  assert.equal(listed.asked().filter((path) => path === '/feed/content').length, 1);

  const unlisted = await orchard(t, replies);
  const stopped = await read(unlisted.source);
  isProblem(stopped.problem, exit.config, /fig has nothing at http:\S+\/blob\/c for page 1 of item 3 \(HTTP 404\)/);
  assert.deepEqual([stopped.ids, stopped.expired], [['1'], 0]);
});

for (const [status, gone, rows, found] of [
  [410, [], '{"id":1}', ['1', '1', '2', '3']],
  [404, [404], '{"id":1}', ['1', '1', '2', '3']],
  [400, [], '{"id":1}', ['1', '1', '2', '3']],
  [403, [403], '{"id":1}', ['1', '1', '2', '3']], // no refusal by which a vendor gives up a cursor
  [410, [], '', ['2', '3']], // an empty page of it was there
] as const) {
  test(`an item that is gone (${status}) when a page of it, with "${rows}", was read makes the window be read again`, async (t) => {
    const { source, asked } = await orchard(
      t,
      {
        '/feed/content': [list(['/blob/a', '/blob/b']), list(['/blob/a', '/blob/b'])],
        '/blob/a': `{"rows":[${rows}],"next":"?p=2"}`,
        '/blob/a?p=2': [refuse(status), '{"rows":[{"id":2}]}'],
        '/blob/b': '{"rows":[{"id":3}]}',
      },
      {
        items: { address: 'uri', gone, paging: { type: 'url', path: 'next' } },
        records: { path: 'rows', id: { paths: ['id'] } },
      },
    );
    const { ids, expired, problem } = await read(source);
    assert.deepEqual([ids, expired, problem], [found, 0, undefined]);
    assert.equal(asked().filter((path) => path === '/feed/content').length, 2);
  });
}

test('an item may be gone by what a refusal says, and a refusal that says something else is an error', async (t) => {
  const gone = [{ path: 'error.code', equals: 'AF20051' }];
  const replies: Replies = {
    '/feed/content': list(['/blob/a', '/blob/b']),
    '/blob/a': refuse(400, '{"error":{"code":"AF20051","message":"Content has expired."}}'),
    '/blob/b': '[{"id":2}]',
  };
  const { source } = await orchard(t, replies, { items: { address: 'uri', gone } });
  const { ids, expired, problem } = await read(source);
  assert.deepEqual([ids, expired, problem], [['2'], 1, undefined]);

  const other = { ...replies, '/blob/a': refuse(400, '{"error":{"code":"AF50000","message":"Internal error."}}') };
  const broken = await orchard(t, other, { items: { address: 'uri', gone } });
  isProblem((await read(broken.source)).problem, exit.protocol, /page 1 of item 1 \(HTTP 400\): Internal error/);
});

test('a list that is gone is no item that is gone', async (t) => {
  const { source } = await orchard(t, { '/feed/content': refuse(404) }, { items: { address: 'uri', gone: [404] } });
  const { problem, expired } = await read(source);
  isProblem(problem, exit.config, /fig has nothing at http:\S+ for page 1 of the list \(HTTP 404\)/);
  assert.equal(expired, 0);
});

const singles: readonly (readonly [what: string, replies: Replies, ids: string[], requests: number, more: boolean])[] =
  [
    [
      'one item of several',
      { '/feed/content': list(['/blob/a', '/blob/b']), '/blob/a': '[{"id":1}]', '/blob/b': '[{"id":2}]' },
      ['1'],
      2,
      true,
    ],
    [
      'one item of several pages',
      { '/feed/content': list(['/blob/a'], '/feed/content?page=2'), '/blob/a': '[{"id":1}]' },
      ['1'],
      2,
      true,
    ],
    ['the only item', { '/feed/content': list(['/blob/a']), '/blob/a': '[{"id":1}]' }, ['1'], 2, false],
    ['no item', { '/feed/content': '[]' }, [], 1, false],
  ];
for (const [what, replies, expected, count, more] of singles) {
  test(`a single query of a list reads ${what}, and says whether there was more`, async (t) => {
    const { source, requests } = await orchard(t, replies, {}, { single: true });
    const { ids, problem } = await read(source);
    assert.deepEqual([ids, problem, requests.length, source.truncated()], [expected, undefined, count, more]);
  });
}

test('a single query that reads one page of an item says that there was more', async (t) => {
  const { source } = await orchard(
    t,
    { '/feed/content': list(['/blob/a']), '/blob/a': '{"rows":[{"id":1}],"next":"?p=2"}' },
    {
      items: { address: 'uri', paging: { type: 'url', path: 'next' } },
      records: { path: 'rows', id: { paths: ['id'] } },
    },
    { single: true },
  );
  const { ids } = await read(source);
  assert.deepEqual([ids, source.truncated(), source.guessed()], [['1'], true, false]);
});

test('a session that ends in the middle of a list, or of its items, is renewed', async (t) => {
  const ends = refuse(401);
  const { source, asked, requests } = await orchard(
    t,
    {
      '/feed/login': ['{"token":"t1"}', '{"token":"t2"}', '{"token":"t3"}'],
      '/feed/logout': '{}',
      '/feed/content': list(['/blob/a', '/blob/b'], '/feed/content?page=2'),
      '/feed/content?page=2': [ends, list(['/blob/c'])],
      '/blob/a': '[{"id":1}]',
      '/blob/b': [ends, '[{"id":2}]'],
      '/blob/c': '[{"id":3}]',
    },
    {
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', form: { secret: '{FIG_TOKEN}' } },
        token: { path: 'token', headers: { 'X-Auth': '{token}' } },
        logout: { method: 'POST', path: '/logout' },
      },
    },
  );
  const { ids, problem } = await read(source);
  assert.deepEqual([ids, problem], [['1', '2', '3'], undefined]);
  assert.equal(asked().filter((path) => path === '/feed/login').length, 3);
  assert.deepEqual(requests.at(-1)?.headers['x-auth'], 't3');
});

test('an error that a list tells of with HTTP 200 is an error', async (t) => {
  const text = '{"error":{"code":"AF20022","message":"No subscription found."}}';
  const { source } = await orchard(t, { '/feed/content': text });
  const { problem } = await read(source);
  isProblem(problem, exit.protocol, /fig reported an error in page 1 of the list: No subscription found\./);
});

const listOfTwo = {
  '/feed/content': '{"value":[{"uri":"/blob/a"},{"uri":"/blob/b"}]}',
  '/blob/a': '{"rows":[{"id":1},{"id":2}]}',
  '/blob/b': '{"rows":[]}',
};
const next = { type: 'url', path: 'next' };
const query = { ...fig.request.query, top: '{limit}' };
const rows = { path: 'rows', id: { paths: ['id'] } };

test('a full first page of a list that says nothing of a next one is warned of', async (t) => {
  const tools = sourceTools();
  const items = { address: 'uri', path: 'value', paging: next };
  const paged = { paging: next, request: { ...fig.request, query }, items, records: rows };
  const full = await orchard(t, listOfTwo, { ...paged, limits: { page: 2 } }, {}, tools);
  await read(full.source);
  assert.deepEqual(tools.warnings, [
    'fig: page 1 of the list was full, and nothing stands at next: if the next page is named elsewhere, records are missing',
  ]);

  const calm = sourceTools();
  const short = await orchard(t, listOfTwo, { ...paged, limits: { page: 3 } }, {}, calm);
  await read(short.source);
  assert.deepEqual(calm.warnings, []);
});

const unusable: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['an item without an address', '[{"uri":"/blob/a"},{"id":5}]', /page 1 of the list has an item without uri$/],
  ['an item whose address is no text', '[{"uri":{"href":"/blob/a"}}]', /page 1 of the list has an item without uri$/],
  ['an item with an empty address', '[{"uri":""}]', /page 1 of the list has an item without uri$/],
  ['an item that is no object', '["/blob/a"]', /page 1 of the list has an item that cannot be read: /],
  ['no list', '{"items":[]}', /page 1 of the list is not a list/],
];
for (const [what, text, message] of unusable) {
  test(`${what} is an error, and nothing is asked for`, async (t) => {
    const { source, requests } = await orchard(t, { '/feed/content': text });
    const { problem } = await read(source);
    isProblem(problem, exit.protocol, message);
    assert.equal(requests.length, 1);
  });
}

test('a page of a list that is too large to remember is an error', async (t) => {
  const long = 'x'.repeat(1024 * 1024);
  const text = JSON.stringify(Array.from({ length: 17 }, (_, index) => ({ uri: `/${index}/${long}` })));
  const { source, requests } = await orchard(t, { '/feed/content': text });
  const { problem } = await read(source);
  isProblem(problem, exit.protocol, /page 1 of the list has more than 16 MiB of items/);
  assert.equal(requests.length, 1);
});

test("the vendor's time is known as it was at the list, before any item is asked for", async (t) => {
  const { source, requests } = await orchard(t, {
    '/feed/content': list(['/blob/a']),
    '/blob/a': '[{"id":1}]',
  });
  const asked: number[] = [];
  for await (const { records } of source.pull(ask())) {
    if (records.length === 0) asked.push(requests.length);
    assert.notEqual(source.serverTime(), undefined);
  }
  assert.deepEqual(asked, [1]);
});

test('each branch has a list of its own', async (t) => {
  const { source, asked } = await orchard(
    t,
    {
      '/feed/content/one': list(['/blob/a']),
      '/feed/content/two': list(['/blob/b']),
      '/blob/a': '[{"id":1}]',
      '/blob/b': '[{"id":2}]',
    },
    {
      branches: { values: ['one', 'two'] },
      request: { path: '/content/{branch}', query: { from: '{from}' } },
    },
  );
  assert.deepEqual([(await read(source, 'one')).ids, (await read(source, 'two')).ids], [['1'], ['2']]);
  assert.deepEqual(asked(), ['/feed/content/one', '/blob/a', '/feed/content/two', '/blob/b']);
});

/** Records without an ID in items that are asked for by name: CSV, as vendors of log files give it. */
const files = {
  items: { path: 'files', name: 'id', request: { path: '/files/{item}' } },
  paging: { type: 'none' },
  records: { format: 'csv', id: { content: true, item: true }, time: { path: 'at', format: 'iso' } },
};

const csv =
  (...rows: readonly string[]): Answer =>
  (response) => {
    response.writeHead(200, { 'Content-Type': 'text/csv' });
    response.end(['at,who', ...rows, ''].join('\n'));
  };

test('records without an ID are known by their content and the item that they came in, whichever way it is reached', async (t) => {
  const row = '2026-11-20T09:00:00Z,eve';
  const { source } = await orchard(
    t,
    {
      '/feed/content': [
        '{"files":[{"id":"a"},{"id":"b"}]}',
        '{"files":[{"id":"b"},{"id":"a"}]}',
        '{"files":[{"id":"b"}]}',
      ],
      '/feed/files/a': csv(row, row),
      '/feed/files/b': csv(row, `${row}x`, row),
    },
    files,
  );
  const [first, second, third] = [await read(source), await read(source), await read(source)];
  assert.deepEqual([first.problem, second.problem, third.problem], [undefined, undefined, undefined]);
  assert.equal(new Set(first.ids).size, 5);
  assert.match(first.ids.join(' '), /^(sha256:\S+) \1#2 (sha256:\S+) sha256:\S+ \2#2$/);
  assert.deepEqual(second.ids, [...first.ids.slice(2), ...first.ids.slice(0, 2)]);
  assert.deepEqual(third.ids, first.ids.slice(2), 'they are counted in their item, and not in the window');
});

test('an item that breaks off is read again, and its equal records keep their numbers', async (t) => {
  const row = '2026-11-20T09:00:00Z,eve';
  const broken: Answer = (response) => {
    response.writeHead(200, { 'Content-Type': 'text/csv', 'Content-Length': 1000 });
    response.write(`at,who\n${row}\n${row}\n`, () => response.destroy());
  };
  const { source } = await orchard(
    t,
    { '/feed/content': '{"files":[{"id":"a"}]}', '/feed/files/a': [broken, csv(row, row, row)] },
    files,
  );
  const { ids, problem } = await read(source);
  assert.equal(problem, undefined);
  assert.equal(new Set(ids).size, 3);
});

test('rows that cannot be read are told apart by their item as well', async (t) => {
  const { source } = await orchard(
    t,
    {
      '/feed/content': '{"files":[{"id":"a"},{"id":"b"}]}',
      '/feed/files/a': csv('one', 'one'),
      '/feed/files/b': csv('one'),
    },
    files,
  );
  const { pages } = await read(source);
  const keys = pages.flatMap(({ refused }) => refused.map(({ key }) => key));
  assert.equal(new Set(keys).size, 3);
});
