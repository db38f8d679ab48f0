import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBound } from '../../../src/core/clock/duration.ts';
import { Problem } from '../../../src/core/problem.ts';

const now = 1_795_165_200_000_000_000n;

function hintOf(text: string, flag: string): string | undefined {
  try {
    parseBound(text, now, flag);
  } catch (error) {
    assert.ok(error instanceof Problem && error.status === 64, String(error));
    return error.hint;
  }
  return assert.fail(`${text} was taken`);
}

const rows: readonly (readonly [text: string, hint: string])[] = [
  ['2026-11-01', 'write 2026-11-01T00:00:00Z, or with your offset: 2026-11-01T00:00:00+01:00'],
  ['2026-11-31', 'write a day that the calendar has: there is no 2026-11-31'],
  ['2026-02-30T00:00:00Z', 'write a day that the calendar has: there is no 2026-02-30'],
  ['2026-13-01 09:00', 'write a day that the calendar has: there is no 2026-13-01'],
  ['2026-11-25T09:00', 'add the offset: 2026-11-25T09:00Z for UTC, or 2026-11-25T09:00+01:00'],
  ['2026-11-25 09:00:00Z', 'write 2026-11-25T09:00:00Z'],
  ['2026-11-25 09:00 +0100', 'write 2026-11-25T09:00+0100'],
  ['2026-11-25 09:00', 'write 2026-11-25T09:00Z for UTC, or 2026-11-25T09:00+01:00'],
  ['-2h', 'a duration counts back by itself: --since 2h'],
  ['now', 'write how far back, such as 1h'],
  ['yesterday', 'write 1d, or the moment when the day began, as 2026-11-20T00:00:00Z'],
  ['2 hours ago', 'write 2h'],
  ['30 min', 'write 30m'],
  ['1 week', 'write 1w'],
  ['1d ago', 'write 1d'],
  ['1M', 'write 30d for months, 1m for minutes'],
  ['2 months ago', 'write 60d'],
  ['120', 'write the unit, too: 120s, 120m, 120h or 120d'],
];

for (const [text, hint] of rows) {
  test(`--since ${text}: ${hint}`, () => {
    assert.equal(hintOf(text, '--since'), hint);
    const written = /^write (\S+)$/.exec(hint)?.[1];
    if (written !== undefined) parseBound(written, now, '--since');
  });
}

test('--until now is what it is without --until', () => {
  assert.equal(hintOf('now', '--until'), 'leave it out: the window ends now');
});

test('what is like nothing known gets both forms', () => {
  for (const text of ['soon', '2026-11-25T25:00:00Z', '01/02/2026']) {
    assert.match(hintOf(text, '--since') ?? '', /^write a moment with its offset, .* or a duration back from now/);
  }
});
