/** What a definition can say of pages and bookmarks, and what is refused there. */
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { apple, type Change, refusedDefinitions } from '../../support/refused-definitions.ts';

const cursor = { type: 'cursor', path: 'next' } as const;
const part = { path: '/parts/{item}', query: { cursor: '{cursor}' } };
const names = { path: '/names', query: { cursor: '{cursor}' } };
const ofBranch = { path: '/{branch}', query: apple.request.query };

test('an item and a list of branches may have pages by a cursor, which a header of all requests may send', () => {
  parseDefinition({ ...apple, items: { path: 'data', name: 'id', request: part, paging: cursor } }, 'apple.yaml');
  const branches = { fetch: { request: { path: '/names' }, paging: cursor } };
  parseDefinition({ ...apple, request: ofBranch, headers: { 'X-Cursor': '{cursor}' }, branches }, 'apple.yaml');
});

test('a list of branches may have pages by a number or by rows, at an address of a setting', () => {
  for (const type of ['page', 'offset'] as const) {
    const request = { path: '/names', query: { at: `{${type}}`, of: '{APPLE_URL}' } };
    const branches = { fetch: { request, paging: { type } } };
    parseDefinition({ ...apple, request: ofBranch, branches }, 'apple.yaml');
  }
});

test('a short page ends an item that is asked for by a number of records', () => {
  const request = { path: '/{item}', query: { limit: '{limit}' } };
  const items = { path: 'data', name: 'uri', paging: { type: 'link', stop: ['short-page'] }, request } as const;
  parseDefinition({ ...apple, items, limits: { page: 5 } }, 'apple.yaml');
});

test('a cursor may be a bookmark where each page says anew when the window ends, and a credential is in the query', () => {
  const query = { since: '{from}', until: '{until}', cursor: '{cursor}' };
  const auth = { type: 'query', query: { key: '{APPLE_TOKEN}' } } as const;
  const request = { path: '/more', query: { until: '{until}', cursor: '{cursor}' } };
  for (const later of [{}, { request }]) {
    const paging = { ...cursor, bookmark: true, ...later };
    parseDefinition({ ...apple, auth, request: { path: '/log', query }, paging }, 'apple.yaml');
  }
});

test('a list of links is sound with what is looked for in it, and where the address is', () => {
  const paging = { type: 'url', path: 'links', pick: { path: 'rel', equals: 'next' }, address: 'href' };
  parseDefinition({ ...apple, request: { path: '/log', query: { since: '{from}' } }, paging }, 'apple.yaml');
});

const job = { request: { method: 'POST', path: '/jobs' }, id: 'id' };
const ofJob = { path: '/{job}', query: apple.request.query };
const numbered = { path: '/{page}/{from}' };
const listed = { request: { path: '/names' }, paging: { type: 'none' } };
const named = { path: 'data', name: 'id', request: part };

/** Each place of a path that leads into a list. */
const intoLists: readonly (readonly [place: string, change: object])[] = [
  ['paging.last', { paging: { type: 'cursor', last: 'a.0' } }],
  ['paging.pages', { request: numbered, paging: { type: 'page', pages: 'a.0' } }],
  ['items.path', { items: { ...named, path: 'a.0' } }],
  ['items.address', { items: { address: 'a.0' } }],
  ['items.name', { items: { ...named, name: 'a.0' } }],
  ['items.paging.path', { items: { ...named, paging: { ...cursor, path: 'a.0' } } }],
  ['job.id', { request: ofJob, job: { ...job, id: 'a.0' } }],
  ['job.total', { request: ofJob, job: { ...job, total: 'a.0' } }],
  ['branches.fetch.path', { request: ofBranch, branches: { fetch: { ...listed, path: 'a.0' } } }],
  ['branches.fetch.member', { request: ofBranch, branches: { fetch: { ...listed, member: 'a.0' } } }],
  [
    'branches.fetch.paging.path',
    { request: ofBranch, branches: { fetch: { request: names, paging: { ...cursor, path: 'a.0' } } } },
  ],
  ['records.path', { records: { ...apple.records, path: 'a.0' } }],
  ['records.id.paths.1', { records: { ...apple.records, id: { paths: ['id', 'a.0'] } } }],
  ['records.time.path', { records: { ...apple.records, time: { path: 'a.0', format: 'iso' } } }],
  ['records.total', { records: { ...apple.records, total: 'a.0' } }],
];
refusedDefinitions(
  intoLists.map(([place, change]) => [
    `a path at ${place} that leads into a list`,
    change as Change,
    new RegExp(`: ${place.replaceAll('.', String.raw`\.`)}: 0 is no name of a member`),
  ]),
);

test('a name that has digits in it is no place in a list', () => {
  parseDefinition({ ...apple, records: { ...apple.records, path: 'v2.2nd' } }, 'apple.yaml');
});

