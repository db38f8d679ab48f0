/** The whole program, with forms that answer a login with a page instead of a redirect: only what follows tells what it means. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { run, scratch, type Ended } from '../support/program.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { sendHtml, sendJson, serve, type LoggedRequest } from '../support/vendors/server.ts';

const threeBranches = "request: { path: '/log/{branch}' }\nbranches: { values: [a, b, c] }";

const definition = (more = '', request = 'request: { path: /log }'): string => `
name: medlar
summary: Medlars.
settings:
  MEDLAR_URL: { summary: Address., kind: url, required: true }
  MEDLAR_PASSWORD: { summary: Password., secret: true, required: true }
url: '{MEDLAR_URL}'
auth:
  type: session
  page: { request: { path: /login }, field: csrf }
  login: { method: POST, path: /login, form: { p: '{MEDLAR_PASSWORD}', csrf: '{csrf}' } }
  ${more}
${request}
paging: { type: none }
window: { filter: none }
records: { path: data, id: { paths: [id] } }
`;

const form = '<form><input type="hidden" name="csrf" value="t1"><input type="password" name="p"></form>';

interface Answered extends Ended {
  readonly requests: readonly LoggedRequest[];
}

/** A run against a vendor that answers a login with these pages, and whoever is not logged in with `stranger`. */
async function answeredBy(
  t: TestContext,
  {
    password,
    more,
    request,
    stranger = (response) => sendHtml(response, 200, form),
    refuse = (response) => sendHtml(response, 200, '<title>Account locked</title>'),
  }: {
    readonly password: string;
    readonly more?: string;
    readonly request?: string;
    refuse?(response: ServerResponse): void;
    stranger?(response: ServerResponse): void;
  },
): Promise<Answered> {
  const vendor = await serve({}, ({ target, method, body, headers }, response) => {
    if (target === '/login' && method === 'GET') {
      response.setHeader('Set-Cookie', 'sid=canary-before; Path=/');
      return sendHtml(response, 200, form);
    }
    if (target === '/login') {
      if (new URLSearchParams(body).get('p') !== 'canary-password') return refuse(response);
      response.setHeader('Set-Cookie', 'sid=canary-after; Path=/');
      return sendHtml(response, 200, '<h1>Welcome</h1>');
    }
    if (String(headers['cookie']).includes('canary-after')) return sendJson(response, 200, '{"data":[{"id":1}]}');
    stranger(response);
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'medlar.yaml'), definition(more, request));
  const ended = await run(['--source', join(directory, 'medlar.yaml'), '--state-dir', join(directory, 'state')], {
    environment: { MEDLAR_URL: vendor.origin, MEDLAR_PASSWORD: password },
  });
  return { ...ended, requests: vendor.requests };
}

/** What a wrong password led to: it was sent once, and `how` is what the vendor answered it with, and then the next request. */
function assertRefused({ status, stderr, requests }: Answered, how: string): void {
  assert.equal(status, 77, stderr);
  const line = `audit-export: medlar refused the login: it answered that with ${how}`;
  assert.ok(stderr.split('\n').includes(line), stderr);
  const hint =
    /^hint: check MEDLAR_PASSWORD in the environment; log in with a browser: .+; or correct auth\.login in \S+\.yaml$/m;
  assert.match(stderr, hint);
  assert.equal(requests.filter(({ method }) => method === 'POST').length, 1);
  assert.doesNotMatch(stderr, /canary/);
}

test('a form that answers a login with a page and a cookie has logged in: its records come', async (t) => {
  const { status, stdout, stderr } = await answeredBy(t, { password: 'canary-password' });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '{"id":1}\n');
});

const strangers: readonly (readonly [what: string, answer: (response: ServerResponse) => void, said: string])[] = [
  ['the form', (response) => sendHtml(response, 200, form), 'page 1 with a form for a password'],
  [
    'a way to the form',
    (response) => void response.writeHead(302, { Location: '/login' }).end(),
    'page 1 with a form for a password',
  ],
  ['401', (response) => sendJson(response, 401, '{}'), 'page 1 with HTTP 401'],
];
for (const [what, stranger, said] of strangers) {
  test(`a form that answers a wrong password with a page, and what is asked for then with ${what}, has refused the login, which is not tried twice`, async (t) => {
    const ended = await answeredBy(t, { password: 'canary-wrong', stranger });
    assertRefused(ended, `an HTML page (HTTP 200, "Account locked"), and ${said}`);
  });
}

