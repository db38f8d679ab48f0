/** Items, preparations, jobs, branches and queries, and what is refused of them. */
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { apple, refusedDefinitions } from '../../support/refused-definitions.ts';

test('a list of items, and what is to be prepared before it, are sound', () => {
  const items = { address: 'uri', path: 'value', gone: [404], paging: { type: 'url', path: 'next' } } as const;
  const done = { path: 'error.code', equals: 'AF20024' };
  const prepare = [
    { request: { method: 'POST', path: '/start' }, done: [done] },
    { request: { path: '/' }, done: [409] },
  ];
  parseDefinition({ ...apple, items, prepare }, 'apple.yaml');
  const named = { path: 'data', name: 'id', request: { method: 'POST', path: '/parts', json: { id: '{item}' } } };
  parseDefinition({ ...apple, items: named }, 'apple.yaml');
  const request = { path: '/list', query: { since: '{from}', page: '{page}' } };
  parseDefinition({ ...apple, items: named, request, paging: { type: 'page' } }, 'apple.yaml');
});

test('records without an ID are known in any window by the item that they came in', () => {
  const items = { path: 'data', name: 'id', request: { path: '/parts/{item}' } };
  const records = { id: { content: true, item: true } } as const;
  for (const filter of ['event', 'ingestion']) {
    const window = { filter, time: 'iso', shortest: '30s', longest: '1m' };
    parseDefinition({ ...apple, items, window, records }, 'apple.yaml');
  }
});

test('branches may be named in the definition alone, and a job be asked by what its records have at a path', () => {
  const request = { path: '/{branch}', query: apple.request.query };
  parseDefinition({ ...apple, request, branches: { values: ['a'] } }, 'apple.yaml');
  const job = { request: { method: 'POST', path: '/jobs' }, id: 'id' };
  const query = { keys: { who: { path: 'actor.name' } } };
  parseDefinition({ ...apple, request: { ...request, path: '/{job}' }, job, query }, 'apple.yaml');
});

