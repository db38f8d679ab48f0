import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { patternProblem } from '../../../src/core/clock/pattern.ts';
import { spellingOf } from '../../../src/core/clock/spelling.ts';
import { instantOf, isoText } from '../../../src/core/time.ts';

const morning = 1_795_165_448_648_718_268n; // 2026-11-20T09:04:08.648718268Z
const second = 1_000_000_000n;

const written: readonly (readonly [pattern: string, text: string, unit: bigint])[] = [
  ['DD/MM/YYYY HH:mm:ss', '20/11/2026 09:04:08', second],
  ['D.M.YYYY H:mm', '20.11.2026 9:04', 60n * second],
  ['M/D/YYYY h:mm:ss A', '11/20/2026 9:04:08 AM', second],
  ['MM/DD/YYYY hh:mm A', '11/20/2026 09:04 AM', 60n * second],
  ['YYYYMMDDHHmmss', '20261120090408', second],
  ['YYYYMMDDHHmmssSSS', '20261120090408648', 1_000_000n],
  ['YYYY-MM-DD[T]HH:mm:ss.SSSSSS', '2026-11-20T09:04:08.648718', 1000n],
  ['[at (YYYY)] HH:mm:ss,SSSSSSSSS YYYY.MM.DD', 'at (YYYY) 09:04:08,648718268 2026.11.20', 1n],
  ['YYYY年MM月DD日 HH', '2026年11月20日 09', 3600n * second],
  ['YYYY/MM/DD', '2026/11/20', 86_400n * second],
  ['[[]YYYY\\MM$DD', '[2026\\11$20', 86_400n * second],
];
for (const [pattern, text, unit] of written) {
  const { from, until, earliest } = spellingOf({ format: { pattern } });

  test(`${pattern} is written as ${text}, and read back`, () => {
    assert.equal(patternProblem(pattern), undefined);
    assert.equal(from(morning), text);
    assert.equal(read(pattern, JSON.stringify(text)), morning - (morning % unit));
    if (/^\d+$/.test(text)) assert.equal(read(pattern, text), morning - (morning % unit), 'a number');
  });

  test(`${pattern}: a window is written no narrower than it is, and what is read is cut at the same place`, () => {
    const instants = fc.bigInt({ min: 0n, max: 4_102_444_800_000_000_000n });
    fc.assert(
      fc.property(instants, (at) => {
        const [down, up] = [from(at), until(at)].map(
          (each) => read(pattern, JSON.stringify(each)) ?? assert.fail(each),
        );
        assert.equal(down, at - (at % unit));
        assert.equal(up, down === at ? at : (down ?? 0n) + unit);
        assert.equal(earliest(at), down);
      }),
      { numRuns: 200 },
    );
  });
}

test('twelve is the first hour of each half of the day', () => {
  const rows: readonly (readonly [text: string, at: string | undefined])[] = [
    ['11/20/2026 12:00 AM', '2026-11-20T00:00:00Z'],
    ['11/20/2026 12:59 am', '2026-11-20T00:59:00Z'],
    ['11/20/2026 1:00 AM', '2026-11-20T01:00:00Z'],
    ['11/20/2026 12:00 PM', '2026-11-20T12:00:00Z'],
    ['1/2/2026 11:59 pm', '2026-01-02T23:59:00Z'],
    ['11/20/2026 0:30 AM', undefined],
    ['11/20/2026 13:30 PM', undefined],
  ];
  const pattern = 'M/D/YYYY h:mm A';
  for (const [text, expected] of rows) {
    const at = read(pattern, JSON.stringify(text));
    assert.equal(at === undefined ? undefined : isoText(at), expected, text);
    if (at !== undefined) assert.equal(read(pattern, JSON.stringify(spellingOf({ format: { pattern } }).from(at))), at);
  }
});

test('what is not of the pattern, or no time that can be, is not read', () => {
  const texts = [
    '',
    '20/11/2026',
    '20/11/2026 09:04:08Z',
    ' 20/11/2026 09:04:08',
    '2/11/2026 09:04:08',
    '31/11/2026 09:04:08',
  ];
  const odd = [
    '20/11/2026 24:04:08',
    '20/11/2026 09:60:08',
    '20/11/1969 09:04:08',
    '20/11/9999 09:04:08',
    '9'.repeat(500),
  ];
  for (const text of [...texts, ...odd]) {
    assert.equal(read('DD/MM/YYYY HH:mm:ss', JSON.stringify(text)), undefined, text);
  }
  for (const lexeme of ['null', '{}', '[1]', 'true', '1e5', '-1']) assert.equal(read('YYYYMMDD', lexeme), undefined);
});

test('escapes in the text make no difference', () => {
  assert.equal(read('DD/MM/YYYY', '"20\\/11\\/2026"'), read('DD/MM/YYYY', '"20/11/2026"'));
});

const wrong: readonly (readonly [pattern: string, problem: RegExp])[] = [
  ['dd/MM/yyyy', /^dd is none of YYYY, MM, M, .*; letters that stand for themselves go in brackets, as \[T\]$/],
  ['YYYY-MM-DDTHH:mm', /^T is none of/],
  ['YYYY-MM-DD HH:mm:ss Z', /^Z is none of/],
  ['YYYY-MM-DD HH:mm:ss.SS', /^SS is none of/],
  ['', /^it has no year$/],
  ['HH:mm:ss', /^it has no year$/],
  ['YYYY-MM HH:mm', /^it has no day$/],
  ['YYYY-MM-DD mm', /^it has no hour$/],
  ['YYYY-MM-DD HH ss', /^it has no minute$/],
  ['YYYY-MM-DD HH:mm SSS', /^it has no second$/],
  ['YYYY-MM-DD MM', /^it has the month twice$/],
  ['YYYY-MM-DD HH:mm:ss.SSS SSSSSS', /^it has the fraction of a second twice$/],
  ['YYYY-MM-DD A hh A', /^it has the AM or PM twice$/],
  ['YYYY-MM-DD hh:mm', /^hh and A, for AM or PM, go together; HH is the hour of 24$/],
  ['YYYY-MM-DD HH:mm A', /^hh and A/],
  ['YYYY-MM-DD A', /^hh and A/],
  ['DMYYYY', /^D may be one digit or two, so something must stand after it$/],
];
for (const [pattern, problem] of wrong) {
  test(`${pattern || 'no pattern'} is refused`, () => assert.match(patternProblem(pattern) ?? '', problem));
}

function read(pattern: string, lexeme: string): bigint | undefined {
  const bytes = Buffer.from(`"${lexeme}1`);
  const into = { time: 0, nanos: 5 };
  spellingOf({ format: { pattern } }).read(bytes, 1, bytes.length - 1, into);
  return Number.isNaN(into.time) ? undefined : instantOf(into.time, into.nanos);
}
