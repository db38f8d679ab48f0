import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import test from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../src/core/problem.ts';
import { dated, durationOf, momentOf, parseBound, parseDuration } from '../../src/core/clock/duration.ts';
import {
  fromMillis,
  instantOf,
  isoText,
  readTime,
  timeFormats,
  toMillis,
  writeTime,
  type TimeFormat,
} from '../../src/core/time.ts';
import { memoryJob, minute } from '../support/memory.ts';

const exact = 1_606_322_948_648_718_268n; // 2020-11-25T16:49:08.648718268Z, past what a double holds
const second = 1_000_000_000n;

const spellings: Record<TimeFormat, string> = {
  'epoch-s': '1606322948',
  'epoch-ms': '1606322948648',
  'epoch-us': '1606322948648718',
  'epoch-ns': '1606322948648718268',
  iso: '2020-11-25T16:49:08.648718268Z',
  'iso-s': '2020-11-25T16:49:08Z',
  'iso-ms': '2020-11-25T16:49:08.648Z',
  'iso-us': '2020-11-25T16:49:08.648718Z',
  'iso-ns': '2020-11-25T16:49:08.648718268Z',
  'iso-offset': '2020-11-25T16:49:08+00:00',
  'iso-naive': '2020-11-25T16:49:08',
  sql: '2020-11-25 16:49:08',
  date: '2020-11-25',
  'us-date': '11/25/2020',
  rfc2822: 'Wed, 25 Nov 2020 16:49:08 +0000',
};

/** How fine each spelling is, in nanoseconds. */
const precision: Record<TimeFormat, bigint> = {
  'epoch-s': second,
  'epoch-ms': 1_000_000n,
  'epoch-us': 1000n,
  'epoch-ns': 1n,
  iso: 1n,
  'iso-s': second,
  'iso-ms': 1_000_000n,
  'iso-us': 1000n,
  'iso-ns': 1n,
  'iso-offset': second,
  'iso-naive': second,
  sql: second,
  date: 86_400n * second,
  'us-date': 86_400n * second,
  rfc2822: second,
};

const instants = fc.bigInt({ min: 0n, max: 7_258_118_399_999_999_999n });

for (const format of timeFormats) {
  test(`${format} is written as ${spellings[format]}`, () => {
    assert.equal(writeTime(exact, format), spellings[format]);
  });

  test(`${format} reads back what it wrote, cut off at its precision`, () => {
    fc.assert(
      fc.property(instants, fc.boolean(), (at, quoted) => {
        const text = writeTime(at, format);
        const lexeme = quoted || !format.startsWith('epoch') ? `"${text}"` : text;
        assert.equal(read(lexeme, format), at - (at % precision[format]));
      }),
      { numRuns: 300 },
    );
  });
}

