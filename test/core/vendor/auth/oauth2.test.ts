/** OAuth 2, against two servers: one grants tokens, the other wants them. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { constants, createHmac, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDefinition } from '../../../../src/core/definition.ts';
import { exit, Problem, type ExitStatus } from '../../../../src/core/problem.ts';
import { restSource } from '../../../../src/core/rest.ts';
import type { SettingValues } from '../../../../src/core/setting.ts';
import type { Source } from '../../../../src/core/types.ts';
import type { FakeTools } from '../../../support/fake-tools.ts';
import { ask, noSearch, pullAll, sourceTools } from '../../../support/source-tools.ts';
import { sendJson, serve, type LoggedRequest, type Vendor } from '../../../support/vendors/server.ts';
import { problem } from '../../../support/problem.ts';

const fig = {
  name: 'fig',
  summary: 'Figs.',
  settings: {
    FIG_URL: { summary: 'Address.', kind: 'url' },
    FIG_LOGIN: { summary: 'Address of the login.' },
    FIG_ID: { summary: 'Client.', secret: false },
    FIG_SECRET: { summary: 'Secret.', secret: true },
    FIG_KEY: { summary: 'Key.', secret: true, lines: true },
  },
  url: '{FIG_URL}',
  request: { path: '/log', query: { from: '{from}', cursor: '{cursor}' } },
  paging: { type: 'cursor', path: 'next' },
  window: { filter: 'event', time: 'epoch-s' },
  records: { path: 'data', id: { paths: ['id'] } },
};

const auth = {
  type: 'oauth2',
  url: '{FIG_LOGIN}/token',
  form: { grant_type: 'client_credentials', client_id: '{FIG_ID}', client_secret: '{FIG_SECRET}', scope: '{FIG_KEY}' },
};

const secret = 'p%+ :ß"secret';
const pages = ['{"data":[{"id":1}],"next":"2"}', '{"data":[{"id":2}]}'];

/** A status and a text in place of what would be answered. */
type Answer = readonly [status: number, text: string, headers?: Record<string, string>];

interface Orchard {
  readonly source: Source;
  readonly login: Vendor;
  readonly api: Vendor;
  readonly tools: FakeTools;
  readonly hidden: string[];
}

interface Trees {
  readonly auth?: object;
  readonly values?: SettingValues;
  readonly change?: object;
  /** Of the first, second, … request for a token. */
  readonly grants?: readonly Answer[];
  /** Of the API; undefined: a page. */
  readonly answers?: (request: LoggedRequest, number: number) => Answer | undefined;
  readonly start?: number;
  /** The clock of the login. */
  readonly clock?: () => number;
}

/** A login that grants `token-1`, `token-2` and so on, an API with two pages, and a source that reads it. */
async function orchard(t: TestContext, trees: Trees = {}): Promise<Orchard> {
  const { grants = [], answers = () => undefined, start, clock = Date.now } = trees;
  const login = await serve({ now: clock }, (_, response) => {
    const number = login.requests.length;
    const usual = `{"access_token":"token-${number}","token_type":"bearer","refresh_token":"refresh-${number}"}`;
    const [status, text, headers] = grants[number - 1] ?? grants.at(-1) ?? [200, usual];
    sendJson(response, status, text, { 'Set-Cookie': 'login=yes', ...headers });
  });
  const api = await serve({}, (request, response) => {
    const usual = pages[request.target.includes('cursor') ? 1 : 0] ?? '';
    const [status, text, headers] = answers(request, api.requests.length) ?? [200, usual];
    sendJson(response, status, text, { 'Set-Cookie': 'api=yes', ...headers });
  });
  t.after(() => Promise.all([login.close(), api.close()]));
  const hidden: string[] = [];
  const tools = { ...sourceTools(start), hide: (text: string | undefined) => void hidden.push(text ?? '') };
  const definition = parseDefinition(
    JSON.parse(JSON.stringify({ ...fig, auth: trees.auth ?? auth, ...trees.change })),
    'fig.yaml',
  );
  const values = { FIG_URL: api.origin, FIG_LOGIN: login.origin, FIG_ID: 'me', FIG_SECRET: secret, ...trees.values };
  return { source: restSource(definition, values, noSearch, tools), login, api, tools, hidden };
}

function formOf(request: LoggedRequest | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(request?.body));
}

function tokensAt(api: Vendor): unknown[] {
  return api.requests.map(({ headers }) => headers.authorization);
}

async function failure(at: Orchard): Promise<Problem> {
  let found: unknown;
  await assert.rejects(pullAll(at.source), (error) => {
    found = error;
    return true;
  });
  await at.source.close();
  assert.ok(found instanceof Problem, String(found));
  return found;
}

