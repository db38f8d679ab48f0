import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceDefinition } from '../../../../src/core/definition.ts';
import { exit, type Problem } from '../../../../src/core/problem.ts';
import type { HttpReply, HttpRequest } from '../../../../src/core/tools.ts';
import {
  askLoginPage,
  cookieValue,
  followed,
  type LoginPage,
  verdictOf,
} from '../../../../src/core/vendor/auth/login-page.ts';
import { problem } from '../../../support/problem.ts';

const form = '<form><input type="password" name="p"></form>';
const welcome = '<h1>Welcome</h1>';
const page = 'https://v.example/login';
const url = 'https://v.example/session';

/** The verdict on a reply to what was sent to `from`, and which pages were looked at; all of them show `shown`. */
async function verdict(
  [status, location]: readonly [number, (string | undefined)?],
  { text = welcome, shown = form, from = url }: { text?: string; shown?: string; from?: string } = {},
): Promise<readonly [string | undefined, readonly string[]]> {
  const seen: string[] = [];
  const look = async (there: string): Promise<string> => {
    seen.push(there);
    return shown;
  };
  const headers: HttpReply['headers'] = location === undefined ? {} : { location };
  return [await verdictOf({ status, headers, url: from }, text, { page, look }), seen];
}

test('a form that is shown again has refused the login, and nothing else that is no redirect says anything', async () => {
  assert.deepEqual(await verdict([200], { text: form }), ['refused', []]);
  assert.deepEqual(await verdict([299], { text: form }), ['refused', []]);
  for (const status of [200, 299, 400, 500]) assert.deepEqual(await verdict([status]), [undefined, []]);
  for (const status of [400, 500]) assert.deepEqual(await verdict([status], { text: form }), [undefined, []]);
});

test('a redirect away from the form is a login, whatever is there, and one back to it where the form is not shown', async () => {
  for (const status of [300, 302, 399]) {
    assert.deepEqual(await verdict([status, '/home'], { text: form }), ['in', []]);
    assert.deepEqual(await verdict([status, 'login/'], { text: form }), ['in', []]);
  }
  for (const back of ['/login', '/login?error', 'session#1', page]) {
    const there = new URL(back, url).href;
    assert.deepEqual(await verdict([303, back]), ['refused', [there]]);
    assert.deepEqual(await verdict([303, back], { shown: welcome }), ['in', [there]]);
  }
});

test('a redirect to nowhere or to another origin is no login, and one to http of the same host is told apart', async () => {
  const elsewhere = [
    'https://login.example/',
    'https://v.example:444/home',
    'http://login.example/',
    'http://[',
    'ftp://v.example/',
  ];
  for (const location of [undefined, ...elsewhere]) {
    assert.deepEqual(await verdict([302, location]), ['elsewhere', []], location);
  }
  for (const location of ['http://v.example/home', 'http://v.example:8080/login']) {
    assert.deepEqual(await verdict([302, location]), ['in the clear', []], location);
  }
  // The other way round it is another origin like any.
  assert.deepEqual(await verdict([302, 'https://v.example/home'], { from: 'http://v.example/session' }), [
    'elsewhere',
    [],
  ]);
  assert.deepEqual(await verdict([302, 'http://v.example:81/'], { from: 'http://v.example/session' }), [
    'elsewhere',
    [],
  ]);
});

test('the value of a cookie is decoded where it is encoded, and an empty one is none', () => {
  const jar: Readonly<Record<string, string>> = { plain: 'a+b', encoded: 'a%2Fb%3D', other: '100%', empty: '' };
  const values = ['plain', 'encoded', 'other', 'empty', 'missing'].map((name) =>
    cookieValue({ cookie: (each) => jar[each] }, name),
  );
  assert.deepEqual(values, ['a+b', 'a/b=', '100%', undefined, undefined]);
});

/** What is asked for after such an answer to a login, and whether the body of the answer was let go. */
async function afterwards(status: number, location: string | undefined, method: 'GET' | 'POST') {
  const definition = { name: 'medlar', auth: { type: 'session' } } as SourceDefinition;
  const request: HttpRequest = { method, url, headers: { X: '1' }, body: 'p=1' };
  const asked: HttpRequest[] = [];
  let discarded = 0;
  const reply = {
    status,
    url,
    headers: location === undefined ? {} : { location },
    discard: async () => void (discarded += 1),
  } as HttpReply;
  const last = { status: 200 } as HttpReply;
  const send = async (again: HttpRequest): Promise<HttpReply> => {
    assert.equal(discarded, 1); // before the connection is used again
    asked.push(again);
    return last;
  };
  const end = await followed(definition, request, reply, send).then(
    (got) => (got === last ? 'last' : got === reply ? 'first' : 'neither'),
    (error: unknown) => error,
  );
  return { end, discarded, asked: asked.map(({ url: there, ...rest }) => [there, { ...rest, url }] as const), request };
}

