import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import { noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';
import { problem } from '../../support/problem.ts';

const medlar = {
  name: 'medlar',
  summary: 'Medlars.',
  settings: {
    MEDLAR_URL: { summary: 'Address.', kind: 'url' },
    MEDLAR_ORGS: { summary: 'Organisations.' },
  },
  url: '{MEDLAR_URL}',
  auth: { type: 'none' },
  branches: {
    setting: 'MEDLAR_ORGS',
    fetch: { request: { path: '/orgs' }, path: 'data', member: 'id', paging: { type: 'none' } },
  },
  request: { path: '/orgs/{branch}/log', query: { from: '{from}' } },
  paging: { type: 'none' },
  window: { filter: 'event', time: 'iso' },
  records: { path: 'data', id: { paths: ['id'] } },
};

type Reply = string | { readonly text: string; readonly headers: Record<string, string> };

const withFetch = (change: object): object => ({
  ...medlar,
  branches: { ...medlar.branches, fetch: { ...medlar.branches.fetch, ...change } },
});

/** The branches that a vendor with these replies lists, and what it was asked for. */
async function listed(
  change: object,
  ...replies: readonly Reply[]
): Promise<[branches: readonly string[], targets: string[]]> {
  let at = 0;
  const server = await serve({}, (_, response) => {
    const reply = replies[Math.min(at++, replies.length - 1)] ?? '';
    const { text, headers } = typeof reply === 'string' ? { text: reply, headers: {} } : reply;
    sendJson(response, 200, text, headers);
  });
  const definition = parseDefinition(JSON.parse(JSON.stringify(withFetch(change))), 'medlar.yaml');
  const source = restSource(definition, { MEDLAR_URL: server.origin }, noSearch, sourceTools());
  try {
    return [await source.branches(), server.requests.map(({ target }) => target)];
  } finally {
    await source.close();
    await server.close();
  }
}

test('branches are named by a member of the objects in a list, and integers keep all their digits', async () => {
  const data = '[{"id":9007199254740993,"id2":1}, {"id":"a,]\\u00e9"},{"name":"x","id":-7},{"id":9007199254740993}]';
  const [branches] = await listed({}, `{"id":1,"data":${data}}`);
  assert.deepEqual(branches, ['9007199254740993', 'a,]é', '-7']);
  const [nested] = await listed({ member: 'attributes."org.id"' }, '{"data":[{"attributes":{"org.id":12}}]}');
  assert.deepEqual(nested, ['12']);
});

test('the list may be the reply, and its elements the names', async () => {
  const { path, member, ...fetch } = medlar.branches.fetch;
  assert.ok(path !== '' && member !== '');
  const value = { ...medlar, branches: { fetch } };
  const server = await serve({}, (_, response) => sendJson(response, 200, '[ "a", 900719925474099312 ]'));
  const definition = parseDefinition(JSON.parse(JSON.stringify(value)), 'medlar.yaml');
  const source = restSource(definition, { MEDLAR_URL: server.origin }, noSearch, sourceTools());
  assert.deepEqual(await source.branches(), ['a', '900719925474099312']);
  await source.close();
  await server.close();
});

test('it is the vendor who lists the branches, unless somebody has chosen them', () => {
  const asks = (branches: object, orgs: string): boolean | undefined => {
    const definition = parseDefinition(JSON.parse(JSON.stringify({ ...medlar, branches })), 'medlar.yaml');
    const values = { MEDLAR_URL: 'https://medlar.example', MEDLAR_ORGS: orgs };
    return restSource(definition, values, noSearch, sourceTools()).asksForBranches;
  };
  assert.equal(asks(medlar.branches, ''), true);
  assert.equal(asks(medlar.branches, 'a b'), false);
  assert.equal(asks({ fetch: medlar.branches.fetch, values: ['a'] }, ''), false);
  assert.equal(asks({ values: ['a'] }, ''), false);
});

test('all pages of the list are read, by whatever leads to the next one', async () => {
  const first = '{"data":[{"id":"a"}],"links":{"next":"/orgs?after=a"},"next":"a"}';
  const last = '{"data":[{"id":"b"}],"links":{}}';
  const url = await listed({ paging: { type: 'url', path: 'links.next' } }, first, last);
  assert.deepEqual(url, [
    ['a', 'b'],
    ['/orgs', '/orgs?after=a'],
  ]);
  const request = { path: '/orgs', query: { cursor: '{cursor}' } };
  const cursor = await listed({ request, paging: { type: 'cursor', path: 'next' } }, first, last);
  assert.deepEqual(cursor, [
    ['a', 'b'],
    ['/orgs', '/orgs?cursor=a'],
  ]);
  const link = { text: '{"data":[{"id":"a"}]}', headers: { Link: '</orgs?page=2>; rel="next"' } };
  assert.deepEqual(await listed({ paging: { type: 'link' } }, link, last), [
    ['a', 'b'],
    ['/orgs', '/orgs?page=2'],
  ]);
  const paged = { request: { path: '/orgs', query: { page: '{page}' } }, paging: { type: 'page', first: 0 } };
  const pages = await listed(paged, first, last, '{"data":[]}');
  assert.deepEqual(pages, [
    ['a', 'b'],
    ['/orgs?page=0', '/orgs?page=1', '/orgs?page=2'],
  ]);
});

const oneOf = (count: number, rest: string): string =>
  `{"data":${JSON.stringify(Array.from({ length: count }, (_, id) => ({ id })))}${rest}}`;
const byPath = { paging: { type: 'url', path: 'next' } };
const mute: readonly (readonly [what: string, path: string, change: object, reply: string, warned: boolean])[] = [
  ['as many branches as were asked for, and nothing', '/orgs?limit=12', byPath, oneOf(12, ',"nxt":"/2"'), true],
  ['fewer, and nothing', '/orgs?limit=12', byPath, oneOf(11, ',"nxt":"/2"'), false],
  ['as many, and null', '/orgs?limit=12', byPath, oneOf(12, ',"next":null'), false],
  ['as many, and the end by header', '/orgs?limit=12', { paging: { type: 'link' } }, oneOf(12, ''), false],
  ['as many as the version has, and nothing', '/orgs?version=2', byPath, oneOf(2, ''), false],
];
for (const [what, path, change, reply, warned] of mute) {
  test(`a first page of the list with ${what} where the next one is named: ${warned ? 'a warning, for the path may be mistyped' : 'the end'}`, async (t) => {
    const server = await serve({}, (_, response) => sendJson(response, 200, reply));
    t.after(() => server.close());
    const tools = sourceTools();
    const value = withFetch({ request: { path }, ...change });
    const definition = parseDefinition(JSON.parse(JSON.stringify(value)), 'medlar.yaml');
    const source = restSource(definition, { MEDLAR_URL: server.origin }, noSearch, tools);
    await source.branches();
    await source.close();
    const warning =
      'medlar: page 1 of the list of what this key may read was full, and nothing stands at next: if the next page is named elsewhere, branches are missing';
    assert.deepEqual(tools.warnings, warned ? [warning] : []);
  });
}

test('a list may have megabytes', async () => {
  const names = Array.from({ length: 3000 }, (_, index) => `b${index}`);
  const data = names.map((id) => ({ id, about: 'x'.repeat(500) }));
  const [branches] = await listed({}, JSON.stringify({ data }));
  assert.deepEqual(branches, names);
});

const wrong: readonly (readonly [
  what: string,
  change: object,
  replies: readonly Reply[],
  status: number,
  message: RegExp,
])[] = [
  ['an empty list', {}, ['{"data":[]}'], exit.config, /medlar lists nothing that these credentials may read$/],
  ['null instead of the list', {}, ['{"data":null}'], exit.config, /medlar lists nothing/],
  [
    'a reply without the list',
    {},
    ['{"orgs":[]}'],
    exit.protocol,
    /medlar: the list of what this key may read is not at data$/,
  ],
  ['an object instead of the list', {}, ['{"data":{"id":1}}'], exit.protocol, /is not at data$/],
  ['an entry without its name', {}, ['{"data":[{"id":"a"},{"slug":"b"}]}'], exit.protocol, /has an entry without id$/],
  ['an entry with an empty name', {}, ['{"data":[{"id":""}]}'], exit.protocol, /has an entry without id$/],
  ['an entry whose name is none', {}, ['{"data":[{"id":{"a":1}}]}'], exit.protocol, /has an entry without id$/],
  [
    'a later page without the list',
    { paging: { type: 'url', path: 'next' } },
    ['{"data":[{"id":"a"}],"next":"/2"}', '{}'],
    exit.protocol,
    /is not at data$/,
  ],
  [
    'a page that leads back',
    { paging: { type: 'url', path: 'next' } },
    ['{"data":[{"id":"a"}],"next":"/2"}', '{"data":[{"id":"b"}],"next":"/2"}'],
    exit.protocol,
    /in circles/,
  ],
  [
    'the same page again',
    { request: { path: '/orgs?{page}' }, paging: { type: 'page' } },
    ['{"data":[{"id":"a"}]}'],
    exit.protocol,
    /in circles/,
  ],
  [
    'a next page on another host',
    { paging: { type: 'url', path: 'next' } },
    ['{"data":[{"id":"a"}],"next":"https://evil.example/"}'],
    exit.protocol,
    /evil\.example/,
  ],
  [
    'a next page that the definition knows nothing of',
    {},
    [{ text: '{"data":[{"id":"a"}]}', headers: { Link: '</orgs?page=2>; rel="next"' } }],
    exit.protocol,
    /medlar: the list of what this key may read has more pages$/,
  ],
];
for (const [what, change, replies, status, message] of wrong) {
  test(`${what} does not quietly mean fewer branches`, async () => {
    await assert.rejects(listed(change, ...replies), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.deepEqual([error.status, message.test(error.message)], [status, true], error.message);
      return true;
    });
  });
}

