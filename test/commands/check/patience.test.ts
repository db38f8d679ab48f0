/** How long a check, which a person waits for, lets itself be put off. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidBy, scene } from '../../faults/harness.ts';
import { answers, rawServer, reply } from '../../support/raw-server.ts';
import { fakeSentinel, sentinelPlace } from '../../support/sinks/sentinel.ts';

test('a check waits no longer than a minute for each end, says until when that asked it to wait, and looks at the other', async (t) => {
  const limited = await rawServer(answers(reply(429, { 'Retry-After': '600' }, '')));
  t.after(() => limited.close());
  const here = await scene(t);
  here.vendor.fault = () => reply(503, { 'Retry-After': '50' }, '');
  const at = (seconds: number): string => new Date(here.clock.now + seconds * 1000).toISOString();
  const [sinkUntil, sourceUntil] = [at(600), at(50 + 50)];
  const environment = {
    ...sentinelPlace,
    SENTINEL_URL: limited.url,
    SENTINEL_LOGIN_URL: limited.url,
    SENTINEL_CLIENT_SECRET: 'a-long-secret',
  };
  const { status, stdout, stderr, waits } = await here.run(['check', '--sink', 'sentinel'], { environment });
  assert.equal(status, 75, stderr);
  assert.deepEqual(waits, [50_000]);
  const failed = stdout.split('\n').filter((line) => line.startsWith('FAILED'));
  assert.deepEqual(
    failed.map((line) => line.replace(/ at http\S+/, '')),
    [
      `FAILED  sink sentinel: sentinel limits the rate of the request for a token (HTTP 429): rate-limited until ${sinkUntil}`,
      `FAILED  source acme: acme failed on page 1 (HTTP 503): rate-limited until ${sourceUntil}`,
    ],
  );
  const { hints } = saidBy({ stderr });
  assert.deepEqual(hints, Array(2).fill('run it again; run it less often if this repeats'));
});

test('the minute of the source begins when that is looked at, however long the destination took', async (t) => {
  const granting = await fakeSentinel();
  t.after(() => granting.close());
  let asked = 0;
  granting.hook = (_, number) => (number === 1 ? { status: 429, headers: { 'Retry-After': '50' } } : undefined);
  const here = await scene(t);
  here.vendor.fault = (_, truth) => (asked++ === 0 ? reply(503, { 'Retry-After': '50' }, '') : truth);
  const environment = {
    ...sentinelPlace,
    SENTINEL_URL: granting.url,
    SENTINEL_LOGIN_URL: granting.url,
    SENTINEL_CLIENT_SECRET: 'a-long-secret',
  };
  const { status, stdout, waits } = await here.run(['check', '--sink', 'sentinel'], { environment });
  assert.equal(status, 0, stdout);
  assert.deepEqual(waits, [50_000, 50_000]);
});

test('a destination that limits the rate and is asked but once tells until when, in a check', async (t) => {
  const limited = await rawServer(answers(reply(429, { 'Retry-After': '600' }, '')));
  t.after(() => limited.close());
  const here = await scene(t);
  const until = new Date(here.clock.now + 600_000).toISOString();
  const environment = { SPLUNK_URL: limited.url, SPLUNK_TOKEN: 'a-long-token' };
  const { status, stdout, waits } = await here.run(['check', '--sink', 'splunk'], { environment });
  assert.deepEqual([status, waits], [75, []]);
  assert.match(
    stdout,
    new RegExp(String.raw`^FAILED {2}sink splunk: .* \(HTTP 429\): rate-limited until ${until}$`, 'm'),
  );
  assert.match(stdout, /^ok {6}source acme: /m);
});
