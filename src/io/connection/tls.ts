/**
 * What we require of TLS: certificates are verified, TLS 1.2 is the oldest version, and the user's own roots are added to the
 * known ones. (Node's `ca` option replaces those, and NODE_EXTRA_CA_CERTS with them.)
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { isLoopback } from '../../core/origin.ts';
import { exit, Problem } from '../../core/problem.ts';
import type { ClientCertificate } from './client-certificate.ts';
import type { Environment } from '../world.ts';

export interface Trust {
  /** PEM text. */
  readonly extraRoots?: string | undefined;
  /** The file that they are from, for messages. */
  readonly rootsFile?: string | undefined;
  readonly insecure: boolean;
  /** Whether plain http may leave this machine. Certificates are verified all the same. */
  readonly allowPlaintext?: boolean;
  /** The certificate that the server is shown when it asks for one. */
  readonly client?: ClientCertificate | undefined;
  readonly environment: Readonly<Environment>;
  /** The setting that the address is from. */
  readonly setting?: string | undefined;
}

/**
 * Throws Problem 78 where credentials would travel in plain text, or to a server that nobody has verified. Syslog has no
 * credentials, and whoever writes tcp:// instead of tls:// has chosen that.
 */
export function refuseUnprotected(home: URL, { insecure, allowPlaintext, environment, setting }: Trust): void {
  if (insecure) return;
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    throw new Problem(exit.config, 'NODE_TLS_REJECT_UNAUTHORIZED=0 would switch off the verification of certificates', {
      hint: 'unset it; a certificate authority of your own is given with --ca-file',
    });
  }
  if (home.protocol !== 'http:' || allowPlaintext === true || isLoopback(home.hostname)) return;
  throw new Problem(
    exit.config,
    `http://${home.host} is not encrypted: credentials and records could be read on the way`,
    {
      hint: `use https://${setting === undefined ? '' : ` in ${setting}`}; --allow-plaintext permits http://`,
    },
  );
}

export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'minVersion' | 'rejectUnauthorized'>;

/** Options for an https connection. Throws Problem 78 when the extra roots cannot be used. */
export async function tlsOptions(trust: Trust): Promise<TlsOptions> {
  const options: TlsOptions = { minVersion: 'TLSv1.2', rejectUnauthorized: !trust.insecure, ...trust.client };
  if (trust.extraRoots === undefined) return options;
  return {
    ...options,
    ca: [...(await knownRoots(trust.environment)), ...certificates(trust.extraRoots, trust.rootsFile)],
  };
}

/** The roots that Node would trust by itself; building this list costs, so only with roots to add. */
async function knownRoots(environment: Trust['environment']): Promise<readonly string[]> {
  const tls: typeof import('node:tls') & { getCACertificates?(type: string): readonly string[] } =
    await import('node:tls');
  if (tls.getCACertificates !== undefined) {
    const known = tls.getCACertificates('default'); // Node 22.15 and newer
    // A Node that uses the roots of OpenSSL in place of its own (--use-openssl-ca, or built that way, as on some systems) does
    // not list those: they are the system's.
    return tls.rootCertificates.some((root) => known.includes(root))
      ? known
      : [...known, ...tls.getCACertificates('system')];
  }
  const extra = environment['NODE_EXTRA_CA_CERTS'];
  if (extra === undefined || extra === '') return tls.rootCertificates;
  try {
    return [...tls.rootCertificates, readFileSync(extra, 'utf8')];
  } catch {
    return tls.rootCertificates; // Node has warned about it at its start
  }
}

function certificates(pem: string, file?: string): readonly string[] {
  const there = file === undefined ? 'the --ca-file' : `--ca-file ${file}`;
  const found = pem.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
  const hint =
    'give --ca-file the certificate of the authority in PEM form, which begins with -----BEGIN CERTIFICATE-----';
  if (found.length === 0) throw new Problem(exit.config, `there is no certificate in ${there}`, { hint });
  for (const [at, certificate] of found.entries()) {
    try {
      new X509Certificate(certificate);
    } catch {
      throw new Problem(exit.config, `certificate ${at + 1} in ${there} cannot be read`, { hint });
    }
  }
  return found;
}
