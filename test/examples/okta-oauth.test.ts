import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { example, start } from '../support/example.ts';
import { pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startOkta } from '../support/vendors/okta.ts';

/** The app's, and one that is not. */
const [keys, others] = [keyPair(), keyPair()];

function keyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const { definition, part, started } = example('okta-oauth', {
  secret: 'OKTA_PRIVATE_KEY',
  wrong: others.privateKey,
  tokens: true,
  lateness: 60,
  templates: () => exampleLines('okta'),
  start: (options) => startOkta({ publicKey: keys.publicKey, ...options }),
  values: ({ origin }) => ({ OKTA_URL: origin, OKTA_CLIENT_ID: 'client', OKTA_PRIVATE_KEY: keys.privateKey }),
  write: (template, number, time) =>
    template
      .replace('PUBLISHED', new Date(time).toISOString())
      .replace('UUID', `7f3d0000-0000-11f1-8000-${String(number).padStart(12, '0')}`),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target.startsWith('/api/v1/logs'),
});

test('okta-oauth: the log is read as okta reads it', () => {
  const { name, summary, settings, auth, ...log } = exampleDefinition('okta');
  const { name: ownName, summary: ownSummary, settings: ownSettings, auth: ownAuth, ...own } = definition;
  assert.deepEqual(own, log);
  assert.notDeepEqual([ownName, ownSummary, ownSettings, ownAuth], [name, summary, settings, auth]);
});

test('okta-oauth: the address may end with a slash, which the token endpoint and the audience do not double', async (t) => {
  const { texts, values } = await started(t, 3);
  const slashed = { ...values, OKTA_URL: `${values.OKTA_URL}/` };
  const { records } = await pullOnce(definition, slashed, { part, tools: sourceTools(start) });
  assert.deepEqual(textsOf(records), texts);
});

test('okta-oauth: the key may have an ID, and be another one', async (t) => {
  const { vendor, texts, values } = await started(t, 3);
  const { records } = await pullOnce(
    definition,
    { ...values, OKTA_KEY_ID: 'key' },
    { part, tools: sourceTools(start) },
  );
  assert.deepEqual(textsOf(records), texts);
  assert.equal(vendor.grants.granted(), 1);
  await assert.rejects(
    pullOnce(definition, { ...values, OKTA_KEY_ID: 'other' }, { part, tools: sourceTools(start) }),
    /The client_assertion signature is invalid/,
  );
});