refusedDefinitions([
  [
    'an ID by an item where there are none',
    { records: { path: 'data', id: { content: true, item: true }, time: { path: 'at', format: 'iso' } } },
    /: records\.id\.item: there is no list of items; leave it out$/,
  ],
  [
    'an ID at a path and by its item',
    { items: { address: 'uri' }, records: { path: 'data', id: { paths: ['id'], item: true } } },
    /: records\.id/,
  ],
  ['items without an address', { items: {} }, /: items: expected one of address and name$/],
  [
    'items with an address and a name',
    { items: { address: 'uri', name: 'id', request: { path: '/{item}' } } },
    /: items: expected one of address and name$/,
  ],
  ['no object of items', { items: 'uri' }, /: items: expected an object such as \{ address: uri \}, found "uri"$/],
  [
    'named items without a request',
    { items: { name: 'id' } },
    /: items\.request is missing: items\.name needs it, with \{item\}$/,
  ],
  [
    'named items that are all the same',
    { items: { name: 'id', request: { path: '/parts' } } },
    /: items\.request: \{item\} is missing, so that every item would be the same$/,
  ],
  [
    'items that could be asked for in two ways',
    { items: { address: 'uri', request: { path: '/parts/{item}' } } },
    /: items\.request: items that have an address are asked for there$/,
  ],
  [
    'an item outside its own request',
    { headers: { 'X-Part': '{item}' }, items: { address: 'uri' } },
    /: headers\.X-Part: \{item\} is neither a setting nor a placeholder/,
  ],
  [
    'an item that cannot be asked for in GET',
    { items: { name: 'id', request: { path: '/parts', json: { id: '{item}' } } } },
    /: items\.request: a body needs method: POST$/,
  ],
  [
    'an item on another host',
    { items: { name: 'id', request: { path: 'https://files.example/{item}' } } },
    /: items\.request\.path: expected a path that begins with \/, because/,
  ],
  [
    'a cursor inside an item that is never sent',
    { items: { name: 'id', request: { path: '/parts/{item}' }, paging: { type: 'cursor', path: 'next' } } },
    /: items\.paging\.type: cursor needs \{cursor\} in a request$/,
  ],
  [
    'a cursor of the list that is only sent for its items',
    {
      request: { path: '/log', query: { since: '{from}' } },
      items: { name: 'id', request: { path: '/parts/{item}/{cursor}' }, paging: { type: 'cursor', path: 'next' } },
    },
    /: paging\.type: cursor needs \{cursor\} in a request$/,
  ],
  [
    'a cursor inside an item that outlives the run',
    {
      items: {
        name: 'id',
        request: { path: '/parts/{item}/{cursor}' },
        paging: { type: 'cursor', path: 'next', bookmark: true },
      },
    },
    /: items\.paging\.bookmark means nothing here$/,
  ],
  [
    'a list that is a bookmark',
    { paging: { ...apple.paging, bookmark: true }, items: { address: 'uri' } },
    /: paging\.bookmark: the pages of a list belong to its window; leave it out$/,
  ],
  [
    'items of a job',
    {
      job: { request: { method: 'POST', path: '/jobs' }, id: 'id' },
      request: { path: '/jobs/{job}', query: { since: '{from}', cursor: '{cursor}' } },
      items: { address: 'uri' },
    },
    /: items: the pages of a job hold records, no items; leave out job or items$/,
  ],
  [
    'a list of items whose pages a refusal ends',
    {
      request: { path: '/list', query: { since: '{from}', page: '{page}' } },
      paging: { type: 'page', end: [404] },
      items: { address: 'uri', path: 'value' },
    },
    /: paging\.end: only pages of records are ended by a refusal; leave it out$/,
  ],
  [
    'a total of what items hold',
    { records: { ...apple.records, total: 'count' }, items: { address: 'uri' } },
    /: records\.total: nothing says how many records all items hold; leave it out$/,
  ],
  [
    'a cap inside items',
    { records: { ...apple.records, capped: 'count' }, items: { address: 'uri' } },
    /: records\.capped: nothing looks for a cap inside an item; leave it out$/,
  ],
  [
    'a short page of items whose length is not known',
    {
      items: { name: 'uri', paging: { type: 'link', stop: ['short-page'] }, request: { path: '/{item}' } },
      limits: { page: 5 },
    },
    /: items\.paging\.stop: short-page needs \{limit\} in items\.request$/,
  ],
  [
    'a preparation with a body and GET',
    { prepare: [{ request: { path: '/start', json: {} } }] },
    /: prepare\.0\.request: a body needs method: POST$/,
  ],
  ['a preparation without a request', { prepare: [{ path: '/start' }] }, /: prepare\.0\.path means nothing here/],
  [
    'a preparation that is done by one status',
    { prepare: [{ request: { path: '/start' }, done: 400 }] },
    /: prepare\.0\.done: expected a list, found 400$/,
  ],
  ['branches that nobody uses', { branches: { values: ['a'] } }, /nothing uses \{branch\}/],
  [
    'branches from nowhere',
    { branches: {}, request: { path: '/{branch}', query: apple.request.query } },
    /: branches: expected setting, values or fetch$/,
  ],
  [
    'branches named in no setting',
    { branches: { setting: 'APPLE_ORGS' }, request: { path: '/{branch}', query: apple.request.query } },
    /: branches\.setting: there is no setting APPLE_ORGS \(Did you mean APPLE_URL\?\)$/,
  ],
  [
    'a branch where there are none',
    { request: { path: '/log', query: { since: '{from}', cursor: '{cursor}', org: '{branch}' } } },
    /: branches is missing: \{branch\} needs it$/,
  ],
  [
    'a job where there is none',
    { request: { path: '/log', query: { since: '{from}', cursor: '{cursor}', job: '{job}' } } },
    /: job is missing: \{job\} needs it$/,
  ],
  [
    'a field without a comparison',
    { query: { keys: { a: { field: 'a' } } } },
    /query\.keys\.a\.field: needs query\.compare/,
  ],
  [
    'a query for any member without a language',
    { query: { keys: {}, open: true } },
    /: query\.open: needs query\.compare, and \{query\} in a request$/,
  ],
  [
    'a query that is compared, and never sent',
    { query: { compare: { equal: '{field} eq {value}' }, keys: { a: { field: 'a' } } } },
    /: query\.keys\.a\.field: needs query\.compare, and \{query\} in a request$/,
  ],
  [
    'a query for any member that is never sent',
    { query: { compare: { equal: '{field} eq {value}' }, keys: {}, open: true } },
    /: query\.open: needs query\.compare, and \{query\} in a request$/,
  ],
  [
    'a key of a query that leads nowhere',
    { query: { keys: { a: {} } } },
    /: query\.keys\.a: expected parameter, field or path$/,
  ],
  [
    'a query parameter of a job',
    {
      query: { keys: { a: { parameter: 'a' } } },
      job: { request: { path: '/jobs' }, id: 'id' },
      request: { path: '/{job}', query: apple.request.query },
    },
    /: query\.keys\.a\.parameter: a job takes none; use field or path$/,
  ],
]);
