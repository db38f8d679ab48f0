import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHttpDate } from '../../src/core/clock/http-date.ts';
import { exit, Problem, type Again } from '../../src/core/problem.ts';
import { backoff, httpProblem, retryAfter, retrying } from '../../src/core/retry.ts';

const now = Date.UTC(2026, 10, 20, 9, 0, 0);
const day = 24 * 60 * 60 * 1000;

// ---------------------------------------------------------------------------------------------------- backoff

test('the backoff stays between zero and the doubling limit, and never passes the cap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const wait = backoff(attempt, random);
        assert.ok(Number.isInteger(wait) && wait >= 0);
        assert.ok(wait <= Math.min(30_000, 500 * 2 ** (attempt - 1)));
      },
    ),
    { numRuns: 500 },
  );
});

test('the jitter is full: it reaches from nothing to the limit', () => {
  assert.equal(backoff(1, 0), 0);
  assert.equal(backoff(1, 0.5), 250);
  assert.equal(backoff(3, 0.9999), 1999);
  assert.equal(backoff(20, 0.5), 15_000);
});

// ---------------------------------------------------------------------------------------------------- Retry-After

const anHourAgo = 'Fri, 20 Nov 2026 08:00:00 GMT';
const twoMinutesLater = 'Fri, 20 Nov 2026 08:02:00 GMT';
const inAnHour = 'Fri, 20 Nov 2026 10:00:00 GMT';
const twoMinutes = 'Fri, 20 Nov 2026 09:02:00 GMT';

const headerCases: readonly (readonly [name: string, headers: Record<string, string>, expected: number | undefined])[] =
  [
    ['seconds', { 'retry-after': '120' }, 120_000],
    ['seconds with a fraction', { 'retry-after': ' 1.5 ' }, 1500],
    ['a date ahead', { 'retry-after': 'Fri, 20 Nov 2026 09:02:00 GMT' }, 120_000],
    ['a date of the old form', { 'retry-after': 'Friday, 20-Nov-26 09:02:00 GMT' }, 120_000],
    ['a date of asctime', { 'retry-after': 'Fri Nov 20 09:02:00 2026' }, 120_000],
    ['a date in the past', { 'retry-after': 'Fri, 20 Nov 2026 08:59:59 GMT' }, undefined],
    ['zero', { 'retry-after': '0' }, undefined],
    ['a negative number', { 'retry-after': '-5' }, undefined],
    ['garbage', { 'retry-after': 'soon' }, undefined],
    ['hexadecimal', { 'retry-after': '0x10' }, undefined],
    ['nothing at all', { 'retry-after': '' }, undefined],
    ['a day', { 'retry-after': '86400' }, day],
    ['more than a day', { 'retry-after': '86401' }, undefined],
    ['thirty years', { 'retry-after': '1000000000' }, undefined],
    ['no header', {}, undefined],
    ['seconds to wait', { 'x-ratelimit-reset': '30' }, 30_000],
    ['seconds since 1970', { 'x-rate-limit-reset': String(now / 1000 + 45) }, 45_000],
    ['milliseconds since 1970', { 'ratelimit-reset': String(now + 45_000) }, 45_000],
    ['a reset in the past', { 'x-ratelimit-reset': String(now / 1000 - 45) }, undefined],
    ['a reset as an HTTP date', { 'x-ratelimit-reset': 'Fri, 20 Nov 2026 09:02:00 GMT' }, 120_000],
    ['a reset as an ISO date to the minute', { 'x-ratelimit-reset': '2026-11-20T09:02Z' }, 120_000],
    ['a reset as an ISO date with an offset', { 'ratelimit-reset': '2026-11-20T10:02:00+01:00' }, 120_000],
    ['a reset as an ISO date in the past', { 'x-ratelimit-reset': '2026-11-20T08:59:00Z' }, undefined],
    ['Retry-After as an ISO date', { 'retry-after': '2026-11-20T09:02:00.500Z' }, 120_500],
    ['Retry-After before a reset', { 'retry-after': '7', 'x-ratelimit-reset': '30' }, 7000],
    ['a date by a clock that is an hour behind ours', { date: anHourAgo, 'retry-after': twoMinutesLater }, 120_000],
    [
      'a reset by a clock that is an hour behind ours',
      { date: anHourAgo, 'x-ratelimit-reset': twoMinutesLater },
      120_000,
    ],
    [
      'seconds since 1970 by a clock ahead',
      { date: inAnHour, 'x-rate-limit-reset': String(now / 1000 + 3645) },
      45_000,
    ],
    ['milliseconds since 1970 by it', { date: inAnHour, 'ratelimit-reset': String(now + 3_645_000) }, 45_000],
    [
      'a date in a reply that a cache has kept for an hour',
      { date: anHourAgo, age: '3600', 'retry-after': twoMinutes },
      120_000,
    ],
    ['a date of our own time, where theirs cannot be read', { date: 'now', 'retry-after': twoMinutes }, 120_000],
  ];