test('the shortest ISO text that loses nothing has 0, 3, 6 or 9 digits', () => {
  const rows: readonly (readonly [bigint, string])[] = [
    [0n, '1970-01-01T00:00:00Z'],
    [100_000_000n, '1970-01-01T00:00:00.100Z'],
    [1_001_000n, '1970-01-01T00:00:00.001001Z'],
    [1n, '1970-01-01T00:00:00.000000001Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
  ];
  for (const [at, text] of rows) assert.equal(isoText(at), text);
});

test('any ISO spelling is read to the nanosecond', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['2026-11-20T09:00:00Z', '2026-11-20T09:00:00Z'],
    ['2026-11-20t09:00:00z', '2026-11-20T09:00:00Z'],
    ['2026-11-20 09:00:00', '2026-11-20T09:00:00Z'],
    ['2026-11-20T09:00', '2026-11-20T09:00:00Z'],
    ['2026-11-20', '2026-11-20T00:00:00Z'],
    ['2026-11-20T09:00:00+0530', '2026-11-20T03:30:00Z'],
    ['2026-11-20T09:00:00+05:30', '2026-11-20T03:30:00Z'],
    ['2026-11-20T09:00:00-03', '2026-11-20T12:00:00Z'],
    ['2026-11-20T09:00:00,5Z', '2026-11-20T09:00:00.500Z'],
    ['2026-11-20T09:00:00.1234567Z', '2026-11-20T09:00:00.123456700Z'],
    ['2026-11-20T09:00:00.1234567899999Z', '2026-11-20T09:00:00.123456789Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z'],
    ['2026-11-20T24:00:00Z', '2026-11-21T00:00:00Z'],
    ['2026-11-20T24:00+01:00', '2026-11-20T23:00:00Z'],
    ['2026-11-20 09:00:00 UTC', '2026-11-20T09:00:00Z'],
    ['2026-11-20 09:00:00 GMT', '2026-11-20T09:00:00Z'],
    ['2026-11-20 09:00:00UTC', '2026-11-20T09:00:00Z'],
    ['2026-11-20 09:00 Z', '2026-11-20T09:00:00Z'],
    ['2026-11-20 09:00:00 +0000', '2026-11-20T09:00:00Z'],
    ['2026-11-20 09:00:00 -03:30', '2026-11-20T12:30:00Z'],
    ['2026-11-20 09:00:00.123456789 +0000 UTC', '2026-11-20T09:00:00.123456789Z'],
    ['2026-11-20 11:00:00 +0200 CEST', '2026-11-20T09:00:00Z'],
    ['20261120T090000Z', '2026-11-20T09:00:00Z'],
    ['20261120T0900', '2026-11-20T09:00:00Z'],
    ['20261120T090000.25+0130', '2026-11-20T07:30:00.250Z'],
    [`20261120T090000.${'1'.repeat(60)}+0100`, '2026-11-20T08:00:00.111111111Z'],
    ['20161231T235960Z', '2017-01-01T00:00:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['2026\\u002d11-20T09:00:00Z', '2026-11-20T09:00:00Z'],
  ];
  for (const [text, expected] of rows) {
    const at = read(`"${text}"`, 'iso');
    assert.equal(at === undefined ? undefined : isoText(at), expected, text);
  }
});

test('numbers are read with a fraction or an exponent, and exactly', () => {
  const rows: readonly (readonly [string, TimeFormat, bigint])[] = [
    ['1606322948.648718268', 'epoch-s', exact],
    ['"1606322948648.718268"', 'epoch-ms', exact],
    ['1606322948648718.2689999', 'epoch-us', exact],
    ['1.7324766e12', 'epoch-ms', 1_732_476_600_000_000_000n],
    ['1.5E0', 'epoch-s', 1_500_000_000n],
    ['16e8', 'epoch-s', 1_600_000_000n * second],
    ['"1.6063229486e+9"', 'epoch-s', 1_606_322_948_600_000_000n],
    ['16063229486487182.68e2', 'epoch-ns', exact],
    ['0', 'epoch-s', 0n],
  ];
  for (const [lexeme, format, expected] of rows) assert.equal(read(lexeme, format), expected, lexeme);
});

