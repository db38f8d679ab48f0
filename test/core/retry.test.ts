import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exit, Problem, type Again } from '../../src/core/problem.ts';
import { backoff, retryAfter, retrying } from '../../src/core/retry.ts';

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

test('inside the second that the server tells, our clock says how much of it is over', () => {
  const date = new Date(now).toUTCString();
  const told = Date.parse(date);
  const wait = (clock: number): number | undefined =>
    retryAfter({ date, 'retry-after': new Date(told + 10_000).toUTCString() }, clock);
  assert.deepEqual(
    [told - 1, told, told + 300, told + 999, told + 1000].map(wait),
    [10_000, 10_000, 9700, 9001, 10_000],
  );
});

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

// ---------------------------------------------------------------------------------------------------- driver

/** A clock that only moves while somebody waits, and a notebook of the waits. */
function world(deadline = Infinity) {
  const waits: number[] = [];
  let time = now;
  return {
    waits,
    deadline: () => deadline,
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

/** Fails at the first call, with a wait that the server asks for. */
function failingOnce(after: number): () => Promise<string> {
  let calls = 0;
  return () => (++calls === 1 ? Promise.reject(failing({ after })) : Promise.resolve('done'));
}

test('a transient failure is tried again until it succeeds', async () => {
  const tools = world();
  let calls = 0;
  const result = await retrying(async () => {
    if (++calls < 4) throw failing({});
    return calls;
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

test('a wait that the server asked for is not clipped', async () => {
  const tools = world();
  await retrying(failingOnce(600_000), tools);
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
  assert.equal(await retrying(failingOnce(hour), world(now + 2 * hour)), 'done');
  assert.equal((await caught(retrying(failingOnce(hour), world()))).status, exit.tempfail);
});

test('a wait fits if it ends before the deadline, or without one, within a quarter of an hour', async () => {
  assert.equal(await retrying(failingOnce(59_999), world(now + 60_000)), 'done');
  assert.equal((await caught(retrying(failingOnce(60_000), world(now + 60_000)))).status, exit.tempfail);
  assert.equal(await retrying(failingOnce(900_000), world()), 'done');
  assert.equal((await caught(retrying(failingOnce(900_001), world()))).status, exit.tempfail);
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
