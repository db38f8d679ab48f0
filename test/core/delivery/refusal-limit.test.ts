import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalLimit, type Refusals } from '../../../src/core/delivery/refusal-limit.ts';
import { exit } from '../../../src/core/problem.ts';
import { emptySummary } from '../../../src/core/summary.ts';
import type { Summary } from '../../../src/core/types.ts';

/** Refuses so many records at once, of which a tenth may be set aside. */
function refuse(more: number, summary: Partial<Summary>, before: Partial<Refusals> = {}): void {
  const limit = refusalLimit({ ...emptySummary(), ...summary }, 0.1, { refusals: 0, ...before }, '/aside');
  limit.checkShare(more, 'no mapping');
}

test('a run may set aside its share of all that it was shown, known records among them', () => {
  refuse(20, { fetched: 200, seen: 180 });
  assert.throws(() => refuse(21, { fetched: 200, seen: 180 }), {
    status: exit.data,
    message: '21 of 200 records were refused, too many to set aside: no mapping',
  });
});

test('what runs before set aside counts, and of what they delivered only what is not shown again as known', () => {
  const before = { stuck: { delivered: 95, quarantined: 5 } };
  refuse(15, { fetched: 200, seen: 100 }, before);
  assert.throws(() => refuse(16, { fetched: 200, seen: 100 }, before), {
    status: exit.data,
    message: '21 records were refused, 5 of them by the runs before, too many to set aside: no mapping',
    hint: /; what was set aside before is in \/aside$/,
  });
  refuse(15, { fetched: 300, seen: 200 }, before);
  assert.throws(() => refuse(16, { fetched: 300, seen: 200 }, before), { status: exit.data });
});

test('a record that was accepted begins the count of those refused in a row anew, and nothing counts that no run refused', () => {
  for (const [delivered, refusals, isTooMany] of [
    [0, 10, true],
    [1, 10, false],
    [0, 0, false],
  ] as const) {
    const summary = { ...emptySummary(), fetched: 20, delivered, quarantined: 5 };
    const check = (): void => refusalLimit(summary, 0.1, { refusals }, '/aside').check(1, 'no mapping');
    if (isTooMany) assert.throws(check, { message: /^16 records in a row were refused/ });
    else check();
  }
});