for (const [name, headers, expected] of headerCases) {
  test(`the wait that a server asks for: ${name}`, () => assert.equal(retryAfter(headers, now), expected));
}

test('whatever the headers say, the wait is sensible or there is none', () => {
  const name = fc.constantFrom(
    'date',
    'age',
    'retry-after',
    'x-ratelimit-reset',
    'ratelimit-reset',
    'x-rate-limit-reset',
  );
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.double().map(String),
    fc.date().map((date) => (Number.isNaN(date.getTime()) ? '' : date.toUTCString())),
  );
  fc.assert(
    fc.property(fc.dictionary(name, value), (headers) => {
      const wait = retryAfter(headers, now);
      assert.ok(wait === undefined || (wait > 0 && wait <= day));
    }),
    { numRuns: 500 },
  );
});

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

// ---------------------------------------------------------------------------------------------------- status

const asked = { who: 'sycope', what: 'the login' };
const statusCases: readonly (readonly [status: number, expected: number, again: Again | undefined])[] = [
  [204, exit.protocol, undefined],
  [206, exit.protocol, undefined],
  [304, exit.protocol, undefined],
  [400, exit.protocol, undefined],
  [401, exit.noperm, undefined],
  [403, exit.noperm, undefined],
  [404, exit.config, undefined],
  [408, exit.unavailable, {}],
  [409, exit.unavailable, { once: true }],
  [410, exit.protocol, undefined],
  [413, exit.protocol, undefined],
  [414, exit.protocol, undefined],
  [425, exit.unavailable, {}],
  [429, exit.tempfail, { untaken: true }],
  [431, exit.protocol, undefined],
  [500, exit.unavailable, {}],
  [501, exit.protocol, undefined],
  [502, exit.unavailable, {}],
  [503, exit.unavailable, {}],
  [504, exit.unavailable, {}],
  [505, exit.protocol, undefined],
  [529, exit.unavailable, {}],
];
for (const [status, expected, again] of statusCases) {
  test(`HTTP ${status} is exit ${expected} and ${again === undefined ? 'final' : 'worth another attempt'}`, () => {
    const problem = httpProblem(status, {}, asked, now);
    assert.equal(problem.status, expected);
    assert.deepEqual(problem.again, again);
    assert.match(problem.message, new RegExp(`^sycope .* the login \\(HTTP ${status}\\)$`));
    assert.ok(problem.hint);
  });
}

test('a refused login says what the settings are called, if the caller knows', () => {
  const problem = httpProblem(401, {}, { ...asked, hint: 'check SYCOPE_PASSWORD' }, now);
  assert.equal(problem.message, 'sycope refused the login (HTTP 401)');
  assert.equal(problem.hint, 'check SYCOPE_PASSWORD');
});

test('a rate-limit reset counts for 429 alone, because many vendors send it with every reply', () => {
  const headers = { 'x-ratelimit-reset': '3000' };
  assert.deepEqual(httpProblem(429, headers, asked, now).again, { after: 3_000_000, untaken: true });
  assert.deepEqual(httpProblem(503, headers, asked, now).again, {});
  assert.deepEqual(httpProblem(503, { 'retry-after': '5' }, asked, now).again, { after: 5000 });
});

test('a date to come back at is of the clock of the server, whatever the status that it comes with', () => {
  const headers = { date: anHourAgo, 'retry-after': twoMinutesLater };
  for (const status of [429, 403, 408, 425, 500, 503]) {
    assert.equal(httpProblem(status, headers, asked, now).again?.after, 120_000, String(status));
  }
});

test('403 is a rate limit where its headers say so, and a refusal where they do not', () => {
  const reset = String(now / 1000 + 45);
  const limits: readonly (readonly [headers: Record<string, string>, again: Again])[] = [
    [{ 'retry-after': '60' }, { after: 60_000, untaken: true }],
    [
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
      { after: 45_000, untaken: true },
    ],
    [
      { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': reset },
      { after: 45_000, untaken: true },
    ],
    [{ 'ratelimit-remaining': ' 0 ' }, { untaken: true }],
  ];
  for (const [headers, again] of limits) {
    const problem = httpProblem(403, headers, { ...asked, hint: 'check SYCOPE_PASSWORD' }, now);
    assert.deepEqual([problem.status, problem.again], [exit.tempfail, again]);
    assert.equal(problem.message, 'sycope limits the rate of the login (HTTP 403)');
    assert.doesNotMatch(problem.hint ?? '', /PASSWORD/);
  }
  for (const headers of [{ 'x-ratelimit-remaining': '59', 'x-ratelimit-reset': reset }, { 'retry-after': '' }]) {
    const problem = httpProblem(403, headers, asked, now);
    assert.deepEqual([problem.status, problem.again], [exit.noperm, undefined]);
  }
  assert.equal(httpProblem(401, { 'retry-after': '60' }, asked, now).again, undefined);
});

// ---------------------------------------------------------------------------------------------------- driver

/** A clock that only moves while somebody waits, and a notebook of the waits. */
function world(deadline = Infinity) {
  const waits: number[] = [];
  let time = now;
  return {
    waits,
    deadline,
    now: () => time,
    random: () => 0.5,
    debug: () => undefined,
    async wait(milliseconds: number) {
      waits.push(milliseconds);
      time += milliseconds;
    },
  };
}

function failing(again: Again | undefined, status: 69 | 75 | 76 = exit.unavailable): Problem {
  return new Problem(status, 'no luck', again === undefined ? {} : { again });
}

async function caught(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Problem, String(error));
  return error;
}

