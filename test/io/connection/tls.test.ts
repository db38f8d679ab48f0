import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import * as tls from 'node:tls';
import { promisify } from 'node:util';
import { exit, Problem } from '../../../src/core/problem.ts';
import { certificateAuthority } from '../../support/certificates.ts';
import { askOnce, clientFor, getText } from '../../support/http-client.ts';
import { moduleAt, scriptWords } from '../../support/own-process.ts';
import { problem } from '../../support/problem.ts';
import { answers, rawServer, reply, type RawServer, rawServerFor } from '../../support/raw-server.ts';

const authority = certificateAuthority();
after(() => authority.remove());
const hour = 60 * 60 * 1000;
const trusted = { extraRoots: authority.cert };

function serve(t: TestContext, identity: tls.TlsOptions): Promise<RawServer> {
  return rawServerFor(t, answers(reply(200, {}, 'ok')), { tls: identity });
}

/** The answer must be a final Problem (76) of this message and hint, and the server must have got no request. */
function isRefused(answer: string | Problem, server: RawServer, message: RegExp, hint: RegExp): void {
  assert.ok(answer instanceof Problem, String(answer));
  assert.match(answer.message, message);
  assert.match(answer.hint ?? '', hint);
  assert.doesNotMatch(answer.hint ?? '', /insecure/);
  assert.equal(answer.status, exit.protocol);
  assert.equal(answer.again, undefined);
  assert.equal(server.requests.length, 0);
}

test('a certificate of a private authority is refused, and the hint is --ca-file', async (t) => {
  const server = await serve(t, authority.issue());
  isRefused(
    await askOnce(server.url),
    server,
    /authority that is not trusted here \(UNABLE_TO_VERIFY_LEAF_SIGNATURE, GET \/\)$/,
    /--ca-file/,
  );
});

test('a certificate of a private authority is accepted with its root', async (t) => {
  const server = await serve(t, authority.issue());
  assert.equal(await askOnce(server.url, trusted), 'ok');
});

test('extra roots are added to the known ones and to NODE_EXTRA_CA_CERTS', async (t) => {
  const other = certificateAuthority();
  t.after(() => other.remove());
  const server = await serve(t, authority.issue());
  for (const extra of ['', other.cert]) {
    const asked = await askAlone(server.url, { NODE_EXTRA_CA_CERTS: authority.certFile, EXTRA: extra });
    assert.deepEqual(asked, { stdout: 'ok', stderr: '' });
  }
});

test(
  'extra roots are added to those of the system, where Node goes by them (--use-openssl-ca)',
  { skip: !('getCACertificates' in tls) && 'Node tells its roots from 22.15 on' },
  async (t) => {
    const other = certificateAuthority();
    t.after(() => other.remove());
    const server = await serve(t, authority.issue());
    const { NODE_EXTRA_CA_CERTS: _none, ...rest } = process.env;
    for (const extra of ['', other.cert]) {
      const site = { NODE_OPTIONS: '--use-openssl-ca', SSL_CERT_FILE: authority.certFile, EXTRA: extra };
      assert.deepEqual(await askAlone(server.url, site, rest), { stdout: 'ok', stderr: '' });
    }
  },
);

/** As in life: Node reads where its roots are at its start, so this takes a process of its own. EXTRA are further roots. */
async function askAlone(
  url: string,
  environment: Readonly<Record<string, string>>,
  rest = process.env,
): Promise<{ stdout: string; stderr: string }> {
  const script = `
    import { openHttp } from ${JSON.stringify(moduleAt('src/io/http.ts'))};
    const http = openHttp(process.argv[1], { timeout: 5000, until: Infinity, stop: new AbortController().signal,
      insecure: false, environment: process.env,
      extraRoots: process.env.EXTRA || undefined, now: Date.now, role: 'source',
      hide() {}, debug() {}, isSecret: () => false });
    process.stdout.write(await (await http.send({ method: 'GET', url: '/' })).text());
    await http.close();`;
  const args = [...scriptWords(script), url];
  return promisify(execFile)(process.execPath, args, { env: { ...rest, ...environment } });
}

