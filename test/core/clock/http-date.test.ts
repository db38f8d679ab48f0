import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHttpDate } from '../../../src/core/clock/http-date.ts';

test('HTTP dates are read as they are written, and nothing else is taken for one', () => {
  const seconds = fc.integer({ min: 0, max: 7_258_118_399 });
  fc.assert(
    fc.property(seconds, (second) => assert.equal(parseHttpDate(new Date(second * 1000).toUTCString()), second * 1000)),
    { numRuns: 300 },
  );
  assert.equal(parseHttpDate('Sunday, 06-Nov-69 08:49:37 GMT'), Date.UTC(2069, 10, 6, 8, 49, 37));
  assert.equal(parseHttpDate('Friday, 06-Nov-70 08:49:37 GMT'), Date.UTC(1970, 10, 6, 8, 49, 37));
  for (const text of [
    '65',
    '',
    '2026-11-20T09:00:00Z',
    'Fri, 31 Feb 2026 09:00:00 GMT',
    'Fri, 20 Nov 2026 24:00:00 GMT',
    'Fri, 20 Nov 2026 09:00:00',
    'Fri, 20 Nov 2026 09:60:00 GMT',
    'Fri, 20 Nov 2026 09:00:61 GMT',
    'Fri Nov 31 09:00:00 2026',
    'Fri Nov 20 09:00:00 26',
    'Fri, 20 November 2026 09:00:00 GMT',
    'Fri, 20 Nox 2026 09:00:00 GMT',
  ]) {
    assert.equal(parseHttpDate(text), undefined, text);
  }
});

test('the form of asctime is still read, a day of one digit with a space or without, and the second that a leap adds', () => {
  const day = Date.UTC(2026, 10, 6, 8, 49, 37);
  for (const text of ['Fri Nov  6 08:49:37 2026', 'Fri Nov 6 08:49:37 2026', 'Fri Nov 06 08:49:37 2026'])
    assert.equal(parseHttpDate(text), day, text);
  assert.equal(parseHttpDate('Fri Nov 20 08:49:37 2026'), day + 14 * 86_400_000);
  assert.equal(parseHttpDate('Fri, 6 Nov 2026 08:49:37 GMT'), day);
  assert.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT'), Date.UTC(2017, 0, 1));
});
