import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerList } from '../../../src/core/wire/header-list.ts';
import { exit } from '../../../src/core/problem.ts';
import { problem } from '../../support/problem.ts';

const read = (text: string): Readonly<Record<string, string>> => headerList(text, 'ACME_HEADERS');

test('headers stand on lines of their own, or are separated by semicolons', () => {
  assert.deepEqual(read('A: 1\r\nB:2\n\nC :  3  \n'), { a: '1', b: '2', c: '3' });
  assert.deepEqual(read('A: 1; B: 2;C:3;'), { a: '1', b: '2', c: '3' });
  assert.deepEqual(read(''), {});
});

test('a semicolon or a colon inside a value stays', () => {
  assert.deepEqual(read('Accept: text/plain; q=0.5; X: a:b;c=d'), { accept: 'text/plain; q=0.5', x: 'a:b;c=d' });
  assert.deepEqual(read('Referer: https://a.example/?b'), { referer: 'https://a.example/?b' });
});

test('a value that was pasted with typographic characters is refused as such', () => {
  for (const text of ['A: “hidden”', 'A: 1; B: hidden–', 'A: hidden\u200b', 'A: hidden\u0001']) {
    assert.throws(
      () => read(text),
      problem(exit.config, /^header \d in ACME_HEADERS has characters that headers cannot carry$/),
    );
  }
  for (const text of ['“A: hidden”', '\u00a0A: hidden']) {
    assert.throws(
      () => read(text),
      problem(
        exit.config,
        /^header 1 in ACME_HEADERS is not of the form Name: value: it (?:begins or ends with a q|has a no-b)/,
      ),
    );
  }
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
        assert.match(error.message, /ACME_HEADERS/);
        return !error.message.includes('hidden');
      },
    );
  }
});