test('a token is asked for once, with the client in the form, and goes with every request', async (t) => {
  const { source, login, api, tools } = await orchard(t, { change: { limits: { interval: '6s' } } });
  const { scope } = source;
  assert.equal((await pullAll(source)).records.length, 2);
  await source.close();
  const [asked, ...more] = login.requests;
  assert.deepEqual(more, []);
  assert.deepEqual([asked?.method, asked?.target], ['POST', '/token']);
  assert.equal(asked?.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.deepEqual(formOf(asked), { grant_type: 'client_credentials', client_id: 'me', client_secret: secret });
  assert.deepEqual(tokensAt(api), ['Bearer token-1', 'Bearer token-1']);
  assert.deepEqual(tools.waits, [6000], 'the pace is that of the API');
  assert.equal(source.scope, scope);
});

test('a page that needs a new token is not asked for ahead: whoever stops reading would wait for it, and ask for yet another', async (t) => {
  let spend = (): Promise<void> => Promise.resolve();
  const { source, login, tools } = await orchard(t, {
    grants: [[200, '{"access_token":"a","token_type":"bearer","expires_in":120}']],
    answers: () => void spend(),
  });
  spend = async () => {
    login.fault = () => true; // it does not answer any more
    await tools.wait(100_000);
  };
  for await (const { records } of source.pull(ask())) {
    assert.equal(records.length, 1);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    break;
  }
  await source.close();
  await sleep(100);
  assert.equal(login.requests.length, 1);
});

test('neither side is sent what belongs to the other', async (t) => {
  const { source, login, api } = await orchard(t, {
    change: { headers: { 'X-Tenant': '7' } },
    answers: (_, number) => (number === 1 ? [401, '{}'] : undefined), // so that each is asked twice, with its cookie
  });
  await pullAll(source);
  await source.close();
  assert.deepEqual(
    login.requests.map(({ headers }) => [headers['cookie'], headers['x-tenant'], headers['authorization']]),
    [
      [undefined, undefined, undefined],
      [undefined, undefined, undefined], // a new client knows no cookies
    ],
  );
  for (const { headers, target, body } of api.requests) {
    assert.doesNotMatch(JSON.stringify([headers, target, body]), /secret|grant_type/);
  }
  assert.deepEqual(
    api.requests.map(({ headers }) => headers['cookie']),
    [undefined, 'api=yes', 'api=yes'],
  );
});

test('Basic authentication encodes both parts as a form does', async (t) => {
  const basic = { username: '{FIG_ID}', password: '{FIG_SECRET}' };
  const form = { grant_type: 'client_credentials' };
  const { source, login, hidden } = await orchard(t, {
    auth: { ...auth, basic, form },
    values: { FIG_ID: 'me:and you' },
  });
  await pullAll(source);
  await source.close();
  const [scheme, pair = ''] = String(login.requests[0]?.headers.authorization).split(' ');
  const parts = Buffer.from(pair, 'base64').toString().split(':').map(decodeURIComponent);
  assert.deepEqual([scheme, ...parts], ['Basic', 'me:and you', secret]);
  assert.equal(login.requests[0]?.body, 'grant_type=client_credentials');
  for (const each of [pair, 'token-1', 'refresh-1']) assert.ok(hidden.includes(each), `${each} is kept secret`);
});

test('a grant in the query, a token at another place and in another header are possible', async (t) => {
  const { source, login, api } = await orchard(t, {
    auth: {
      type: 'oauth2',
      url: '{FIG_LOGIN}/token?v=2',
      query: { grant_type: 'account_credentials', account_id: '{FIG_ID}' },
      token: { path: 'granted.token', headers: { 'X-Auth': 'T {token}' } },
    },
    grants: [[200, '{"granted":{"token":"t1"},"token_type":"strange"}']],
  });
  await pullAll(source);
  await source.close();
  assert.equal(login.requests[0]?.target, '/token?v=2&grant_type=account_credentials&account_id=me');
  assert.deepEqual([login.requests[0]?.body, api.requests[0]?.headers['x-auth']], ['', 'T t1']);
});

test('a token is renewed a minute before it ends, or halfway, and not without need', async (t) => {
  for (const [expires, expected] of [
    ['3600', '1111'],
    ['151', '1112'],
    ['"150"', '1123'],
    ['91', '1123'],
    ['9', '1123'],
    ['0', '1111'],
    ['-1', '1111'],
    ['"soon"', '1111'],
    ['null', '1111'],
  ] as const) {
    const { source, api } = await orchard(t, {
      change: { limits: { interval: '90s' } },
      grants: [1, 2, 3].map((number) => [200, `{"access_token":"${number}","expires_in":${expires}}`]),
    });
    await pullAll(source); // at 0 and 90 seconds
    await pullAll(source); // at 180 and 270; whether a token lasts is looked at before the wait
    await source.close();
    assert.equal(tokensAt(api).join('').replaceAll('Bearer ', ''), expected, expires);
  }
});

test('a token that is refused is renewed once', async (t) => {
  const revoked = await orchard(t, {
    answers: ({ headers }) => (headers.authorization === 'Bearer token-1' ? [401, '{}'] : undefined),
  });
  assert.equal((await pullAll(revoked.source)).records.length, 2);
  await revoked.source.close();
  assert.deepEqual(tokensAt(revoked.api), ['Bearer token-1', 'Bearer token-2', 'Bearer token-2']);

  const useless = await orchard(t, { answers: () => [401, '{"message":"wrong audience"}'] });
  const problem = await failure(useless);
  assert.equal(problem.status, exit.noperm);
  assert.match(problem.message, /^fig refused page 1 \(HTTP 401\): wrong audience$/);
  assert.match(problem.hint ?? '', /a token was granted/);
  assert.equal(useless.login.requests.length, 2);
});

const refused: readonly (readonly [answer: Answer, status: ExitStatus, said: RegExp, times: number])[] = [
  [[400, '{"error":"invalid_client"}'], 77, /^fig refused the request for a token at http:\S+: invalid_client$/, 1],
  [[401, '{"error":"invalid_client","error_description":"Who?"}'], 77, /: invalid_client: Who\?$/, 1],
  [[400, '{"error":"invalid_grant"}'], 77, /: invalid_grant$/, 1],
  [[400, '{"error":"unauthorized_client"}'], 77, /: unauthorized_client$/, 1],
  [[400, '{"error":"invalid_scope"}'], 77, /: invalid_scope$/, 1],
  [[401, 'no'], 77, /refused the request for a token .*HTTP 401/, 1],
  [[403, '{"error":"access_denied"}'], 77, /: access_denied$/, 1],
  [[400, '{"error":"consent_required"}'], 77, /: consent_required$/, 1],
  [[200, '{"ok":false,"error":"invalid_client_id"}'], 77, /: invalid_client_id$/, 1],
  [[200, '{"error":"incorrect_client_credentials","error_description":"No."}'], 77, /credentials: No\.$/, 1],
  [
    [400, '{"error":"invalid_request","error_description":"no grant"}'],
    76,
    /HTTP 400\): invalid_request: no grant$/,
    1,
  ],
  [[400, '{"error":"unsupported_grant_type"}'], 76, /unsupported_grant_type$/, 1],
  [[404, '{}'], 78, /has no address for the request for a token/, 1],
  [[200, '<html>'], 76, /with something other than JSON$/, 1],
  [[200, '"token"'], 76, /with something other than JSON$/, 1],
  [[200, '{"token":"t1"}'], 76, /without a token$/, 1],
  [[200, '{"access_token":""}'], 76, /without a token$/, 1],
  [[200, '{"access_token":"a","error":"server_error"}'], 76, /without a token: server_error$/, 1],
  [[200, '{"access_token":"a\\nb"}'], 76, /with a token that no header can carry$/, 1],
  [[200, '{"access_token":"a","token_type":"DPoP"}'], 76, /of the type "DPoP", which needs auth\.token\.headers$/, 1],
  [[200, '{"access_token":"a","token_type":7}'], 76, /of the type 7,/, 1],
  [[503, 'later'], 69, /failed on the request for a token .*HTTP 503/, 5],
  [[429, '{}'], 75, /limits the rate of the request for a token/, 5],
  [[429, '{"error":"access_denied","error_description":"Later."}'], 75, /HTTP 429\): access_denied: Later\.$/, 5],
  [[408, '{"error":"access_denied"}'], 69, /HTTP 408\): access_denied$/, 5],
  [[425, '{"error":"access_denied"}'], 69, /HTTP 425\): access_denied$/, 5],
  [[429, '{"error":"temporarily_unavailable"}'], 75, /HTTP 429\): temporarily_unavailable$/, 5],
  [[500, '{"error":"invalid_client"}'], 69, /HTTP 500\): invalid_client$/, 5],
  [[400, '{"error":"temporarily_unavailable"}'], 69, /failed on .* \(HTTP 400\): temporarily_unavailable$/, 5],
  [[400, '{"error":"server_error"}'], 69, /failed on .* \(HTTP 400\): server_error$/, 5],
];
for (const [answer, status, said, times] of refused) {
  test(`a login that answers ${answer[0]} ${answer[1]} is ${status}`, async (t) => {
    const at = await orchard(t, { grants: [answer] });
    const problem = await failure(at);
    assert.match(problem.message, said);
    assert.equal(problem.status, status);
    if (status === exit.noperm) assert.match(problem.hint ?? '', /^check FIG_LOGIN, FIG_ID, FIG_SECRET and FIG_KEY/);
    assert.deepEqual([at.login.requests.length, at.api.requests.length], [times, 0]);
  });
}