test('a form that answers with a page, and what is asked for then with another, may have refused the login, or the path is wrong', async (t) => {
  const { status, stderr, requests } = await answeredBy(t, {
    password: 'canary-wrong',
    stranger: (response) => sendHtml(response, 200),
  });
  assert.equal(status, 77, stderr);
  const how = 'an HTML page (HTTP 200, "Account locked"), and page 1 with an HTML page';
  const line = `audit-export: medlar may have refused the login: it answered that with ${how}`;
  assert.ok(stderr.split('\n').includes(line), stderr);
  const hint =
    /^hint: check MEDLAR_PASSWORD in the environment; log in with a browser: .+; or correct auth\.login or the path of the request in \S+medlar\.yaml$/m;
  assert.match(stderr, hint);
  assert.equal(requests.filter(({ method }) => method === 'POST').length, 1);
});

test('a vendor that fails after a login that was answered with a page is told as failing, and not as having refused it', async (t) => {
  const { status, stderr } = await answeredBy(t, {
    password: 'canary-wrong',
    stranger: (response) => sendHtml(response, 501),
  });
  assert.equal(status, 76, stderr);
  assert.match(stderr, /^audit-export: medlar does not support page 1 \(HTTP 501\)/m);
});

const redirects = [
  [302, '/failed?token=canary-quoted', '/failed'], // an error page of its own
  [301, '/login/', '/login/'], // where the form really is: the password was lost on the way
  [307, '/login/', '/login/'],
] as const;
for (const [code, location, shown] of redirects) {
  test(`a form that answers with ${code} to ${shown}, and what is asked for then with the form, has refused the login`, async (t) => {
    const refuse = (response: ServerResponse): void => void response.writeHead(code, { Location: location }).end();
    const ended = await answeredBy(t, { password: 'canary-wrong', refuse });
    assertRefused(ended, `a redirect to ${shown} (HTTP ${code}), and page 1 with a form for a password`);
  });
}

const posting = 'request: { method: POST, path: /log, json: {} }';

test('a form that answers with a redirect, and a POST that is asked for then with the way to the form, has refused the login', async (t) => {
  const refuse = (response: ServerResponse): void => void response.writeHead(302, { Location: '/home' }).end();
  const stranger = (response: ServerResponse): void => void response.writeHead(303, { Location: '/login' }).end();
  const ended = await answeredBy(t, { password: 'canary-wrong', request: posting, refuse, stranger });
  const { status, stderr } = ended;
  assert.equal(status, 77, stderr);
  const how = 'a redirect to /home (HTTP 302), and page 1 with a redirect to /login (HTTP 303)';
  assert.ok(stderr.includes(`audit-export: medlar refused the login: it answered that with ${how}\n`), stderr);
  assert.equal(ended.requests.filter(({ method, target }) => method === 'POST' && target === '/login').length, 1);
});

test('a form that answers with a redirect, and a POST that is asked for then with the way to another page, is not said to have refused the login', async (t) => {
  const refuse = (response: ServerResponse): void => void response.writeHead(302, { Location: '/home' }).end();
  const stranger = (response: ServerResponse): void => void response.writeHead(301, { Location: '/log/' }).end();
  const { status, stderr } = await answeredBy(t, { password: 'canary-wrong', request: posting, refuse, stranger });
  assert.equal(status, 76, stderr);
  assert.match(stderr, /redirects a POST, which would lose its body \(HTTP 301, POST \/log\)/);
});

test('a form that answers with a redirect, and what is asked for then with a page that is no form, is not said to have refused the login', async (t) => {
  const refuse = (response: ServerResponse): void => void response.writeHead(302, { Location: '/home' }).end();
  const stranger = (response: ServerResponse): void => sendHtml(response, 200, '<title>Medlars</title>');
  const { status, stderr } = await answeredBy(t, { password: 'canary-wrong', refuse, stranger });
  assert.equal(status, 76, stderr);
  const said =
    /^audit-export: medlar answered page 1 with something other than JSON \(HTTP 200, text\/html, "Medlars"\) at/m;
  assert.match(stderr, said);
  // The host is the one that had the form, so it is not named as what may be wrong.
  const hint =
    /^hint: log in with a browser: the account may be locked, or be asked for a second factor or a new password; or another run with the same user ended the session; or correct the path of the request in \S+$/m;
  assert.match(stderr, hint);
});

