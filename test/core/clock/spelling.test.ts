import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spellingOf } from '../../../src/core/clock/spelling.ts';
import { slices } from '../../../src/core/window.ts';

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

test('a day in the order of the United States is a whole day as any other', () => {
  const [noon, rule] = [at('2026-11-20T12:00:00Z'), { format: 'us-date' } as const];
  assert.equal(spellingOf(rule).until(noon), '11/21/2026');
  assert.equal(spellingOf({ ...rule, inclusive: true }).until(noon), '11/20/2026');
  assert.equal(spellingOf({ ...rule, exclusive: true }).from(noon), '11/19/2026');
  assert.equal(spellingOf(rule).earliest(noon), at('2026-11-20T00:00:00Z'));
});

test('the last day is that of the clock of the zone', () => {
  const { until } = spellingOf({ format: { pattern: 'DD/MM/YYYY' }, zone: 'Asia/Tokyo', inclusive: true });
  assert.equal(until(at('2026-11-20T14:59:00Z')), '20/11/2026');
  assert.equal(until(at('2026-11-20T15:00:00Z')), '20/11/2026');
  assert.equal(until(at('2026-11-20T15:00:00.001Z')), '21/11/2026');
});

const beginnings: readonly (readonly [
  rule: Parameters<typeof spellingOf>[0],
  at: string,
  from: string,
  shown: string,
])[] = [
  [{ format: 'iso-ms' }, '2026-11-20T09:00:00Z', '2026-11-20T08:59:59.999Z', '2026-11-20T08:59:59.999Z'],
  [{ format: 'iso-s' }, '2026-11-20T09:00:00.500Z', '2026-11-20T08:59:59Z', '2026-11-20T08:59:59Z'],
  [{ format: 'epoch-s' }, '1970-01-01T00:01:00Z', '59', '1970-01-01T00:00:59Z'],
  [{ format: 'date' }, '2026-11-20T09:00:00Z', '2026-11-19', '2026-11-19T00:00:00Z'],
  [{ format: 'sql', zone: 'Asia/Tokyo' }, '2026-11-20T15:00:00Z', '2026-11-20 23:59:59', '2026-11-20T14:59:59Z'],
  [{ format: 'date', zone: 'Asia/Tokyo' }, '2026-11-20T15:00:00Z', '2026-11-20', '2026-11-19T15:00:00Z'],
  // Where a clock leaves an hour out, some read 02:59:59 as 03:59:59.
  [{ format: 'sql', zone: 'Europe/Warsaw' }, '2026-03-29T01:00:00Z', '2026-03-29 01:59:59', '2026-03-28T23:59:59Z'],
  [{ format: 'date', zone: 'Europe/Warsaw' }, '2026-03-29T22:00:00Z', '2026-03-29', '2026-03-27T23:00:00Z'],
  [{ format: 'sql', zone: 'Europe/Warsaw' }, '2026-10-25T00:00:00Z', '2026-10-25 01:59:59', '2026-10-24T23:59:59Z'],
  [{ format: 'sql', zone: 'Europe/Warsaw' }, '2026-10-25T02:00:00Z', '2026-10-25 02:59:59', '2026-10-25T00:00:00Z'],
];
for (const [rule, begin, from, shown] of beginnings) {
  test(`a window from ${begin} on is asked for after ${from} where that does not belong to it`, () => {
    const spelling = spellingOf({ ...rule, exclusive: true });
    assert.equal(spelling.from(at(begin)), from);
    assert.equal(spelling.shown(at(begin)), at(shown));
    assert.equal(spelling.until(at(begin)), spellingOf(rule).until(at(begin)));
  });
}