const refused: readonly (readonly [what: string, change: object, message: RegExp])[] = [
  [
    'a list of which nobody says how many pages it has',
    { paging: undefined },
    /: branches\.fetch\.paging is missing: expected an object such as \{ type: none \}$/,
  ],
  [
    'a cursor that is never sent',
    { paging: { type: 'cursor', path: 'next' } },
    /: branches\.fetch\.paging\.type: cursor needs \{cursor\} in a request$/,
  ],
  [
    'a cursor that outlives the run',
    { paging: { type: 'cursor', path: 'next', bookmark: true } },
    /: branches\.fetch\.paging\.bookmark means nothing here$/,
  ],
  [
    'a later page without its number',
    { request: { path: '/orgs?{page}' }, paging: { type: 'page', request: { path: '/orgs' } } },
    /: branches\.fetch\.paging\.request: \{page\} is missing, so that every page would be the first$/,
  ],
  [
    'an address from two places',
    { paging: { type: 'url', path: 'a', header: 'b' } },
    /: branches\.fetch\.paging: expected one of path and header$/,
  ],
  [
    'a short page of unknown length',
    { paging: { type: 'link', stop: ['short-page'] } },
    /: branches\.fetch\.paging\.stop: short-page means nothing here, where no number is asked for$/,
  ],
  [
    'a window of the list',
    { request: { path: '/orgs', query: { since: '{from}' } } },
    /: branches\.fetch: \{from\} has no value here, only settings have, and cursor, offset and page$/,
  ],
  ['a member of an element by number', { member: '0.id' }, /: branches\.fetch\.member: 0 is no name of a member/],
  [
    'a next page inside a list',
    { paging: { type: 'url', path: 'links.0.href' } },
    /: branches\.fetch\.paging\.path: 0 is no name of a member/,
  ],
  [
    'a body with GET for later pages',
    { paging: { type: 'link', request: { path: '/orgs', json: {} } } },
    /: branches\.fetch\.paging\.request: a body needs method: POST$/,
  ],
];
for (const [what, change, message] of refused) {
  test(`${what} is refused`, () => {
    assert.throws(() => parseDefinition(JSON.parse(JSON.stringify(withFetch(change))), 'medlar.yaml'), message);
  });
}