for (const branches of [false, true]) {
  test(`a form that answers with a redirect, and twice 401 to what is asked for then, has refused the login, which is not tried a third time${branches ? ', with several branches neither' : ''}`, async (t) => {
    const refuse = (response: ServerResponse): void => void response.writeHead(302, { Location: '/home' }).end();
    const stranger = (response: ServerResponse): void => sendJson(response, 401, '{}');
    const { status, stderr, requests } = await answeredBy(t, {
      password: 'canary-wrong',
      refuse,
      stranger,
      ...(branches && { request: threeBranches }),
    });
    assert.equal(status, 77, stderr);
    const how = 'a redirect to /home (HTTP 302), and page 1 with HTTP 401';
    assert.ok(
      stderr.split('\n').includes(`audit-export: medlar refused the login: it answered that with ${how}`),
      stderr,
    );
    assert.match(
      stderr,
      /^hint: check MEDLAR_PASSWORD in .*; or correct auth\.login in .*; or another run with the same user/m,
    );
    assert.equal(requests.filter(({ method }) => method === 'POST').length, 2);
  });
}

test('a form that is answered with JSON, of which nothing says that it is a success, has refused the login when 401 follows twice', async (t) => {
  const refuse = (response: ServerResponse): void => sendJson(response, 200, '{"ok":false,"error":"canary-quoted"}');
  const stranger = (response: ServerResponse): void => sendJson(response, 401, '{}');
  const asked = { password: 'canary-wrong', refuse, stranger, branches: true };
  const { status, stderr, requests } = await answeredBy(t, asked);
  assert.equal(status, 77, stderr);
  const line = 'audit-export: medlar refused the login: it answered that with HTTP 200, and page 1 with HTTP 401';
  assert.ok(stderr.split('\n').includes(line), stderr);
  assert.equal(requests.filter(({ method }) => method === 'POST').length, 2);
  assert.doesNotMatch(stderr, /canary/);
});

for (const [what, more, brings] of [
  ['a token', "token: { path: token, headers: { X-Token: '{token}' } }", { token: 'canary-token' }],
  ['a sign of success', 'success: { path: ok, equals: true }', { ok: true }],
] as const) {
  test(`a form that is answered with ${what}, as it should be, has logged in, also where 401 follows twice`, async (t) => {
    const refuse = (response: ServerResponse): void => {
      response.setHeader('Set-Cookie', 'sid=canary-other; Path=/');
      sendJson(response, 200, JSON.stringify(brings));
    };
    const stranger = (response: ServerResponse): void => sendJson(response, 401, '{}');
    const { status, stderr } = await answeredBy(t, { password: 'canary-other', more, refuse, stranger });
    assert.equal(status, 77, stderr);
    assert.match(stderr, /^audit-export: medlar refused page 1 \(HTTP 401\)\nhint: the login worked; another run/m);
    assert.doesNotMatch(stderr, /canary/);
  });
}

test('a session that another run ended before it could be used is begun anew', async (t) => {
  let refused = 0;
  const stranger = (response: ServerResponse): void => sendJson(response, 401, '{}');
  const refuse = (response: ServerResponse): void => {
    refused += 1;
    const sid = refused === 1 ? 'canary-ended' : 'canary-after';
    response.writeHead(302, { Location: '/home', 'Set-Cookie': `sid=${sid}; Path=/` }).end();
  };
  const { status, stdout, stderr } = await answeredBy(t, { password: 'canary-other', refuse, stranger });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '{"id":1}\n');
});

test('a form that answers with a redirect, and what is asked for then with a page, is not asked again for each branch', async (t) => {
  const refuse = (response: ServerResponse): void => void response.writeHead(302, { Location: '/home' }).end();
  const stranger = (response: ServerResponse): void => sendHtml(response, 200, '<title>Medlars</title>');
  const asked = { password: 'canary-wrong', refuse, stranger, request: threeBranches };
  const { status, requests } = await answeredBy(t, asked);
  assert.equal(status, 76);
  assert.equal(requests.filter(({ method }) => method === 'POST').length, 2);
});