test('a token that comes with an error without a text is granted, and its type is Bearer in any spelling', async (t) => {
  const { source, api } = await orchard(t, {
    grants: [[200, '{"access_token":"token-1","token_type":"BEARER","error":""}']],
  });
  assert.equal((await pullAll(source)).records.length, 2);
  assert.deepEqual(tokensAt(api), ['Bearer token-1', 'Bearer token-1']);
});

test('a login that recovers is asked again', async (t) => {
  const { source, api } = await orchard(t, {
    grants: [
      [503, ''],
      [200, '{"access_token":"late"}'],
    ],
  });
  await pullAll(source);
  await source.close();
  assert.equal(tokensAt(api)[0], 'Bearer late');
});

test('a login that is down in the middle of a run is tried as often as any request, and not for each attempt of one', async (t) => {
  const down = (): Answer => [503, '{}'];
  const { source, login } = await orchard(t, {
    grants: [[200, '{"access_token":"a","token_type":"bearer","expires_in":1}'], down()],
    answers: (_, number) => (number === 1 ? undefined : down()),
    start: Date.now(),
  });
  await assert.rejects(pullAll(source), { status: exit.unavailable });
  assert.ok(login.requests.length <= 1 + 5, `${login.requests.length} requests`);
});

test('a redirect of the login is not followed, not even within its host', async (t) => {
  const at = await orchard(t, { grants: [[307, '', { Location: '/elsewhere' }]] });
  const problem = await failure(at);
  assert.deepEqual([problem.status, at.login.requests.length, at.api.requests.length], [exit.protocol, 1, 0]);
});

