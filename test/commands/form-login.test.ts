/** The whole program, with logins that were made for people: a page with a form, and a token that must come back. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run, scratch, type Ended } from '../support/program.ts';
import { startFormLogin, type FormLogin, type Style } from '../support/vendors/form-login.ts';
import { sendHtml, sendJson } from '../support/vendors/server.ts';

const page: Readonly<Record<Style, string>> = { field: 'csrf', meta: 'csrf-token', cookie: 'XSRF-TOKEN' };
const sent: Readonly<Record<Style, string>> = {
  field: "form: { u: auditor, p: '{MEDLAR_PASSWORD}', csrf: '{csrf}' }",
  meta: "form: { u: auditor, p: '{MEDLAR_PASSWORD}' }, headers: { X-CSRF-TOKEN: '{csrf}' }",
  cookie: "form: { u: auditor, p: '{MEDLAR_PASSWORD}' }, headers: { X-XSRF-TOKEN: '{csrf}' }",
};

const definition = (style: Style, more = '', logout = ''): string => `
name: medlar
summary: Medlars.
settings:
  MEDLAR_URL: { summary: Address., kind: url, required: true }
  MEDLAR_PASSWORD: { summary: Password., secret: true, required: true }
url: '{MEDLAR_URL}'
auth:
  type: session
  page: { request: { path: /login }, ${style}: ${page[style]} }
  login: { method: POST, path: /login, ${sent[style]} }
${style === 'cookie' ? "  token: { cookie: XSRF-TOKEN, headers: { X-XSRF-TOKEN: '{token}' } }" : ''}
  logout: { method: POST, path: /logout${logout} }
request: { path: /log, query: { from: '{from}', page: '{page}' } }
paging: { type: page, pages: pages }
window: { filter: event, time: iso }
records: { path: data, id: { paths: [id] } }
${more}`;

interface Bench {
  readonly vendor: FormLogin;
  readonly directory: string;
  pull(password?: string, ...flags: readonly string[]): Promise<Ended>;
}

async function bench(t: TestContext, style: Style, home?: string): Promise<Bench> {
  const vendor = await startFormLogin(style, home);
  t.after(() => vendor.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'medlar.yaml'), definition(style));
  return {
    vendor,
    directory,
    pull: (password = 'canary-password', ...flags) =>
      run(['--source', join(directory, 'medlar.yaml'), '--state-dir', join(directory, 'state'), ...flags], {
        environment: { MEDLAR_URL: vendor.origin, MEDLAR_PASSWORD: password },
      }),
  };
}

for (const style of ['field', 'meta', 'cookie'] as const) {
  test(`a token in a ${style} of the login page goes with the login, which is asked for once, is ended, and leaves no secret`, async (t) => {
    const { vendor, pull, directory } = await bench(t, style);
    const { status, stdout, stderr } = await pull(undefined, '-vv');
    assert.equal(status, 0, stderr);
    assert.equal(stdout, '{"id":1}\n{"id":2}\n{"id":3}\n');
    assert.deepEqual([vendor.logins(), vendor.open()], [1, 0]);
    const state = readdirSync(join(directory, 'state')).map((name) =>
      readFileSync(join(directory, 'state', name), 'utf8'),
    );
    assert.doesNotMatch(stderr + state.join(''), /canary/);
  });

  test(`a session that ends between two pages is begun anew from the login page (${style}), and nothing is lost`, async (t) => {
    const { vendor, pull } = await bench(t, style);
    let ended = false;
    vendor.fault = ({ target }) => {
      if (target.includes('page=2') && !ended) {
        ended = true;
        vendor.expire();
      }
      return false;
    };
    const { status, stdout, stderr } = await pull();
    assert.equal(status, 0, stderr);
    assert.equal(stdout, '{"id":1}\n{"id":2}\n{"id":3}\n');
    assert.deepEqual([vendor.logins(), vendor.open()], [2, 0]);
  });

  test(`a wrong password is 77 and is not tried twice, whatever a form answers it with (${style})`, async (t) => {
    const { vendor, pull } = await bench(t, style);
    const { status, stderr } = await pull('wrong-one');
    assert.equal(status, 77, stderr);
    assert.match(stderr, /^audit-export: medlar refused the login$/m);
    const hint =
      /^hint: check MEDLAR_PASSWORD in the environment; log in with a browser: the account may be locked, or be asked for a second factor or a new password$/m;
    assert.match(stderr, hint);
    assert.equal(vendor.requests.filter(({ method }) => method === 'POST').length, 1);
  });

  test(`sessions that end again and again are told as what another run may have ended (${style})`, async (t) => {
    const { vendor, pull } = await bench(t, style);
    let asked = 0;
    vendor.fault = ({ target }, response) => {
      if (!target.startsWith('/log?')) return false;
      asked += 1;
      if (asked % 2 === 0) vendor.expire();
      else sendJson(response, 200, `{"data":[{"id":${asked}}],"pages":20}`);
      return asked % 2 === 1;
    };
    const { status, stderr } = await pull();
    assert.equal(status, 76, stderr);
    assert.match(stderr, /^audit-export: medlar answered page 7 with something other than JSON/m);
    assert.match(stderr, /^hint: log in with a browser: .+; or another run with the same user ended the session$/m);
    assert.doesNotMatch(stderr, /MEDLAR_URL/);
  });
}

const sentWithLogout: Readonly<Record<Style, string>> = {
  field: ", form: { csrf: '{csrf}' }",
  meta: ", headers: { X-CSRF-TOKEN: '{csrf}' }",
  cookie: ", headers: { X-XSRF-TOKEN: '{csrf}' }",
};
for (const style of ['field', 'meta', 'cookie'] as const) {
  test(`a logout that needs a token has the one that holds since the login (${style})`, async (t) => {
    const { vendor, pull, directory } = await bench(t, style);
    vendor.isGuarded = true;
    writeFileSync(join(directory, 'medlar.yaml'), definition(style, '', sentWithLogout[style]));
    const { status, stderr } = await pull(undefined, '-vv');
    assert.equal(status, 0, stderr);
    assert.deepEqual([vendor.logins(), vendor.open()], [1, 0]);
    assert.doesNotMatch(stderr, /canary/);
  });
}

test('a logout whose token cannot be had any more is tried with that of the login, and fails no run', async (t) => {
  const { vendor, pull, directory } = await bench(t, 'field');
  writeFileSync(join(directory, 'medlar.yaml'), definition('field', '', sentWithLogout.field));
  vendor.fault = ({ target }, response) => target === '/home' && (sendHtml(response, 200), true);
  const { status, stderr } = await pull();
  assert.equal(status, 0, stderr);
  const logout = vendor.requests.find(({ target }) => target === '/logout');
  assert.equal(new URLSearchParams(logout?.body).get('csrf'), 'canary/csrf+"1"==');
});

test('a login that leads back to its own place, where there is no form any more, is one', async (t) => {
  const { vendor, pull } = await bench(t, 'meta', '/login');
  const { status, stderr } = await pull();
  assert.equal(status, 0, stderr);
  assert.equal(vendor.open(), 0);
});

test('a login page without the token says what is missing there, and no password is sent', async (t) => {
  for (const style of ['field', 'meta', 'cookie'] as const) {
    const { vendor, pull } = await bench(t, style);
    vendor.fault = (_, response) => (sendHtml(response, 200), true);
    const { status, stderr } = await pull();
    assert.equal(status, 76, stderr);
    const what = { field: 'field csrf', meta: 'meta tag csrf-token', cookie: 'cookie XSRF-TOKEN' }[style];
    assert.match(stderr, new RegExp(`medlar answered the request for the login page without a ${what}$`, 'm'));
    assert.ok(vendor.requests.every(({ method, body }) => method === 'GET' && body === ''));
  }
});

test('a login that leads to another host is none, and nothing is asked for there', async (t) => {
  const { vendor, pull } = await bench(t, 'meta', 'https://login.example/saml');
  const { status, stderr } = await pull();
  assert.equal(status, 76, stderr);
  assert.match(stderr, /medlar answered the login with a redirect that leads nowhere on its host/);
  assert.ok(vendor.requests.every(({ target }) => !target.startsWith('/log?')));
});

test('a login page that fails for a moment is asked for again', async (t) => {
  const { vendor, pull } = await bench(t, 'field');
  let failures = 1;
  vendor.fault = (_, response) => failures-- > 0 && (sendHtml(response, 503), true);
  const { status, stderr } = await pull();
  assert.equal(status, 0, stderr);
});

test('a session that is over may be told of with 403, as the definition says, and then is begun anew', async (t) => {
  const { vendor, pull, directory } = await bench(t, 'field');
  const expired = 'reply: { expired: { path: detail, equals: Log in. } }';
  writeFileSync(join(directory, 'medlar.yaml'), definition('field', expired));
  let refusals = 1;
  vendor.fault = ({ target }, response) => {
    if (!target.includes('page=2') || refusals-- <= 0) return false;
    vendor.expire();
    sendJson(response, 403, '{"detail":"Log in."}');
    return true;
  };
  const { status, stdout, stderr } = await pull();
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '{"id":1}\n{"id":2}\n{"id":3}\n');
  assert.equal(vendor.logins(), 2);
});

test('a form that refuses the token, and not the password, has its definition named as what may be wrong, too', async (t) => {
  for (const [code, status] of [
    [403, 77], // Django, Spring
    [419, 76], // Laravel
    [422, 76], // Rails
  ] as const) {
    const { vendor, pull, directory } = await bench(t, 'field');
    vendor.fault = ({ method }, response) => method === 'POST' && (sendHtml(response, code), true);
    const { status: ended, stderr } = await pull();
    assert.equal(ended, status, stderr);
    const place = join(directory, 'medlar.yaml');
    assert.ok(stderr.includes(`; or correct auth.login in ${place}`), stderr);
    assert.match(stderr, /^hint: check MEDLAR_PASSWORD/m);
  }
});
