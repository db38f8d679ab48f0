/** Local times, and above all those that a clock shows twice or not at all. Intl's own texts are what is true. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { spellingOf, type TimeRule } from '../../../src/core/clock/spelling.ts';
import { zoneOf } from '../../../src/core/clock/zone.ts';
import { fromMillis, instantOf, isoText } from '../../../src/core/time.ts';
import { hour, meanings, offsetAt, shown } from '../../support/wall-clock.ts';

/** Havana goes back at 01:00, so that midnight comes twice; Santiago has days without a midnight. */
const zones = [
  'America/New_York',
  'Europe/Warsaw',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Havana',
  'America/Santiago',
  'Asia/Kolkata',
  'Africa/Monrovia',
  'UTC',
];

/** When the zone's offset changes, by trying each hour of some years. */
function changes(zone: string): number[] {
  const found: number[] = [];
  for (const year of [2011, 2026]) {
    for (let time = Date.UTC(year, 0, 1); time < Date.UTC(year + 1, 0, 2); time += hour / 2) {
      if (offsetAt(zone, time) !== offsetAt(zone, time + hour / 2)) found.push(time + hour / 2);
    }
  }
  return found;
}

/** Mostly moments close to a change, to the second. */
function moments(zone: string): fc.Arbitrary<number> {
  const any = fc.integer({ min: 2 * 86_400, max: Date.UTC(2100, 0, 1) / 1000 }).map((seconds) => seconds * 1000);
  const turns = changes(zone);
  if (turns.length === 0) return any;
  const near = fc
    .tuple(
      fc.constantFrom(...turns),
      fc.oneof(fc.integer({ min: -7200, max: 7200 }), fc.integer({ min: -180_000, max: 180_000 })),
    )
    .map(([turn, seconds]) => turn + seconds * 1000);
  const exact = fc
    .tuple(fc.constantFrom(...turns), fc.constantFrom(-2, -1, -0.5, 0, 0.5, 1, 2, 24, -24))
    .map(([turn, hours]) => turn + hours * hour);
  return fc.oneof({ weight: 5, arbitrary: near }, { weight: 2, arbitrary: exact }, { weight: 1, arbitrary: any });
}

/** The format, how many characters of 2026-11-01 01:30:00 it writes, and how far it may widen a window, in hours. */
const formats: readonly (readonly [format: TimeRule['format'], length: number, width: number])[] = [
  ['sql', 19, 2.01],
  [{ pattern: 'YYYY-MM-DD HH:mm' }, 16, 2.1],
  [{ pattern: 'YYYY-MM-DD HH' }, 13, 4],
  ['date', 10, 49],
];

for (const zone of zones) {
  const at = moments(zone);
  /** A moment, and one that is not before it, close to it as a rule. */
  const pair = fc.tuple(at, fc.oneof(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 0, max: 200_000 })));

  for (const [format, length, width] of formats) {
    const spelling = spellingOf({ format, zone });
    const name = typeof format === 'string' ? format : format.pattern;

    test(`${zone}, ${name}: {from} shows all that is not before it, however the vendor takes it`, () => {
      fc.assert(
        fc.property(pair, fc.integer({ min: 0, max: 999_999_999 }), ([from, seconds], nanos) => {
          const text = spelling.from(fromMillis(from) + BigInt(nanos));
          const taken = meanings(zone, text);
          assert.ok(Math.max(...taken) <= from, `${text} may be later than ${shown(zone, from)}`);
          assert.ok(text <= shown(zone, from + seconds * 1000), 'compared as texts');
          assert.ok(Math.min(...taken) >= from - width * hour, `${text} is too early for ${shown(zone, from)}`);
        }),
        { numRuns: 200 },
      );
    });

    test(`${zone}, ${name}: {until} shows all that is before it, however the vendor takes it`, () => {
      fc.assert(
        fc.property(pair, fc.integer({ min: 0, max: 999_999_999 }), ([earlier, seconds], nanos) => {
          const until = earlier + 1000 + seconds * 1000;
          const text = spelling.until(fromMillis(until) - BigInt(nanos));
          const taken = meanings(zone, text);
          assert.ok(Math.min(...taken) >= until, `${text} may be earlier than ${shown(zone, until)}`);
          assert.ok(text > shown(zone, earlier).slice(0, length), 'compared as texts');
          assert.ok(Math.max(...taken) <= until + width * hour, `${text} is too late for ${shown(zone, until)}`);
        }),
        { numRuns: 200 },
      );
    });

    test(`${zone}, ${name}: a record is never read as later than it is, nor as earlier than the window allows for`, () => {
      fc.assert(
        fc.property(pair, ([from, seconds]) => {
          const time = from + seconds * 1000;
          const text = shown(zone, time).slice(0, length);
          const read = readBy({ format, zone }, text);
          assert.ok(read !== undefined && read <= fromMillis(time), text);
          assert.ok(read >= spelling.earliest(fromMillis(from)), `${text} from ${shown(zone, from)}`);
          assert.equal(read, fromMillis(Math.min(...meanings(zone, text))));
        }),
        { numRuns: 200 },
      );
    });
  }
}

