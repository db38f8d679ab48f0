/** Redirects within the origin are followed; nothing is ever sent to another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../../src/core/problem.ts';
import { clientFor, get, getText, isFinal, problemOf, secret } from '../../support/http-client.ts';
import { answers, rawServerFor, reply } from '../../support/raw-server.ts';

test('a redirect within the origin is followed, relative to the address that sent it', async (t) => {
  const server = await rawServerFor(t, (socket, { path }) => {
    const next: Record<string, string> = { '/api/a': 'b', '/api/b': '/c?x=1', '/c?x=1': '?x=2' };
    const location = next[path];
    socket.write(location === undefined ? reply(200, {}, path) : reply(302, { Location: location }));
  });
  const answer = await get(clientFor(t, server.url), '/api/a');
  assert.equal(answer.url, `${server.url}/c?x=2`);
  assert.equal(await answer.text(), '/c?x=2');
});

test('a redirect loop ends', async (t) => {
  const server = await rawServerFor(t, answers(reply(302, { Location: '/' })));
  isFinal(await problemOf(get(clientFor(t, server.url))), exit.protocol, /redirects more than 3 times/);
  assert.equal(server.requests.length, 4);
});

test('a redirect without a place to go is refused', async (t) => {
  const server = await rawServerFor(t, answers(reply(302)));
  isFinal(await problemOf(get(clientFor(t, server.url))), exit.protocol, /redirects to nowhere/);
});

for (const location of ['file:///etc/passwd', 'javascript:alert(1)', 'http://', 'https://127.0.0.1/']) {
  test(`a redirect to ${location} is refused`, async (t) => {
    const server = await rawServerFor(t, answers(reply(302, { Location: location })));
    isFinal(await problemOf(get(clientFor(t, server.url))), exit.protocol, /leads to/);
    assert.equal(server.requests.length, 1);
  });
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect (${status}) to another origin is not followed, and the other server sees nothing`, async (t) => {
    const other = await rawServerFor(t, answers(reply(200)));
    for (const location of [
      `${other.url}/x?token=${secret}`,
      `//127.0.0.1:${other.port}/`,
      `/\\127.0.0.1:${other.port}/`,
    ]) {
      const server = await rawServerFor(t, answers(reply(status, { Location: location })));
      const problem = await problemOf(clientFor(t, server.url).send({ method: 'POST', url: '/login', body: secret }));
      isFinal(problem, exit.protocol, /leads to http:\/\/127\.0\.0\.1:\d+, which is not followed/);
    }
    assert.equal(other.connections, 0);
    assert.equal(other.requests.length, 0);
  });
}

test('the recording server does record: a client for its own origin is seen', async (t) => {
  const other = await rawServerFor(t, answers(reply(200)));
  await getText(clientFor(t, other.url));
  assert.equal(other.connections, 1);
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`a HEAD that is redirected with ${status} stays one: it has no body to lose`, async (t) => {
    const server = await rawServerFor(t, answers(reply(status, { Location: '/x' }), reply(200)));
    const { url } = await clientFor(t, server.url).send({ method: 'HEAD', url: '/' });
    assert.equal(url, `${server.url}/x`);
    assert.deepEqual(
      server.requests.map(({ method, path }) => [method, path]),
      [
        ['HEAD', '/'],
        ['HEAD', '/x'],
      ],
    );
  });
}

test('a HEAD that is redirected to another origin is refused', async (t) => {
  const server = await rawServerFor(t, answers(reply(302, { Location: 'https://127.0.0.1/' })));
  isFinal(await problemOf(clientFor(t, server.url).send({ method: 'HEAD', url: '/' })), exit.protocol, /leads to/);
});

for (const status of [307, 308]) {
  test(`a POST that is redirected with ${status} within the origin keeps its body`, async (t) => {
    const server = await rawServerFor(t, answers(reply(status, { Location: '/x' }), reply(200)));
    await (await clientFor(t, server.url).send({ method: 'POST', url: '/', body: 'x' })).discard();
    assert.deepEqual(
      server.requests.map(({ method, path, body }) => [method, path, body.toString()]),
      [
        ['POST', '/', 'x'],
        ['POST', '/x', 'x'],
      ],
    );
  });
}

for (const status of [301, 302, 303]) {
  test(`a POST that is redirected with ${status} is not turned into a GET`, async (t) => {
    const server = await rawServerFor(t, answers(reply(status, { Location: '/x' }), reply(200)));
    isFinal(
      await problemOf(clientFor(t, server.url).send({ method: 'POST', url: '/', body: 'x' })),
      exit.protocol,
      /redirects a POST/,
    );
    assert.equal(server.requests.length, 1);
  });
}

test('an address in another origin is refused before anything is sent', async (t) => {
  const server = await rawServerFor(t, answers(reply(200)));
  const other = await rawServerFor(t, answers(reply(200)));
  const http = clientFor(t, server.url);
  for (const url of [
    `${other.url}/`,
    `//127.0.0.1:${other.port}/`,
    `http://127.0.0.1@127.0.0.1:${other.port}/`,
    'file:///etc/passwd',
  ]) {
    isFinal(await problemOf(get(http, url)), exit.protocol, /not followed/);
  }
  assert.equal(server.connections + other.connections, 0);
});
