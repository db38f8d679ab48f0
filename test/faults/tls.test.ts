/** Group T of the catalogue: whom the program trusts, and what it says when it does not. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { certificateAuthority } from '../support/certificates.ts';
import { rawServer, reply } from '../support/raw-server.ts';
import { fault, scene, type Expected, type Scene } from './harness.ts';

const authority = certificateAuthority();
after(() => authority.remove());
const good = authority.issue();
const trusted = ['--ca-file', authority.certFile] as const;
const day = 24 * 60 * 60 * 1000;

/** The certificate in PEM form without twenty characters of its first line, where every certificate has some. */
const damaged = (certificate: string) => certificate.replace(/(?<=-----\n.{20}).{20}/, 'x');

/** The handshake failed: no retry, and not a byte of a request. */
async function expectRefused(here: Scene, argv: readonly string[], expected: Pick<Expected, 'message' | 'hint'>) {
  const result = await here.run(argv);
  assert.deepEqual(result.waits, [], 'not tried again');
  assert.equal(here.vendor.requests.length, 0, 'no request was sent');
  assert.doesNotMatch(result.stderr, /--insecure/, 'nobody is taught to switch verification off');
  await here.expectProblem(result, {
    exit: 76,
    ...expected,
    async lift() {
      await here.vendor.down();
      await here.vendor.up(good);
    },
    recovery: { argv: trusted },
  });
}

fault(
  'T01',
  'an expired certificate (CERT_HAS_EXPIRED): says since when, not tried again, exit 76',
  async (context) => {
    const until = new Date(Math.floor(Date.now() / 1000) * 1000 - day);
    const here = await scene(context, { tls: authority.issue({ from: new Date(until.getTime() - day), until }) });
    await expectRefused(here, trusted, {
      message: new RegExp(
        `^source https://localhost:\\d+ has a certificate that expired ${until.toISOString()} \\(CERT_HAS_EXPIRED, GET /audit\\)$`,
      ),
      hint: /^the operator of the server must renew its certificate/,
    });
  },
);

fault('T02', 'a certificate of the future (CERT_NOT_YET_VALID): the hint is the clock, exit 76', async (context) => {
  const from = new Date(Math.floor(Date.now() / 1000) * 1000 + day);
  const here = await scene(context, { tls: authority.issue({ from, until: new Date(from.getTime() + day) }) });
  await expectRefused(here, trusted, {
    message: new RegExp(`not valid before ${from.toISOString()} \\(CERT_NOT_YET_VALID, GET /audit\\)$`),
    hint: /^check the clock of this machine$/,
  });
});

fault(
  'T03',
  'a self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT): the hint is --ca-file, exit 76',
  async (context) => {
    const self = authority.selfSigned();
    const here = await scene(context, { tls: self });
    const file = join(here.directory, 'self.pem');
    writeFileSync(file, self.cert);
    await here.expectProblem(await here.run(), {
      exit: 76,
      message: /has a self-signed certificate \(DEPTH_ZERO_SELF_SIGNED_CERT, GET \/audit\)$/,
      hint: /^if it is the right one, it must be in the file of --ca-file$/,
      recovery: { argv: ['--ca-file', file] },
    });
  },
);

fault(
  'T04',
  'a private authority (UNABLE_TO_VERIFY_LEAF_SIGNATURE): refused without --ca-file, exit 76',
  async (context) => {
    const here = await scene(context, { tls: good });
    await expectRefused(here, [], {
      message: /an authority that is not trusted here \(UNABLE_TO_VERIFY_LEAF_SIGNATURE, GET \/audit\)$/,
      hint: /--ca-file$/,
    });
  },
);

fault(
  'T04',
  'a private authority, with the --ca-file of another: the hint is what must be in that file, exit 76',
  async (context) => {
    const other = authority.selfSigned();
    const here = await scene(context, { tls: good });
    const file = join(here.directory, 'other.pem');
    writeFileSync(file, other.cert);
    await expectRefused(here, ['--ca-file', file], {
      message: /an authority that is not trusted here \(UNABLE_TO_VERIFY_LEAF_SIGNATURE, GET \/audit\)$/,
      hint: /^if the server uses a certificate authority of your own, its certificate must be in the file of --ca-file$/,
    });
  },
);

fault(
  'T04',
  'a private authority in NODE_EXTRA_CA_CERTS: trusted, also beside another --ca-file, exit 0',
  async (context) => {
    const other = certificateAuthority();
    context.after(() => other.remove());
    const here = await scene(context, { tls: good });
    const environment = { NODE_EXTRA_CA_CERTS: authority.certFile };
    here.expectSuccess(await here.spawn([], { environment }));
    here.vendor.add('later', 5);
    here.expectSuccess(await here.spawn(['--ca-file', other.certFile], { environment }));
  },
);

fault('T05', 'a certificate for another host (ERR_TLS_CERT_ALTNAME_INVALID): refused, exit 76', async (context) => {
  const here = await scene(context, { tls: authority.issue({ host: 'elsewhere.example' }) });
  await expectRefused(here, trusted, {
    message: /has a certificate for another host name \(ERR_TLS_CERT_ALTNAME_INVALID, GET \/audit\)$/,
    hint: /^use the host name that the certificate was made for$/,
  });
});

