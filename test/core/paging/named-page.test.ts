import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PagingDefinition } from '../../../src/core/definition.ts';
import type { PageEnd } from '../../../src/core/paging.ts';
import { isNamed } from '../../../src/core/paging/named-page.ts';

const page: PageEnd = {
  url: 'https://vendor.example/',
  headers: {},
  envelope: '{"next":"c2","hasMore":true,"pages":7}',
  count: 10,
  limit: 10,
};

const cursor = { type: 'cursor', path: 'next' } as const;
const pages = { type: 'page', pages: 'pages' } as const;

const rows: readonly (readonly [what: string, paging: PagingDefinition, end: Partial<PageEnd>, expected: boolean])[] = [
  ['a link', { type: 'link' }, {}, true],
  ['an address', { type: 'url', path: 'next' }, {}, true],
  ['a cursor', cursor, {}, true],
  ['a cursor that is given after the last page, too', { ...cursor, stop: ['short-page'] }, {}, false],
  ['a cursor after which an empty page comes', { ...cursor, stop: ['empty-page'] }, {}, false],
  ['a cursor that comes back after the last page', { ...cursor, stop: ['unchanged'] }, {}, false],
  ['a cursor to go on from in a later run', { ...cursor, bookmark: true }, {}, false],
  ['such a cursor, and a flag', { ...cursor, stop: ['empty-page'], more: 'hasMore' }, {}, true],
  ['the last record’s own', { type: 'cursor', last: 'id' }, {}, false],
  ['a count of pages', pages, {}, true],
  ['no count of pages', pages, { envelope: '{}' }, false],
  ['an offset', { type: 'offset' }, {}, false],
  ['an offset, and a total not met', { type: 'offset' }, { total: 11 }, true],
  ['a total that is met', cursor, { total: 10 }, false],
];

for (const [what, paging, end, expected] of rows) {
  test(`${what} ${expected ? 'says' : 'does not say'} that there is another page with records`, () => {
    assert.equal(isNamed(paging, { ...page, ...end }), expected);
  });
}
