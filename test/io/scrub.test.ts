import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scrubber } from '../../src/io/scrub.ts';

test('the path of an address that is a secret does not show, its host does', () => {
  const scrub = scrubber();
  scrub.hide('https://hooks.an-example-host.example/services/T0001/abcdefghijklmnop1234?k=zyxwvutsrqponmlk');
  assert.equal(
    scrub.clean('https://hooks.an-example-host.example failed (POST /services/T0001/abcdefghijklmnop1234)'),
    'https://hooks.an-example-host.example failed (POST /services/T0001/[redacted])',
  );
  assert.equal(scrub.clean('no zyxwvutsrqponmlk'), 'no [redacted]');
});

test('a word in such a path is hidden without its percent signs, too', () => {
  const { hide, clean } = scrubber();
  hide('https://hooks.example/T/a%20long%22secret%2Fword');
  assert.equal(clean('no hook named a long"secret/word'), 'no hook named [redacted]');
  hide('https://hooks.example/T/%ZZnot-an-escape-at-all');
  assert.equal(clean('%ZZnot-an-escape-at-all'), '[redacted]');
});

test('each long word of a list of headers is hidden, names and short words are not', () => {
  const scrub = scrubber();
  scrub.hide('Authorization: Bearer 0123456789abcdef; X-Tenant: 7');
  assert.equal(scrub.clean('bad token 0123456789abcdef in Authorization'), 'bad token [redacted] in Authorization');
});

test('a credential in use is known, however many others came and went', () => {
  const { hidePassing, clean } = scrubber();
  hidePassing('the-login-token');
  for (let at = 1; at <= 1000; at++) hidePassing(`cookie-number-${at}.`, `cookie-number-${at - 1}.`);
  assert.equal(clean('the-login-token cookie-number-1000.'), '[redacted] [redacted]');
});

test('one that was replaced is known until a hundred others were', () => {
  const { hidePassing, clean } = scrubber();
  for (let at = 1; at <= 201; at++) hidePassing(`cookie-number-${at}.`, `cookie-number-${at - 1}.`);
  assert.equal(clean('cookie-number-101.'), '[redacted]');
  assert.equal(clean('cookie-number-100.'), 'cookie-number-100.');
});

test('one that is used in two places stays known when one of them has another', () => {
  const { hidePassing, clean } = scrubber();
  hidePassing('token-and-cookie');
  hidePassing('token-and-cookie');
  hidePassing(undefined, 'token-and-cookie');
  for (let at = 1; at <= 200; at++) hidePassing(`cookie-number-${at}.`, `cookie-number-${at - 1}.`);
  assert.equal(clean('token-and-cookie'), '[redacted]');
});

test('one that comes back is new again', () => {
  const { hidePassing, clean } = scrubber();
  const pass = (from: number, to: number): void => {
    for (let at = from; at <= to; at++) hidePassing(`cookie-number-${at}.`, `cookie-number-${at - 1}.`);
  };
  hidePassing('it-comes-back');
  hidePassing(undefined, 'it-comes-back');
  pass(1, 90);
  hidePassing('it-comes-back');
  hidePassing(undefined, 'it-comes-back');
  pass(91, 180);
  assert.equal(clean('it-comes-back'), '[redacted]');
});

test('a token with half a character in it is hidden like any other', () => {
  const { hidePassing, clean } = scrubber();
  hidePassing('half \ud800 of a pair');
  assert.equal(
    clean('{"token":"half \\ud800 of a pair"}, half%20%EF%BF%BD%20of%20a%20pair'),
    '{"token":"[redacted]"}, [redacted]',
  );
});