test('what is no time, or none that can be, is not read', () => {
  const rows: readonly (readonly [string, TimeFormat])[] = [
    ['"9999-12-31T23:59:59Z"', 'iso'],
    ['"1969-12-31T23:59:59Z"', 'iso'],
    ['"2026-02-30T00:00:00Z"', 'iso'],
    ['"2026-02-29"', 'date'],
    ['"2100-02-29"', 'date'],
    ['"2026-13-01"', 'date'],
    ['"2026-11-20T24:00:01Z"', 'iso'],
    ['"2026-11-20T24:01:00Z"', 'iso'],
    ['"2026-11-20T24:00:00.000000001Z"', 'iso'],
    ['"2026-11-20T25:00:00Z"', 'iso'],
    ['"2026-11-20 09:00:00 "', 'iso'],
    ['"2026-11-20 09:00:00  UTC"', 'iso'],
    ['"2026-11-20 09:00:00 utc"', 'iso'],
    ['"2026-11-20 09:00:00 EST"', 'iso'], // of which country?
    ['"2026-11-20 09:00:00 UTC+1"', 'iso'],
    ['"2026-11-20 09:00:00 +0000 "', 'iso'],
    ['"2026-11-20 09:00:00 +2500"', 'iso'],
    ['"2026-11-20 09:00:00 PM"', 'iso'],
    ['"20261120"', 'iso'],
    ['20261120', 'iso'],
    ['"20261120090000"', 'iso'],
    ['"20261120T09"', 'iso'],
    ['"20261120T0900.5Z"', 'iso'],
    ['"20261120T090000Zjunk"', 'iso'],
    ['"20260230T090000Z"', 'iso'],
    ['"2026-1120T090000Z"', 'iso'],
    ['"2026/11-20"', 'iso'],
    ['"2026-11/20"', 'iso'],
    ['"2026-324"', 'iso'], // a day of the year
    ['"2026-W47-5"', 'iso'],
    ['"2026-11-20T09:00:61Z"', 'iso'],
    ['"2026-11-20T09:00:00."', 'iso'],
    ['"2026-11-20T09:00:00+1"', 'iso'],
    ['"2026-11-20T09:00:00Zjunk"', 'iso'],
    ['"2026-11-20T"', 'iso'],
    ['""', 'iso'],
    ['"', 'iso'],
    ['65', 'iso'],
    ['null', 'iso'],
    ['null', 'epoch-ms'],
    ['true', 'epoch-s'],
    ['{}', 'epoch-s'],
    ['-1', 'epoch-s'],
    ['"1.2.3"', 'epoch-s'],
    ['""', 'epoch-s'],
    ['"1 "', 'epoch-s'],
    ['1606322948648', 'epoch-s'], // milliseconds taken for seconds
    ['1e99', 'epoch-s'],
    ['-1.6e9', 'epoch-s'],
    ['"1.6e9s"', 'epoch-s'],
    ['"1606322948."', 'epoch-s'],
    ['"31/12/2026"', 'us-date'],
    ['"Fri, 20 Foo 2026 09:00:00 GMT"', 'rfc2822'],
    ['"a\\\\b"', 'iso'],
  ];
  for (const [lexeme, format] of rows) assert.equal(read(lexeme, format), undefined, `${lexeme} as ${format}`);
});

test('RFC 2822 is read with an offset, a name or a comment', () => {
  const at = 1_795_165_200_000_000_000n; // 2026-11-20T09:00:00Z
  for (const text of [
    'Fri, 20 Nov 2026 09:00:00 GMT',
    '20 Nov 2026 10:00 +0100',
    'Fri, 20 Nov 2026 09:00:00 -0000 (UTC)',
  ]) {
    assert.equal(read(`"${text}"`, 'rfc2822'), at, text);
  }
});

test('reading never throws and stays inside the bytes it was given', () => {
  const characters = fc.constantFrom(...'0123456789-:T Zz+.,eE"u'.split(''));
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 40 }), fc.constantFrom(...timeFormats), (text, format) => {
      const alone = read(text, format);
      const among = Buffer.from(`12${text}34`);
      const into = { time: 0, nanos: 0 };
      readTime(among, 2, among.length - 2, format, into);
      assert.equal(Number.isNaN(into.time) ? undefined : instantOf(into.time, into.nanos), alone);
    }),
    { numRuns: 3000 },
  );
});

test('instants and milliseconds agree, before 1970 too', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 19n }), (at) => {
      const floor = fromMillis(toMillis(at));
      assert.ok(floor <= at && at - floor < 1_000_000n);
    }),
  );
});

