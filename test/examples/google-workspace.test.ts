import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { startGoogleWorkspace, type GoogleWorkspace } from '../support/vendors/google-workspace.ts';
import { sendJson } from '../support/vendors/server.ts';

const definition = exampleDefinition('google-workspace');
const templates = exampleLines('google-workspace');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const hourUntil = (end: number) => ({ from: BigInt(end - 60 * minute) * 1_000_000n, until: BigInt(end) * 1_000_000n });
const part = { branch: 'admin', slice: hourUntil(start) };
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

const values = ({ origin, privateKey }: GoogleWorkspace) => ({
  GOOGLE_ACCOUNT: 'reader@project.iam.example',
  GOOGLE_PRIVATE_KEY: privateKey,
  GOOGLE_ADMIN: 'admin@example.com',
  GOOGLE_URL: origin,
  GOOGLE_TOKEN_URL: `${origin}/token`,
});

/** Two have the same qualifier, without their sign. */
function activity(number: number, time: number, application = 'admin'): string {
  return (templates[number % templates.length] ?? '')
    .replace('TIME', new Date(time).toISOString())
    .replace('QUALIFIER', String(1234567890123456000n + BigInt(number >> 1)))
    .replace('APPLICATION', application);
}

/** The newest first; two at a time, which only the qualifier tells apart. */
async function started(count: number, now = start) {
  const vendor = await startGoogleWorkspace({ now: () => now });
  const times = Array.from({ length: count }, (_, number) => now - minute - (number >> 1) * 1001);
  const texts = times.map((time, number) => activity(number, time));
  for (const text of texts) vendor.add(text);
  return { vendor, texts, times, values: values(vendor) };
}

const asked = ({ requests, origin }: GoogleWorkspace) =>
  requests.flatMap(({ target }) => {
    const { pathname, searchParams } = new URL(target, origin);
    return pathname === '/token' ? [] : [[pathname.split('/').at(-1), Object.fromEntries(searchParams)] as const];
  });

conforms('google-workspace', {
  definition,
  secret: 'GOOGLE_PRIVATE_KEY',
  wrong: otherKey,
  limit: 10,
  otherShape: /told of an error/,
  async start() {
    const now = Date.now(); // an assertion of another time is refused
    const slice = hourUntil(now);
    return { ...(await started(25, now)), part: { ...part, slice }, asksRecords: ({ target }) => target !== '/token' };
  },
});

exampleRuns('google-workspace', {
  secret: 'GOOGLE_PRIVATE_KEY',
  wrong: otherKey,
  async start() {
    const vendor = await startGoogleWorkspace();
    let number = 0;
    return {
      vendor,
      environment: { ...values(vendor), GOOGLE_APPLICATIONS: 'admin, login' },
      add: (ago) =>
        ['admin', 'login'].flatMap((application) =>
          templates.map(() => {
            const text = activity(number++, Date.now() - ago, application);
            vendor.add(text);
            return text;
          }),
        ),
    };
  },
});

test('google-workspace: the assertion says who reads as whom, and what', async (t: TestContext) => {
  const { vendor, values: settings } = await started(1);
  t.after(() => vendor.close());
  await pullOnce(definition, settings, { part, tools: sourceTools(start) });
  assert.equal(vendor.assertions.length, 1);
  const { iss, sub, scope } = vendor.assertions[0] ?? {};
  assert.deepEqual(
    [iss, sub, scope],
    ['reader@project.iam.example', 'admin@example.com', 'https://www.googleapis.com/auth/admin.reports.audit.readonly'],
  );
});

test('google-workspace: a later page is asked for with the same query, and its token', async (t: TestContext) => {
  const { vendor, values: settings } = await started(12);
  t.after(() => vendor.close());
  const own = { ...settings, GOOGLE_CUSTOMER: 'C03az79cb' };
  const { records } = await pullOnce(definition, own, { part, search: { limit: 10 }, tools: sourceTools(start) });
  assert.equal(records.length, 12);
  const query = {
    startTime: '2026-11-20T08:00:00.000Z',
    endTime: '2026-11-20T09:00:00.000Z',
    maxResults: '10',
    customerId: 'C03az79cb',
  };
  const [first, second] = asked(vendor);
  assert.deepEqual(first, ['admin', query]);
  assert.match(second?.[1]['pageToken'] ?? '', /^10 of /);
  assert.deepEqual(second, ['admin', { ...query, pageToken: second?.[1]['pageToken'] }]);
});

test('google-workspace: every application is read, and one that is not there stops no other', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(3);
  t.after(() => vendor.close());
  const all = exampleJob(definition, settings);
  assert.deepEqual((await all.run(start)).problems, []);
  const applications = ['admin', 'drive', 'groups', 'login', 'mobile', 'saml', 'token', 'user_accounts'];
  assert.deepEqual([...new Set(asked(vendor).map(([application]) => application))], applications);
  const some = exampleJob(definition, { ...settings, GOOGLE_APPLICATIONS: 'logins admin' });
  const { problems } = await some.run(start);
  assert.match(problems.map(({ message }) => message).join(), /^logins: google-workspace .*'application_name': logins/);
  assert.deepEqual([all.taken, some.taken], [texts, texts]);
});

test('google-workspace: an activity that shows up three hours late is found, and found once', async (t: TestContext) => {
  let now = start;
  const vendor = await startGoogleWorkspace({ now: () => now });
  t.after(() => vendor.close());
  const early = activity(0, start - minute);
  vendor.add(early);
  const job = exampleJob(definition, values(vendor));
  for (; now < start + 175 * minute; now += 25 * minute) await job.run(now);
  const late = activity(7, start - 5 * minute);
  vendor.add(late);
  for (const _ of [1, 2]) assert.deepEqual((await job.run((now += minute))).problems, []);
  assert.deepEqual(job.taken, [early, late]);
});

test('google-workspace: a clock that is a little ahead asks for nothing in the future of Google', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(2);
  t.after(() => vendor.close());
  const job = exampleJob(definition, { ...settings, GOOGLE_APPLICATIONS: 'admin' });
  assert.deepEqual((await job.run(start + 20_000)).problems, []);
  assert.deepEqual(job.taken, texts);
});

test('google-workspace: a quota that is told with HTTP 403 is waited for', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(2);
  t.after(() => vendor.close());
  let limited = 0;
  vendor.fault = ({ target }, response) => {
    if (target === '/token' || limited++ > 0) return false;
    const errors = [{ domain: 'usageLimits', reason: 'userRateLimitExceeded', message: 'User Rate Limit Exceeded' }];
    sendJson(response, 403, JSON.stringify({ error: { code: 403, message: 'User Rate Limit Exceeded', errors } }));
    return true;
  };
  const tools = sourceTools(start);
  const { records } = await pullOnce(definition, settings, { part, tools });
  assert.deepEqual([records.map(({ text }) => text), tools.waits.length], [texts, 1]);
});

test('google-workspace: events and addresses are compared by Google, activities by what is in them', async (t: TestContext) => {
  const { vendor, texts, values: settings } = await started(6);
  t.after(() => vendor.close());
  const query = [
    ['event', 'CHANGE_RECOVERY_EMAIL'],
    ['ipAddress', '2001:db8::21'],
    ['actor.email', 'zoe@example.com'],
  ] as const;
  const { records } = await pullOnce(definition, settings, { part, search: { query }, tools: sourceTools(start) });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((_, number) => number % 2 === 0),
  );
  const sent = asked(vendor)[0]?.[1];
  assert.deepEqual([sent?.['eventName'], sent?.['actorIpAddress']], ['CHANGE_RECOVERY_EMAIL', '2001:db8::21']);
});