test('an address that is not set, or not encrypted, is refused before anything is sent', async (t) => {
  for (const [url, values, said] of [
    ['https://{FIG_LOGIN}/token', { FIG_LOGIN: '' }, /^the address of the token endpoint of fig is not set$/],
    ['{FIG_LOGIN}/token', { FIG_LOGIN: 'login.example' }, /^the token endpoint of fig: the address is not a URL$/],
    ['{FIG_LOGIN}/token', { FIG_LOGIN: 'http://login.example' }, /^http:\/\/login\.example is not encrypted/],
  ] as const) {
    await assert.rejects(orchard(t, { auth: { ...auth, url }, values }), problem(exit.config, said));
  }
});

// ---------------------------------------------------------------------------------------------- assertions

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'HS256';

function signed(algorithm: Algorithm, more: object = {}): object {
  return {
    type: 'oauth2',
    url: '{FIG_LOGIN}/token',
    form: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: '{assertion}' },
    assertion: { key: '{FIG_KEY}', algorithm, claims: { iss: '{FIG_ID}', aud: ['{FIG_LOGIN}/token'] }, ...more },
  };
}

function partsOf(request: LoggedRequest | undefined): { head: object; claims: Record<string, unknown> } {
  const [head = '', claims = ''] = (formOf(request)['assertion'] ?? '').split('.');
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  return { head: read(head), claims: read(claims) };
}

const { padding, saltLength } = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
const ways: readonly (readonly [Algorithm, key: string, proves: (data: Buffer, signature: Buffer) => boolean])[] = [
  ['RS256', pem(rsa.privateKey), (data, signature) => verify('sha256', data, rsa.publicKey, signature)],
  [
    'PS256',
    pem(rsa.privateKey).replaceAll('\n', '\r\n'),
    (data, signature) => verify('sha256', data, { key: rsa.publicKey, padding, saltLength }, signature),
  ],
  [
    'ES256',
    pem(ec.privateKey).replaceAll('\n', '\\n'), // as an env file has it
    (data, signature) => verify('sha256', data, { key: ec.publicKey, dsaEncoding: 'ieee-p1363' }, signature),
  ],
  ['HS256', secret, (data, signature) => createHmac('sha256', secret).update(data).digest().equals(signature)],
];
for (const [algorithm, key, proves] of ways) {
  test(`an assertion is signed by ${algorithm}`, async (t) => {
    const start = Date.now();
    const { source, login, api, hidden } = await orchard(t, {
      auth: signed(algorithm, { header: { kid: '{FIG_ID}', 'x5t#S256': 'abc', alg: 'none' } }),
      values: { FIG_KEY: key },
      start,
    });
    await pullAll(source);
    await source.close();
    const { assertion = '' } = formOf(login.requests[0]);
    const [head, claims, signature = ''] = assertion.split('.');
    assert.ok(proves(Buffer.from(`${head}.${claims}`), Buffer.from(signature, 'base64url')), 'the signature holds');
    const found = partsOf(login.requests[0]);
    assert.deepEqual(found.head, { typ: 'JWT', alg: algorithm, kid: 'me', 'x5t#S256': 'abc' });
    const now = Math.floor(start / 1000);
    const { jti, ...rest } = found.claims;
    const aud = [`${login.origin}/token`];
    assert.deepEqual(rest, { iss: 'me', aud, iat: now - 60, nbf: now - 60, exp: now + 180 });
    assert.match(String(jti), /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/);
    assert.ok(hidden.includes(assertion), 'the assertion is kept secret');
    assert.doesNotMatch(JSON.stringify(api.requests), new RegExp(signature));
  });
}

