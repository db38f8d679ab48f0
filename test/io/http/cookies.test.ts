/** Cookies that a vendor sets: which are kept, for how long, and which are sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../../src/core/problem.ts';
import { cookieJar } from '../../../src/io/http/cookies.ts';
import { clientFor, getText } from '../../support/http-client.ts';
import { answers, rawServerFor, reply } from '../../support/raw-server.ts';

test('cookies come back with every later request, and can be counted', async (t) => {
  const first = { 'Set-Cookie': 'session=abc=; Path=/; HttpOnly', 'set-cookie': 'theme="dark"; Max-Age=100' };
  const server = await rawServerFor(
    t,
    answers(reply(200, first), reply(200, { 'Set-Cookie': 'session=def' }), reply(200)),
  );
  const http = clientFor(t, server.url);
  assert.equal(http.cookies, 0);
  for (let count = 0; count < 3; count++) await getText(http);
  assert.equal(http.cookies, 2);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['cookie']),
    [undefined, 'session=abc=; theme="dark"', 'session=def; theme="dark"'],
  );
});

test('a cookie that comes with a redirect is kept', async (t) => {
  const server = await rawServerFor(t, answers(reply(302, { Location: '/home', 'Set-Cookie': 'a=1' }), reply(200)));
  await getText(clientFor(t, server.url));
  assert.equal(server.requests[1]?.headers['cookie'], 'a=1');
});

test('a cookie expires', async (t) => {
  let time = 1_000_000;
  const server = await rawServerFor(t, answers(reply(200, { 'Set-Cookie': 'a=1; Max-Age=10' }), reply(200)));
  const http = clientFor(t, server.url, { now: () => time });
  await getText(http);
  time += 9_999;
  await getText(http);
  time += 1;
  await getText(http);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['cookie']),
    [undefined, 'a=1', undefined],
  );
});

const day = 86_400_000;
for (const [what, ahead] of [
  ['behind', -day],
  ['ahead of', day],
] as const) {
  test(`a cookie expires by the clock of who set it, which may be ${what} ours`, async (t) => {
    let time = 1_800_000_000_000;
    const text = (at: number): string => new Date(at + ahead).toUTCString();
    const server = await rawServerFor(
      t,
      answers(
        reply(200, { Date: text(time), 'Set-Cookie': `a=1; Path=/; Expires=${text(time + 3_600_000)}` }),
        reply(200),
      ),
    );
    const http = clientFor(t, server.url, { now: () => time });
    await getText(http);
    time += 3_599_000;
    await getText(http);
    time += 1_000;
    await getText(http);
    assert.deepEqual(
      server.requests.map(({ headers }) => headers['cookie']),
      [undefined, 'a=1', undefined],
    );
  });
}

const deletions = [
  'a=; Max-Age=0',
  'a=x; Max-Age=-1',
  'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
  'a=; expires=Thu, 01-Jan-70 00:00:01 GMT',
  'a=; Expires=Wed, 09 Jun 2100 00:00:00 GMT; Max-Age=0',
];
for (const deletion of deletions) {
  test(`a cookie can be taken back: ${deletion}`, async (t) => {
    const server = await rawServerFor(
      t,
      answers(reply(200, { 'Set-Cookie': 'a=1' }), reply(200, { 'Set-Cookie': deletion })),
    );
    const http = clientFor(t, server.url);
    await getText(http);
    await getText(http);
    assert.equal(http.cookies, 0);
  });
}

const ignored = ['a=1; Domain=other.example', '=1', 'novalue', 'a=\x01', `a=${'x'.repeat(5000)}`];
for (const cookie of ignored) {
  test(`a cookie that is malformed or meant for others is ignored: ${JSON.stringify(cookie.slice(0, 40))}`, async (t) => {
    const server = await rawServerFor(t, answers(reply(200, { 'Set-Cookie': cookie })));
    const http = clientFor(t, server.url);
    await getText(http).catch((error: unknown) => assert.ok(error instanceof Problem)); // the parser refuses some
    assert.equal(http.cookies, 0);
  });
}

for (const [origin, kept] of [
  ['http://vendor.example', 0],
  ['http://localhost:8080', 1],
  ['https://vendor.example', 1],
] as const) {
  test(`a cookie that must only travel encrypted is ${kept === 0 ? 'not ' : ''}kept by a client of ${origin}`, () => {
    const jar = cookieJar(new URL(origin), () => {});
    jar.store(['session=a; Path=/; Secure'], '/login', 0);
    assert.equal(jar.size, kept);
  });
}

for (const [domain, kept] of [
  ['api.vendor.example', 1],
  ['vendor.example', 1],
  ['.vendor.example', 1],
  ['.API.Vendor.Example', 1],
  ['', 1],
  ['endor.example', 0],
  ['other.api.vendor.example', 0],
] as const) {
  test(`a cookie of api.vendor.example for the domain '${domain}' is ${kept === 0 ? 'not ' : ''}kept`, () => {
    const jar = cookieJar(new URL('https://api.vendor.example'), () => {});
    jar.store([`session=a; Domain=${domain}; Path=/`], '/login', 0);
    assert.equal(jar.size, kept);
  });
}

test('ten thousand cookies are limited to fifty', async (t) => {
  const server = await rawServerFor(t, (socket, { number }) => {
    const lines = Array.from({ length: 500 }, (_, at) => `Set-Cookie: c${number}-${at}=1\r\n`).join('');
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${lines}\r\n`);
  });
  const http = clientFor(t, server.url);
  for (let count = 0; count < 20; count++) await getText(http);
  assert.equal(http.cookies, 50);
});

const paths: readonly (readonly [what: string, lines: readonly string[], sent: string | undefined])[] = [
  ['one cleared at another path stays', ['s=new; Path=/', 's=; Path=/api/old; Max-Age=0'], 's=new'],
  ['the one whose path matches', ['s=api; Path=/api', 's=ui; Path=/ui'], 's=api'],
  ['no part of a name is a path', ['s=api; Path=/api', 's=ap; Path=/ap', 's=e; Path=/api/v1/e'], 's=api'],
  ['a path may end with a slash', ['s=api; Path=/api/', 's=ui; Path=/ui/'], 's=api'],
  ['all that match, the longest path first', ['s=all; Path=/', 's=api; Path=/api', 't=1'], 's=api; s=all; t=1'],
  ['one that matches nowhere is sent all the same', ['s=1; Path=/api/login', 't=2; Path=/'], 's=1; t=2'],
  ['without a path it is for all', ['s=1', 's=2; Path=relative'], 's=2'],
  ['without a path it renews the one that the request came with', ['s=1; Path=/api', 's=2'], 's=2'],
  ['of several it renews the longest', ['s=all; Path=/', 's=1; Path=/api', 's=2'], 's=2; s=all'],
  ['without a path it leaves those of other paths', ['s=ui; Path=/ui', 's=1', 's=2; Path=/ui', 's=3'], 's=3'],
  ['without a path it takes back the one that the request came with', ['s=1; Path=/api', 's=; Max-Age=0'], undefined],
];
for (const [what, lines, sent] of paths) {
  test(`which cookies are sent goes by their paths: ${what}`, async (t) => {
    const server = await rawServerFor(t, (socket, { number }) => {
      const cookies = number === 1 ? lines.map((line) => `Set-Cookie: ${line}\r\n`).join('') : '';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${cookies}\r\n`);
    });
    const http = clientFor(t, server.url);
    for (const url of ['/api/login', '/api/v1/events?from=1']) {
      await (await http.send({ method: 'GET', url })).discard();
    }
    assert.equal(server.requests[1]?.headers['cookie'], sent);
  });
}

test('a session that is set for a path and renewed without one is the renewed one at every later request', async (t) => {
  const setBy = ['s=1; Path=/api; HttpOnly', 's=2; HttpOnly', 's=3'];
  const server = await rawServerFor(t, (socket, { number }) => {
    const set = setBy[number - 1];
    socket.write(reply(200, set === undefined ? {} : { 'Set-Cookie': set }));
  });
  const http = clientFor(t, server.url);
  for (const url of ['/api/login', '/api/v1/events', '/api/v1/events', '/api/events']) await getText(http, url);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['cookie']),
    [undefined, 's=1', 's=2', 's=3'],
  );
});

test('the cookie of a name is that of the whole site, none is after its end, and all can be forgotten', () => {
  const jar = cookieJar(new URL('https://vendor.example'), () => {});
  jar.store(['t=deep; Path=/a', 't=wide; Path=/', 'u=1; Max-Age=10'], '/', 0);
  assert.deepEqual(
    [jar.value('t', 0), jar.value('u', 0), jar.value('u', 11_000), jar.value('v', 0)],
    ['wide', '1', undefined, undefined],
  );
  jar.clear();
  assert.deepEqual([jar.size, jar.value('t', 0), jar.header('/', 0)], [0, undefined, undefined]);
});
