import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitIn } from '../../../src/core/paging/next-link.ts';

const rows: readonly (readonly [
  address: string,
  query: Record<string, string> | undefined,
  asked: number | undefined,
])[] = [
  ['?size=50&after=x', { from: '{from}', size: '{limit}' }, 50],
  ['?size=1', { size: '{limit}' }, 1],
  ['?size=0', { size: '{limit}' }, undefined],
  ['?size=all', { size: '{limit}' }, undefined],
  ['?after=x', { size: '{limit}' }, undefined],
  ['?size=50', { size: '100' }, undefined],
  ['?size=50', undefined, undefined],
];
for (const [address, query, asked] of rows) {
  test(`the next page at ${address} asks for ${asked ?? 'an unknown number of'} records, where the first has ${JSON.stringify(query)}`, () => {
    const request = { method: 'GET', path: '/log', ...(query === undefined ? {} : { query }) } as const;
    assert.equal(limitIn(`https://api.example/log${address}`, request), asked);
  });
}
