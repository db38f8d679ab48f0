import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { day, example, minute, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startGoogleWorkspace, type GoogleWorkspace } from '../support/vendors/google-workspace.ts';
import { sendJson } from '../support/vendors/server.ts';

const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

const { definition, part, next, started } = example('google-workspace', {
  secret: 'GOOGLE_PRIVATE_KEY',
  wrong: otherKey,
  otherShape: /does not say that page 1 is a success/,
  tokens: true,
  lateness: 180,
  branches: ['admin', 'login'],
  // The newest first; two at a time, which only the qualifier tells apart.
  ago: (index) => minute + (index >> 1) * 1001,
  start: startGoogleWorkspace,
  values: ({ origin, privateKey }) => ({
    GOOGLE_ACCOUNT: 'reader@project.iam.example',
    GOOGLE_PRIVATE_KEY: privateKey,
    GOOGLE_ADMIN: 'admin@example.com',
    GOOGLE_URL: origin,
    GOOGLE_TOKEN_URL: `${origin}/token`,
    GOOGLE_APPLICATIONS: 'admin, login',
  }),
  // Two have the same qualifier, without their sign.
  write: (template, number, time, application) =>
    template
      .replace('TIME', new Date(time).toISOString())
      .replace('QUALIFIER', String(1234567890123456000n + BigInt(number >> 1)))
      .replace('APPLICATION', application),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target !== '/token',
});

const asked = ({ requests, origin }: GoogleWorkspace) =>
  requests.flatMap(({ target }) => {
    const { pathname, searchParams } = new URL(target, origin);
    return pathname === '/token' ? [] : [[pathname.split('/').at(-1), Object.fromEntries(searchParams)] as const];
  });

test('google-workspace: the assertion says who reads as whom, and what', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, values, { part, tools: sourceTools(start) });
  assert.equal(vendor.assertions.length, 1);
  const { iss, sub, scope } = vendor.assertions[0] ?? {};
  assert.deepEqual(
    [iss, sub, scope],
    ['reader@project.iam.example', 'admin@example.com', 'https://www.googleapis.com/auth/admin.reports.audit.readonly'],
  );
});

test('google-workspace: a later page is asked for with the same query, and its token', async (t) => {
  const { vendor, values } = await started(t, 12);
  const own = { ...values, GOOGLE_CUSTOMER: 'C03az79cb' };
  const { records } = await pullOnce(definition, own, { part, search: { limit: 10 }, tools: sourceTools(start) });
  assert.equal(records.length, 12);
  const query = {
    startTime: '2026-11-20T07:59:59.999Z',
    endTime: '2026-11-20T09:00:00.000Z',
    maxResults: '10',
    customerId: 'C03az79cb',
  };
  const [first, second] = asked(vendor);
  assert.deepEqual(first, ['admin', query]);
  assert.match(second?.[1]['pageToken'] ?? '', /^10 of /);
  assert.deepEqual(second, ['admin', { ...query, pageToken: second?.[1]['pageToken'] }]);
});

test('google-workspace: every application is read, and one that is not there stops no other', async (t) => {
  const { vendor, texts, values } = await started(t, 3);
  const { GOOGLE_APPLICATIONS: _, ...others } = values;
  const all = exampleJob(definition, others);
  assert.deepEqual((await all.run(start)).problems, []);
  const applications = ['admin', 'drive', 'groups', 'login', 'mobile', 'saml', 'token', 'user_accounts'];
  assert.deepEqual([...new Set(asked(vendor).map(([application]) => application))], applications);
  const some = exampleJob(definition, { ...values, GOOGLE_APPLICATIONS: 'logins admin' });
  const { problems } = await some.run(start);
  assert.match(problems.map(({ message }) => message).join(), /^logins: google-workspace .*'application_name': logins/);
  assert.deepEqual([all.taken, some.taken], [texts, texts]);
});

test('google-workspace: a clock that is a little ahead asks for nothing in the future of Google', async (t) => {
  const { texts, values } = await started(t, 2);
  const job = exampleJob(definition, { ...values, GOOGLE_APPLICATIONS: 'admin' });
  assert.deepEqual((await job.run(start + 20_000)).problems, []);
  assert.deepEqual(job.taken, texts);
});

test('google-workspace: a pause longer than Google keeps its logs is a gap, and no window that Google refuses', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  assert.deepEqual((await job.run(now)).problems, []);
  now += 200 * day;
  vendor.fault = () => {
    now += 1000; // each request takes a moment, in which what was asked for grows older
    return false;
  };
  const texts = ['admin', 'login'].map((application) => next(now - day, application));
  vendor.add(...texts);
  const { problems } = await job.run(now);
  assert.deepEqual(job.taken, texts);
  assert.match(problems.map(({ message }) => message).join('\n'), /^(?:.*keeps.*\n?){2}$/);
});

test('google-workspace: a quota with HTTP 403 is waited for', async (t) => {
  const { vendor, texts, values } = await started(t, 2);
  let limited = 0;
  vendor.fault = ({ target }, response) => {
    if (target === '/token' || limited++ > 0) return false;
    const errors = [{ domain: 'usageLimits', reason: 'userRateLimitExceeded', message: 'User Rate Limit Exceeded' }];
    sendJson(response, 403, JSON.stringify({ error: { code: 403, message: 'User Rate Limit Exceeded', errors } }));
    return true;
  };
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, values, { part, tools });
  assert.deepEqual([records.map(({ text }) => text), tools.waits.length], [texts, 1]);
});

test('google-workspace: events and addresses are compared by Google, activities by what is in them', async (t) => {
  const { vendor, texts, values } = await started(t, 6);
  const query = [
    ['event', 'CHANGE_RECOVERY_EMAIL'],
    ['ipAddress', '2001:db8::21'],
    ['actor.email', 'zoe@example.com'],
  ] as const;
  const { records } = await pullOnce(definition, values, { part, search: { query }, tools: sourceTools(start) });
  assert.deepEqual(
    textsOf(records),
    texts.filter((_, number) => number % 2 === 0),
  );
  const sent = asked(vendor)[0]?.[1];
  assert.deepEqual([sent?.['eventName'], sent?.['actorIpAddress']], ['CHANGE_RECOVERY_EMAIL', '2001:db8::21']);
});