test('a login that a program makes is sent on, whole, to where it is redirected', async () => {
  for (const [status, method] of [
    [307, 'POST'],
    [308, 'POST'],
    [300, 'GET'],
    [302, 'GET'],
    [399, 'GET'],
  ] as const) {
    const { end, asked, request } = await afterwards(status, '/api/session', method);
    assert.deepEqual([end, asked], ['last', [['https://v.example/api/session', request]]], String(status));
  }
});

test('an answer to the login of a program that leads nowhere is its answer', async () => {
  for (const [status, location] of [
    [200, '/home'],
    [299, '/home'],
    [400, '/home'],
    [302, undefined],
  ] as const) {
    assert.deepEqual([(await afterwards(status, location, 'POST')).end, status], ['first', status]);
  }
});

test('a login of a program is sent on to no other host, and not where its password would be lost', async () => {
  for (const [status, location, said] of [
    [301, '/home', /^medlar answered the login with a redirect to \/home \(HTTP 301\), as a form for people does$/],
    [306, '/home', /^medlar answered the login with a redirect to \/home \(HTTP 306\), as a form for people does$/],
    [307, 'https://other.example/', /^https:\/\/v\.example leads to https:\/\/other\.example/],
  ] as const) {
    const { end, discarded, asked } = await afterwards(status, location, 'POST');
    problem(exit.protocol, said)(end);
    assert.deepEqual([discarded, asked], [1, []]);
  }
});

/** What comes of asking for a login page that is answered so. */
function asking(
  status: number,
  text: string,
  rule: Partial<LoginPage> = {},
  cookies: Readonly<Record<string, string>> = {},
) {
  const definition = { name: 'medlar', url: page, auth: { type: 'session' } } as SourceDefinition;
  const reply = { status, url: 'https://v.example/sign-in', headers: {}, text: () => Promise.resolve(text) };
  return askLoginPage({ request: { path: '' }, ...rule } as LoginPage, {
    definition,
    values: {},
    client: { send: () => Promise.resolve(reply as unknown as HttpReply), cookie: (name) => cookies[name] },
    tools: { now: () => 0 },
    hint: 'check the credentials',
  });
}

test('a login page that fails is no page without a token: what failed is told, and to be asked again where that helps', async () => {
  const field = { field: 'csrf' };
  for (const [status, code, hint, isAgain] of [
    [404, exit.config, /^check the URL; or correct auth\.page in the definition$/, false],
    [405, exit.protocol, /^check the URL; or correct auth\.page in the definition$/, false],
    [403, exit.noperm, /^check the credentials$/, false],
    [503, exit.unavailable, /./, true],
  ] as const) {
    for (const page of [field, {}]) {
      const failure: unknown = await asking(status, '<input name="csrf" value="t">', page).catch(
        (error: unknown) => error,
      );
      problem(code, new RegExp(`^medlar .* the request for the login page \\(HTTP ${status}\\)$`), hint)(failure);
      assert.equal((failure as Problem).again !== undefined, isAgain, String(status));
    }
  }
});

test('the token of a login page is in the field, the meta tag or the cookie that the definition names, or there is none', async () => {
  const html = '<meta name="csrf" content="of meta"><input name="csrf" value="of field"><input name="empty">';
  const found = async (page: Partial<LoginPage>) => (await asking(200, html, page, { csrf: 'of%20cookie' })).csrf;
  assert.equal(await found({ field: 'csrf' }), 'of field');
  assert.equal(await found({ meta: 'csrf' }), 'of meta');
  assert.equal(await found({ cookie: 'csrf' }), 'of cookie');
  assert.equal(await found({}), undefined);
  assert.equal((await asking(200, html)).url, 'https://v.example/sign-in', 'where it was led to');
  for (const [page, what] of [
    [{ field: 'other' }, 'a field other'],
    [{ meta: 'other' }, 'a meta tag other'],
    [{ cookie: 'other' }, 'a cookie other'],
  ] as const) {
    await assert.rejects(
      found(page),
      problem(
        exit.protocol,
        `medlar answered the request for the login page without ${what}`,
        /^correct auth\.page in the definition/,
      ),
    );
  }
});
