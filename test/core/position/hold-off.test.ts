import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHoldOff } from '../../../src/core/position/hold-off.ts';
import { firstPosition } from '../../../src/core/position.ts';
import type { LastRun, Position } from '../../../src/core/types.ts';

const ended = Date.parse('2026-11-20T09:00:00Z');
const fiveMinutes = 300_000_000_000n;

function position(failures: number): Position {
  const when = new Date(ended).toISOString();
  const last: LastRun = { started: when, ended: when, exit: 69, outcome: '', fetched: 0, delivered: 0, quarantined: 0 };
  return { ...firstPosition({ source: 's', sink: 'k' }), last, failures };
}

test('after three failures a run is held until the time is over', () => {
  for (const [failures, seconds] of [
    [3, 0],
    [3, 299],
    [40, 10],
  ] as const) {
    assert.throws(() => checkHoldOff(fiveMinutes, position(failures), ended + seconds * 1000), {
      status: 75,
      message: new RegExp(
        `^held for another ${300 - seconds} s: the last ${failures} runs failed, at last with status 69$`,
      ),
    });
  }
});

test('two failures, enough time, a clock set back, or no --hold-off hold nothing', () => {
  checkHoldOff(fiveMinutes, position(2), ended);
  checkHoldOff(fiveMinutes, position(3), ended + 300_000);
  checkHoldOff(fiveMinutes, position(3), ended - 1);
  checkHoldOff(undefined, position(3), ended);
  checkHoldOff(fiveMinutes, { ...position(3), last: undefined }, ended);
});
