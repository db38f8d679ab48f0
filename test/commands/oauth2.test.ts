/** The whole program with a source whose token comes from another host, and the claim that nobody is told a secret. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run, scratch, type Ended } from '../support/program.ts';
import { sendJson, serve, type Vendor } from '../support/vendors/server.ts';

const definition = `
name: quince
summary: Quinces.
settings:
  QUINCE_URL: { summary: Address., kind: url, required: true }
  QUINCE_LOGIN: { summary: Address of the login., kind: url, required: true }
  QUINCE_ID: { summary: Client., required: true }
  QUINCE_SECRET: { summary: Its secret., secret: true, required: true }
  QUINCE_KEY: { summary: Its key., secret: true, lines: true, required: true }
url: '{QUINCE_URL}'
auth:
  type: oauth2
  url: '{QUINCE_LOGIN}/token'
  basic: { username: '{QUINCE_ID}', password: '{QUINCE_SECRET}' }
  form: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: '{assertion}' }
  assertion: { key: '{QUINCE_KEY}', algorithm: RS256, claims: { iss: '{QUINCE_ID}' } }
request: { path: /log, query: { from: '{from}' } }
paging: { type: none }
window: { filter: event, time: iso }
records: { path: data, id: { paths: [id] } }
`;

const secret = 'canary-secret/with+signs';
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const escaped = key.toString().replaceAll('\n', '\\n');
const records = ['{"id":1,"did":"a"}', '{"id":2,"did":"b"}'];

interface Place {
  readonly login: Vendor;
  readonly api: Vendor;
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Fails when any of it, or what is on the disk, shows what only one of the servers may know. */
  expectSilence(ended: Ended): void;
}

/** A login that quotes what it was sent when it refuses, and an API that refuses the first token. */
async function place(t: TestContext): Promise<Place> {
  const login = await serve({}, ({ headers, body }, response) => {
    const pair = Buffer.from(String(headers.authorization).slice(6), 'base64').toString();
    if (pair === `me:${encodeURIComponent(secret)}`) {
      const token = `"access_token":"canary-token-${login.requests.length}","refresh_token":"canary-refresh"`;
      return sendJson(response, 200, `{${token},"token_type":"Bearer","expires_in":"3600"}`);
    }
    const assertion = new URLSearchParams(body).get('assertion');
    const said = JSON.stringify(`no ${decodeURIComponent(pair)} ${String(headers.authorization)} ${assertion}`);
    sendJson(response, 401, `{"error":"invalid_client","error_description":${said}}`);
  });
  const api = await serve({}, ({ headers }, response) => {
    if (headers.authorization !== 'Bearer canary-token-2') {
      return sendJson(response, 401, `{"message":"expired: ${String(headers.authorization)}"}`);
    }
    sendJson(response, 200, `{"data":[${records.join(',')}]}`);
  });
  t.after(() => Promise.all([login.close(), api.close()]));
  const directory = scratch(t);
  writeFileSync(join(directory, 'quince.yaml'), definition);
  const base = ['--source', join(directory, 'quince.yaml'), '--state-dir', join(directory, 'state')];
  const environment = { QUINCE_URL: api.origin, QUINCE_LOGIN: login.origin, QUINCE_ID: 'me' };
  return {
    login,
    api,
    run: (words, more) =>
      run([...words, ...base], {
        environment: { ...environment, QUINCE_SECRET: secret, QUINCE_KEY: escaped, ...more },
      }),
    expectSilence({ stdout, stderr }) {
      const saved = readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
      const sent = login.requests.flatMap(({ headers, body }) => [
        String(headers.authorization).slice(6),
        new URLSearchParams(body).get('assertion') ?? '',
      ]);
      for (const text of [stdout, stderr, ...saved]) {
        assert.doesNotMatch(text, /canary/);
        for (const line of key.toString().split('\n').slice(1, -2))
          assert.ok(!text.includes(line), 'the key is not told');
        for (const each of sent) assert.ok(!text.includes(each.slice(0, 40)), `what was sent is not told: ${text}`);
      }
    },
  };
}

test('records come with a token from another host, and no secret is shown', async (t) => {
  const at = await place(t);
  const ended = await at.run(['-vv']);
  assert.equal(ended.status, 0, ended.stderr);
  assert.deepEqual(ended.stdout.trimEnd().split('\n'), records);
  assert.equal(at.login.requests.length, 2);
  assert.match(ended.stderr, /got a token/);
  at.expectSilence(ended);
});

test('a wrong secret is 77 and names what to check, even when the login quotes all of it', async (t) => {
  const at = await place(t);
  for (const words of [['-vv', '--log-format', 'text'], ['check']]) {
    const ended = await at.run(words, { QUINCE_SECRET: 'canary-wrong/secret+signs' });
    assert.equal(ended.status, 77, ended.stderr);
    assert.match(ended.stderr, /quince refused the request for a token at http:\S+: invalid_client: no \[redacted\]/);
    assert.match(
      ended.stderr,
      /^hint: check QUINCE_LOGIN, QUINCE_ID, QUINCE_SECRET and QUINCE_KEY in the environment, and/m,
    );
    at.expectSilence(ended);
  }
});

test('a token that no API takes is 77, and is not shown though the API quotes it', async (t) => {
  const at = await place(t);
  at.api.fault = ({ headers }, response) => {
    sendJson(response, 401, JSON.stringify({ message: `not "${String(headers.authorization)}"` }));
    return true;
  };
  const ended = await at.run(['-vv', '--log-format', 'text']);
  assert.equal(ended.status, 77, ended.stderr);
  assert.match(ended.stderr, /quince refused page 1 \(HTTP 401\): not "Bearer \[redacted\]"/);
  assert.match(ended.stderr, /^hint: a token was granted, but does not open this API/m);
  at.expectSilence(ended);
});

test('check says that the login works; a key that cannot be used is 78', async (t) => {
  const at = await place(t);
  const well = await at.run(['check']);
  assert.equal(well.status, 0, well.stderr);
  assert.match(well.stdout, /^ok {6}source quince: logged in, 2 records/m);
  at.expectSilence(well);
  const asked = at.login.requests.length;
  const broken = await at.run(['check'], { QUINCE_KEY: key.toString().slice(0, 300) });
  assert.equal(broken.status, 78, broken.stderr);
  assert.match(broken.stderr, /quince: QUINCE_KEY is not a private key in PEM form/);
  at.expectSilence(broken);
  assert.equal(at.login.requests.length, asked, 'nothing was sent');
});
