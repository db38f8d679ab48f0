/** The client certificate that a TLS server may ask for (RFC 8446 section 4.4.2), and the key that belongs to it. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { errorCode } from '../error-code.ts';

export interface ClientCertificate {
  /** PEM: the certificate first, then those between it and the authority. */
  readonly cert: string;
  /** PEM, not encrypted: nobody is there to type a password. */
  readonly key: string;
}

/** What is wrong with one of the two, or with both together, in words that never quote them; undefined when nothing is. */
export function faultOfPair({
  cert,
  key,
}: ClientCertificate): readonly [part: keyof ClientCertificate, what: string] | undefined {
  const certificate = certificateOf(cert);
  if (certificate === undefined) return ['cert', 'is no certificate in PEM form'];
  const found = keyOf(key);
  if (typeof found === 'string') return ['key', found];
  if (!certificate.checkPrivateKey(found)) return ['key', 'is not the key of the certificate'];
  const refused = refusedBy({ cert, key });
  return refused === undefined ? undefined : ['cert', `cannot be used for TLS (${refused})`];
}

/** Why OpenSSL refuses the pair: for a certificate behind the first, say, or for one that is too weak. */
function refusedBy(pair: ClientCertificate): string | undefined {
  try {
    createSecureContext(pair);
    return undefined;
  } catch (error) {
    return errorCode(error) || 'refused';
  }
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function keyOf(pem: string): KeyObject | string {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const encrypted = errorCode(error) === 'ERR_MISSING_PASSPHRASE' || pem.includes('ENCRYPTED');
    return encrypted
      ? 'is encrypted: openssl pkey -in FILE -out FILE takes its password off'
      : 'is no private key in PEM form';
  }
}