test('a window in the hour that New York shows twice is written no narrower than it is', () => {
  const rule: TimeRule = { format: 'sql', zone: 'America/New_York' };
  const { from, until } = spellingOf(rule);
  const rows: readonly (readonly [at: string, from: string, until: string])[] = [
    ['2026-11-01T04:59:59Z', '2026-11-01 00:59:59', '2026-11-01 00:59:59'],
    ['2026-11-01T05:00:00Z', '2026-11-01 00:59:59', '2026-11-01 01:00:00'],
    ['2026-11-01T05:30:00Z', '2026-11-01 00:59:59', '2026-11-01 01:30:00'],
    ['2026-11-01T06:00:00Z', '2026-11-01 01:00:00', '2026-11-01 02:00:00'],
    ['2026-11-01T06:30:00Z', '2026-11-01 01:30:00', '2026-11-01 02:00:00'],
    ['2026-11-01T07:00:00Z', '2026-11-01 02:00:00', '2026-11-01 02:00:00'],
    ['2026-03-08T06:59:59Z', '2026-03-08 01:59:59', '2026-03-08 01:59:59'],
    ['2026-03-08T07:00:00Z', '2026-03-08 03:00:00', '2026-03-08 03:00:00'],
  ];
  for (const [at, first, last] of rows) {
    assert.deepEqual([from(instant(at)), until(instant(at))], [first, last], at);
  }
});

test('a time that may be two is read as the earlier', () => {
  const rows: readonly (readonly [zone: string, text: string, at: string])[] = [
    ['America/New_York', '2026-11-01 00:59:59', '2026-11-01T04:59:59Z'],
    ['America/New_York', '2026-11-01 01:00:00', '2026-11-01T05:00:00Z'],
    ['America/New_York', '2026-11-01 01:59:59.999999999', '2026-11-01T05:59:59.999999999Z'],
    ['America/New_York', '2026-11-01 02:00:00', '2026-11-01T07:00:00Z'],
    ['America/New_York', '2026-03-08 01:59:59', '2026-03-08T06:59:59Z'],
    ['America/New_York', '2026-03-08 02:30:00', '2026-03-08T06:30:00Z'], // no clock showed it
    ['America/New_York', '2026-03-08 03:00:00', '2026-03-08T07:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-05 01:30:00', '2026-04-04T14:30:00Z'],
    ['Australia/Lord_Howe', '2026-04-05 02:00:00', '2026-04-04T15:30:00Z'],
    ['Pacific/Apia', '2011-12-29 23:59:59', '2011-12-30T09:59:59Z'],
    ['Pacific/Apia', '2011-12-31 00:00:00', '2011-12-30T10:00:00Z'],
    ['Europe/Warsaw', '2026-10-25 02:30:00', '2026-10-25T00:30:00Z'],
    ['+05:30', '2026-11-01 00:00:00', '2026-10-31T18:30:00Z'],
    ['-03:00', '2026-11-01', '2026-11-01T03:00:00Z'],
  ];
  for (const [zone, text, at] of rows)
    assert.equal(readBy({ format: 'sql', zone }, text), instant(at), `${zone} ${text}`);
});

test('a record with a time that no clock showed is not left out, whatever it meant', () => {
  const rule: TimeRule = { format: 'sql', zone: 'America/New_York' };
  const read = readBy(rule, '2026-03-08 02:30:00') ?? assert.fail();
  for (const meant of ['2026-03-08T06:30:00Z', '2026-03-08T07:30:00Z']) {
    assert.ok(read <= instant(meant) && read >= spellingOf(rule).earliest(instant(meant)), meant);
  }
});

test('a time that names its zone keeps it', () => {
  const rows: readonly (readonly [text: string, at: string])[] = [
    ['2026-07-01 12:00:00', '2026-07-01T10:00:00Z'],
    ['2026-07-01T12:00:00.25', '2026-07-01T10:00:00.250Z'],
    ['2026\\u002d07-01 12:00:00', '2026-07-01T10:00:00Z'],
    ['20260701T120000', '2026-07-01T10:00:00Z'],
    ['2026-07-01T12:00:00Z', '2026-07-01T12:00:00Z'],
    ['2026-07-01 12:00:00 UTC', '2026-07-01T12:00:00Z'],
    ['2026-07-01T12:00:00+01:00', '2026-07-01T11:00:00Z'],
    ['2026-07-01T12:00:00-0100', '2026-07-01T13:00:00Z'],
    ['20260701T120000-0100', '2026-07-01T13:00:00Z'],
    ['20260701T120000Z', '2026-07-01T12:00:00Z'],
  ];
  for (const [text, at] of rows)
    assert.equal(readBy({ format: 'iso', zone: 'Europe/Warsaw' }, text), instant(at), text);
});

test('what cannot be read as a time in UTC, or is before 1970, cannot be read in a zone either', () => {
  for (const text of [
    '',
    'x',
    '2026-02-30 00:00:00',
    '9999-12-31 00:00:00',
    '1970-01-01 00:30:00',
    '\\u0022\\\\',
    '2026\\n',
  ]) {
    assert.equal(readBy({ format: 'sql', zone: 'Europe/Warsaw' }, text), undefined, text);
  }
});

test('only IANA names and offsets such as +02:00 are zones', () => {
  for (const name of ['', 'Europe/Warsav', '+2', '02:00', '+2:00', '+99:00', '+02:60', 'Local', 'GMT+2']) {
    assert.equal(zoneOf(name), undefined, name);
  }
  for (const name of ['Europe/Warsaw', 'UTC', '+00:00', '-11:30', '+14:00'])
    assert.notEqual(zoneOf(name), undefined, name);
});

function instant(text: string): bigint {
  const at = readBy({ format: 'iso' }, text);
  assert.ok(at !== undefined && isoText(at) === text);
  return at;
}

function readBy(rule: TimeRule, text: string): bigint | undefined {
  const bytes = Buffer.from(`x"${text}"x`);
  const into = { time: 0, nanos: 0 };
  spellingOf(rule).read(bytes, 1, bytes.length - 1, into);
  return Number.isNaN(into.time) ? undefined : instantOf(into.time, into.nanos);
}
