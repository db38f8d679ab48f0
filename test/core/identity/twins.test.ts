import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { twins } from '../../../src/core/identity/twins.ts';

const digestOf = (name: number) => hash('sha256', String(name), 'buffer');

test('occurrences are counted for each content, however many there are', () => {
  const count = twins();
  for (let round = 1; round <= 3; round += 1) {
    for (let name = 0; name < 20_000; name += 1) assert.equal(count.next(digestOf(name)), round);
  }
  count.clear();
  assert.equal(count.next(digestOf(7)), 1);
});

test('contents that differ in one word only are different', () => {
  const count = twins();
  for (let byte = 0; byte < 16; byte += 1) {
    const digest = Buffer.alloc(32);
    digest[byte] = 1;
    assert.equal(count.next(digest), 1);
  }
});

test('twins are counted as a map would count them, with pages and parts that are read again', () => {
  const step = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('page', 'page again', 'part', 'part again'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const count = twins();
      count.startPart(false);
      let before = new Map<number, number>();
      let partBefore = new Map<number, number>();
      let model = new Map<number, number>();
      for (const step of steps) {
        if (typeof step === 'string') {
          const again = step.endsWith('again');
          if (step.startsWith('part')) count.startPart(again);
          else count.startPage(again);
          if (again) model = new Map(step.startsWith('part') ? partBefore : before);
          before = new Map(model);
          if (step.startsWith('part')) partBefore = new Map(model);
        } else {
          model.set(step, (model.get(step) ?? 0) + 1);
          assert.equal(count.next(digestOf(step)), model.get(step));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('what occurs again is counted on, what did not occur for two generations begins anew', () => {
  const count = twins();
  const next = (name: number) => count.next(digestOf(name));
  assert.deepEqual([next(1), next(1), next(2)], [1, 2, 1]);
  count.forgetOlder();
  assert.deepEqual([next(1), next(1)], [3, 4]);
  count.forgetOlder();
  assert.deepEqual([next(1), next(2), next(2)], [5, 1, 2]);
  count.forgetOlder();
  count.forgetOlder();
  assert.deepEqual([next(1), next(2)], [1, 1]);
});

test('a page that is read again is counted once, also what it brought back', () => {
  const count = twins();
  const next = (name: number) => count.next(digestOf(name));
  assert.equal(next(1), 1);
  count.forgetOlder();
  assert.deepEqual([next(1), next(1)], [2, 3]);
  count.startPage(true);
  assert.deepEqual([next(1), next(1), next(1)], [2, 3, 4]);
});
