import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, parseBase, resolveSameOrigin } from '../../src/core/origin.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { problem } from '../support/problem.ts';

const base = 'https://good.example/api/v1/';

const stays: readonly (readonly [target: string, href: string])[] = [
  ['records?cursor=a%2Fb', 'https://good.example/api/v1/records?cursor=a%2Fb'],
  ['/other', 'https://good.example/other'],
  ['?page=2', 'https://good.example/api/v1/?page=2'],
  ['https://good.example/x', 'https://good.example/x'],
  ['https://good.example:443/x', 'https://good.example/x'],
  ['HTTPS://GOOD.example/x', 'https://good.example/x'],
  ['/x/..//y', 'https://good.example//y'],
  ['//good.example/x', 'https://good.example/x'],
];

const leaves: readonly string[] = [
  'https://evil.example/',
  '//evil.example/x',
  '/\\evil.example/x',
  '\\\\evil.example/x',
  'https:\\\\evil.example',
  '\t//evil.example',
  '/\n/evil.example',
  'https://good.example@evil.example/',
  'https://good.example:x@evil.example/',
  'https://user@good.example/',
  'https://user:secret@good.example/',
  'https://:secret@good.example/',
  'http://good.example/x',
  'http:/x',
  'https://good.example:8443/x',
  'https://good.example.evil.example/',
  'https://good.example./',
  'https://xn--god-8la.example/',
  'file:///etc/passwd',
  'data:application/json,[]',
  'javascript:alert(1)',
  'blob:https://good.example/1',
  'ftp://good.example/',
  'wss://good.example/',
  'https://',
  'https://[good.example]/',
];

for (const [target, href] of stays) {
  test(`an address in the same origin is resolved: ${target}`, () => {
    assert.equal(resolveSameOrigin(base, target).href, href);
  });
}

for (const target of leaves) {
  test(`an address that leaves the origin is refused: ${JSON.stringify(target)}`, () => {
    assert.throws(
      () => resolveSameOrigin(base, target),
      (error) => error instanceof Problem && error.status === exit.protocol && error.again === undefined,
    );
  });
}

test('the refusal names the origin, and neither the password nor the query', () => {
  assert.throws(
    () => resolveSameOrigin(base, 'https://user:hunter2@evil.example/path?token=s3cret'),
    (error) => error instanceof Problem && !/hunter2|s3cret/.test(`${error.message} ${error.hint}`),
  );
  assert.throws(() => resolveSameOrigin(base, 'https://evil.example/?token=s3cret'), /https:\/\/evil\.example, /);
});

test('an address of megabytes does not make a message of megabytes', () => {
  const long = 'a'.repeat(3_000_000);
  for (const target of [`https://${long}.example/`, `${long}:x`, `https://x:y@${long}.example/`]) {
    assert.throws(
      () => resolveSameOrigin(base, target),
      (error) => error instanceof Problem && error.message.length < 500 && error.message.includes('aaa'),
    );
  }
});

test('a base must be http or https and hold no user info', () => {
  for (const wrong of ['', 'good.example', 'ftp://good.example', 'https://u:hunter2@good.example']) {
    assert.throws(
      () => parseBase(wrong),
      (error) => error instanceof Problem && error.status === exit.config && !error.message.includes('hunter2'),
      wrong,
    );
  }
  assert.equal(parseBase('HTTP://Good.example:80').origin, 'http://good.example');
});

test('loopback is this machine and nothing that only looks like it', () => {
  const host = (url: string): string => new URL(url).hostname;
  for (const url of ['http://localhost', 'http://127.0.0.1', 'http://127.1', 'http://0x7f.0.0.2', 'http://[::1]:80']) {
    assert.equal(isLoopback(host(url)), true, url);
  }
  for (const url of [
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://128.0.0.1',
    'http://[::2]',
    'http://0.0.0.0',
  ]) {
    assert.equal(isLoopback(host(url)), false, url);
  }
});

test('an address of the same host with another scheme, as services name behind a proxy, says what the proxy has to tell', () => {
  assert.throws(
    () => resolveSameOrigin('https://vendor.example/log', 'http://vendor.example/log?page=2'),
    problem(exit.protocol, /./, /; if a proxy stands before it, .*X-Forwarded-Proto/),
  );
});
