/** What failures of TLS mean, and what to do about each. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { atAddress, type Hint } from '../../core/hint.ts';
import { exit, type ExitStatus } from '../../core/problem.ts';

/**
 * Adds the server's certificate to the error of a failed handshake, as Node itself does only for a wrong host name; and to each
 * later error, the first one as its cause: in TLS 1.3 a server says only after the handshake that it wants a certificate, and
 * undici then reports nothing but the end of the connection.
 */
export function noteCertificate(socket: Socket): Socket {
  let first: Error | undefined;
  socket.prependListener('error', (failure) => {
    if (first !== undefined && first !== failure) failure.cause ??= first;
    first ??= failure;
  });
  // Once verification has failed, the socket no longer has the certificate; `secure` comes just before, and only with TLS.
  socket.prependListener('secure', () => {
    const cert = (socket as TLSSocket).getPeerCertificate();
    socket.prependOnceListener('error', (failure) => Object.assign(failure, { cert }));
  });
  return socket;
}

/**
 * What is wrong and what to do, for the error codes of OpenSSL's verification and of the handshake; `plain` is the protocol that
 * the server may speak without TLS; `shownAs` begins the settings of the certificate that we would show it, and is undefined
 * where it is shown none.
 */
export function tlsTrouble(
  code: string,
  certificate: Validity | undefined,
  plain: string,
  shownAs: 'source' | 'sink' | undefined,
): readonly [what: string, hint: Hint, status?: ExitStatus] | undefined {
  const renew = 'the operator of the server must renew its certificate';
  const ownRoot = `if the server uses a certificate authority of your own, its certificate ${inFile}`;
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      if (isToCome(certificate?.valid_to))
        return ['has a certificate from an authority whose own one expired', renewOwn];
      return [
        `has a certificate that expired${on(certificate?.valid_to)}`,
        `${renew}; check also the clock of this machine`,
      ];
    case 'CERT_NOT_YET_VALID': {
      const from = certificate?.valid_from;
      const hint = 'check the clock of this machine';
      return [`has a certificate that is not valid before${isToCome(from) ? on(from) : ' a later time'}`, hint];
    }
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return ['has a self-signed certificate', `if it is the right one, it ${inFile}`];
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return ['has a certificate from an authority that is not trusted here', ownRoot];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return ['has a certificate for another host name', 'use the host name that the certificate was made for'];
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return [
        `does not speak TLS on this port: it seems to be plain ${plain}`,
        atAddress((url) => `check the port in ${url}`),
      ];
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return ['speaks only a version of TLS older than 1.2', 'TLS 1.2 or newer must be switched on at the server'];
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
      return [asks, showOne(shownAs)];
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
    case 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': // its name in Node 26
      return ['and this machine could not agree on TLS', `check its TLS settings; if it ${asks}, ${showOne(shownAs)}`];
    default:
  }
  if (refusals.test(code))
    return ['does not accept the client certificate', 'check its dates and its authority', exit.noperm];
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    return ['and this machine could not agree on TLS', 'check the port, and the TLS settings of the server'];
  }
  if (/CERT|CRL|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH/.test(code)) {
    return ['has a certificate that is not accepted', `${renew}; ${ownRoot}`];
  }
  return undefined;
}

/** A server's alerts about our certificate (RFC 8446 section 6.2). */
const refusals =
  /ALERT_(?:UNKNOWN_CA|(?:BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(?:EXPIRED|REVOKED|UNKNOWN)|ACCESS_DENIED|DECRYPT_ERROR)$/;
const asks = 'asks for a client certificate';
const inFile = 'must be in the file of --ca-file'; // said whether or not one is given: it may be that of another authority
const renewOwn =
  `if the authority is your own, its renewed certificate ${inFile}; if not, the operator of the server must renew ` +
  'those that it sends; check also the clock of this machine';

function showOne(shownAs: string | undefined): string {
  if (shownAs === undefined) return 'take another proxy: none is shown a client certificate';
  const role = shownAs.toUpperCase();
  return `set ${role}_CLIENT_CERTIFICATE_FILE and ${role}_CLIENT_KEY_FILE`;
}

/** The dates of the server's own certificate as OpenSSL prints them (`Nov 20 09:00:00 2026 GMT`); another may be refused. */
export interface Validity {
  readonly valid_from?: string;
  readonly valid_to?: string;
}

function on(date: string | undefined): string {
  const time = Date.parse(date ?? '');
  return Number.isNaN(time) ? '' : ` ${new Date(time).toISOString()}`;
}

/** By the clock of the machine, since that is what OpenSSL went by when it refused the certificate. */
function isToCome(date: string | undefined): boolean {
  return Date.parse(date ?? '') > Date.now();
}
