import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spellingOf } from '../../../src/core/clock/spelling.ts';

const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

const ends: readonly (readonly [what: string, until: string, excluded: string, included: string])[] = [
  ['in the middle of a day', '2026-11-20T18:30:00Z', '2026-11-21', '2026-11-20'],
  ['where a day begins', '2026-11-20T00:00:00Z', '2026-11-20', '2026-11-19'],
];
for (const [what, until, excluded, included] of ends) {
  test(`a window that ends ${what} names the day after, or its last day where that belongs to it`, () => {
    assert.equal(spellingOf({ format: 'date' }).until(at(until)), excluded);
    assert.equal(spellingOf({ format: 'date', inclusive: true }).until(at(until)), included);
    assert.equal(spellingOf({ format: 'date', inclusive: true }).from(at(until)), until.slice(0, 10));
  });
}

test('the last day is that of the clock of the zone', () => {
  const { until } = spellingOf({ format: { pattern: 'DD/MM/YYYY' }, zone: 'Asia/Tokyo', inclusive: true });
  assert.equal(until(at('2026-11-20T14:59:00Z')), '20/11/2026');
  assert.equal(until(at('2026-11-20T15:00:00Z')), '20/11/2026');
  assert.equal(until(at('2026-11-20T15:00:00.001Z')), '21/11/2026');
});
