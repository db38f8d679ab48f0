/** What a position says of the run that ended last: for whoever reads its file, and for `audit-export status`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstPosition, writeDown } from '../../../src/core/position.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { emptySummary, outcomeOf } from '../../../src/core/summary.ts';
import type { Position, Summary } from '../../../src/core/types.ts';

const began = Date.parse('2026-11-20T09:00:00Z');

function end(position: Position, status?: (typeof exit)[keyof typeof exit], counts: Partial<Summary> = {}): number {
  const problems = status === undefined ? [] : [new Problem(status, 'it went wrong', { hint: 'mend it' })];
  const summary = { ...emptySummary(), ...counts };
  return writeDown(position, { started: began, ended: began + 61_000, problems, summary, unread: outcomeOf(summary) });
}

test('a position tells when its last run began and ended, how, and what became of the records', () => {
  const position = firstPosition({ source: 'acme', sink: 'file' });
  assert.equal(end(position, exit.partial, { fetched: 9, delivered: 6, quarantined: 2 }), 3);
  assert.deepEqual(position.last, {
    started: '2026-11-20T09:00:00Z',
    ended: '2026-11-20T09:01:01Z',
    exit: 3,
    outcome: 'it went wrong',
    hint: 'mend it',
    fetched: 9,
    delivered: 6,
    quarantined: 2,
  });
  end(position);
  assert.deepEqual([position.last.outcome, 'hint' in position.last], ['ok', false]);
});

test('runs fail in a row until one ends with 0 or 3; one that was told to stop counts as neither', () => {
  const position = firstPosition({ source: 'acme', sink: 'file' });
  const statuses = [exit.unavailable, exit.tempfail, exit.terminate, exit.interrupt, exit.hangup, exit.config];
  const failures = statuses.map((status) => {
    end(position, status);
    return position.failures;
  });
  assert.deepEqual([failures, position.lastSuccess], [[1, 2, 2, 2, 2, 3], undefined]);
  for (const status of [exit.partial, undefined]) {
    end(position, exit.unavailable);
    end(position, status);
    assert.deepEqual([position.failures, position.lastSuccess], [0, '2026-11-20T09:01:01Z']);
  }
});

test('what became of the records of runs that ended with 65 adds up until one ends with 0 or 3', () => {
  const position = firstPosition({ source: 'acme', sink: 'file' });
  const counts = { fetched: 9, delivered: 5, awaited: 1, quarantined: 3, unreadable: 1 };
  for (const status of [exit.data, exit.unavailable, exit.data]) end(position, status, counts);
  assert.deepEqual(position.stuck, { delivered: 12, quarantined: 4 });
  end(position, exit.partial, counts);
  assert.equal(position.stuck, undefined);
});
