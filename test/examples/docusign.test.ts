import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { day, example, minute, start, windowTo } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { organization, startDocusign } from '../support/vendors/docusign.ts';
import { sendJson } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

/** The app's, and one that is not. */
const [keys, others] = [keyPair(), keyPair()];

function keyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, // as Docusign gives it
  });
}

const { definition, part, next, started, queries } = example('docusign', {
  secret: 'DOCUSIGN_PRIVATE_KEY',
  wrong: others.privateKey,
  tokens: true,
  lateness: 180,
  // In no order of time.
  ago: (index, count) => 5 * minute + ((index * 7) % count) * 1000,
  start: (options) => startDocusign({ publicKey: keys.publicKey, ...options }),
  values: ({ origin, login }) => ({
    DOCUSIGN_URL: origin,
    DOCUSIGN_LOGIN_URL: login.origin,
    DOCUSIGN_LOGIN_HOST: 'account.docusign.com',
    DOCUSIGN_ORGANIZATION_ID: organization,
    DOCUSIGN_INTEGRATION_KEY: 'integration',
    DOCUSIGN_USER_ID: 'user',
    DOCUSIGN_PRIVATE_KEY: keys.privateKey,
  }),
  // With four decimal places of a second.
  write: (template, number, time) =>
    template
      .replace('TIME', new Date(time).toISOString().replace('Z', '1Z'))
      .replace('ID', `e0000000-0000-4000-8000-${String(number).padStart(12, '0')}`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('docusign: it begins with a time, goes on with cursors until one comes back, and the next run goes on there', async (t) => {
  const { vendor, texts, values } = await started(t, 12);
  const tools = sourceTools(start);
  const { records, bookmark } = await pullOnce(definition, values, { part, search: { limit: 10 }, tools });
  assert.equal(records.length, texts.length);
  const [first, ...later] = queries(vendor);
  assert.deepEqual(first, { cursor: '2026-11-20T08:00:00Z', limit: '10' });
  assert.equal(later.length, 2);
  assert.equal(later.at(-1)?.['cursor'], bookmark);
  const late = next(start - 3 * day);
  vendor.add(late);
  const again = await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
  assert.deepEqual(textsOf(again.records), [late]);
});

test('docusign: the assertion is made out to the host, for the user, and goes to the login alone', async (t) => {
  const { vendor, values } = await started(t, 1);
  await pullOnce(definition, values, { part, tools: sourceTools(start) });
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

test('docusign: a user who has not consented is reported as refused, in the words of Docusign', async (t) => {
  const { values } = await started(t, 1);
  await assert.rejects(
    pullOnce(definition, { ...values, DOCUSIGN_USER_ID: 'other' }, { part, tools: sourceTools(start) }),
    problem(exit.noperm, /consent_required/, /DOCUSIGN_USER_ID/),
  );
});

test('docusign: weeks without an event are empty pages, and not the end', async (t) => {
  let now = start - 41 * day;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const texts: string[] = [];
  for (const stored of [now, start]) {
    now = stored;
    texts.push(next(stored - minute));
    vendor.add(...texts.slice(-1));
  }
  const slice = windowTo(start, 42 * day);
  const { records } = await pullOnce(definition, values, { part: { slice }, tools: sourceTools(start) });
  assert.deepEqual(textsOf(records), texts);
  assert.equal(queries(vendor).length, 7, 'a week each, and the cursor that came back');
});

test('docusign: what is stored late is found, and what a reset cursor shows again is delivered once', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const texts = [next(start - minute), next(start - 30 * minute), next(start - 180 * minute)];
  for (const [index, text] of texts.entries()) {
    vendor.add(text);
    if (index === 2) vendor.expireCursors();
    assert.deepEqual((await job.run(now)).problems, []);
    now += 4 * minute;
  }
  assert.deepEqual(job.taken, texts);
});

test('docusign: a limit with HTTP 400 is waited for, and the saved cursor is kept', async (t) => {
  const { vendor, values } = await started(t, 1);
  const { bookmark } = await pullOnce(definition, values, { part, tools: sourceTools(start) });
  for (const errorCode of ['HOURLY_APIINVOCATION_LIMIT_EXCEEDED', 'BURST_APIINVOCATION_LIMIT_EXCEEDED']) {
    const late = next(start - 3 * day);
    vendor.add(late);
    const asked = vendor.requests.length;
    vendor.fault = (_request, response) => {
      vendor.fault = undefined;
      const message = 'The maximum number of hourly API invocations has been exceeded.';
      sendJson(response, 400, JSON.stringify({ errorCode, message }));
      return true;
    };
    const tools = sourceTools(start);
    const again = await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
    assert.deepEqual([textsOf(again.records).at(-1), tools.waits.length], [late, 1]);
    assert.equal(queries({ ...vendor, requests: vendor.requests.slice(asked) })[1]?.['cursor'], bookmark);
  }
});
