/** The whole program, with logins as servers answer them that were not made for programs. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run, scratch, type Ended } from '../support/program.ts';
import { sendJson, serve } from '../support/vendors/server.ts';

const definition = `
name: quince
summary: Quinces.
settings:
  QUINCE_URL: { summary: Address., kind: url, required: true }
  QUINCE_PASSWORD: { summary: Password., secret: true, required: true }
url: '{QUINCE_URL}'
auth:
  type: session
  login: { method: POST, path: /session, form: { j_username: auditor, j_password: '{QUINCE_PASSWORD}' } }
request: { path: /log, query: { from: '{from}' } }
paging: { type: none }
window: { filter: event, time: iso }
records: { path: data, id: { paths: [id] } }
`;

/** A run against a vendor that answers the login like this, and has a record for requests with its cookie. */
async function loggedInBy(t: TestContext, answer: (response: ServerResponse) => void): Promise<Ended> {
  const vendor = await serve({}, ({ target, headers }, response) => {
    if (target === '/session') return answer(response);
    const isKnown = headers['cookie'] === 'sid=canary-session';
    sendJson(response, isKnown ? 200 : 401, isKnown ? '{"data":[{"id":1}]}' : '{}');
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'quince.yaml'), definition);
  return run(['--source', join(directory, 'quince.yaml'), '--state-dir', join(directory, 'state')], {
    environment: { QUINCE_URL: vendor.origin, QUINCE_PASSWORD: 'canary-password' },
  });
}

const cookie = { 'Set-Cookie': 'sid=canary-session; Path=/; HttpOnly' };

for (const [what, status, type, body] of [
  ['nothing (204)', 204, undefined, ''],
  ['an empty body', 200, 'text/html', ''],
  ['a word', 201, 'text/plain; charset=utf-8', 'Created'],
] as const) {
  test(`a login that sets its cookie and answers with ${what} is one`, async (t) => {
    const headers = { ...cookie, ...(type && { 'Content-Type': type }) };
    const ended = await loggedInBy(t, (response) => void response.writeHead(status, headers).end(body));
    assert.equal(ended.status, 0, ended.stderr);
    assert.equal(ended.stdout, '{"id":1}\n');
  });
}

test('a login that answers with nothing, and sets no cookie, has failed', async (t) => {
  const ended = await loggedInBy(t, (response) => void response.writeHead(204).end());
  assert.equal(ended.status, 76, ended.stderr);
  assert.match(ended.stderr, /quince answered the login without a cookie$/m);
});

test('a login that is not accepted (400) names what it can be, since what it says is not shown', async (t) => {
  const ended = await loggedInBy(t, (response) => sendJson(response, 400, '{"message":"no such user auditor"}'));
  assert.equal(ended.status, 76, ended.stderr);
  assert.match(ended.stderr, /^audit-export: quince did not accept the login \(HTTP 400\)$/m);
  assert.match(
    ended.stderr,
    /^hint: check QUINCE_PASSWORD in the environment; or correct auth\.login in \S+quince\.yaml$/m,
  );
});

test('a login that is locked (423) is a refused one, and says so', async (t) => {
  const ended = await loggedInBy(t, (response) => sendJson(response, 423, '{"message":"try again at noon"}'));
  assert.equal(ended.status, 77, ended.stderr);
  assert.match(ended.stderr, /^audit-export: quince refused the login \(HTTP 423\)$/m);
  assert.match(ended.stderr, /^hint: the account may be locked; check QUINCE_PASSWORD in the environment$/m);
});

for (const code of [301, 302, 303]) {
  test(`a login that is answered with a redirect (${code}), as forms do, says what the definition of a form needs`, async (t) => {
    const ended = await loggedInBy(
      t,
      (response) => void response.writeHead(code, { ...cookie, Location: '/home?t=x' }).end(),
    );
    assert.equal(ended.status, 76, ended.stderr);
    const line = `audit-export: quince answered the login with a redirect to /home (HTTP ${code}), as a form for people does`;
    assert.ok(ended.stderr.split('\n').includes(line), ended.stderr);
    assert.match(
      ended.stderr,
      /^hint: set QUINCE_URL in the environment to the final address of the API; or correct auth\.login in \S+quince\.yaml: a form needs an auth\.page, too$/m,
    );
  });
}

test('a login that has moved within its host and keeps its body (307) is followed, and one to another host is not', async (t) => {
  let asked = 0;
  const moved = await loggedInBy(t, (response) => {
    asked += 1;
    response.writeHead(asked === 1 ? 307 : 204, asked === 1 ? { Location: '/session' } : cookie).end();
  });
  assert.deepEqual([moved.status, asked], [0, 2], moved.stderr);
  for (const code of [302, 307]) {
    const away = await loggedInBy(
      t,
      (response) => void response.writeHead(code, { Location: 'https://sso.example/' }).end(),
    );
    assert.equal(away.status, 76, away.stderr);
    assert.match(away.stderr, /leads to https:\/\/sso\.example, which is not followed$/m);
  }
});

for (const [method, code, location, targets] of [
  ['POST', 302, '/in', ['/out']],
  ['POST', 303, 'https://quince.example/', ['/out']],
  ['POST', 308, '/out/', ['/out', '/out', '/out/']],
  ['GET', 301, '/out/', ['/out', '/out/']],
] as const) {
  test(`a logout by ${method} that is answered with a redirect (${code}) to ${location} is not said to have failed`, async (t) => {
    const asked: string[] = [];
    const vendor = await serve({}, ({ target }, response) => {
      if (target.startsWith('/out')) asked.push(target);
      if (target === '/out') return void response.writeHead(code, { Location: location }).end();
      if (target === '/session') return void response.writeHead(204, cookie).end();
      sendJson(response, 200, '{"data":[]}');
    });
    t.after(() => vendor.close());
    const directory = scratch(t);
    const out = `  logout: { method: ${method}, path: /out }\nrequest:`;
    writeFileSync(join(directory, 'quince.yaml'), definition.replace('request:', out));
    const ended = await run(['--source', 'quince.yaml', '--state-dir', 'state', '-v'], {
      environment: { HOME: directory, QUINCE_URL: vendor.origin, QUINCE_PASSWORD: 'canary-password' },
      directory,
    });
    assert.equal(ended.status, 0, ended.stderr);
    assert.match(ended.stderr, /ended the session/);
    assert.doesNotMatch(ended.stderr, /failed/);
    assert.deepEqual(asked, targets);
  });
}
