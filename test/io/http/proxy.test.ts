import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { hintText } from '../../../src/core/hint.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import type { HttpOptions } from '../../../src/io/http.ts';
import { proxyFor } from '../../../src/io/http/proxy.ts';
import { certificateAuthority } from '../../support/certificates.ts';
import { askOnce, clientFor, get, isTransient, problemOf } from '../../support/http-client.ts';
import { answers, closedPort, reply, tunnel, type Behaviour, rawServerFor } from '../../support/raw-server.ts';
import { problem } from '../../support/problem.ts';

const authority = certificateAuthority();
after(() => authority.remove());
const password = 'hunter2';
const token = `Basic ${Buffer.from(`user:${password}`).toString('base64')}`;

/** Asks once through a proxy on that port; the body, or the Problem, which never says the password. */
async function ask(url: string, proxyPort: number, options: Partial<HttpOptions> = {}): Promise<string | Problem> {
  const proxy = `http://user:${password}@127.0.0.1:${proxyPort}`;
  const environment = { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
  const answer = await askOnce(url, { environment, extraRoots: authority.cert, ...options }, '/x?y=1');
  if (answer instanceof Problem) assert.ok(!`${answer.message} ${answer.hint}`.includes(password));
  return answer;
}

function isProblem(answer: string | Problem, status: number, message: RegExp): Problem {
  assert.ok(answer instanceof Problem, String(answer));
  assert.match(answer.message, message);
  assert.equal(answer.status, status);
  return answer;
}

test('https goes through a tunnel, with TLS to the server itself', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, 'ok')), {
    tls: authority.issue({ host: 'vendor.test' }),
  });
  const proxy = await rawServerFor(t, tunnel(server.port));
  assert.equal(await ask('https://vendor.test:8443/', proxy.port), 'ok');
  const [asked] = proxy.requests;
  assert.equal(asked?.method, 'CONNECT');
  assert.equal(asked?.path, 'vendor.test:8443');
  assert.equal(asked?.headers['proxy-authorization'], token);
  assert.equal(server.requests[0]?.path, '/x?y=1');
  assert.equal(server.requests[0]?.headers['proxy-authorization'], undefined, 'the server never sees it');
});

test('a client certificate is shown to the server, and not to a proxy with TLS that would like to see it too', async (t) => {
  const shown: (string | undefined)[] = [];
  const asking = (host: string) => ({
    ...authority.issue({ host }),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const noting = (socket: Socket): boolean => {
    shown.push((socket as TLSSocket).getPeerCertificate().fingerprint256);
    return false;
  };
  const server = await rawServerFor(t, answers(reply(200, {}, 'ok')), {
    tls: asking('vendor.test'),
    onConnection: noting,
  });
  const proxy = await rawServerFor(t, tunnel(server.port), { tls: asking('localhost'), onConnection: noting });
  const client = authority.issue();
  const environment = { HTTPS_PROXY: `https://user:${password}@localhost:${proxy.port}` };
  assert.equal(await ask('https://vendor.test/', proxy.port, { client, environment }), 'ok');
  assert.deepEqual(shown, [undefined, new X509Certificate(client.cert).fingerprint256]);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`what a server behind a tunnel says in ${version} of a client certificate is told as without a proxy`, async (t) => {
    const server = await rawServerFor(t, answers(reply(200)), {
      tls: {
        ...authority.issue({ host: 'vendor.test' }),
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      },
    });
    const proxy = await rawServerFor(t, tunnel(server.port));
    const { hint } = isProblem(await ask('https://vendor.test/', proxy.port), exit.protocol, /TLS|client certificate/);
    assert.match(hint ?? '', /SOURCE_CLIENT_CERTIFICATE_FILE/);
  });
}

const endless = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[{"a":1}]\n'; // until the connection is closed
const ways: readonly (readonly [way: string, url: string, proxy: string | undefined])[] = [
  ['over TLS', 'https://localhost', undefined],
  ['through a tunnel', 'https://vendor.test', 'HTTPS_PROXY'],
  ['by a proxy without a tunnel', 'http://vendor.test', 'HTTP_PROXY'],
];
for (const [way, url, proxy] of ways) {
  test(`a body without a length is cut short where its connection is reset, ${way} as well`, async (t) => {
    const server = await rawServerFor(t, answers(endless), { tls: authority.issue({ host: new URL(url).hostname }) });
    let between: Socket | undefined;
    const answer = proxy === 'HTTP_PROXY' ? answers(endless) : tunnel(server.port);
    const onConnection = (socket: Socket): boolean => {
      between = socket;
      if (proxy !== undefined) return false;
      socket.pipe(connect(server.port, '127.0.0.1')).pipe(socket);
      return true;
    };
    const relay = await rawServerFor(t, answer, { onConnection });
    const environment = proxy === undefined ? {} : { [proxy]: `http://127.0.0.1:${relay.port}` };
    const address = proxy === undefined ? `${url}:${relay.port}` : url;
    const options = { environment, extraRoots: authority.cert, allowPlaintext: true };
    const { body } = await get(clientFor(t, address, options));
    const reading = (async () => {
      for await (const chunk of body) if (chunk.includes('\n')) between?.resetAndDestroy();
    })();
    isTransient(await problemOf(reading), /^source .* broke the connection \(ECONNRESET, GET \/\)$/);
  });
}

test('a tunnel does not make another certificate good', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, 'ok')), { tls: authority.issue({ host: 'evil.test' }) });
  const proxy = await rawServerFor(t, tunnel(server.port));
  const problem = isProblem(
    await ask('https://vendor.test/', proxy.port),
    exit.protocol,
    /certificate for another host name/,
  );
  assert.equal(problem.again, undefined);
  assert.equal(server.requests.length, 0);
});