fault(
  'T06',
  'plain HTTP on the port of TLS (ERR_SSL_WRONG_VERSION_NUMBER): said in words, exit 76',
  async (context) => {
    const here = await scene(context, { tls: good });
    const { port } = here.vendor;
    await here.vendor.down();
    // A server of HTTP answers the first bytes of a handshake with 400.
    const plain = await rawServer(() => undefined, {
      port,
      onConnection(socket) {
        socket.once('data', () => socket.end(reply(400, {}, 'Bad Request')));
        return true;
      },
    });
    const result = await here.run(trusted);
    await plain.close();
    await here.expectProblem(result, {
      exit: 76,
      message: /does not speak TLS on this port: it seems to be plain HTTP \(ERR_SSL_\w+, GET \/audit\)$/,
      hint: /^check the port in ACME_URL in the environment$/,
      lift: () => here.vendor.up(),
      recovery: { argv: trusted },
    });
  },
);

for (const version of ['TLSv1', 'TLSv1.1'] as const) {
  fault('T07', `a server that speaks only ${version}: refused, exit 76`, async (context) => {
    const old: TlsOptions = { ...good, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    const here = await scene(context, { tls: old });
    await here.vendor.down();
    await here.vendor.up(old);
    const result = await here.run(trusted);
    assert.equal(here.vendor.requests.length, 0);
    await here.expectProblem(result, {
      exit: 76,
      message: /speaks only a version of TLS older than 1\.2 \(ERR_SSL_\w+, GET \/audit\)$/,
      hint: /^TLS 1\.2 or newer must be switched on at the server$/,
      async lift() {
        await here.vendor.down();
        await here.vendor.up({ ...good });
      },
      recovery: { argv: trusted },
    });
  });
}

for (const argv of [[], ['--quiet']]) {
  fault('T08', `${['--insecure', ...argv].join(' ')}: works, and warns once in every run, exit 0`, async (context) => {
    const here = await scene(context, { tls: authority.selfSigned() });
    for (const id of ['a', 'b']) {
      here.vendor.add(id, 5);
      here.expectSuccess(await here.run(['--insecure', ...argv]), {
        warnings: [/^TLS certificates are not verified, and plain http is permitted \(--insecure\)/],
      });
    }
  });
}

fault('T09', 'NODE_TLS_REJECT_UNAUTHORIZED=0 is inherited: refused without --insecure, exit 78', async (context) => {
  const here = await scene(context, { tls: good });
  const result = await here.run(trusted, { environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  assert.equal(here.vendor.connections, 0);
  await here.expectProblem(result, {
    exit: 78,
    message: /^NODE_TLS_REJECT_UNAUTHORIZED=0 would switch off the verification of certificates$/,
    hint: /^unset it;/,
    recovery: { argv: trusted },
  });
});

fault(
  'T09',
  'NODE_TLS_REJECT_UNAUTHORIZED=0 in a real process: nothing of Node is printed, exit 78',
  async (context) => {
    const here = await scene(context, { tls: good });
    const result = await here.spawn(trusted, { environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
    assert.equal(here.vendor.connections, 0);
    await here.expectProblem(result, {
      exit: 78,
      message: /^NODE_TLS_REJECT_UNAUTHORIZED=0 would switch off/,
      hint: /^unset it;/,
      recovery: { argv: trusted },
    });
  },
);

const client = authority.issue();
const encrypted = authority.encrypted(client.key);
/** A vendor that asks for a certificate, and the files that each of these settings names. */
async function asking(context: TestContext, files: Readonly<Record<string, string>>) {
  const here = await scene(context, { tls: { ...good, ca: authority.cert, requestCert: true } });
  const written = Object.entries(files).map(([name, text]) => {
    const path = join(here.directory, `${name}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    return [`${name}_FILE`, path] as const;
  });
  return { here, environment: Object.fromEntries(written) };
}

fault('T10', 'the vendor asks for a client certificate, and gets it, exit 0', async (context) => {
  const { here, environment } = await asking(context, {
    SOURCE_CLIENT_CERTIFICATE: client.cert,
    SOURCE_CLIENT_KEY: client.key,
  });
  here.expectSuccess(await here.run(trusted, { environment }));
  here.expectSuccess(await here.spawn(trusted, { environment }));
});

fault(
  'T10',
  'the vendor asks for a client certificate, and there is none: says how to give one, exit 76',
  async (context) => {
    const { here } = await asking(context, {});
    await expectRefused(here, trusted, {
      message: /asks for a client certificate \(ERR_SSL_\w+, GET \/audit\)$/,
      hint: /^set SOURCE_CLIENT_CERTIFICATE_FILE and SOURCE_CLIENT_KEY_FILE$/,
    });
  },
);

const unusable: readonly (readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  message: RegExp,
  place: string | undefined,
])[] = [
  [
    'its key is encrypted',
    { SOURCE_CLIENT_CERTIFICATE: client.cert, SOURCE_CLIENT_KEY: encrypted },
    /^SOURCE_CLIENT_KEY is encrypted: openssl pkey /,
    'SOURCE_CLIENT_KEY',
  ],
  [
    'its key belongs to another',
    { SOURCE_CLIENT_CERTIFICATE: client.cert, SOURCE_CLIENT_KEY: good.key },
    /^SOURCE_CLIENT_KEY is not the key of the certificate$/,
    'SOURCE_CLIENT_KEY',
  ],
  [
    'its key is no key',
    { SOURCE_CLIENT_CERTIFICATE: client.cert, SOURCE_CLIENT_KEY: client.cert },
    /^SOURCE_CLIENT_KEY is no private key in PEM form$/,
    'SOURCE_CLIENT_KEY',
  ],
  [
    'it is no certificate',
    { SINK_CLIENT_CERTIFICATE: client.key, SINK_CLIENT_KEY: client.key },
    /^SINK_CLIENT_CERTIFICATE is no certificate in PEM form$/,
    'SINK_CLIENT_CERTIFICATE',
  ],
  [
    'one behind it is damaged',
    {
      SOURCE_CLIENT_CERTIFICATE: client.cert + damaged(authority.cert),
      SOURCE_CLIENT_KEY: client.key,
    },
    /^SOURCE_CLIENT_CERTIFICATE cannot be used for TLS \(ERR_[A-Z0-9_]+\)$/,
    'SOURCE_CLIENT_CERTIFICATE',
  ],
  [
    'it has no key',
    { SOURCE_CLIENT_CERTIFICATE: client.cert },
    /^settings missing: SOURCE_CLIENT_KEY_FILE, which goes with SOURCE_CLIENT_CERTIFICATE$/,
    undefined,
  ],
];
for (const [what, files, message, place] of unusable) {
  fault(
    'T10',
    `a client certificate, but ${what}: named with its file, before anything is sent, exit 78`,
    async (context) => {
      const { here, environment } = await asking(context, files);
      const result = await here.run(trusted, { environment });
      assert.equal(here.vendor.connections, 0);
      assert.ok(!result.stderr.includes(client.key.split('\n')[1] ?? ''), 'the key is not shown');
      await here.expectProblem(result, {
        exit: 78,
        message,
        hint:
          place === undefined
            ? /^set it in the environment or in an env file/
            : new RegExp(`^correct it in .*/${place}\\.pem$`),
        async lift() {
          await here.vendor.down();
          await here.vendor.up(good);
        },
        recovery: { argv: trusted },
      });
    },
  );
}

const broken: readonly (readonly [what: string, content: string | undefined, message: RegExp])[] = [
  ['is missing', undefined, /^cannot read --ca-file .*roots\.pem \(ENOENT: there is no such file\)$/],
  ['is empty', '', /^there is no certificate in --ca-file .*roots\.pem$/],
  ['is not PEM', 'DER, perhaps', /^there is no certificate in --ca-file .*roots\.pem$/],
  ['holds a key only', good.key, /^there is no certificate in --ca-file .*roots\.pem$/],
  ['is damaged', damaged(authority.cert), /^certificate 1 in --ca-file .*roots\.pem cannot be read$/],
];
for (const [what, content, message] of broken) {
  fault(
    'T11',
    `the --ca-file ${what}: a mistake in the settings, found before anything is sent, exit 78`,
    async (context) => {
      const here = await scene(context, { tls: good });
      const file = join(here.directory, 'roots.pem');
      if (content !== undefined) writeFileSync(file, content);
      const result = await here.run(['--ca-file', file]);
      assert.equal(here.vendor.requests.length, 0);
      await here.expectProblem(result, { exit: 78, message, hint: /PEM/, recovery: { argv: trusted } });
    },
  );
}

fault(
  'T12',
  'credentials over plain http to another machine: refused before anything is sent, exit 78',
  async (context) => {
    const here = await scene(context);
    const result = await here.run([], { environment: { ACME_URL: 'http://vendor.example' } });
    await here.expectProblem(result, {
      exit: 78,
      message: /^http:\/\/vendor\.example is not encrypted/,
      hint: /^use https:\/\/ in ACME_URL; --allow-plaintext permits http:\/\/$/,
    });
  },
);

fault('T12', 'credentials over plain http with --allow-plaintext: sent, and not warned of, exit 0', async (context) => {
  const here = await scene(context);
  const environment = { ACME_URL: 'http://vendor.example', HTTP_PROXY: here.vendor.url };
  here.expectSuccess(await here.run(['--allow-plaintext'], { environment }));
});

fault(
  'T12',
  'a certificate that is not trusted, with --allow-plaintext: not trusted by that either, exit 76',
  async (context) => {
    const here = await scene(context, { tls: authority.selfSigned() });
    await expectRefused(here, ['--allow-plaintext'], {
      message: /has a self-signed certificate/,
      hint: /^if it is the right one, it must be in the file of --ca-file$/,
    });
  },
);

fault('T12', 'credentials over plain http to this machine: allowed, exit 0', async (context) => {
  const here = await scene(context);
  here.expectSuccess(await here.run());
});
