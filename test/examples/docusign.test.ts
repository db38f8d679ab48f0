import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { generateKeyPairSync } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { organization, startDocusign, type Docusign } from '../support/vendors/docusign.ts';

const docusign = exampleDefinition('docusign');
const templates = exampleLines('docusign');
const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const day = 1440 * minute;
const hourUntil = (end: number) => ({ from: BigInt(end - 60 * minute) * 1_000_000n, until: BigInt(end) * 1_000_000n });

/** The app's, and one that is not. */
const [keys, others] = [keyPair(), keyPair()];

function keyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, // as Docusign gives it
  });
}

const values = (vendor: Docusign) => ({
  DOCUSIGN_URL: vendor.origin,
  DOCUSIGN_LOGIN_URL: vendor.login.origin,
  DOCUSIGN_LOGIN_HOST: 'account.docusign.com',
  DOCUSIGN_ORGANIZATION_ID: organization,
  DOCUSIGN_INTEGRATION_KEY: 'integration',
  DOCUSIGN_USER_ID: 'user',
  DOCUSIGN_PRIVATE_KEY: keys.privateKey,
});

let serial = 0;

/** With four digits behind the second. */
const event = (time: number): string =>
  (templates[serial % templates.length] ?? '')
    .replace('TIME', new Date(time).toISOString().replace('Z', '1Z'))
    .replace('ID', `e0000000-0000-4000-8000-${String(serial++).padStart(12, '0')}`);

/** Stored within the last minute, in no order of time. */
async function started(count = 25, now = start) {
  const vendor = await startDocusign({ publicKey: keys.publicKey, now: () => now });
  const times = Array.from({ length: count }, (_, number) => now - 5 * minute - ((number * 7) % count) * 1000);
  const texts = times.map(event);
  vendor.add(now - minute, ...texts);
  return { vendor, texts, times, values: values(vendor), part: { slice: hourUntil(now) } };
}

const asked = (vendor: Docusign) =>
  vendor.requests.map(({ target }) => Object.fromEntries(new URL(target, vendor.origin).searchParams));

conforms('docusign', {
  definition: docusign,
  secret: 'DOCUSIGN_PRIVATE_KEY',
  wrong: others.privateKey,
  limit: 10,
  async start() {
    const { vendor, ...more } = await started(25, Date.now()); // an assertion of another time is refused
    return { vendor, login: { ...vendor.login, close: async () => {} }, ...more, asksRecords: () => true };
  },
});

exampleRuns('docusign', {
  secret: 'DOCUSIGN_PRIVATE_KEY',
  wrong: others.privateKey,
  async start() {
    const vendor = await startDocusign({ publicKey: keys.publicKey });
    return {
      vendor,
      environment: values(vendor),
      add(ago) {
        const texts = [ago, ago].map((each) => event(Date.now() - each));
        vendor.add(Date.now(), ...texts);
        return texts;
      },
    };
  },
});

test('docusign: it begins with a time, goes on with cursors until one comes back, and the next run goes on there', async (t: TestContext) => {
  const { vendor, texts, values: settings, part } = await started(12);
  t.after(() => vendor.close());
  const tools = sourceTools(start);
  const { records, bookmark } = await pullOnce(docusign, settings, { part, search: { limit: 10 }, tools });
  assert.equal(records.length, texts.length);
  const [first, ...later] = asked(vendor);
  assert.deepEqual(first, { cursor: '2026-11-20T08:00:00Z', limit: '10' });
  assert.equal(later.length, 2);
  assert.equal(later.at(-1)?.['cursor'], bookmark);
  const late = event(start - 3 * day);
  vendor.add(start, late);
  const next = await pullOnce(docusign, settings, { part: { ...part, bookmark }, tools });
  assert.deepEqual(
    next.records.map(({ text }) => text),
    [late],
  );
});

test('docusign: the assertion is made out to the host, for the user, and goes to the login alone', async (t: TestContext) => {
  const { vendor, values: settings, part } = await started(1);
  t.after(() => vendor.close());
  await pullOnce(docusign, settings, { part, tools: sourceTools(start) });
  const [{ body } = { body: '' }, ...more] = vendor.login.requests;
  assert.deepEqual(more, []);
  const assertion = new URLSearchParams(body).get('assertion') ?? '';
  const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
  const { iat: _iat, nbf: _nbf, exp: _exp, jti: _jti, ...own } = claims;
  assert.deepEqual(own, {
    iss: 'integration',
    sub: 'user',
    aud: 'account.docusign.com',
    scope: 'signature impersonation',
  });
  assert.ok(!JSON.stringify(vendor.requests).includes(assertion.slice(0, 40)));
});

test('docusign: a user who has not consented is told as refused, in the words of Docusign', async (t: TestContext) => {
  const { vendor, values: settings, part } = await started(1);
  t.after(() => vendor.close());
  await assert.rejects(
    pullOnce(docusign, { ...settings, DOCUSIGN_USER_ID: 'other' }, { part, tools: sourceTools(start) }),
    (error) =>
      error instanceof Problem &&
      error.status === exit.noperm &&
      error.message.includes('consent_required') &&
      /DOCUSIGN_USER_ID/.test(error.hint ?? ''),
  );
});

test('docusign: weeks without an event are empty pages, and not the end', async (t: TestContext) => {
  const vendor = await startDocusign({ publicKey: keys.publicKey, now: () => start });
  t.after(() => vendor.close());
  const texts = [event(start - 41 * day), event(start - minute)];
  vendor.add(start - 41 * day, ...texts.slice(0, 1));
  vendor.add(start - minute, ...texts.slice(1));
  const weeks = { from: BigInt(start - 42 * day) * 1_000_000n, until: BigInt(start) * 1_000_000n };
  const { records } = await pullOnce(docusign, values(vendor), { part: { slice: weeks }, tools: sourceTools(start) });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts,
  );
  assert.equal(asked(vendor).length, 7, 'a week each, and the cursor that came back');
});

test('docusign: what is stored late is found, and what a reset cursor shows again is delivered once', async (t: TestContext) => {
  let now = start;
  const vendor = await startDocusign({ publicKey: keys.publicKey, now: () => now });
  t.after(() => vendor.close());
  const job = exampleJob(docusign, values(vendor));
  const texts = [event(start - minute), event(start - 30 * minute), event(start - 180 * minute)];
  for (const [index, text] of texts.entries()) {
    vendor.add(now - 1000, text);
    if (index === 2) vendor.expireCursors();
    assert.deepEqual((await job.run(now)).problems, []);
    now += 4 * minute;
  }
  assert.deepEqual(job.taken, texts);
});