const stranger = certificateAuthority();
after(() => stranger.remove());

for (const [what, tls, message] of [
  [
    'for another host name',
    authority.issue({ host: 'other.test' }),
    /another host name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/,
  ],
  [
    'of an unknown authority',
    stranger.issue({ host: 'localhost' }),
    /not trusted here \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/,
  ],
] as const) {
  test(`a proxy with a certificate ${what} is named, and not the server behind it`, async (t) => {
    const proxy = await rawServerFor(t, answers(reply(400)), { tls });
    const environment = { HTTPS_PROXY: `https://user:${password}@localhost:${proxy.port}` };
    const answer = await ask('https://vendor.test/', proxy.port, { environment });
    const problem = isProblem(answer, exit.protocol, message);
    assert.ok(problem.message.startsWith(`the proxy https://localhost:${proxy.port} `), problem.message);
    assert.equal(problem.again, undefined);
    assert.deepEqual(proxy.requests, [], 'and is not told the password');
  });
}

for (const [version, message] of [
  ['TLSv1.2', /could not agree on TLS \(ERR_SSL_[\w/]+\)$/],
  ['TLSv1.3', /asks for a client certificate \(ERR_SSL_[\w/]+\)$/],
] as const) {
  test(`a proxy that insists on a client certificate is told as one that is shown none, in ${version}`, async (t) => {
    const tls = {
      ...authority.issue({ host: 'localhost' }),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
    };
    const proxy = await rawServerFor(t, answers(reply(400)), { tls });
    const environment = { HTTPS_PROXY: `https://localhost:${proxy.port}` };
    const answer = await ask('https://vendor.test/', proxy.port, { environment });
    const problem = isProblem(answer, exit.protocol, message);
    assert.ok(problem.message.startsWith(`the proxy https://localhost:${proxy.port} `), problem.message);
    assert.match(problem.hint ?? '', /take another proxy: none is shown a client certificate$/);
  });
}

test('http is handed to the proxy with the whole address', async (t) => {
  const proxy = await rawServerFor(t, answers(reply(200, {}, 'ok')));
  assert.equal(await ask('http://vendor.test/', proxy.port, { insecure: true }), 'ok');
  assert.equal(proxy.requests[0]?.path, 'http://vendor.test/x?y=1');
  assert.equal(proxy.requests[0]?.headers['host'], 'vendor.test');
  assert.equal(proxy.requests[0]?.headers['proxy-authorization'], token);
});

