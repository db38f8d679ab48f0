/** What a definition can say of pages and bookmarks, and what is refused there. */
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { apple, refusedDefinitions } from '../../support/refused-definitions.ts';

const cursor = { type: 'cursor', path: 'next' } as const;
const part = { path: '/parts/{item}', query: { cursor: '{cursor}' } };
const names = { path: '/names', query: { cursor: '{cursor}' } };
const ofBranch = { path: '/{branch}', query: apple.request.query };

test('an item and a list of branches may have pages by a cursor, which a header of all requests may send', () => {
  parseDefinition({ ...apple, items: { path: 'data', name: 'id', request: part, paging: cursor } }, 'apple.yaml');
  const branches = { fetch: { request: { path: '/names' }, paging: cursor } };
  parseDefinition({ ...apple, request: ofBranch, headers: { 'X-Cursor': '{cursor}' }, branches }, 'apple.yaml');
});

test('a list of links is sound with what is looked for in it, and where the address is', () => {
  const paging = { type: 'url', path: 'links', pick: { path: 'rel', equals: 'next' }, address: 'href' };
  parseDefinition({ ...apple, request: { path: '/log', query: { since: '{from}' } }, paging }, 'apple.yaml');
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
    'a number of pages in a list',
    { request: { path: '/{page}/{from}' }, paging: { type: 'page', pages: 'meta.0.pages' } },
    /: paging\.pages: 0 is no name of a member/,
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
