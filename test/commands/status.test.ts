import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateOf } from '../../src/commands/status.ts';
import type { LastRun, Position } from '../../src/core/types.ts';

const now = Date.parse('2026-11-20T09:00:00Z');

function position(exit: number, failures: number, lastSuccess: string | undefined): Position {
  const when = '2026-11-20T08:59:00.000Z';
  const last: LastRun = { started: when, ended: when, exit, outcome: '', fetched: 0, delivered: 0, quarantined: 0 };
  return { source: 's', sink: 'k', branches: new Map(), saved: undefined, last, lastSuccess, failures };
}

const recently = '2026-11-20T08:59:00.000Z';
const cases: readonly (readonly [what: string, position: Position, state: string])[] = [
  ['a good run just now', position(0, 0, recently), 'connected'],
  ['a good run, 23 hours ago', position(0, 0, '2026-11-19T10:00:00.000Z'), 'connected'],
  ['no run for 25 hours', position(0, 0, '2026-11-19T08:00:00.000Z'), 'warning'],
  ['records set aside', position(3, 0, recently), 'warning'],
  ['one failure', position(69, 1, recently), 'warning'],
  ['two failures', position(69, 2, recently), 'warning'],
  ['three failures in a row', position(69, 3, recently), 'error'],
  ['never a success', position(77, 1, undefined), 'warning'],
];

for (const [what, stored, state] of cases) {
  test(`${what}: ${state}`, () => assert.equal(stateOf(stored, now), state));
}