for (const [url, insecure] of [
  ['https://vendor.test/', false],
  ['http://vendor.test/', true],
] as const) {
  test(`a proxy that refuses our password is named without it: ${url}`, async (t) => {
    const proxy = await rawServerFor(t, answers(reply(407, { 'Proxy-Authenticate': 'Basic' })));
    const problem = isProblem(
      await ask(url, proxy.port, { insecure }),
      exit.noperm,
      /^the proxy http:\/\/127\.0\.0\.1:\d+ refused our credentials \(HTTP 407\)$/,
    );
    assert.equal(problem.again, undefined);
    const name = url.startsWith('https') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
    assert.match(problem.hint ?? '', new RegExp(`^check ${name}: the user name and password in it`));
    const environment = { [name]: `http://127.0.0.1:${proxy.port}` };
    const unasked = isProblem(
      await ask(url, proxy.port, { insecure, environment }),
      exit.noperm,
      /^the proxy http:\/\/127\.0\.0\.1:\d+ wants a user name and password \(HTTP 407\)$/,
    );
    assert.match(unasked.hint ?? '', new RegExp(`^put them into ${name}, as http://USER:PASSWORD@`));
  });

  test(`a proxy that is down is named: ${url}`, async () => {
    const problem = isProblem(
      await ask(url, await closedPort(), { insecure }),
      exit.unavailable,
      /^the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)$/,
    );
    assert.deepEqual(problem.again, { untaken: true });
  });
}

const leaving: Readonly<Record<string, Behaviour>> = {
  closes: (socket) => void socket.end(),
  resets: (socket) => void socket.resetAndDestroy(),
  'offers another protocol on': answers(reply(101, { Upgrade: 'x', Connection: 'Upgrade' })),
};

for (const [what, behave] of Object.entries(leaving)) {
  test(`a proxy that ${what} the connection instead of answering is asked once, named, and worth another attempt`, async (t) => {
    const proxy = await rawServerFor(t, behave);
    const problem = isProblem(
      await ask('https://vendor.test/', proxy.port),
      exit.unavailable,
      /^the proxy http:\/\/127\.0\.0\.1:\d+ broke the connection \(ECONNRESET\)$/,
    );
    assert.deepEqual(problem.again, {});
    assert.equal(proxy.requests.length, 1);
  });
}

test('a reply for an http:// address may be of the proxy itself, which cannot be told; through a tunnel it is of the server', async (t) => {
  const server = await rawServerFor(t, answers(reply(403)), { tls: authority.issue({ host: 'vendor.test' }) });
  for (const [url, behave, hint] of [
    [
      'http://vendor.test/',
      answers(reply(403)),
      /^check HTTP_PROXY and NO_PROXY: the proxy http:\S+ may have answered/,
    ],
    ['https://vendor.test/', tunnel(server.port), undefined],
  ] as const) {
    const proxy = await rawServerFor(t, behave);
    const variables = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    const options = { environment: variables, insecure: true, extraRoots: authority.cert };
    const { status, orProxy } = await get(clientFor(t, url, options));
    assert.equal(status, 403);
    if (hint === undefined) assert.equal(orProxy, undefined);
    else assert.match(hintText(orProxy) ?? '', hint);
  }
  assert.equal((await get(clientFor(t, (await rawServerFor(t, answers(reply(403)))).url))).orProxy, undefined);
});

