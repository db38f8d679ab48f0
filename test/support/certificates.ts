/** Certificates made on the spot with the openssl command: a private authority, and leaves of every kind of wrong. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM texts, fit for `tls.createServer`. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface LeafOptions {
  /** Default: localhost, which is also valid for 127.0.0.1. */
  readonly host?: string;
  readonly from?: Date;
  readonly until?: Date;
  /** Default: `serverAuth,clientAuth`. */
  readonly purposes?: string;
}

export interface Authority {
  /** Where the files are. */
  readonly directory: string;
  /** The authority's own certificate: what `--ca-file` gets. */
  readonly cert: string;
  readonly certFile: string;
  /** A leaf for a server or a client. */
  issue(options?: LeafOptions): Identity;
  /** The authority's own certificate once more: the same key, and other dates. */
  reissued(from: Date, until: Date): string;
  /** A leaf that vouches for itself. */
  selfSigned(): Identity;
  /** A key with a password on it. */
  encrypted(key: string): string;
  /** Deletes the files. */
  remove(): void;
}

const signer = ['-config', 'ca.cnf', '-cert', 'authority.pem', '-keyfile', 'authority.key'];
const day = 24 * 60 * 60 * 1000;

/** A new certificate authority in a temporary directory. */
export function certificateAuthority(): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'audit-export-certificates-'));
  const file = (name: string): string => join(directory, name);
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  let count = 0;

  function openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** A key and a certificate that is signed by it. */
  function root(name: string, subject: string, ...more: readonly string[]): void {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
    openssl('req', '-x509', ...key, '-out', `${name}.pem`, '-days', '30', '-subj', subject, ...more);
  }

  root('authority', '/CN=Test Authority', '-addext', 'basicConstraints=critical,CA:TRUE');
  writeFileSync(file('index.txt'), '');
  writeFileSync(
    file('ca.cnf'),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n` +
      `unique_subject=no\n[p]\ncommonName=supplied\n`,
  );

  return {
    directory,
    cert: read('authority.pem'),
    certFile: file('authority.pem'),
    issue({
      host = 'localhost',
      from = new Date(Date.now() - day),
      until = new Date(Date.now() + day),
      purposes = 'serverAuth,clientAuth',
    } = {}) {
      const name = `leaf${++count}`;
      const address = host === 'localhost' ? ',IP:127.0.0.1' : '';
      writeFileSync(file(`${name}.ext`), `subjectAltName=DNS:${host}${address}\nextendedKeyUsage=${purposes}\n`);
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
      openssl('req', '-new', ...key, '-out', `${name}.csr`, '-subj', `/CN=${host}`);
      const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
      openssl('ca', '-batch', '-notext', ...signer, ...files, '-startdate', asn1(from), '-enddate', asn1(until));
      return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
    },
    reissued(from, until) {
      writeFileSync(file('reissued.ext'), 'basicConstraints=critical,CA:TRUE\n');
      openssl('req', '-new', '-key', 'authority.key', '-out', 'reissued.csr', '-subj', '/CN=Test Authority');
      const files = ['-in', 'reissued.csr', '-out', 'reissued.pem', '-extfile', 'reissued.ext'];
      const dates = ['-startdate', asn1(from), '-enddate', asn1(until)];
      openssl('ca', '-batch', '-notext', '-selfsign', ...signer.slice(0, 2), ...signer.slice(4), ...files, ...dates);
      return read('reissued.pem');
    },
    selfSigned() {
      const name = `self${++count}`;
      root(name, '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
      return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
    },
    encrypted(key) {
      writeFileSync(file('open.key'), key);
      openssl('pkey', '-in', 'open.key', '-out', 'locked.key', '-aes256', '-passout', 'pass:test');
      return read('locked.key');
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** `20261120090000Z` */
function asn1(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
}