test('every assertion has an ID of its own, and a definition can say otherwise', async (t) => {
  const grants: Answer[] = [
    [503, ''],
    [200, '{"access_token":"t"}'],
  ];
  const two = await orchard(t, { auth: signed('HS256'), values: { FIG_KEY: secret }, grants });
  await pullAll(two.source);
  await two.source.close();
  const ids = two.login.requests.map((request) => partsOf(request).claims['jti']);
  assert.equal(new Set(ids).size, 2);
  const own = { claims: { sub: 'me', jti: '{FIG_ID}', nbf: '{FIG_NONE}' }, lifetime: '45s' };
  const settings = { ...fig.settings, FIG_NONE: { summary: 'Not set.' } };
  const one = await orchard(t, {
    auth: signed('HS256', own),
    values: { FIG_KEY: secret },
    change: { settings },
    start: 1_000_000,
  });
  await pullAll(one.source);
  await one.source.close();
  assert.deepEqual(partsOf(one.login.requests[0]).claims, { iat: 940, exp: 1045, jti: 'me', sub: 'me' });
});

test('a clock that is off is named when an assertion is refused', async (t) => {
  const start = Date.UTC(2026, 10, 20, 9);
  for (const [auth, seconds, said] of [
    [signed('HS256'), -600, /; the clock of this machine is 600 s ahead: set it first$/],
    [signed('HS256'), 75, /; the clock of this machine is 75 s behind: set it first$/],
    [signed('HS256'), 30, /may have what it asks for$/],
    [undefined, 600, /may have what it asks for$/],
  ] as const) {
    const grants: Answer[] = [[400, '{"error":"invalid_grant"}']];
    const clock = (): number => start + seconds * 1000;
    const at = await orchard(t, { ...(auth && { auth }), values: { FIG_KEY: secret }, grants, start, clock });
    assert.match((await failure(at)).hint ?? '', said);
  }
});

const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const locked = rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' });
const unusable: readonly (readonly [what: string, Algorithm, key: string, said: RegExp])[] = [
  ['no key', 'RS256', '', /FIG_KEY is not a private key in PEM form, without a passphrase$/],
  ['a text', 'RS256', 'not-a-key-but-a-secret', /FIG_KEY is not a private key/],
  ['a public key', 'RS256', rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), /is not a private key/],
  ['a key with a passphrase', 'PS256', locked.toString(), /is not a private key in PEM form, without a passphrase$/],
  ['half a key', 'RS256', pem(rsa.privateKey).slice(0, 400), /is not a private key/],
  ['a key of another kind', 'RS256', pem(ec.privateKey), /is a key of the kind ec prime256v1; RS256 needs rsa$/],
  [
    'a key of another curve',
    'ES256',
    pem(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey),
    /is a key of the kind ec secp384r1; ES256 needs ec prime256v1$/,
  ],
  ['a short key', 'PS256', pem(small), /has 1024 bits; PS256 needs 2048 at least$/],
];
for (const [what, algorithm, key, said] of unusable) {
  test(`${what} is 78 and names its setting`, async (t) => {
    await assert.rejects(orchard(t, { auth: signed(algorithm), values: { FIG_KEY: key } }), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.match(error.message, said);
      assert.equal(error.status, exit.config);
      assert.match(error.hint ?? '', /FIG_KEY_FILE/);
      assert.equal(error.cause, undefined);
      const told = `${error.message} ${error.hint}`;
      for (const line of key.split('\n')) assert.ok(line === '' || !told.includes(line), 'a key is not told');
      return true;
    });
  });
}