for (const [what, said] of [
  ['of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['that is one of TLS', Buffer.from('15030100020246', 'hex')],
  ['that has a status below 100', reply(99)],
  ['with more headers than are read', reply(200, { 'X-Much': 'a'.repeat(20_000) })],
] as const) {
  test(`a proxy with an answer ${what} is named, and not the server behind it`, async (t) => {
    const proxy = await rawServerFor(t, (socket) => void socket.write(said));
    const answer = await ask('https://vendor.test/', proxy.port);
    const problem = isProblem(answer, exit.protocol, /^the proxy http:\/\/127\.0\.0\.1:\d+ (?:does|sent) [\w ]+$/);
    assert.equal(problem.hint, 'check HTTPS_PROXY and NO_PROXY');
    assert.equal(proxy.requests.length, 1);
  });
}

test('a proxy that does not answer is named', async (t) => {
  const proxy = await rawServerFor(t, () => undefined);
  const answer = await ask('https://vendor.test/', proxy.port, { connectTimeout: 100 });
  const problem = isProblem(
    answer,
    exit.unavailable,
    /^the proxy \S+ opened no tunnel in time \(UND_ERR_HEADERS_TIMEOUT\)$/,
  );
  assert.deepEqual(problem.again, {});
});

test('a proxy that cannot reach the server is worth another attempt', async (t) => {
  const proxy = await rawServerFor(t, answers(reply(502)));
  const problem = isProblem(
    await ask('https://vendor.test/', proxy.port),
    exit.unavailable,
    /could not reach https:\/\/vendor\.test \(HTTP 502\)/,
  );
  assert.deepEqual(problem.again, {});
});

test('a proxy that does not allow the server is a matter of settings', async (t) => {
  const proxy = await rawServerFor(t, answers(reply(403)));
  isProblem(
    await ask('https://vendor.test/', proxy.port),
    exit.config,
    /refused to connect to https:\/\/vendor\.test \(HTTP 403\)/,
  );
});

test('this machine is reached without a proxy', async (t) => {
  const server = await rawServerFor(t, answers(reply(200, {}, 'ok')));
  assert.equal(await ask(server.url, await closedPort()), 'ok');
});

// ---------------------------------------------------------------------------------------------------- the environment

const target = new URL('https://api.vendor.example/');
const proxied = (environment: Record<string, string>, url = target): string | undefined =>
  proxyFor(url, environment)?.origin;

test('the variable of the scheme counts, in either case, the lower one first', () => {
  assert.equal(proxied({}), undefined);
  assert.equal(proxied({ HTTPS_PROXY: 'http://p:1' }), 'http://p:1');
  assert.equal(proxied({ HTTP_PROXY: 'http://p:1' }), undefined);
  assert.equal(proxied({ https_proxy: 'http://q:1', HTTPS_PROXY: 'http://p:1' }), 'http://q:1');
  assert.equal(proxied({ https_proxy: '', HTTPS_PROXY: 'http://p:1' }), 'http://p:1');
  assert.equal(proxied({ http_proxy: 'p:3128' }, new URL('http://vendor.example')), 'http://p:3128');
  assert.equal(proxied({ HTTPS_PROXY: 'https://u:p@p.example' }), 'https://p.example');
});

test('user name and password of a proxy are percent-decoded', () => {
  const proxy = proxyFor(target, { HTTPS_PROXY: 'http://us%40er:p%3Aw%2F@p:1' });
  assert.equal(proxy?.token, `Basic ${Buffer.from('us@er:p:w/').toString('base64')}`);
});

const exemptions: readonly (readonly [list: string, url: string, exempt: boolean])[] = [
  ['*', 'https://api.vendor.example', true],
  ['vendor.example', 'https://api.vendor.example', true],
  ['.vendor.example', 'https://api.vendor.example', true],
  ['*.vendor.example', 'https://api.vendor.example', true],
  ['API.Vendor.example', 'https://api.vendor.example', true],
  ['a.example, b.example vendor.example', 'https://api.vendor.example', true],
  ['endor.example', 'https://api.vendor.example', false],
  ['vendor.example.org', 'https://api.vendor.example', false],
  ['vendor.example:443', 'https://api.vendor.example', true],
  ['vendor.example:80', 'https://api.vendor.example', false],
  ['vendor.example:8443', 'https://api.vendor.example:8443', true],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.3:443', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  ['10.0.0.0/8', 'https://vendor.example', false],
  ['2001:db8::1', 'https://[2001:db8::1]', true],
  ['[2001:db8::1]:443', 'https://[2001:db8::1]', true],
  ['2001:db8::/32', 'https://[2001:db8::1]', true],
  ['2001:db8::/32', 'https://[2001:db9::1]', false],
  ['', 'https://api.vendor.example', false],
];
for (const [list, url, exempt] of exemptions) {
  test(`NO_PROXY '${list}' ${exempt ? 'exempts' : 'does not exempt'} ${url}`, () => {
    assert.equal(
      proxied({ HTTPS_PROXY: 'http://p:1', NO_PROXY: list }, new URL(url)),
      exempt ? undefined : 'http://p:1',
    );
  });
}

test('a proxy that cannot be used is a mistake in the settings', () => {
  for (const value of ['socks5://p:1080', 'http://', 'http://u:%zz@p:1']) {
    assert.throws(() => proxied({ HTTPS_PROXY: value }), problem(exit.config, /HTTPS_PROXY/), value);
  }
});