test('a transient failure is tried again until it succeeds', async () => {
  const tools = world();
  const result = await retrying(async (attempt) => {
    if (attempt < 4) throw failing({});
    return attempt;
  }, tools);
  assert.equal(result, 4);
  assert.deepEqual(tools.waits, [250, 500, 1000]);
});

test('after the last attempt the last Problem is thrown as it is', async () => {
  const tools = world();
  const last = failing({}, exit.tempfail);
  let calls = 0;
  assert.equal(await caught(retrying(() => Promise.reject(++calls === 5 ? last : failing({})), tools)), last);
  assert.equal(calls, 5);
  assert.equal(tools.waits.length, 4);
});

test('what is not worth another attempt is thrown at once', async () => {
  const tools = world();
  const final = failing(undefined);
  assert.equal(await caught(retrying(() => Promise.reject(final), tools)), final);
  await assert.rejects(
    retrying(() => Promise.reject(new TypeError('a bug')), tools),
    TypeError,
  );
  assert.deepEqual(tools.waits, []);
});

test('what is worth one more attempt gets one', async () => {
  let calls = 0;
  await caught(retrying(() => (calls++, Promise.reject(failing({ once: true }))), world()));
  assert.equal(calls, 2);
});

test('a hint for a status comes before the others, and not where the rate was it', () => {
  const hints = { 403: 'give it the right to write', 404: 'check SYCOPE_URL' };
  const hintOf = (status: number, headers: Readonly<Record<string, string>> = {}): string | undefined =>
    httpProblem(status, headers, { ...asked, hint: 'check SYCOPE_PASSWORD', hints }, now).hint;
  assert.deepEqual([hintOf(404), hintOf(403), hintOf(401)], [hints[404], hints[403], 'check SYCOPE_PASSWORD']);
  assert.match(hintOf(403, { 'retry-after': '5' }) ?? '', /^run it less often/);
});

test('a wait that the server asked for is not clipped', async () => {
  const tools = world();
  await retrying((attempt) => (attempt === 1 ? Promise.reject(failing({ after: 600_000 })) : Promise.resolve()), tools);
  assert.deepEqual(tools.waits, [600_000]);
});

test('a wait past the deadline ends the run with 75 and says until when', async () => {
  const tools = world(now + 60_000);
  const problem = await caught(retrying(() => Promise.reject(failing({ after: 120_000 })), tools));
  assert.equal(problem.status, exit.tempfail);
  assert.equal(problem.message, 'no luck: rate-limited until 2026-11-20T09:02:00.000Z');
  assert.equal(problem.again, undefined);
  assert.deepEqual(tools.waits, []);
});

test('a long wait fits into a run that has the time, and not into one without a deadline', async () => {
  const hour = 60 * 60 * 1000;
  const once = (attempt: number) =>
    attempt === 1 ? Promise.reject(failing({ after: hour })) : Promise.resolve('done');
  assert.equal(await retrying(once, world(now + 2 * hour)), 'done');
  assert.equal((await caught(retrying(once, world()))).status, exit.tempfail);
});

test('a wait fits if it ends before the deadline, or without one, within a quarter of an hour', async () => {
  const once = (after: number) => (attempt: number) =>
    attempt === 1 ? Promise.reject(failing({ after })) : Promise.resolve('done');
  assert.equal(await retrying(once(59_999), world(now + 60_000)), 'done');
  assert.equal((await caught(retrying(once(60_000), world(now + 60_000)))).status, exit.tempfail);
  assert.equal(await retrying(once(900_000), world()), 'done');
  assert.equal((await caught(retrying(once(900_001), world()))).status, exit.tempfail);
});

test('a backoff of our own past the deadline gives up with the failure itself', async () => {
  const failure = failing({});
  assert.equal(await caught(retrying(() => Promise.reject(failure), world(now + 100))), failure);
});

test('a stop request ends the waiting', async () => {
  const stopped = new Problem(exit.interrupt, 'stopped by SIGINT');
  const tools = { ...world(), wait: () => Promise.reject(stopped) };
  assert.equal(await caught(retrying(() => Promise.reject(failing({})), tools)), stopped);
});
