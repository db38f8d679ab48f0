import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../src/core/text/nearest.ts';

const meant: readonly (readonly [word: string, candidate: string, isMeant: boolean])[] = [
  ['id', 'ids', true],
  ['id', 'idem', false],
  ['okat', 'okta', true], // two neighbours that are swapped are one mistake
  ['TINES', 'tines', true],
  ['tunes', 'tines', true],
  ['tunas', 'tines', false],
  ['audit', 'audit_log', false], // that it begins so is not enough
  ['gotlub', 'github', true],
  ['gotlup', 'github', false],
  ['dropbix_tiken', 'dropbox_token', true],
  ['drapbix_tiken', 'dropbox_token', true],
  ['drapbix_tikan', 'dropbox_token', false],
];
for (const [word, candidate, isMeant] of meant) {
  test(`${word} ${isMeant ? 'is' : 'is not'} taken for a mistyped ${candidate}: a third of its letters may be wrong, one to three`, () => {
    assert.equal(nearest(word, [candidate]), isMeant ? candidate : undefined);
  });
}

test('of several words the closest is meant, and of two that are as close the one that was begun', () => {
  assert.equal(nearest('dropbix', ['dropbax-a', 'dropbox', 'dripbax']), 'dropbox');
  assert.equal(nearest('slak', ['slab', 'slack', 'slap']), 'slab');
  assert.equal(nearest('path', ['bath', 'paths', 'math']), 'paths');
});
