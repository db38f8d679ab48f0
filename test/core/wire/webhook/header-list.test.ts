import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerList } from '../../../../src/core/wire/webhook/header-list.ts';
import { exit } from '../../../../src/core/problem.ts';
import { statusList } from '../../../../src/core/wire/webhook/status-list.ts';

const read = (text: string): Readonly<Record<string, string>> => headerList(text);

test('headers stand on lines of their own, or are separated by semicolons', () => {
  assert.deepEqual(read('A: 1\r\nB:2\n\nC :  3  \n'), { a: '1', b: '2', c: '3' });
  assert.deepEqual(read('A: 1; B: 2;C:3;'), { a: '1', b: '2', c: '3' });
  assert.deepEqual(read(''), {});
});

test('a semicolon or a colon inside a value stays', () => {
  assert.deepEqual(read('Accept: text/plain; q=0.5; X: a:b;c=d'), { accept: 'text/plain; q=0.5', x: 'a:b;c=d' });
  assert.deepEqual(read('Referer: https://a.example/?b'), { referer: 'https://a.example/?b' });
});

test('what is no header, or belongs to the connection, is refused without its value', () => {
  for (const text of [
    'hidden',
    'A B: hidden',
    ': hidden',
    'Content-Length: hidden',
    'a: hidden\u0000',
    'a: hidden\u0001',
  ]) {
    assert.throws(
      () => read(text),
      (error: Error & { status?: number }) => {
        assert.equal(error.status, exit.config);
        return !error.message.includes('hidden');
      },
    );
  }
});

test('statuses are listed one by one or as ranges', () => {
  const isIn = statusList(' 200, 202-204 ,409');
  assert.deepEqual(
    [199, 200, 201, 202, 203, 204, 205, 408, 409].filter((status) => isIn(status)),
    [200, 202, 203, 204, 409],
  );
  const atTheEdges = statusList('299,400-401,599');
  assert.deepEqual(
    [298, 299, 300, 399, 400, 401, 402, 598, 599, 600].filter((status) => atTheEdges(status)),
    [299, 400, 401, 599],
  );
  for (const text of ['', '2xx', '204-202', '300', '399', '200-404', '299-300', '399-400', '100', '600', '200,']) {
    assert.throws(() => statusList(text), { status: exit.config }, text);
  }
});
