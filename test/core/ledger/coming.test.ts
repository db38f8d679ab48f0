import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLedger } from '../../../src/core/dedupe.ts';

interface Coming {
  readonly id: number;
  /** Expected and then noted, one of both, or expected by another buffer than the one that it is noted by. */
  readonly how: 'both' | 'expected' | 'noted' | 'copied';
}

const coming: fc.Arbitrary<Coming> = fc.record({
  id: fc.nat(30),
  how: fc.constantFrom('both', 'both', 'both', 'expected', 'noted', 'copied'),
});

test('whatever was expected, a ledger knows the same records, and gives them the same entries', () => {
  fc.assert(
    fc.property(fc.array(fc.array(coming, { maxLength: 700 }), { maxLength: 4 }), fc.nat(), (parts, seed) => {
      const [one, other] = [createLedger(seed), createLedger(seed)];
      for (const part of parts) {
        const records = part.map(({ id, how }) => {
          const key = Buffer.from(`before"0${id.toString(16).padStart(3, '0')}"${how}`);
          return { key, keyStart: 6, keyEnd: 12, how };
        });
        one.expect(records.filter(({ how }) => how !== 'noted'));
        for (const { key, keyStart, keyEnd, how } of records) {
          if (how === 'expected') continue;
          const noted = how === 'copied' ? Buffer.from(key) : key;
          assert.equal(one.note(noted, keyStart, keyEnd, 1, 2), other.note(key, keyStart, keyEnd, 1, 2));
        }
      }
    }),
  );
});
