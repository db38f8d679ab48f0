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
  ]) {
    assert.equal(parseHttpDate(text), undefined, text);
  }
});
