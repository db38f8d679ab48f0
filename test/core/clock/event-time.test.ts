import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventTime } from '../../../src/core/clock/event-time.ts';

const times: readonly (readonly [time: number, nanos: number, text: string | undefined])[] = [
  [1_763_596_800_000, 0, '2025-11-20T00:00:00.000Z'],
  [1_763_596_800_123, 0, '2025-11-20T00:00:00.123Z'],
  [1_763_596_800_123, 400_000, '2025-11-20T00:00:00.1234Z'],
  [1_763_596_800_123, 456_999, '2025-11-20T00:00:00.123456Z'],
  [1_763_596_800_123, 999, '2025-11-20T00:00:00.123Z'],
  [1_763_596_800_000, 1000, '2025-11-20T00:00:00.000001Z'],
  [Date.UTC(2200, 0) - 1, 0, '2199-12-31T23:59:59.999Z'],
  [NaN, 0, undefined],
];

for (const [time, nanos, text] of times) {
  test(`${time} ms and ${nanos} ns are ${text ?? 'no time'}`, () => {
    assert.equal(eventTime({ time, nanos }), text);
  });
}

test('a time is spelt as Date spells it, whatever was spelt before it', () => {
  const near = fc.integer({ min: 0, max: 2500 });
  const anywhere = fc.integer({ min: 0, max: Date.UTC(2199, 11) });
  fc.assert(
    fc.property(anywhere, fc.array(near, { minLength: 1, maxLength: 20 }), (begin, steps) => {
      for (const step of steps) {
        const time = begin + step;
        assert.equal(eventTime({ time, nanos: 0 }), new Date(time).toISOString());
      }
    }),
    { numRuns: 500 },
  );
});