test('a form that should answer with a token, or with a sign of success, and answers with a page has refused the login', async (t) => {
  for (const more of [
    "token: { path: token, headers: { X-Token: '{token}' } }",
    "token: { header: X-Token, headers: { X-Token: '{token}' } }",
    'success: { path: ok, equals: true }',
  ]) {
    const { status, stderr, requests } = await answeredBy(t, { password: 'canary-wrong', more });
    assert.equal(status, 77, stderr);
    const line = 'medlar refused the login: it answered that with an HTML page (HTTP 200, "Account locked")';
    assert.match(
      stderr,
      /^hint: check MEDLAR_PASSWORD in the environment; log in with a browser: .+; or correct auth\.login/m,
    );
    assert.ok(stderr.split('\n').includes(`audit-export: ${line}`), stderr);
    assert.ok(requests.every(({ target }) => target === '/login'));
  }
});

test('a login that leads from https to http of its own host is none, because the credentials would go in the clear', async (t) => {
  const authority = certificateAuthority();
  t.after(authority.remove);
  const vendor = await serve({ tls: authority.issue() }, ({ method, headers }, response) => {
    if (method === 'GET') return sendHtml(response, 200, form);
    response
      .writeHead(302, { Location: `http://${String(headers['host'])}/home`, 'Set-Cookie': 'sid=canary-after' })
      .end();
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'medlar.yaml'), definition());
  const origin = vendor.origin.replace('127.0.0.1', 'localhost');
  const words = ['--source', 'medlar.yaml', '--state-dir', directory, '--ca-file', authority.certFile];
  const { status, stderr } = await run(words, {
    environment: { MEDLAR_URL: origin, MEDLAR_PASSWORD: 'canary-password' },
    directory,
  });
  assert.equal(status, 76, stderr);
  const plain = origin.replace('https', 'http');
  const line = `medlar answered the login with a redirect to ${plain}, where the credentials would go in the clear`;
  assert.ok(stderr.split('\n').includes(`audit-export: ${line}`), stderr);
  assert.match(stderr, /^hint: .*X-Forwarded-Proto/m);
  assert.deepEqual(
    vendor.requests.map(({ target }) => target),
    ['/login', '/login'],
  );
});

for (const [password, expected] of [
  ['canary-password', 0],
  ['canary-wrong', 77],
] as const) {
  test(`a form without a token, whose page begins the session, is a login like any other: ${expected}`, async (t) => {
    // As Tomcat does it: without the cookie of the page, the password is not even looked at (408).
    const vendor = await serve({}, ({ target, body, headers }, response) => {
      const cookie = String(headers['cookie']);
      if (target === '/j_security_check') {
        if (!cookie.includes('canary-before')) return sendHtml(response, 408);
        if (!body.includes('canary-password')) return sendHtml(response, 200, '<h1>No</h1>');
        const more = { Location: '/app/', 'Set-Cookie': 'JSESSIONID=canary-after; Path=/' };
        return void response.writeHead(303, more).end();
      }
      if (target === '/log' && cookie.includes('canary-after')) return sendJson(response, 200, '{"data":[{"id":1}]}');
      if (cookie.includes('canary-after')) return sendHtml(response, 200, '<h1>Welcome</h1>');
      response.setHeader('Set-Cookie', 'JSESSIONID=canary-before; Path=/');
      sendHtml(response, 200, '<form><input type=password name=j_password></form>');
    });
    t.after(() => vendor.close());
    const directory = scratch(t);
    const login = "login: { method: POST, path: /j_security_check, form: { j_password: '{MEDLAR_PASSWORD}' } }";
    const text = definition()
      .replace(/ {2}login: .*/, `  ${login}`)
      .replace('/login }, field: csrf }', '/app/ } }');
    writeFileSync(join(directory, 'medlar.yaml'), text);
    const { status, stdout, stderr } = await run(['--source', 'medlar.yaml', '--state-dir', directory], {
      environment: { MEDLAR_URL: vendor.origin, MEDLAR_PASSWORD: password },
      directory,
    });
    assert.equal(status, expected, stderr);
    assert.equal(stdout, expected === 0 ? '{"id":1}\n' : '');
    assert.doesNotMatch(stderr, /canary/);
  });
}
