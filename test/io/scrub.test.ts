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