test('a self-signed certificate is refused, and accepted as its own root', async (t) => {
  const identity = authority.selfSigned();
  const server = await serve(t, identity);
  isRefused(await askOnce(server.url), server, /self-signed certificate \(DEPTH_ZERO_SELF_SIGNED_CERT/, /--ca-file/);
  assert.equal(await askOnce(server.url, { extraRoots: identity.cert }), 'ok');
});

test('an authority that a server sends along is not trusted for that', async (t) => {
  const { key, cert } = authority.issue();
  const server = await serve(t, { key, cert: cert + authority.cert });
  isRefused(await askOnce(server.url), server, /not trusted here \(SELF_SIGNED_CERT_IN_CHAIN/, /--ca-file/);
});

test('where an authority has expired, the message does not say that the server’s certificate did, on a date to come', async (t) => {
  const server = await serve(t, authority.issue());
  const old = authority.reissued(new Date(Date.now() - 2 * hour), new Date(Date.now() - hour));
  const answer = await askOnce(server.url, { extraRoots: old });
  isRefused(answer, server, /from an authority whose own one expired \(CERT_HAS_EXPIRED/, /renewed .* --ca-file/);
});

test('where an authority is not valid yet, the message names no date that has passed', async (t) => {
  const server = await serve(t, authority.issue());
  const early = authority.reissued(new Date(Date.now() + hour), new Date(Date.now() + 2 * hour));
  const answer = await askOnce(server.url, { extraRoots: early });
  isRefused(answer, server, /not valid before a later time \(CERT_NOT_YET_VALID/, /check the clock/);
});

test('an expired certificate is refused, and the message says since when', async (t) => {
  const until = new Date(Math.floor((Date.now() - hour) / 1000) * 1000);
  const server = await serve(t, authority.issue({ until }));
  const message = new RegExp(`certificate that expired ${until.toISOString()} \\(CERT_HAS_EXPIRED`);
  isRefused(await askOnce(server.url, trusted), server, message, /renew/);
});

test('a certificate of the future is refused, and the hint is the clock', async (t) => {
  const from = new Date(Math.floor((Date.now() + hour) / 1000) * 1000);
  const server = await serve(t, authority.issue({ from }));
  const message = new RegExp(`not valid before ${from.toISOString()} \\(CERT_NOT_YET_VALID`);
  isRefused(await askOnce(server.url, trusted), server, message, /check the clock/);
});

test('a certificate for another host is refused', async (t) => {
  const server = await serve(t, authority.issue({ host: 'other.example' }));
  isRefused(
    await askOnce(server.url, trusted),
    server,
    /another host name \(ERR_TLS_CERT_ALTNAME_INVALID/,
    /host name/,
  );
});

test('plain HTTP on the port of TLS is recognised, and named', async (t) => {
  const server = await rawServer((socket) => void socket.end(reply(400)), {
    onConnection: (socket) => {
      socket.once('data', () => socket.end(reply(400)));
      return true;
    },
  });
  t.after(() => server.close());
  const answer = await askOnce(`https://localhost:${server.port}`);
  isRefused(answer, server, /seems to be plain HTTP \(ERR_SSL_/, /port/);
});

test('a certificate that was not made for a server is refused', async (t) => {
  const server = await serve(t, authority.issue({ purposes: 'clientAuth' }));
  isRefused(
    await askOnce(server.url, trusted),
    server,
    /has a certificate that is not accepted \(INVALID_PURPOSE/,
    /renew/,
  );
});

test('an alert without a message of its own is reported as one of TLS, and not tried again', async (t) => {
  const unrecognizedName = Buffer.from([0x15, 3, 3, 0, 2, 2, 112]);
  const server = await rawServer((socket) => void socket.end(), {
    onConnection: (socket) => {
      socket.once('data', () => socket.end(unrecognizedName));
      return true;
    },
  });
  t.after(() => server.close());
  const answer = await askOnce(`https://localhost:${server.port}`);
  isRefused(answer, server, /could not agree on TLS \(ERR_SSL_\S*UNRECOGNIZED_NAME/, /port, and the TLS settings/);
});

test('TLS 1.1 is refused', async (t) => {
  const server = await serve(t, {
    ...authority.issue(),
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  isRefused(await askOnce(server.url, trusted), server, /older than 1\.2 \(ERR_SSL_/, /TLS 1\.2/);
});

test('TLS 1.1 is refused even where Node is told to speak it', async (t) => {
  const ciphers = 'DEFAULT@SECLEVEL=0';
  const server = await serve(t, { ...authority.issue(), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers });
  const site = {
    NODE_OPTIONS: `--tls-min-v1.0 --tls-cipher-list=${ciphers}`,
    NODE_EXTRA_CA_CERTS: authority.certFile,
  };
  await assert.rejects(askAlone(server.url, site), /speaks only a version of TLS older than 1\.2/);
  assert.equal(server.requests.length, 0);
});

test('TLS 1.2 is enough', async (t) => {
  const server = await serve(t, { ...authority.issue(), maxVersion: 'TLSv1.2' });
  assert.equal(await askOnce(server.url, trusted), 'ok');
});

test('without verification everything is accepted, because the user said so', async (t) => {
  for (const identity of [authority.selfSigned(), authority.issue({ until: new Date(Date.now() - hour) })]) {
    const server = await serve(t, identity);
    assert.equal(await askOnce(server.url, { insecure: true }), 'ok');
  }
});

test('extra roots that hold no certificate are a mistake in the settings, found before anything is sent', async (t) => {
  const server = await serve(t, authority.issue());
  const broken = authority.cert.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  for (const extraRoots of ['', 'not a certificate', authority.issue().key, broken]) {
    const hint = /^give --ca-file the certificate of the authority in PEM form/;
    problem(exit.config, /--ca-file/, hint)(await askOnce(server.url, { extraRoots }));
  }
  assert.equal(server.connections, 0);
});

test('the connection is used again, and the handshake done once', async (t) => {
  const server = await serve(t, authority.issue());
  const http = clientFor(t, server.url, trusted);
  for (let count = 0; count < 3; count++) assert.equal(await getText(http), 'ok');
  assert.equal(server.connections, 1);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const asking = async (t: TestContext) =>
    serve(t, {
      ...authority.issue(),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
    });

  test(`a server that asks for a client certificate in ${version}: what to do about it is in the hint`, async (t) => {
    const server = await asking(t);
    isRefused(await askOnce(server.url, trusted), server, /TLS|client certificate/, /SOURCE_CLIENT_CERTIFICATE_FILE/);
  });

  test(`a server that asks for a client certificate in ${version} gets it`, async (t) => {
    const server = await asking(t);
    assert.equal(await askOnce(server.url, { ...trusted, client: authority.issue() }), 'ok');
  });

  test(`a client certificate that a server refuses in ${version} counts as refused credentials`, async (t) => {
    const expired = authority.issue({ from: new Date(Date.now() - 2 * hour), until: new Date(Date.now() - hour) });
    const url = await refusing(t, version);
    for (const client of [expired, authority.selfSigned()]) {
      const refused = problem(
        exit.noperm,
        /does not accept the client certificate/,
        'check its dates and its authority',
      );
      refused(await askOnce(url, { ...trusted, client }));
    }
  });
}

/** A server of OpenSSL's own, which says in an alert what is wrong; those of Node only hang up. */
async function refusing(t: TestContext, version: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  const { key, cert } = authority.issue();
  const identity = join(authority.directory, `server-${version}.pem`);
  writeFileSync(identity, key + cert);
  const only = version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3';
  const server = spawn(
    'openssl',
    ['s_server', '-accept', '127.0.0.1:0', '-cert', identity, '-CAfile', authority.certFile, only, '-www'].concat([
      '-Verify',
      '1',
      '-verify_return_error',
    ]),
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  t.after(() => server.kill());
  for await (const chunk of server.stdout) {
    const port = /ACCEPT \S+:(\d+)/.exec(String(chunk))?.[1];
    if (port !== undefined) return `https://localhost:${port}`;
  }
  throw new Error('openssl s_server does not listen');
}