const earliest: readonly (readonly [what: string, rule: Parameters<typeof spellingOf>[0], at: string, read: string])[] =
  [
    ['no zone', { format: 'sql' }, '2026-06-20T09:00:00.500Z', '2026-06-20T09:00:00Z'],
    ['a zone', { format: 'sql', zone: 'Europe/Warsaw' }, '2026-06-20T09:00:00.500Z', '2026-06-20T09:00:00Z'],
    ['west of Greenwich', { format: 'sql', zone: 'America/New_York' }, '2026-06-20T09:00:00Z', '2026-06-20T09:00:00Z'],
    ['an offset', { format: 'iso-naive', zone: '-05:00' }, '2026-06-20T09:00:00Z', '2026-06-20T09:00:00Z'],
    ['whole days', { format: 'date', zone: 'Asia/Tokyo' }, '2026-11-20T18:30:00Z', '2026-11-20T15:00:00Z'],
    ['an hour', { format: 'sql', zone: 'America/New_York' }, '2026-11-01T04:59:59Z', '2026-11-01T04:59:59Z'],
    [
      'an hour shown twice',
      { format: 'sql', zone: 'America/New_York' },
      '2026-11-01T06:30:00Z',
      '2026-11-01T05:00:00Z',
    ],
    ['the hour after it', { format: 'sql', zone: 'America/New_York' }, '2026-11-01T07:00:00Z', '2026-11-01T07:00:00Z'],
  ];

// Earlier than that would be safe, but would remember every ID for longer, and take in what is long past.
for (const [what, rule, from, read] of earliest) {
  test(`with ${what}, a time from ${from} on is read as ${read} at the earliest`, () => {
    assert.equal(spellingOf(rule).earliest(at(from)), at(read));
  });
}

const finest: readonly (readonly [
  format: 'epoch-us' | 'iso-us' | 'epoch-ms' | 'iso-ns',
  from: string,
  until: string,
])[] = [
  ['epoch-us', '1000001', '1000002'],
  ['iso-us', '1970-01-01T00:00:01.000001Z', '1970-01-01T00:00:01.000002Z'],
  ['epoch-ms', '1000', '1001'],
  ['iso-ns', '1970-01-01T00:00:01.000001001Z', '1970-01-01T00:00:01.000001001Z'],
];
for (const [format, from, until] of finest) {
  test(`a bound between two that ${format} can write is written so that the window is no narrower`, () => {
    const spelling = spellingOf({ format });
    const between = 1_000_001_001n;
    assert.deepEqual([spelling.from(between), spelling.until(between)], [from, until]);
    assert.equal(spelling.until(1_000_000_000n), spelling.from(1_000_000_000n), 'it is one that it can write');
  });
}

test('no slice is longer in the night in which a clock leaves out an hour: each moment of it can be named', () => {
  const minute = 60_000_000_000n;
  const rules = { overlap: 0n, delay: 0n, firstRun: 0n, filter: 'event', longest: 30n * minute } as const;
  const window = { from: at('2026-03-28T23:05:00Z'), until: at('2026-03-29T03:05:00Z') };
  for (const format of ['sql', 'iso-naive', { pattern: 'DD/MM/YYYY HH:mm' }] as const) {
    const spelling = spellingOf({ format, zone: 'Europe/Warsaw' });
    const lengths = [...slices(window, rules, undefined, spelling.named)].map(({ from, until }) => until - from);
    assert.deepEqual(
      lengths,
      Array.from({ length: 8 }, () => 30n * minute),
    );
  }
});

test('where a clock shows an hour twice, a slice begins before it or after it', () => {
  const { named } = spellingOf({ format: 'sql', zone: 'Europe/Warsaw' });
  for (const [moment, last] of [
    ['2026-10-24T23:59:59Z', '2026-10-24T23:59:59Z'],
    ['2026-10-25T00:30:00Z', '2026-10-25T00:00:00Z'],
    ['2026-10-25T01:30:00Z', '2026-10-25T00:00:00Z'],
    ['2026-10-25T02:00:00Z', '2026-10-25T02:00:00Z'],
  ] as const) {
    assert.equal(named(at(moment)), at(last), moment);
  }
});
