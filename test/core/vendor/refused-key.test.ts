import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { identifier } from '../../../src/core/identity.ts';
import { refusedKeys } from '../../../src/core/vendor/refused-key.ts';

/** Refuses texts one after another, each in the parts that it has, and returns their keys. */
function bench(remembered: readonly string[] = [], continued = false) {
  const remembers = (key: Buffer, start: number, end: number): boolean =>
    remembered.includes(key.toString('utf8', start, end));
  const identity = identifier({ paths: [] }, remembers, continued);
  const withKey = refusedKeys();
  function key(...parts: readonly string[]): string | undefined {
    const told = parts.map((text, at) => {
      const more = at < parts.length - 1;
      return withKey(
        { text: Buffer.from(text), more, ...(at > 0 && { continued: true }), reason: 'no JSON' },
        identity,
      );
    });
    assert.ok(told.slice(0, -1).every((part) => part.key === undefined));
    return told.at(-1)?.key;
  }
  return { identity, key, withKey };
}

test('records that cannot be read go by their text, however it was cut, and are told apart by a number', () => {
  const { key, withKey, identity } = bench();
  const first = key('abcd');
  assert.match(first ?? '', /^refused:sha256:[0-9a-f]{64}$/);
  assert.equal(key('a', 'bcd'), `${first}#2`);
  withKey({ text: Buffer.from('ab'), more: true, reason: 'no JSON' }, identity); // its reply breaks off
  assert.equal(key('ab', 'cd'), `${first}#3`);
  assert.notEqual(key('cd'), first);
});

test('what is volatile in a record that is not UTF-8 makes it no other one when it is shown again', () => {
  const { identity } = bench();
  const withKey = refusedKeys([['cursor']]);
  function key(text: string): string | undefined {
    identity.startWindow();
    return withKey({ text: Buffer.from(text, 'latin1'), more: false, reason: 'not UTF-8' }, identity).key;
  }
  const first = key('{"id":1,"cursor":"a","name":"\xff"}');
  assert.equal(key('{"id":1,"cursor":"b","name":"\xff"}'), first);
  assert.notEqual(key('{"id":1,"cursor":"a","name":"\xfe"}'), first);
  assert.notEqual(key('{"id":1,"cursor":"a","name":"\xff"'), key('{"id":1,"cursor":"b","name":"\xff"'), 'not JSON');
});

test('the numbers are the same when a page or a window is read once more', () => {
  const { key, identity } = bench();
  identity.startPage();
  const first = key('x');
  assert.equal(key('x'), `${first}#2`);
  identity.startPage(true);
  assert.equal(key('x'), first);
  identity.startPage();
  assert.equal(key('x'), `${first}#2`);
  identity.startWindow();
  assert.equal(key('x'), first);
});

test('after a bookmark, each record that cannot be read is a new one', () => {
  const first = bench().key('x') ?? '';
  const { key } = bench([first, `${first}#2`], true);
  assert.equal(key('x'), `${first}#3`);
});