test('--since takes a moment with an offset or a duration back from now', () => {
  const now = 1_795_165_200_000_000_000n;
  const rows: readonly (readonly [string, string])[] = [
    ['2026-11-20T09:00:00Z', '2026-11-20T09:00:00Z'],
    ['2026-11-20T09:00+01:00', '2026-11-20T08:00:00Z'],
    ['2026-11-20T09:00:00.123456789Z', '2026-11-20T09:00:00.123456789Z'],
    ['2026-11-20t09:00:00-0030', '2026-11-20T09:30:00Z'],
    ['65m', '2026-11-20T07:55:00Z'],
    ['1h30m', '2026-11-20T07:30:00Z'],
    ['90s', '2026-11-20T08:58:30Z'],
    ['7d', '2026-11-13T09:00:00Z'],
    ['2w1d', '2026-11-05T09:00:00Z'],
    ['0s', '2026-11-20T09:00:00Z'],
    ['9999-12-31T00:00:00Z', '9999-12-31T00:00:00Z'],
  ];
  for (const [text, expected] of rows) {
    assert.equal(isoText(momentOf(parseBound(text, now, '--since'), now)), expected, text);
  }
});

test('a duration back from now is kept as one, and becomes a moment by whichever clock is known, never before 1970', () => {
  const now = 1_795_165_200_000_000_000n;
  const job = { ...memoryJob, since: parseBound('65m', now, '--since'), until: now };
  assert.deepEqual(job.since, { back: 65n * minute });
  for (const [clock, since] of [
    [now - 60n * minute, now - 125n * minute],
    [minute, 0n],
  ] as const) {
    const { since: from, until } = dated(job, clock);
    assert.deepEqual([from, until], [since, now]);
  }
});

test('--since refuses what other parsers guess at, names it and says what to write', () => {
  for (const text of [
    '65',
    '1,5h',
    '1.5h',
    '65m;rm',
    '2026-02-30T00:00:00Z',
    '2026-11-20T09:00:00',
    '2026-11-20',
    '01/02/2026',
    '',
    ' 65m',
    '30m1h',
    '1h1h',
    '-5m',
    '5M',
    '5 m',
    'now',
    '1700000000',
    '2026-11-20T09:00:00Z\n',
    '2026-11-20T25:00:00Z',
    '1e3s',
    '1234567d',
    '999999w',
    '1969-01-01T00:00:00Z',
    '٣m',
  ]) {
    assert.throws(
      () => parseBound(text, 1_795_165_200_000_000_000n, '--since'),
      (error) =>
        error instanceof Problem &&
        error.status === 64 &&
        error.message.startsWith('--since ') &&
        error.message.includes(JSON.stringify(text)) &&
        error.hint !== undefined,
      text,
    );
  }
});

test('a value is shown without its control characters, and not at full length', () => {
  const text = `\u001b[31m${'9'.repeat(500)}`;
  assert.throws(
    () => parseDuration(text, '--overlap'),
    (error) => {
      assert.ok(error instanceof Problem);
      assert.ok(!error.message.includes('\u001b') && error.message.length < 120);
      return true;
    },
  );
});

test('a duration is the sum of its parts', () => {
  const part = fc.option(fc.integer({ min: 0, max: 999_999 }), { nil: undefined });
  fc.assert(
    fc.property(part, part, part, part, part, (...parts) => {
      const units = ['w', 'd', 'h', 'm', 's'];
      const seconds = [604_800n, 86_400n, 3600n, 60n, 1n];
      const text = parts.map((count, unit) => (count === undefined ? '' : `${count}${units[unit]}`)).join('');
      const sum = parts.reduce((total, count, unit) => total + BigInt(count ?? 0) * (seconds[unit] ?? 0n), 0n);
      assert.equal(durationOf(text), text === '' ? undefined : sum * second);
      if (text !== '') assert.equal(parseDuration(text, '--delay'), sum * second);
    }),
  );
});

function read(lexeme: string, format: TimeFormat): bigint | undefined {
  const bytes = Buffer.from(lexeme);
  const into = { time: 0, nanos: 0 };
  readTime(bytes, 0, bytes.length, format, into);
  if (Number.isNaN(into.time)) return undefined;
  assert.ok(Number.isInteger(into.time) && into.nanos >= 0 && into.nanos <= 999_999);
  return instantOf(into.time, into.nanos);
}
