import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpProblem } from '../../src/core/http-problem.ts';
import { exit, type Again } from '../../src/core/problem.ts';

const now = Date.UTC(2026, 10, 20, 9, 0, 0);
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
    const problem = httpProblem({ status, headers: {} }, asked, now);
    assert.equal(problem.status, expected);
    assert.deepEqual(problem.again, again);
    assert.match(problem.message, new RegExp(`^sycope .* the login \\(HTTP ${status}\\)$`));
    assert.ok(problem.hint);
  });
}

test('a refused login says what the settings are called, if the caller knows', () => {
  const problem = httpProblem({ status: 401, headers: {} }, { ...asked, hint: 'check SYCOPE_PASSWORD' }, now);
  assert.equal(problem.message, 'sycope refused the login (HTTP 401)');
  assert.equal(problem.hint, 'check SYCOPE_PASSWORD');
});

test('what is refused for its size, where nobody knows how to ask for less, leads to what is on the way', () => {
  for (const status of [413, 414, 431]) {
    const { hint } = httpProblem({ status, headers: {} }, asked, now);
    assert.match(hint ?? '', /; look for a limit in the proxies and gateways between here and the service$/);
  }
});

test('a refusal that a proxy on the way may have sent says so, and what only the server can say does not', () => {
  const told = (status: number): string | undefined =>
    httpProblem({ status, headers: {}, orProxy: 'check HTTP_PROXY' }, { ...asked, hint: 'check SYCOPE_PASSWORD' }, now)
      .hint;
  assert.equal(told(403), 'check SYCOPE_PASSWORD; check HTTP_PROXY');
  for (const status of [502, 503, 504]) assert.match(told(status) ?? '', /; check HTTP_PROXY$/);
  for (const status of [401, 404, 409, 429]) assert.doesNotMatch(told(status) ?? '', /PROXY/);
});

test('whoever was told nothing (400) is not sent to read it', () => {
  const told = httpProblem({ status: 400, headers: {} }, { ...asked, said: 'no such stream' }, now);
  assert.equal(told.hint, 'see what it says; check the settings and flags that ask for this');
  for (const said of [undefined, '']) {
    const untold = httpProblem({ status: 400, headers: {} }, { ...asked, said }, now);
    assert.equal(untold.hint, 'check the settings and flags that ask for this');
  }
});

test('a rate-limit reset counts for 429 alone, because many vendors send it with every reply', () => {
  const headers = { 'x-ratelimit-reset': '3000' };
  assert.deepEqual(httpProblem({ status: 429, headers }, asked, now).again, { after: 3_000_000, untaken: true });
  assert.deepEqual(httpProblem({ status: 503, headers }, asked, now).again, {});
  assert.deepEqual(httpProblem({ status: 503, headers: { 'retry-after': '5' } }, asked, now).again, { after: 5000 });
});

test('a date to come back at is of the clock of the server, whatever the status that it comes with', () => {
  const headers = { date: 'Fri, 20 Nov 2026 08:00:00 GMT', 'retry-after': 'Fri, 20 Nov 2026 08:02:00 GMT' };
  for (const status of [429, 403, 408, 425, 500, 503]) {
    assert.equal(httpProblem({ status, headers }, asked, now).again?.after, 120_000, String(status));
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
    const problem = httpProblem({ status: 403, headers }, { ...asked, hint: 'check SYCOPE_PASSWORD' }, now);
    assert.deepEqual([problem.status, problem.again], [exit.tempfail, again]);
    assert.equal(problem.message, 'sycope limits the rate of the login (HTTP 403)');
    assert.doesNotMatch(problem.hint ?? '', /PASSWORD/);
  }
  for (const headers of [{ 'x-ratelimit-remaining': '59', 'x-ratelimit-reset': reset }, { 'retry-after': '' }]) {
    const problem = httpProblem({ status: 403, headers }, asked, now);
    assert.deepEqual([problem.status, problem.again], [exit.noperm, undefined]);
  }
  assert.equal(httpProblem({ status: 401, headers: { 'retry-after': '60' } }, asked, now).again, undefined);
});

test('a hint for a status comes before the others, and not where the rate was it', () => {
  const hints = { 403: 'give it the right to write', 404: 'check SYCOPE_URL' };
  const hintOf = (status: number, headers: Readonly<Record<string, string>> = {}): string | undefined =>
    httpProblem({ status, headers }, { ...asked, hint: 'check SYCOPE_PASSWORD', hints }, now).hint;
  assert.deepEqual([hintOf(404), hintOf(403), hintOf(401)], [hints[404], hints[403], 'check SYCOPE_PASSWORD']);
  assert.match(hintOf(403, { 'retry-after': '5' }) ?? '', /^run it less often/);
});