refusedDefinitions([
  [
    'a cursor beside JSON Lines',
    { records: { ...apple.records, format: 'lines' } },
    /: paging\.path: there is nothing but records in the reply/,
  ],
  [
    'an item whose cursor is in two places',
    { items: { path: 'data', name: 'id', request: part, paging: { ...cursor, header: 'Next' } } },
    /: items\.paging: expected one of path and header$/,
  ],
  [
    'a list of branches whose cursor is in two places',
    { request: ofBranch, branches: { fetch: { request: names, paging: { ...cursor, header: 'Next' } } } },
    /: branches\.fetch\.paging: expected one of path and header$/,
  ],
  [
    'an unknown style',
    { paging: { type: 'curser' } },
    /paging\.type: expected one of none, link, url, cursor, page, offset, found "curser" .*cursor\?/,
  ],
  [
    'a key of another paging style',
    { paging: { type: 'page', bookmark: true } },
    /paging\.bookmark means nothing here: it belongs to paging of type link or url or cursor$/,
  ],
  [
    'a key of several other paging styles',
    { paging: { type: 'none', path: 'next' } },
    /paging\.path means nothing here: it belongs to paging of type url or cursor$/,
  ],
  [
    'a relation that no link can have',
    { paging: { type: 'link', relation: 'rel="prev"' }, request: { path: '/log' } },
    /paging\.relation: expected a link relation such as prev, found "rel=\\"prev\\""$/,
  ],
  [
    'a cursor that is never sent',
    { request: { path: '/log', query: { since: '{from}' } } },
    /paging\.type: cursor needs \{cursor\}/,
  ],
  [
    'a number of a page that is never sent',
    { request: { path: '/log', query: { since: '{from}' } }, paging: { type: 'page' } },
    /: paging\.type: page needs \{page\} in a request$/,
  ],
  [
    'a number of rows to leave out that is never sent',
    { request: { path: '/log', query: { since: '{from}' } }, paging: { type: 'offset' } },
    /: paging\.type: offset needs \{offset\} in a request$/,
  ],
  [
    'a cursor from two places',
    { paging: { type: 'cursor', path: 'a', header: 'b' } },
    /expected one of path, header and last/,
  ],
  [
    'later pages without a cursor',
    { paging: { ...apple.paging, request: { path: '/log' } } },
    /paging\.request: \{cursor\} is missing, so that every page would be the first/,
  ],
  [
    'a body that is said to hold JSON',
    { paging: { type: 'cursor', path: 'next', json: true } },
    /: paging\.json: says what is in a header, and there is none here$/,
  ],
  [
    'a list of links without what is looked for in it',
    { paging: { type: 'url', path: 'links', address: 'href' } },
    /: paging\.address: needs path and pick$/,
  ],
  [
    'a link without its address',
    { paging: { type: 'url', path: 'links', pick: { path: 'rel', equals: 'next' } } },
    /: paging\.pick: needs path and address$/,
  ],
  [
    'a list of links in a header',
    { paging: { type: 'url', header: 'Next', pick: { path: 'rel', equals: 'next' }, address: 'href' } },
    /: paging\.pick: needs path and address$/,
  ],
  [
    'an address of the next page in two places',
    { request: { path: '/log', query: { since: '{from}' } }, paging: { type: 'url', path: 'next', header: 'Next' } },
    /: paging: expected one of path and header$/,
  ],
  [
    'a list of branches whose cursor is never sent',
    { request: ofBranch, branches: { fetch: { request: { path: '/names' }, paging: cursor } } },
    /: branches\.fetch\.paging\.type: cursor needs \{cursor\} in a request$/,
  ],
  [
    'a list of branches that is asked for by a window',
    { request: ofBranch, branches: { fetch: { request: { path: '/names/{from}' }, paging: { type: 'none' } } } },
    /: branches\.fetch: \{from\} has no value here, only settings have, and cursor, offset and page$/,
  ],
  [
    'a list of branches whose later pages are asked for by a window',
    {
      request: ofBranch,
      branches: { fetch: { request: names, paging: { ...cursor, request: { path: '/{cursor}/{until}' } } } },
    },
    /: branches\.fetch: \{until\} has no value here/,
  ],
  [
    'a short page of a list of branches',
    { request: ofBranch, branches: { fetch: { request: names, paging: { ...cursor, stop: ['short-page'] } } } },
    /: branches\.fetch\.paging\.stop: short-page means nothing here, where no number is asked for$/,
  ],
  [
    'a number of pages in a reply that is a list',
    {
      request: { path: '/{page}/{from}' },
      paging: { type: 'page', pages: 'pages' },
      records: { id: { paths: ['id'] } },
    },
    /: paging\.pages: there is nothing but records in the reply, so that it is never found$/,
  ],
  [
    'a short page of pages whose length is not known',
    { paging: { type: 'cursor', path: 'next', stop: ['short-page'] } },
    /: paging\.stop: short-page needs \{limit\} in a request, or limits\.page where every page has as many records$/,
  ],
  [
    'a next page named in a reply that is lines',
    { records: { format: 'lines', id: { paths: ['id'] } } },
    /paging\.path: there is nothing but records in the reply, so that it is never found$/,
  ],
  [
    'a flag for more in a reply that is a list',
    { paging: { type: 'link', more: 'more' }, records: { id: { paths: ['id'] } } },
    /paging\.more: there is nothing but records in the reply, so that it is never found$/,
  ],
  [
    'a flag for more in an item that is a CSV',
    {
      items: { path: 'files', address: 'url', paging: { type: 'link', more: 'more' } },
      records: { format: 'csv', id: { paths: ['id'] } },
    },
    /items\.paging\.more: there is nothing but records in the reply, so that it is never found$/,
  ],
  [
    'a bookmark of a window that ends',
    {
      request: { path: '/log', query: { since: '{from}', until: '{until}' } },
      paging: { ...apple.paging, bookmark: true, request: { path: '/log', query: { cursor: '{cursor}' } } },
    },
    /paging\.bookmark: what follows a request with \{until\} ends there; leave \{until\} out of request/,
  ],
  [
    'an address as the bookmark of a window that ends',
    {
      request: { path: '/log', query: { since: '{from}', until: '{until}' } },
      paging: { type: 'link', bookmark: true },
    },
    /paging\.bookmark: what follows a request with \{until\} ends there; leave \{until\} out of request/,
  ],
  [
    'an address as a bookmark, with the secret in it',
    { auth: { type: 'query', query: { key: '{APPLE_TOKEN}' } }, paging: { type: 'url', path: 'next', bookmark: true } },
    /paging\.bookmark: the next address may repeat what auth\.query adds, and would be saved with it; leave it out/,
  ],
]);
