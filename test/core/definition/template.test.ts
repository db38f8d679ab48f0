import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, fillFirst, fillValue, placeholders } from '../../../src/core/definition/template.ts';

test('names in braces are placeholders, and nothing else is', () => {
  assert.deepEqual(placeholders('{A_URL}/x/{from}{from}?{"a":1}{}{1}{a b}'), ['A_URL', 'from']);
  assert.equal(fill('{"a":{n},"b":{}}', { n: 5 }), '{"a":5,"b":{}}');
});

test('values are put in once: braces inside a value stay', () => {
  assert.equal(fill('{a}', { a: '{b}', b: 'x' }), '{b}');
  assert.equal(fill('{a}', { a: '$1 $& $$' }), '$1 $& $$');
});

test('each value is encoded, the text around it is not', () => {
  assert.equal(fill('/orgs/{id}/log', { id: 'a/b ?' }, encodeURIComponent), '/orgs/a%2Fb%20%3F/log');
});

test('an address that ends with a slash has one of them where the text goes on with a slash', () => {
  const values = { A_URL: 'https://a.example/', B_URL: 'https://b.example/x/?y=/', id: 'a/' };
  assert.equal(fill('{A_URL}/token', values), 'https://a.example/token');
  assert.equal(fill('{A_URL} {A_URL}', values), 'https://a.example/ https://a.example/', 'as it was written');
  assert.equal(fill('{B_URL}/{id}/x', values), 'https://b.example/x/?y=//a//x');
  assert.equal(fill('/{A_URL}/x', values, encodeURIComponent), '/https%3A%2F%2Fa.example%2F/x');
});

test('a placeholder alone keeps the type of its value', () => {
  assert.equal(fillValue('{n}', { n: 5 }), 5);
  assert.equal(fillValue('{n}', { n: 1_606_322_948_648_718_268n }), 1_606_322_948_648_718_268n);
  assert.deepEqual(fillValue('{list}', { list: ['a', 'b'] }), ['a', 'b']);
  assert.equal(fillValue('@{n}', { n: 5 }), '@5');
});

test('a text all of whose placeholders are empty has no value; one without placeholders is itself', () => {
  assert.equal(fillValue('{a}', {}), undefined);
  assert.equal(fillValue('{a}', { a: '' }), undefined);
  assert.equal(fillValue('{a}', { a: [] }), undefined);
  assert.equal(fillValue('since:{a} until:{b}', {}), undefined);
  assert.equal(fillValue('since:{a} until:{b}', { a: '1' }), 'since:1 until:');
  assert.equal(fillValue('', {}), '');
  assert.equal(fillValue('{n}', { n: 0 }), 0);
});

test('of several texts, the first that can be filled is taken, else the last', () => {
  const texts = ['{whole} | {filter}', '{whole}', 'src | {filter}', 'src'];
  assert.equal(fillFirst(texts, { whole: 'w', filter: 'f' }), 'w | f');
  assert.equal(fillFirst(texts, { whole: 'w' }), 'w');
  assert.equal(fillFirst(texts, { filter: 'f' }), 'src | f');
  assert.equal(fillFirst(texts, {}), 'src');
});