test('a cursor for the list is not used for the records', () => {
  const fetch = {
    ...medlar.branches.fetch,
    request: { path: '/orgs?{cursor}' },
    paging: { type: 'cursor', path: 'next' },
  };
  const value = { ...medlar, branches: { fetch }, paging: { type: 'cursor', path: 'next' } };
  assert.throws(() => parseDefinition(value, 'medlar.yaml'), /: paging\.type: cursor needs \{cursor\} in a request$/);
});

for (const name of ['.', '..']) {
  test(`a branch that is called ${name} has no other path asked for`, async () => {
    const server = await serve({}, (_, response) => sendJson(response, 200, '{"data":[]}'));
    const definition = parseDefinition(JSON.parse(JSON.stringify(medlar)), 'medlar.yaml');
    const source = restSource(definition, { MEDLAR_URL: server.origin }, noSearch, sourceTools());
    try {
      const slice = { from: 0n, until: 1n };
      const pages = source.pull({ branch: name, slice, bookmark: undefined, remembers: () => false });
      await assert.rejects(
        async () => {
          for await (const _ of pages) continue;
        },
        problem(exit.protocol, `medlar: a name in the path /orgs/${name}/log would lead to another path`),
      );
      assert.deepEqual(server.requests, []);
    } finally {
      await source.close();
      await server.close();
    }
  });
}
